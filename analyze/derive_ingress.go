package analyze

import (
	"strconv"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// IngressBackend is one path of an Ingress with the Service that it leads to.
type IngressBackend struct {
	Host    string `cel:"host" json:"host"`
	Path    string `cel:"path" json:"path"`
	Service string `cel:"service" json:"service"`
	Port    string `cel:"port" json:"port"`
	// Found and PortFound say whether the Service is there and has the port. Both need the Services of the case, or what
	// describe says of the backend.
	Found     bool   `cel:"found" json:"found"`
	PortFound bool   `cel:"portFound" json:"portFound"`
	Ports     string `cel:"ports" json:"ports"`       // that the Service has: "http 80, 8443"
	NodePort  int64  `cel:"nodePort" json:"nodePort"` // of the port
	Ready     int64  `cel:"ready" json:"ready"`       // ready endpoints of the Service; -1 when endpoints were not collected
	Policy    string `cel:"policy" json:"policy"`     // externalTrafficPolicy of the Service
	Error     string `cel:"error" json:"error"`       // what describe says
}

// FactKind implements fact.Value.
func (IngressBackend) FactKind() fact.Kind { return "ingress.backend" }

var ingressBackend = derivation{zero: IngressBackend{}, from: []fact.Kind{"k8s.ingress-rule", "k8s.service", "k8s.service-port"}, rows: deriveIngressBackends}

func deriveIngressBackends(s *store) []*row {
	services, ports, ready := map[string]*row{}, map[string][]*row{}, readyEndpoints(s)
	for _, r := range s.facts["k8s.service"] {
		v := r.value.(parsers.K8sService)
		services[v.Namespace+"/"+v.Name] = r
	}
	for _, r := range s.facts["k8s.service-port"] {
		v := r.value.(parsers.K8sServicePort)
		ports[v.Namespace+"/"+v.Service] = append(ports[v.Namespace+"/"+v.Service], r)
	}
	whole, _ := s.read("cluster/services", "k8s.service", Subject{Scope: "cluster"})
	var out []*row
	for _, r := range s.facts["k8s.ingress-rule"] {
		v := r.value.(parsers.K8sIngressRule)
		if v.Service == "" || v.Service == "default-http-backend" {
			continue
		}
		b := IngressBackend{Host: v.Host, Path: v.Path, Service: v.Service, Port: v.Port, Ready: -1, Error: v.Error}
		name := v.Namespace + "/" + v.Service
		gone := strings.Contains(v.Error, "not found")
		if !whole && services[name] == nil && !gone {
			continue // nothing is known of it
		}
		row := &row{place: r.place, at: r.at, last: r.last, count: 1, source: r.source}
		if svc := services[name]; svc != nil {
			b.Found, b.Policy = true, svc.value.(parsers.K8sService).ExternalTrafficPolicy
			row.more = []fact.Source{svc.source}
		}
		if n, ok := ready[name]; ok {
			b.Ready = n
		}
		b.match(ports[name])
		row.value = b
		out = append(out, row)
	}
	return out
}

// match looks for the port among those of the Service.
func (b *IngressBackend) match(ports []*row) {
	var all []string
	for _, r := range ports {
		p := r.value.(parsers.K8sServicePort)
		number := strconv.FormatInt(p.Port, 10)
		if b.Port == number || b.Port != "" && b.Port == p.Name || b.Port == "use-annotation" {
			b.PortFound, b.NodePort = true, p.NodePort
		}
		all = append(all, strings.TrimSpace(p.Name+" "+number))
	}
	b.Ports = strings.Join(all, ", ")
}
