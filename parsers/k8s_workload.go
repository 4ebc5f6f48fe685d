package parsers

import (
	"time"

	"coldcase/fact"
)

// K8sDaemonSet is a DaemonSet with the numbers of its pods.
type K8sDaemonSet struct {
	Namespace string   `cel:"namespace" json:"namespace"`
	Name      string   `cel:"name" json:"name"`
	Desired   int64    `cel:"desired" json:"desired"`
	Current   int64    `cel:"current" json:"current"`
	Ready     int64    `cel:"ready" json:"ready"`
	Updated   int64    `cel:"updated" json:"updated"`
	Available int64    `cel:"available" json:"available"`
	Images    []string `cel:"images" json:"images"`
	// Misscheduled counts its pods on nodes where none should run.
	Misscheduled int64 `cel:"misscheduled" json:"misscheduled,omitempty"`
}

// FactKind implements fact.Value.
func (K8sDaemonSet) FactKind() fact.Kind { return "k8s.daemonset" }

// FactPlace implements fact.Placed.
func (d K8sDaemonSet) FactPlace() fact.Place { return fact.Place{Namespace: d.Namespace} }

// K8sLease is a Lease: a node's heartbeat, or a controller's leadership.
type K8sLease struct {
	Namespace       string    `cel:"namespace" json:"namespace"` // kube-node-lease for nodes
	Name            string    `cel:"name" json:"name"`
	Holder          string    `cel:"holder" json:"holder"`
	Renew           time.Time `cel:"renew" json:"renew,omitzero"`
	DurationSeconds int64     `cel:"durationSeconds" json:"durationSeconds"` // 0 in describe
}

// FactKind implements fact.Value.
func (K8sLease) FactKind() fact.Kind { return "k8s.lease" }

// FactPlace implements fact.Placed.
func (l K8sLease) FactPlace() fact.Place {
	place := fact.Place{Namespace: l.Namespace}
	if l.Namespace == k8sNodeLeases {
		place.Node = l.Name
	}
	return place
}

const k8sNodeLeases = "kube-node-lease"

// K8sWebhook is one webhook of a ValidatingWebhookConfiguration.
type K8sWebhook struct {
	Config         string   `cel:"config" json:"config"` // name of the configuration
	Name           string   `cel:"name" json:"name"`
	Service        string   `cel:"service" json:"service"` // "namespace/name"; empty when URL is set
	URL            string   `cel:"url" json:"url"`
	FailurePolicy  string   `cel:"failurePolicy" json:"failurePolicy"` // Fail, Ignore
	APIVersions    []string `cel:"apiVersions" json:"apiVersions"`     // of its rules, as "group/version"
	Resources      []string `cel:"resources" json:"resources"`         // of its rules
	TimeoutSeconds int64    `cel:"timeoutSeconds" json:"timeoutSeconds"`
	HasCABundle    bool     `cel:"hasCABundle" json:"hasCABundle"`
}

// FactKind implements fact.Value.
func (K8sWebhook) FactKind() fact.Kind { return "k8s.webhook" }

var _ = register(k8sGetParser("k8s-daemonsets", "kubectl get daemonsets -o yaml|json (Kubernetes API, apps/v1 DaemonSet)",
	"cluster/daemonsets", []fact.Value{K8sDaemonSet{}, KubeProxySetting{}}, "DaemonSet"))

var _ = register(k8sGetParser("k8s-leases", "kubectl get leases -o yaml|json (Kubernetes API, coordination.k8s.io/v1 Lease)",
	"cluster/leases", []fact.Value{K8sLease{}}, "Lease"))

var _ = register(k8sGetParser("k8s-webhooks", "kubectl get validatingwebhookconfigurations -o yaml|json (Kubernetes API, admissionregistration.k8s.io)",
	"cluster/validatingwebhookconfigurations", []fact.Value{K8sWebhook{}}, "ValidatingWebhookConfiguration"))

// k8sAllFacts is what single objects of any kind can yield.
func k8sAllFacts() []fact.Value {
	all := append([]fact.Value{K8sEvent{}, K8sDaemonSet{}, K8sLease{}, K8sWebhook{}, K8sNamespace{}, K8sNamespaceCondition{}, K8sAPIService{},
		K8sVolumeClaim{}, K8sPersistentVolume{}, K8sDeployment{}, K8sDisruptionBudget{}, K8sRoleBinding{}}, k8sNodeFacts...)
	all = append(append(append(all, k8sServiceFacts...), k8sEndpointFacts...), k8sIngressFacts...)
	return append(append(all, k8sPodFacts...), K8sConfig{}, CorednsDirective{}, IPMasqCIDR{}, CalicoSetting{}, CalicoPool{}, CalicoFelix{},
		K8sNetworkPolicy{}, K8sIngressClass{})
}

var _ = register(k8sGetParser("k8s-objects", "kubectl get -o yaml|json of any objects (Kubernetes API)", "cluster/object", k8sAllFacts()))

func k8sDaemonSet(e *k8sEmitter, o *k8sVal) {
	status := o.get("status")
	d := K8sDaemonSet{
		Namespace: o.str("metadata", "namespace"), Name: o.str("metadata", "name"),
		Desired: status.num("desiredNumberScheduled"), Current: status.num("currentNumberScheduled"), Ready: status.num("numberReady"),
		Updated: status.num("updatedNumberScheduled"), Available: status.num("numberAvailable"),
		Misscheduled: status.num("numberMisscheduled"),
	}
	containers := o.list("spec", "template", "spec", "containers")
	for _, c := range containers {
		d.Images = append(d.Images, c.str("image"))
	}
	e.emit(o.get("metadata", "name").or(o), d)
	for _, c := range containers {
		if c.str("name") == "kube-proxy" {
			kubeProxyFlags(e, c, KubeProxySetting{Namespace: d.Namespace, From: "args"})
		}
	}
}

func k8sLease(e *k8sEmitter, o *k8sVal) {
	spec := o.get("spec")
	e.emit(spec.get("renewTime").or(o.get("metadata", "name")).or(o), K8sLease{
		Namespace: o.str("metadata", "namespace"), Name: o.str("metadata", "name"),
		Holder: spec.str("holderIdentity"), Renew: spec.time("renewTime"), DurationSeconds: spec.num("leaseDurationSeconds"),
	})
}

const k8sMaxGroups = 64 // of one rule; real rules have a few

func k8sWebhooks(e *k8sEmitter, o *k8sVal) {
	for _, w := range o.list("webhooks") {
		client := w.get("clientConfig")
		v := K8sWebhook{
			Config: o.str("metadata", "name"), Name: w.str("name"), URL: client.str("url"), FailurePolicy: w.str("failurePolicy"),
			TimeoutSeconds: w.num("timeoutSeconds"), HasCABundle: client.str("caBundle") != "",
		}
		if s := client.get("service"); s != nil {
			v.Service = s.str("namespace") + "/" + s.str("name")
		}
		for _, rule := range w.list("rules") {
			groups, versions := rule.strs("apiGroups"), rule.strs("apiVersions")
			for _, group := range groups[:min(len(groups), k8sMaxGroups)] {
				for _, version := range versions[:min(len(versions), k8sMaxGroups)] {
					v.APIVersions = append(v.APIVersions, k8sGroupVersion(group, version))
				}
			}
			v.Resources = append(v.Resources, rule.strs("resources")...)
		}
		e.emit(w.get("name").or(w), v)
	}
}

func k8sGroupVersion(group, version string) string {
	if group == "" {
		return version
	}
	return group + "/" + version
}
