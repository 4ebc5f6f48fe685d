package parsers

import (
	"sort"

	"coldcase/fact"
)

// K8sIngress is an Ingress.
type K8sIngress struct {
	Namespace      string            `cel:"namespace" json:"namespace"`
	Name           string            `cel:"name" json:"name"`
	Class          string            `cel:"class" json:"class"`
	Annotations    map[string]string `cel:"annotations" json:"annotations"`       // values bounded to 256 bytes, by describe to about 140
	Addresses      []string          `cel:"addresses" json:"addresses"`           // sorted
	DefaultBackend string            `cel:"defaultBackend" json:"defaultBackend"` // "service:port"; empty: the controller's own
}

// FactKind implements fact.Value.
func (K8sIngress) FactKind() fact.Kind { return "k8s.ingress" }

// FactPlace implements fact.Placed.
func (i K8sIngress) FactPlace() fact.Place {
	return fact.Place{Namespace: i.Namespace, Ingress: i.Name}
}

// K8sIngressRule is one path of an Ingress.
type K8sIngressRule struct {
	Namespace string `cel:"namespace" json:"namespace"`
	Ingress   string `cel:"ingress" json:"ingress"`
	Host      string `cel:"host" json:"host"` // "*" for every host
	Path      string `cel:"path" json:"path"`
	Service   string `cel:"service" json:"service"` // empty when the backend is no Service
	Port      string `cel:"port" json:"port"`       // number or a service port's name
	Error     string `cel:"error" json:"error"`     // what describe says about the backend: services "x" not found; not in get
}

// FactKind implements fact.Value.
func (K8sIngressRule) FactKind() fact.Kind { return "k8s.ingress-rule" }

// FactPlace implements fact.Placed.
func (r K8sIngressRule) FactPlace() fact.Place {
	return fact.Place{Namespace: r.Namespace, Ingress: r.Ingress}
}

var k8sIngressFacts = []fact.Value{K8sIngress{}, K8sIngressRule{}}

var _ = register(k8sGetParser("k8s-ingresses", "kubectl get ingresses -o yaml|json (Kubernetes API, networking.k8s.io Ingress)",
	"cluster/ingresses", k8sIngressFacts, "Ingress"))

func k8sIngress(e *k8sEmitter, o *k8sVal) {
	spec := o.get("spec")
	v := K8sIngress{
		Namespace: o.str("metadata", "namespace"), Name: o.str("metadata", "name"), Class: spec.str("ingressClassName"),
		Annotations: k8sAnnotations(o), Addresses: k8sIngressPoints(o),
	}
	if v.Class == "" {
		v.Class = v.Annotations["kubernetes.io/ingress.class"]
	}
	sort.Strings(v.Addresses)
	if service, port := k8sBackend(spec.get("defaultBackend").or(spec.get("backend"))); service != "" {
		v.DefaultBackend = service + ":" + port
	}
	e.emit(o.get("metadata", "name").or(o), v)
	if missing := o.get("defaultError"); missing != nil {
		e.emit(missing, K8sIngressRule{Namespace: v.Namespace, Ingress: v.Name, Host: "*", Service: "default-http-backend", Port: "80", Error: missing.text})
	}
	for _, rule := range spec.list("rules") {
		host := rule.str("host")
		if host == "" {
			host = "*"
		}
		for _, path := range rule.list("http", "paths") {
			service, port := k8sBackend(path.get("backend"))
			e.emit(path, K8sIngressRule{
				Namespace: v.Namespace, Ingress: v.Name, Host: host, Path: path.str("path"), Service: service, Port: port,
				Error: path.str("error"),
			})
		}
	}
}

// k8sBackend reads a backend of networking.k8s.io/v1 or of the betas before it.
func k8sBackend(b *k8sVal) (service, port string) {
	if s := b.get("service"); s != nil {
		if port = s.str("port", "number"); port == "" {
			port = s.str("port", "name")
		}
		return s.str("name"), port
	}
	return b.str("serviceName"), b.str("servicePort")
}
