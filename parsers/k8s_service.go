package parsers

import (
	"coldcase/fact"
)

// K8sService is a Service.
type K8sService struct {
	Namespace             string            `cel:"namespace" json:"namespace"`
	Name                  string            `cel:"name" json:"name"`
	Type                  string            `cel:"type" json:"type"`           // ClusterIP, NodePort, LoadBalancer, ExternalName
	ClusterIP             string            `cel:"clusterIP" json:"clusterIP"` // "None" when headless
	ExternalIPs           []string          `cel:"externalIPs" json:"externalIPs"`
	LoadBalancerIPs       []string          `cel:"loadBalancerIPs" json:"loadBalancerIPs"`             // addresses or host names that the load balancer got
	ExternalTrafficPolicy string            `cel:"externalTrafficPolicy" json:"externalTrafficPolicy"` // Cluster, Local
	InternalTrafficPolicy string            `cel:"internalTrafficPolicy" json:"internalTrafficPolicy"`
	SessionAffinity       string            `cel:"sessionAffinity" json:"sessionAffinity"` // None, ClientIP
	Headless              bool              `cel:"headless" json:"headless"`
	Selector              map[string]string `cel:"selector" json:"selector"`
	Labels                map[string]string `cel:"labels" json:"labels"`
	Annotations           map[string]string `cel:"annotations" json:"annotations"` // values bounded to 256 bytes, by describe to about 140
	// SourceRanges are the clients that the load balancer lets in; empty: all.
	SourceRanges []string `cel:"sourceRanges" json:"sourceRanges,omitempty"`
}

// FactKind implements fact.Value.
func (K8sService) FactKind() fact.Kind { return "k8s.service" }

// FactPlace implements fact.Placed.
func (s K8sService) FactPlace() fact.Place {
	return fact.Place{Namespace: s.Namespace, Service: s.Name}
}

// K8sServicePort is one port of a Service.
type K8sServicePort struct {
	Namespace  string `cel:"namespace" json:"namespace"`
	Service    string `cel:"service" json:"service"`
	Name       string `cel:"name" json:"name"`
	Protocol   string `cel:"protocol" json:"protocol"` // TCP, UDP, SCTP
	Port       int64  `cel:"port" json:"port"`
	TargetPort string `cel:"targetPort" json:"targetPort"` // number or a container port's name
	NodePort   int64  `cel:"nodePort" json:"nodePort"`     // 0 when there is none
	ClusterIP  string `cel:"clusterIP" json:"clusterIP"`
}

// FactKind implements fact.Value.
func (K8sServicePort) FactKind() fact.Kind { return "k8s.service-port" }

// FactPlace implements fact.Placed.
func (p K8sServicePort) FactPlace() fact.Place {
	return fact.Place{Namespace: p.Namespace, Service: p.Service}
}

var k8sServiceFacts = []fact.Value{K8sService{}, K8sServicePort{}}

var _ = register(k8sGetParser("k8s-services", "kubectl get services -o yaml|json (Kubernetes API, core/v1 Service)",
	"cluster/services", k8sServiceFacts, "Service"))

func k8sService(e *k8sEmitter, o *k8sVal) {
	spec := o.get("spec")
	s := K8sService{
		Namespace: o.str("metadata", "namespace"), Name: o.str("metadata", "name"), Type: spec.str("type"), ClusterIP: spec.str("clusterIP"),
		ExternalIPs: spec.strs("externalIPs"), ExternalTrafficPolicy: spec.str("externalTrafficPolicy"),
		InternalTrafficPolicy: spec.str("internalTrafficPolicy"), SessionAffinity: spec.str("sessionAffinity"),
		Headless: spec.str("clusterIP") == "None", Selector: spec.strMap("selector"),
		Labels: o.strMap("metadata", "labels"), Annotations: k8sAnnotations(o),
		SourceRanges: spec.strs("loadBalancerSourceRanges"),
	}
	s.LoadBalancerIPs = k8sIngressPoints(o)
	e.emit(o.get("metadata", "name").or(o), s)
	for _, p := range spec.list("ports") {
		protocol := p.str("protocol")
		if protocol == "" {
			protocol = "TCP"
		}
		e.emit(p, K8sServicePort{
			Namespace: s.Namespace, Service: s.Name, Name: p.str("name"), Protocol: protocol, Port: p.num("port"),
			TargetPort: p.str("targetPort"), NodePort: p.num("nodePort"), ClusterIP: s.ClusterIP,
		})
	}
}

// k8sIngressPoints is what status.loadBalancer.ingress lists.
func k8sIngressPoints(o *k8sVal) []string {
	var all []string
	for _, point := range o.list("status", "loadBalancer", "ingress") {
		if ip := point.str("ip"); ip != "" {
			all = append(all, ip)
		} else if host := point.str("hostname"); host != "" {
			all = append(all, host)
		}
	}
	return all
}
