package parsers

import (
	"coldcase/fact"
)

// CalicoPool is an IPPool of Calico. Source: docs.tigera.io, IP pool resource.
type CalicoPool struct {
	Name        string `cel:"name" json:"name"`
	CIDR        string `cel:"cidr" json:"cidr"`
	IPIPMode    string `cel:"ipipMode" json:"ipipMode"`   // Never, Always, CrossSubnet; empty counts as Never
	VXLANMode   string `cel:"vxlanMode" json:"vxlanMode"` // as IPIPMode
	BlockSize   int64  `cel:"blockSize" json:"blockSize"` // prefix length of the blocks that nodes take; 0 when not written
	Disabled    bool   `cel:"disabled" json:"disabled"`   // no new addresses are taken from it
	NATOutgoing bool   `cel:"natOutgoing" json:"natOutgoing"`
}

// FactKind implements fact.Value.
func (CalicoPool) FactKind() fact.Kind { return "calico.pool" }

// CalicoFelix is one plain setting of the FelixConfiguration named default.
type CalicoFelix struct {
	Key   string `cel:"key" json:"key"` // ipipMTU, vxlanEnabled, ...
	Value string `cel:"value" json:"value"`
}

// FactKind implements fact.Value.
func (CalicoFelix) FactKind() fact.Kind { return "calico.felix" }

// K8sNetworkPolicy is a NetworkPolicy: which pods it selects, and whether it lets anything through.
type K8sNetworkPolicy struct {
	Namespace    string            `cel:"namespace" json:"namespace"`
	Name         string            `cel:"name" json:"name"`
	Labels       map[string]string `cel:"labels" json:"labels"`             // matchLabels of podSelector; empty selects every pod of the namespace
	Expressions  bool              `cel:"expressions" json:"expressions"`   // podSelector has matchExpressions besides
	Ingress      bool              `cel:"ingress" json:"ingress"`           // it restricts what comes in
	Egress       bool              `cel:"egress" json:"egress"`             // it restricts what goes out
	IngressRules int64             `cel:"ingressRules" json:"ingressRules"` // 0: nothing may come in
	EgressRules  int64             `cel:"egressRules" json:"egressRules"`   // 0: nothing may go out
}

// FactKind implements fact.Value.
func (K8sNetworkPolicy) FactKind() fact.Kind { return "k8s.network-policy" }

// FactPlace implements fact.Placed.
func (p K8sNetworkPolicy) FactPlace() fact.Place { return fact.Place{Namespace: p.Namespace} }

// K8sIngressClass is an IngressClass.
type K8sIngressClass struct {
	Name       string `cel:"name" json:"name"`
	Controller string `cel:"controller" json:"controller"`
	Default    bool   `cel:"default" json:"default"` // for Ingresses that name no class
}

// FactKind implements fact.Value.
func (K8sIngressClass) FactKind() fact.Kind { return "k8s.ingress-class" }

var (
	_ = register(k8sGetParser("calico-ippools", "kubectl get ippools.crd.projectcalico.org -o yaml|json", "cluster/ippools", []fact.Value{CalicoPool{}}, "IPPool"))
	_ = register(k8sGetParser("calico-felixconfigurations", "kubectl get felixconfigurations.crd.projectcalico.org -o yaml|json",
		"cluster/felixconfigurations", []fact.Value{CalicoFelix{}}, "FelixConfiguration"))
	_ = register(k8sGetParser("k8s-networkpolicies", "kubectl get networkpolicies -o yaml|json (Kubernetes API, networking.k8s.io/v1 NetworkPolicy)",
		"cluster/networkpolicies", []fact.Value{K8sNetworkPolicy{}}, "NetworkPolicy"))
	_ = register(k8sGetParser("k8s-ingressclasses", "kubectl get ingressclasses -o yaml|json (Kubernetes API, networking.k8s.io/v1 IngressClass)",
		"cluster/ingressclasses", []fact.Value{K8sIngressClass{}}, "IngressClass"))
)

func calicoPool(e *k8sEmitter, o *k8sVal) {
	spec := o.get("spec")
	e.emit(spec.get("cidr"), CalicoPool{
		Name: o.str("metadata", "name"), CIDR: spec.str("cidr"), IPIPMode: spec.str("ipipMode"), VXLANMode: spec.str("vxlanMode"),
		BlockSize: spec.num("blockSize"), Disabled: spec.flag("disabled"), NATOutgoing: spec.flag("natOutgoing"),
	})
}

func calicoFelix(e *k8sEmitter, o *k8sVal) {
	if o.str("metadata", "name") != "default" {
		return
	}
	for _, s := range o.entries("spec") {
		if s.typ == k8sScalar {
			e.emit(s, CalicoFelix{Key: s.key, Value: k8sCut(s.text, k8sAnnotationBytes)})
		}
	}
}

func k8sNetworkPolicy(e *k8sEmitter, o *k8sVal) {
	spec := o.get("spec")
	v := K8sNetworkPolicy{
		Namespace: o.str("metadata", "namespace"), Name: o.str("metadata", "name"), Labels: spec.strMap("podSelector", "matchLabels"),
		Expressions:  len(spec.list("podSelector", "matchExpressions")) > 0,
		IngressRules: int64(len(spec.list("ingress"))), EgressRules: int64(len(spec.list("egress"))),
	}
	types := spec.strs("policyTypes")
	for _, t := range types {
		v.Ingress, v.Egress = v.Ingress || t == "Ingress", v.Egress || t == "Egress"
	}
	if len(types) == 0 { // the API server's default
		v.Ingress, v.Egress = true, v.EgressRules > 0
	}
	e.emit(o.get("metadata", "name").or(o), v)
}

func k8sIngressClass(e *k8sEmitter, o *k8sVal) {
	e.emit(o.get("metadata", "name").or(o), K8sIngressClass{
		Name: o.str("metadata", "name"), Controller: o.str("spec", "controller"),
		Default: o.str("metadata", "annotations", "ingressclass.kubernetes.io/is-default-class") == "true",
	})
}
