package parsers

import (
	"time"

	"coldcase/fact"
)

// K8sNamespace is a Namespace.
type K8sNamespace struct {
	Name       string    `cel:"name" json:"name"`
	Phase      string    `cel:"phase" json:"phase"` // Active, Terminating
	Created    time.Time `cel:"created" json:"created,omitzero"`
	Deleted    time.Time `cel:"deleted" json:"deleted,omitzero"` // deletionTimestamp
	Finalizers []string  `cel:"finalizers" json:"finalizers"`    // of its metadata and of its specification
}

// FactKind implements fact.Value.
func (K8sNamespace) FactKind() fact.Kind { return "k8s.namespace" }

// FactPlace implements fact.Placed.
func (n K8sNamespace) FactPlace() fact.Place { return fact.Place{Namespace: n.Name} }

// K8sNamespaceCondition is what keeps a Namespace from going away, as the namespace controller reports it since 1.16.
type K8sNamespaceCondition struct {
	Namespace      string    `cel:"namespace" json:"namespace"`
	Type           string    `cel:"type" json:"type"` // NamespaceDeletionDiscoveryFailure, NamespaceContentRemaining, NamespaceFinalizersRemaining, ...
	Status         string    `cel:"status" json:"status"`
	Reason         string    `cel:"reason" json:"reason"`
	Message        string    `cel:"message" json:"message"` // bounded to 1 KiB
	LastTransition time.Time `cel:"lastTransition" json:"lastTransition,omitzero"`
}

// FactKind implements fact.Value.
func (K8sNamespaceCondition) FactKind() fact.Kind { return "k8s.namespace-condition" }

// FactPlace implements fact.Placed.
func (c K8sNamespaceCondition) FactPlace() fact.Place { return fact.Place{Namespace: c.Namespace} }

// K8sAPIService is an APIService: who answers for one group and version of the API.
type K8sAPIService struct {
	Name      string `cel:"name" json:"name"`
	Service   string `cel:"service" json:"service"`     // "namespace/name"; empty when the API server answers itself
	Available string `cel:"available" json:"available"` // status of the condition Available: True, False, Unknown; empty when there is none
	Reason    string `cel:"reason" json:"reason"`
	Message   string `cel:"message" json:"message"` // bounded to 1 KiB
}

// FactKind implements fact.Value.
func (K8sAPIService) FactKind() fact.Kind { return "k8s.api-service" }

var (
	_ = register(k8sGetParser("k8s-namespaces", "kubectl get namespaces -o yaml|json (Kubernetes API, core/v1 Namespace)",
		"cluster/namespaces", []fact.Value{K8sNamespace{}, K8sNamespaceCondition{}}, "Namespace"))
	_ = register(k8sGetParser("k8s-apiservices", "kubectl get apiservices -o yaml|json (Kubernetes API, apiregistration.k8s.io/v1 APIService)",
		"cluster/apiservices", []fact.Value{K8sAPIService{}}, "APIService"))
)

func k8sNamespace(e *k8sEmitter, o *k8sVal) {
	meta := o.get("metadata")
	name := meta.str("name")
	e.emit(meta.get("name").or(o), K8sNamespace{
		Name: name, Phase: o.str("status", "phase"), Created: meta.time("creationTimestamp"), Deleted: meta.time("deletionTimestamp"),
		Finalizers: append(meta.strs("finalizers"), o.strs("spec", "finalizers")...),
	})
	for _, c := range o.list("status", "conditions") {
		e.emitAt(c, c.time("lastTransitionTime"), K8sNamespaceCondition{
			Namespace: name, Type: c.str("type"), Status: c.str("status"), Reason: c.str("reason"),
			Message: k8sCut(c.str("message"), 1024), LastTransition: c.time("lastTransitionTime"),
		})
	}
}

func k8sAPIService(e *k8sEmitter, o *k8sVal) {
	v, at := K8sAPIService{Name: o.str("metadata", "name")}, o.get("metadata", "name").or(o)
	if s := o.get("spec", "service"); s.str("name") != "" {
		v.Service = s.str("namespace") + "/" + s.str("name")
	}
	for _, c := range o.list("status", "conditions") {
		if c.str("type") == "Available" {
			v.Available, v.Reason, v.Message = c.str("status"), c.str("reason"), k8sCut(c.str("message"), 1024)
			at = c
		}
	}
	e.emit(at, v)
}
