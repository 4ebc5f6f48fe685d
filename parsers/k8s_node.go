package parsers

import (
	"sort"
	"strings"
	"time"

	"coldcase/fact"
)

// K8sNode is a Node. Memory counts bytes, CPU thousandths of a core; -1 when the object does not say.
type K8sNode struct {
	Name              string            `cel:"name" json:"name"`
	InternalIP        string            `cel:"internalIP" json:"internalIP"` // the first of its type
	ExternalIP        string            `cel:"externalIP" json:"externalIP"`
	Hostname          string            `cel:"hostname" json:"hostname"`
	PodCIDR           string            `cel:"podCIDR" json:"podCIDR"`
	PodCIDRs          []string          `cel:"podCIDRs" json:"podCIDRs"`
	Kernel            string            `cel:"kernel" json:"kernel"`   // "5.10.0-136.12.0.86.x86_64"
	OSImage           string            `cel:"osImage" json:"osImage"` // PRETTY_NAME of os-release
	Runtime           string            `cel:"runtime" json:"runtime"` // "docker://18.9.0"
	KubeletVersion    string            `cel:"kubeletVersion" json:"kubeletVersion"`
	KubeProxyVersion  string            `cel:"kubeProxyVersion" json:"kubeProxyVersion"` // what the kubelet claims; empty since 1.33
	Arch              string            `cel:"arch" json:"arch"`
	Unschedulable     bool              `cel:"unschedulable" json:"unschedulable"`
	Roles             []string          `cel:"roles" json:"roles"` // sorted, from the role labels
	Labels            map[string]string `cel:"labels" json:"labels"`
	Annotations       map[string]string `cel:"annotations" json:"annotations"` // values bounded to 256 bytes
	CapacityCPU       int64             `cel:"capacityCPU" json:"capacityCPU"`
	CapacityMemory    int64             `cel:"capacityMemory" json:"capacityMemory"`
	AllocatableCPU    int64             `cel:"allocatableCPU" json:"allocatableCPU"`
	AllocatableMemory int64             `cel:"allocatableMemory" json:"allocatableMemory"`
	AllocatablePods   int64             `cel:"allocatablePods" json:"allocatablePods"`
	// Allocatable holds all resources by name in their base unit: cores, bytes, pieces.
	Allocatable map[string]float64 `cel:"allocatable" json:"allocatable,omitempty"`
	Shown       Shown              `cel:"-" json:"shown,omitempty"`
}

// FactKind implements fact.Value.
func (K8sNode) FactKind() fact.Kind { return "k8s.node" }

// FactKnows implements fact.Partly.
func (n K8sNode) FactKnows(field string) bool { return n.Shown.knows(field) }

// FactPlace implements fact.Placed.
func (n K8sNode) FactPlace() fact.Place { return fact.Place{Node: n.Name} }

// K8sNodeCondition is one condition of a Node.
type K8sNodeCondition struct {
	Node           string    `cel:"node" json:"node"`
	Type           string    `cel:"type" json:"type"`     // Ready, MemoryPressure, NetworkUnavailable, KernelDeadlock, ...
	Status         string    `cel:"status" json:"status"` // True, False, Unknown; NotReady in a table, which is one of the last two
	Reason         string    `cel:"reason" json:"reason"`
	Message        string    `cel:"message" json:"message"` // bounded to 1 KiB
	LastTransition time.Time `cel:"lastTransition" json:"lastTransition,omitzero"`
	LastHeartbeat  time.Time `cel:"lastHeartbeat" json:"lastHeartbeat,omitzero"`
	Shown          Shown     `cel:"-" json:"shown,omitempty"`
}

// FactKind implements fact.Value.
func (K8sNodeCondition) FactKind() fact.Kind { return "k8s.node-condition" }

// FactKnows implements fact.Partly.
func (c K8sNodeCondition) FactKnows(field string) bool { return c.Shown.knows(field) }

// FactPlace implements fact.Placed.
func (c K8sNodeCondition) FactPlace() fact.Place { return fact.Place{Node: c.Node} }

// K8sTaint is one taint of a Node.
type K8sTaint struct {
	Node   string `cel:"node" json:"node"`
	Key    string `cel:"key" json:"key"`
	Value  string `cel:"value" json:"value"`
	Effect string `cel:"effect" json:"effect"` // NoSchedule, PreferNoSchedule, NoExecute
}

// FactKind implements fact.Value.
func (K8sTaint) FactKind() fact.Kind { return "k8s.taint" }

// FactPlace implements fact.Placed.
func (t K8sTaint) FactPlace() fact.Place { return fact.Place{Node: t.Node} }

var k8sNodeFacts = []fact.Value{K8sNode{}, K8sNodeCondition{}, K8sTaint{}}

var _ = register(k8sGetParser("k8s-nodes", "kubectl get nodes -o yaml|json (Kubernetes API, core/v1 Node)",
	"cluster/nodes", k8sNodeFacts, "Node"))

func k8sNode(e *k8sEmitter, o *k8sVal) {
	name, info := o.str("metadata", "name"), o.get("status", "nodeInfo")
	n := K8sNode{
		Name: name, PodCIDR: o.str("spec", "podCIDR"), PodCIDRs: o.strs("spec", "podCIDRs"),
		Kernel: info.str("kernelVersion"), OSImage: info.str("osImage"), Runtime: info.str("containerRuntimeVersion"),
		KubeletVersion: info.str("kubeletVersion"), KubeProxyVersion: info.str("kubeProxyVersion"), Arch: info.str("architecture"),
		Unschedulable: o.flag("spec", "unschedulable"), Labels: o.strMap("metadata", "labels"), Annotations: k8sAnnotations(o),
		CapacityCPU:       k8sCount(o.str("status", "capacity", "cpu"), 1000),
		CapacityMemory:    k8sCount(o.str("status", "capacity", "memory"), 1),
		AllocatableCPU:    k8sCount(o.str("status", "allocatable", "cpu"), 1000),
		AllocatableMemory: k8sCount(o.str("status", "allocatable", "memory"), 1),
		AllocatablePods:   k8sCount(o.str("status", "allocatable", "pods"), 1),
	}
	for _, a := range o.list("status", "addresses") {
		k8sNodeAddress(&n, a.str("type"), a.str("address"))
	}
	n.Roles = k8sRoles(n.Labels)
	n.Allocatable = k8sQuantities(o, "status", "allocatable")
	e.emit(o.get("metadata", "name").or(o), n)
	for _, t := range o.list("spec", "taints") {
		e.emit(t, K8sTaint{Node: name, Key: t.str("key"), Value: t.str("value"), Effect: t.str("effect")})
	}
	for _, c := range o.list("status", "conditions") {
		e.emitAt(c, c.time("lastTransitionTime"), K8sNodeCondition{
			Node: name, Type: c.str("type"), Status: c.str("status"), Reason: c.str("reason"), Message: k8sCut(c.str("message"), 1024),
			LastTransition: c.time("lastTransitionTime"), LastHeartbeat: c.time("lastHeartbeatTime"),
		})
	}
}

func k8sNodeAddress(n *K8sNode, kind, address string) {
	var field *string
	switch kind {
	case "InternalIP":
		field = &n.InternalIP
	case "ExternalIP":
		field = &n.ExternalIP
	case "Hostname":
		field = &n.Hostname
	}
	if field != nil && *field == "" {
		*field = address
	}
}

// k8sRoles is what kubectl prints in the column ROLES.
func k8sRoles(labels map[string]string) []string {
	seen := map[string]bool{}
	for key, value := range labels {
		if role, ok := strings.CutPrefix(key, "node-role.kubernetes.io/"); ok && role != "" {
			seen[role] = true
		} else if key == "kubernetes.io/role" && value != "" {
			seen[value] = true
		}
	}
	var roles []string
	for role := range seen {
		roles = append(roles, role)
	}
	sort.Strings(roles)
	return roles
}

const k8sAnnotationBytes = 256

// k8sAnnotations is an object's annotations, bounded. What kubectl apply stores there is the whole object once more,
// with the values of its environment: it is left out.
func k8sAnnotations(o *k8sVal) map[string]string {
	m := o.strMap("metadata", "annotations")
	for key, value := range m {
		m[key] = k8sCut(value, k8sAnnotationBytes)
	}
	delete(m, "kubectl.kubernetes.io/last-applied-configuration")
	if len(m) == 0 {
		return nil
	}
	return m
}
