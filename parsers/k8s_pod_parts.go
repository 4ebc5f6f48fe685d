package parsers

import (
	"slices"

	"coldcase/fact"
)

// K8sToleration is one toleration of a Pod.
type K8sToleration struct {
	Namespace string `cel:"namespace" json:"namespace"`
	Pod       string `cel:"pod" json:"pod"`
	Node      string `cel:"node" json:"node"`
	Key       string `cel:"key" json:"key"`           // empty: every key
	Operator  string `cel:"operator" json:"operator"` // Equal, Exists
	Value     string `cel:"value" json:"value"`
	Effect    string `cel:"effect" json:"effect"` // empty: every effect
}

// FactKind implements fact.Value.
func (K8sToleration) FactKind() fact.Kind { return "k8s.toleration" }

// FactPlace implements fact.Placed.
func (t K8sToleration) FactPlace() fact.Place { return k8sPodPlace(t.Namespace, t.Pod, t.Node) }

// K8sNodeSelector is one label that a Pod wants its Node to have.
type K8sNodeSelector struct {
	Namespace string `cel:"namespace" json:"namespace"`
	Pod       string `cel:"pod" json:"pod"`
	Node      string `cel:"node" json:"node"`
	Key       string `cel:"key" json:"key"`
	Value     string `cel:"value" json:"value"`
}

// FactKind implements fact.Value.
func (K8sNodeSelector) FactKind() fact.Kind { return "k8s.node-selector" }

// FactPlace implements fact.Placed.
func (s K8sNodeSelector) FactPlace() fact.Place { return k8sPodPlace(s.Namespace, s.Pod, s.Node) }

// K8sNodeAffinity is one requirement of a Pod's required node affinity. A Node must meet all requirements of one term.
// "kubectl describe" does not print it.
type K8sNodeAffinity struct {
	Namespace string   `cel:"namespace" json:"namespace"`
	Pod       string   `cel:"pod" json:"pod"`
	Node      string   `cel:"node" json:"node"`
	Term      int64    `cel:"term" json:"term"`         // counted from 0
	Key       string   `cel:"key" json:"key"`           // of a label; "metadata.name" for the Node's name
	Operator  string   `cel:"operator" json:"operator"` // In, NotIn, Exists, DoesNotExist, Gt, Lt
	Values    []string `cel:"values" json:"values"`
}

// FactKind implements fact.Value.
func (K8sNodeAffinity) FactKind() fact.Kind { return "k8s.node-affinity" }

// FactPlace implements fact.Placed.
func (a K8sNodeAffinity) FactPlace() fact.Place { return k8sPodPlace(a.Namespace, a.Pod, a.Node) }

// K8sVolume is one volume of a Pod.
type K8sVolume struct {
	Namespace string `cel:"namespace" json:"namespace"`
	Pod       string `cel:"pod" json:"pod"`
	Node      string `cel:"node" json:"node"`
	Name      string `cel:"name" json:"name"`
	Source    string `cel:"source" json:"source"` // as the API names it: hostPath, configMap, persistentVolumeClaim, ...
	Ref       string `cel:"ref" json:"ref"`       // path, object, driver, or "server:path" of NFS
}

// FactKind implements fact.Value.
func (K8sVolume) FactKind() fact.Kind { return "k8s.volume" }

// FactPlace implements fact.Placed.
func (v K8sVolume) FactPlace() fact.Place { return k8sPodPlace(v.Namespace, v.Pod, v.Node) }

// K8sVolumeMount is where a container has a volume.
type K8sVolumeMount struct {
	Namespace string `cel:"namespace" json:"namespace"`
	Pod       string `cel:"pod" json:"pod"`
	Node      string `cel:"node" json:"node"`
	Container string `cel:"container" json:"container"`
	Name      string `cel:"name" json:"name"` // of the volume
	Path      string `cel:"path" json:"path"`
	SubPath   string `cel:"subPath" json:"subPath"`
	ReadOnly  bool   `cel:"readOnly" json:"readOnly"`
}

// FactKind implements fact.Value.
func (K8sVolumeMount) FactKind() fact.Kind { return "k8s.volume-mount" }

// FactPlace implements fact.Placed.
func (m K8sVolumeMount) FactPlace() fact.Place { return k8sPodPlace(m.Namespace, m.Pod, m.Node) }

func k8sPodPlacement(e *k8sEmitter, ref k8sPodRef, spec *k8sVal) {
	for _, t := range spec.list("tolerations") {
		operator := t.str("operator")
		if operator == "" {
			operator = "Equal"
		}
		e.emit(t, K8sToleration{
			Namespace: ref.namespace, Pod: ref.name, Node: ref.node,
			Key: t.str("key"), Operator: operator, Value: t.str("value"), Effect: t.str("effect"),
		})
	}
	for _, s := range spec.entries("nodeSelector") {
		e.emit(s, K8sNodeSelector{Namespace: ref.namespace, Pod: ref.name, Node: ref.node, Key: s.key, Value: s.text})
	}
	for i, term := range spec.list("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms") {
		for _, r := range slices.Concat(term.list("matchExpressions"), term.list("matchFields")) {
			e.emit(r, K8sNodeAffinity{
				Namespace: ref.namespace, Pod: ref.name, Node: ref.node, Term: int64(i),
				Key: r.str("key"), Operator: r.str("operator"), Values: r.strs("values"),
			})
		}
	}
}

func k8sVolumes(e *k8sEmitter, ref k8sPodRef, spec *k8sVal) {
	for _, v := range spec.list("volumes") {
		volume := K8sVolume{Namespace: ref.namespace, Pod: ref.name, Node: ref.node, Name: v.str("name")}
		for _, source := range v.entries() {
			if source.key != "name" {
				volume.Source, volume.Ref = source.key, k8sVolumeRef(source)
			}
		}
		e.emit(v, volume)
	}
}

// k8sVolumeRef is what a volume source points at.
func k8sVolumeRef(source *k8sVal) string {
	switch source.key {
	case "nfs":
		return source.str("server") + ":" + source.str("path")
	case "hostPath", "local":
		return source.str("path")
	case "projected", "emptyDir", "downwardAPI", "ephemeral":
		return ""
	}
	for _, key := range [...]string{"name", "secretName", "claimName", "driver", "volumeID", "pdName", "diskName", "volumePath", "image", "reference"} {
		if ref := source.str(key); ref != "" {
			return ref
		}
	}
	return ""
}
