package parsers

import (
	"coldcase/fact"
)

// K8sDeployment is a Deployment with the numbers of its pods and how its roll-out stands.
type K8sDeployment struct {
	Namespace           string `cel:"namespace" json:"namespace"`
	Name                string `cel:"name" json:"name"`
	Desired             int64  `cel:"desired" json:"desired"`
	Updated             int64  `cel:"updated" json:"updated"`
	Ready               int64  `cel:"ready" json:"ready"`
	Unavailable         int64  `cel:"unavailable" json:"unavailable"`
	Paused              bool   `cel:"paused" json:"paused"`
	ProgressReason      string `cel:"progressReason" json:"progressReason"`   // of the condition Progressing: NewReplicaSetAvailable, ProgressDeadlineExceeded, ...
	ProgressMessage     string `cel:"progressMessage" json:"progressMessage"` // bounded to 1 KiB
	ReplicaFailure      string `cel:"replicaFailure" json:"replicaFailure"`   // message of the condition ReplicaFailure while it is True; bounded to 1 KiB
	ReplicaFailureCause string `cel:"replicaFailureCause" json:"replicaFailureCause"`
}

// FactKind implements fact.Value.
func (K8sDeployment) FactKind() fact.Kind { return "k8s.deployment" }

// FactPlace implements fact.Placed.
func (d K8sDeployment) FactPlace() fact.Place { return fact.Place{Namespace: d.Namespace} }

// K8sDisruptionBudget is a PodDisruptionBudget: how many of its pods may be evicted now.
type K8sDisruptionBudget struct {
	Namespace      string `cel:"namespace" json:"namespace"`
	Name           string `cel:"name" json:"name"`
	MinAvailable   string `cel:"minAvailable" json:"minAvailable"` // as written; a number or a percentage
	MaxUnavailable string `cel:"maxUnavailable" json:"maxUnavailable"`
	Allowed        int64  `cel:"allowed" json:"allowed"`   // disruptionsAllowed
	Expected       int64  `cel:"expected" json:"expected"` // pods that it counts
	Healthy        int64  `cel:"healthy" json:"healthy"`
	Desired        int64  `cel:"desired" json:"desired"` // healthy pods that it wants
}

// FactKind implements fact.Value.
func (K8sDisruptionBudget) FactKind() fact.Kind { return "k8s.disruption-budget" }

// FactPlace implements fact.Placed.
func (b K8sDisruptionBudget) FactPlace() fact.Place { return fact.Place{Namespace: b.Namespace} }

// K8sRoleBinding is a ClusterRoleBinding.
type K8sRoleBinding struct {
	Name     string            `cel:"name" json:"name"`
	Role     string            `cel:"role" json:"role"`
	Subjects []string          `cel:"subjects" json:"subjects"` // "ServiceAccount kube-system/name", "User name", "Group name"
	Labels   map[string]string `cel:"labels" json:"labels"`
}

// FactKind implements fact.Value.
func (K8sRoleBinding) FactKind() fact.Kind { return "k8s.cluster-role-binding" }

var (
	_ = register(k8sGetParser("k8s-deployments", "kubectl get deployments -o yaml|json (Kubernetes API, apps/v1 Deployment)",
		"cluster/deployments", []fact.Value{K8sDeployment{}}, "Deployment"))
	_ = register(k8sGetParser("k8s-poddisruptionbudgets", "kubectl get poddisruptionbudgets -o yaml|json (Kubernetes API, policy/v1 PodDisruptionBudget)",
		"cluster/poddisruptionbudgets", []fact.Value{K8sDisruptionBudget{}}, "PodDisruptionBudget"))
	_ = register(k8sGetParser("k8s-clusterrolebindings", "kubectl get clusterrolebindings -o yaml|json (Kubernetes API, rbac.authorization.k8s.io/v1 ClusterRoleBinding)",
		"cluster/clusterrolebindings", []fact.Value{K8sRoleBinding{}}, "ClusterRoleBinding"))
)

func k8sDeployment(e *k8sEmitter, o *k8sVal) {
	spec, status := o.get("spec"), o.get("status")
	v, at := K8sDeployment{
		Namespace: o.str("metadata", "namespace"), Name: o.str("metadata", "name"), Desired: spec.num("replicas"), Updated: status.num("updatedReplicas"),
		Ready: status.num("readyReplicas"), Unavailable: status.num("unavailableReplicas"), Paused: spec.flag("paused"),
	}, o.get("metadata", "name").or(o)
	for _, c := range status.list("conditions") {
		switch {
		case c.str("type") == "Progressing":
			v.ProgressReason, v.ProgressMessage = c.str("reason"), k8sCut(c.str("message"), 1024)
			if c.str("status") == "False" {
				at = c
			}
		case c.str("type") == "ReplicaFailure" && c.str("status") == "True":
			v.ReplicaFailureCause, v.ReplicaFailure = c.str("reason"), k8sCut(c.str("message"), 1024)
			at = c
		}
	}
	e.emit(at, v)
}

func k8sDisruptionBudget(e *k8sEmitter, o *k8sVal) {
	spec, status := o.get("spec"), o.get("status")
	e.emit(status.get("disruptionsAllowed").or(o.get("metadata", "name")).or(o), K8sDisruptionBudget{
		Namespace: o.str("metadata", "namespace"), Name: o.str("metadata", "name"),
		MinAvailable: spec.str("minAvailable"), MaxUnavailable: spec.str("maxUnavailable"), Allowed: status.num("disruptionsAllowed"),
		Expected: status.num("expectedPods"), Healthy: status.num("currentHealthy"), Desired: status.num("desiredHealthy"),
	})
}

func k8sRoleBinding(e *k8sEmitter, o *k8sVal) {
	v := K8sRoleBinding{Name: o.str("metadata", "name"), Role: o.str("roleRef", "name"), Labels: o.strMap("metadata", "labels")}
	for _, s := range o.list("subjects") {
		name := s.str("name")
		if ns := s.str("namespace"); ns != "" {
			name = ns + "/" + name
		}
		v.Subjects = append(v.Subjects, s.str("kind")+" "+name)
	}
	e.emit(o.get("metadata", "name").or(o), v)
}
