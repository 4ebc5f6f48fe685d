package parsers

import (
	"time"

	"coldcase/fact"
)

// K8sVolumeClaim is a PersistentVolumeClaim.
type K8sVolumeClaim struct {
	Namespace  string    `cel:"namespace" json:"namespace"`
	Name       string    `cel:"name" json:"name"`
	Phase      string    `cel:"phase" json:"phase"`   // Pending, Bound, Lost
	Class      string    `cel:"class" json:"class"`   // of storage
	Volume     string    `cel:"volume" json:"volume"` // the PersistentVolume; empty when it has none
	Created    time.Time `cel:"created" json:"created,omitzero"`
	Deleted    time.Time `cel:"deleted" json:"deleted,omitzero"` // deletionTimestamp
	Finalizers []string  `cel:"finalizers" json:"finalizers"`
}

// FactKind implements fact.Value.
func (K8sVolumeClaim) FactKind() fact.Kind { return "k8s.volume-claim" }

// FactPlace implements fact.Placed.
func (c K8sVolumeClaim) FactPlace() fact.Place { return fact.Place{Namespace: c.Namespace} }

// K8sPersistentVolume is a PersistentVolume.
type K8sPersistentVolume struct {
	Name       string    `cel:"name" json:"name"`
	Phase      string    `cel:"phase" json:"phase"` // Available, Bound, Released, Failed
	Reason     string    `cel:"reason" json:"reason"`
	Message    string    `cel:"message" json:"message"` // bounded to 1 KiB
	Class      string    `cel:"class" json:"class"`
	Claim      string    `cel:"claim" json:"claim"`   // "namespace/name" that it is or was bound to
	Policy     string    `cel:"policy" json:"policy"` // Retain, Delete, Recycle
	Deleted    time.Time `cel:"deleted" json:"deleted,omitzero"`
	Finalizers []string  `cel:"finalizers" json:"finalizers"`
}

// FactKind implements fact.Value.
func (K8sPersistentVolume) FactKind() fact.Kind { return "k8s.persistent-volume" }

var (
	_ = register(k8sGetParser("k8s-persistentvolumeclaims", "kubectl get persistentvolumeclaims -o yaml|json (Kubernetes API, core/v1 PersistentVolumeClaim)",
		"cluster/persistentvolumeclaims", []fact.Value{K8sVolumeClaim{}}, "PersistentVolumeClaim"))
	_ = register(k8sGetParser("k8s-persistentvolumes", "kubectl get persistentvolumes -o yaml|json (Kubernetes API, core/v1 PersistentVolume)",
		"cluster/persistentvolumes", []fact.Value{K8sPersistentVolume{}}, "PersistentVolume"))
)

func k8sVolumeClaim(e *k8sEmitter, o *k8sVal) {
	meta, spec := o.get("metadata"), o.get("spec")
	e.emit(meta.get("name").or(o), K8sVolumeClaim{
		Namespace: meta.str("namespace"), Name: meta.str("name"), Phase: o.str("status", "phase"), Class: spec.str("storageClassName"),
		Volume: spec.str("volumeName"), Created: meta.time("creationTimestamp"), Deleted: meta.time("deletionTimestamp"), Finalizers: meta.strs("finalizers"),
	})
}

func k8sPersistentVolume(e *k8sEmitter, o *k8sVal) {
	meta, spec, status := o.get("metadata"), o.get("spec"), o.get("status")
	v := K8sPersistentVolume{
		Name: meta.str("name"), Phase: status.str("phase"), Reason: status.str("reason"), Message: k8sCut(status.str("message"), 1024),
		Class: spec.str("storageClassName"), Policy: spec.str("persistentVolumeReclaimPolicy"), Deleted: meta.time("deletionTimestamp"), Finalizers: meta.strs("finalizers"),
	}
	if c := spec.get("claimRef"); c != nil {
		v.Claim = c.str("namespace") + "/" + c.str("name")
	}
	e.emit(meta.get("name").or(o), v)
}
