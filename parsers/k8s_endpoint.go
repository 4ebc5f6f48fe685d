package parsers

import (
	"coldcase/fact"
)

// K8sEndpoint is one address and port behind a Service.
type K8sEndpoint struct {
	Namespace string `cel:"namespace" json:"namespace"`
	Service   string `cel:"service" json:"service"`
	IP        string `cel:"ip" json:"ip"`
	Port      int64  `cel:"port" json:"port"` // 0 when the object has no ports
	PortName  string `cel:"portName" json:"portName"`
	Protocol  string `cel:"protocol" json:"protocol"`
	Ready     bool   `cel:"ready" json:"ready"`
	Node      string `cel:"node" json:"node"`           // not in describe
	TargetPod string `cel:"targetPod" json:"targetPod"` // not in describe
}

// FactKind implements fact.Value.
func (K8sEndpoint) FactKind() fact.Kind { return "k8s.endpoint" }

// FactPlace implements fact.Placed.
func (e K8sEndpoint) FactPlace() fact.Place {
	return fact.Place{Namespace: e.Namespace, Service: e.Service, Pod: e.TargetPod, Node: e.Node}
}

// K8sEndpoints counts the addresses behind a Service: one fact for each Endpoints object, for all EndpointSlices of a
// Service together (of the address family that has most), or for a Service as describe shows it.
type K8sEndpoints struct {
	Namespace string `cel:"namespace" json:"namespace"`
	Service   string `cel:"service" json:"service"`
	Ready     int64  `cel:"ready" json:"ready"`
	NotReady  int64  `cel:"notReady" json:"notReady"` // -1 when not known: "kubectl describe service" does not print it
}

// FactKind implements fact.Value.
func (K8sEndpoints) FactKind() fact.Kind { return "k8s.endpoints" }

// FactPlace implements fact.Placed.
func (e K8sEndpoints) FactPlace() fact.Place {
	return fact.Place{Namespace: e.Namespace, Service: e.Service}
}

var k8sEndpointFacts = []fact.Value{K8sEndpoints{}, K8sEndpoint{}}

var _ = register(k8sGetParser("k8s-endpoints", "kubectl get endpoints -o yaml|json (Kubernetes API, core/v1 Endpoints)",
	"cluster/endpoints", k8sEndpointFacts, "Endpoints"))

var _ = register(k8sGetParser("k8s-endpointslices", "kubectl get endpointslices -o yaml|json (Kubernetes API, discovery.k8s.io EndpointSlice)",
	"cluster/endpointslices", k8sEndpointFacts, "EndpointSlice"))

// k8sEndpointsObject makes the facts of an Endpoints object. An address whose ports differ in readiness stands in two
// subsets and counts in both.
func k8sEndpointsObject(e *k8sEmitter, o *k8sVal) {
	namespace, service := o.str("metadata", "namespace"), o.str("metadata", "name")
	count := K8sEndpoints{Namespace: namespace, Service: service}
	ready, notReady := map[string]bool{}, map[string]bool{}
	for _, subset := range o.list("subsets") {
		for _, a := range subset.list("addresses") {
			ready[a.str("ip")] = true
		}
		for _, a := range subset.list("notReadyAddresses") {
			notReady[a.str("ip")] = true
		}
	}
	count.Ready, count.NotReady = int64(len(ready)), int64(len(notReady))
	e.emit(o.get("metadata", "name").or(o), count)
	for _, subset := range o.list("subsets") {
		ports := k8sBoundPorts(subset.list("ports"), len(subset.list("addresses"))+len(subset.list("notReadyAddresses")))
		for _, which := range [...]string{"addresses", "notReadyAddresses"} {
			for _, a := range subset.list(which) {
				k8sEndpointPorts(e, a, ports, K8sEndpoint{
					Namespace: namespace, Service: service, IP: a.str("ip"), Ready: which == "addresses",
					Node: a.str("nodeName"), TargetPod: k8sTargetPod(a),
				})
			}
		}
	}
}

// k8sMaxEndpoints bounds the product of an object's addresses and ports: real objects have at most some thousand
// addresses with a few ports, a hostile one of a megabyte could have a billion.
const k8sMaxEndpoints = 20_000

func k8sBoundPorts(ports []*k8sVal, addresses int) []*k8sVal {
	return ports[:min(len(ports), max(1, k8sMaxEndpoints/max(1, addresses)))]
}

// k8sEndpointPorts makes one fact for each port of an address; one with port 0 when there are no ports.
func k8sEndpointPorts(e *k8sEmitter, at *k8sVal, ports []*k8sVal, v K8sEndpoint) {
	if len(ports) == 0 {
		e.emit(at, v)
		return
	}
	for _, p := range ports {
		v.Port, v.PortName, v.Protocol = p.num("port"), p.str("name"), p.str("protocol")
		if v.Protocol == "" {
			v.Protocol = "TCP"
		}
		e.emit(at, v)
	}
}

func k8sTargetPod(address *k8sVal) string {
	if address.str("targetRef", "kind") != "Pod" {
		return ""
	}
	return address.str("targetRef", "name")
}

// k8sSliceCount adds up the slices of one Service and address family.
type k8sSliceCount struct {
	count  K8sEndpoints
	at     int // line of the first slice's name
	ptr    string
	family string
}

// k8sEndpointSlice makes the facts of a slice's endpoints and adds to the count of its Service.
func k8sEndpointSlice(e *k8sEmitter, o *k8sVal) {
	namespace, service := o.str("metadata", "namespace"), o.str("metadata", "labels", "kubernetes.io/service-name")
	if service == "" {
		return
	}
	family := o.str("addressType")
	key, at := namespace+"/"+service+"/"+family, o.get("metadata", "name").or(o)
	c, known := e.slices[key]
	if !known {
		c = &k8sSliceCount{count: K8sEndpoints{Namespace: namespace, Service: service}, at: at.first, ptr: at.pointer(), family: family}
		e.slices[key], e.order = c, append(e.order, key)
	}
	addresses := 0
	for _, endpoint := range o.list("endpoints") {
		addresses += len(endpoint.list("addresses"))
	}
	ports := k8sBoundPorts(o.list("ports"), addresses)
	for _, endpoint := range o.list("endpoints") {
		ready := endpoint.str("conditions", "ready") != "false" // absent means ready
		if ready {
			c.count.Ready++
		} else {
			c.count.NotReady++
		}
		node := endpoint.str("nodeName")
		if node == "" {
			node = endpoint.str("topology", "kubernetes.io/hostname") // v1beta1
		}
		for _, ip := range endpoint.strs("addresses") {
			k8sEndpointPorts(e, endpoint, ports, K8sEndpoint{
				Namespace: namespace, Service: service, IP: ip, Ready: ready, Node: node, TargetPod: k8sTargetPod(endpoint),
			})
		}
	}
}

// emitSlices emits one count for each Service that had slices. Of a dual-stack Service the family with more ready
// endpoints counts: pods without IPv6 leave an empty IPv6 slice, and nothing is wrong with that.
func (e *k8sEmitter) emitSlices() {
	best := map[[2]string]*k8sSliceCount{}
	var order [][2]string
	for _, key := range e.order {
		c := e.slices[key]
		service := [2]string{c.count.Namespace, c.count.Service}
		had, ok := best[service]
		if !ok {
			order = append(order, service)
		}
		if !ok || c.count.Ready > had.count.Ready {
			best[service] = c
		}
	}
	for _, service := range order {
		c := best[service]
		e.in.EmitAt(c.at, c.at, c.ptr, e.in.At, c.count)
	}
}
