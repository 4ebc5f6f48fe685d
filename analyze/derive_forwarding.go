package analyze

import (
	"net/netip"
	"slices"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// ServiceForwarding is one port of a Service's virtual address on one node: what kube-proxy should have written there and
// what stands in that node's rules. Addresses that have no ready endpoint, or take local endpoints only, are left out,
// and so are nodes on which eBPF does kube-proxy's work, and all ports but one that stand as they should.
type ServiceForwarding struct {
	Namespace string `cel:"svcNamespace" json:"svcNamespace"`
	Service   string `cel:"service" json:"service"`
	DNS       bool   `cel:"dns" json:"dns"` // it is the cluster's DNS Service
	VIP       string `cel:"vip" json:"vip"`
	Proto     string `cel:"proto" json:"proto"`
	Port      int64  `cel:"port" json:"port"`
	Mode      string `cel:"mode" json:"mode"`       // iptables, ipvs, nftables: where the node's rules are
	Present   bool   `cel:"present" json:"present"` // the rules know the address
	Backends  int64  `cel:"backends" json:"backends"`
	Ready     int64  `cel:"ready" json:"ready"` // the Service's ready endpoints; -1 when endpoints were not collected
	// Stale are addresses in the rules that are no endpoint of the Service, ready or not, sorted; empty when the list of
	// endpoints was not collected.
	Stale []string `cel:"stale" json:"stale"`
	// Rules counts the ports of all Services that this node's rules know.
	Rules int64 `cel:"rules" json:"rules"`
	// PeersGood counts other nodes of the case whose rules have backends for this port.
	PeersGood int64 `cel:"peersGood" json:"peersGood"`
}

// FactKind implements fact.Value.
func (ServiceForwarding) FactKind() fact.Kind { return "service.forwarding" }

var serviceForwarding = derivation{
	zero: ServiceForwarding{},
	from: []fact.Kind{"k8s.service-port", "k8s.endpoint", "k8s.service", "kube-proxy.setting", "iptables.rule", "iptables.table", "ipvs.table", "nft.chain"},
	optional: map[fact.Kind]bool{"kube-proxy.setting": true, "iptables.rule": true, "iptables.table": true, "ipvs.table": true,
		"nft.chain": true}, // unseenForwarding knows better which of the rules are missing
	rows: deriveForwarding,
	open: unseenForwarding,
}

// forwarding is what one node's rules do for Services.
type forwarding struct {
	mode  string
	table *row // what the absence of a rule is quoted from
	ports map[string]*forward
}

// forward is one port of a virtual address.
type forward struct {
	source   fact.Source
	backends map[string]fact.Source // by address
}

// add notes the port, and a backend of it unless that is empty.
func (f *forwarding) add(key, backend string, source fact.Source) {
	p := f.ports[key]
	if p == nil {
		p = &forward{source: source, backends: map[string]fact.Source{}}
		f.ports[key] = p
	}
	if backend == "" {
		return
	}
	if addr, err := netip.ParseAddr(backend); err == nil {
		backend = addr.String()
	}
	if _, known := p.backends[backend]; !known {
		p.backends[backend] = source
	}
}

// deriveForwarding keeps the ports that are amiss, and of every node one more, which tells that the node was looked at:
// all ports of all nodes would be too many.
func deriveForwarding(s *store) []*row {
	ports := forwardedPorts(s)
	known := endpointAddresses(s)
	nodes := forwardings(s, ports)
	good := map[string]int64{} // nodes that have backends for a port
	for _, f := range nodes {
		for key, p := range f.ports {
			if len(p.backends) > 0 {
				good[key]++
			}
		}
	}
	var out []*row
	for _, node := range sortedKeys(nodes) {
		for i, p := range ports {
			r := nodes[node].row(node, p, known[p.Namespace+"/"+p.Service])
			v := r.value.(ServiceForwarding)
			if v.PeersGood = good[vipKey(v.Proto, v.VIP, v.Port)]; v.Backends > 0 {
				v.PeersGood--
			}
			if r.value = v; i == 0 || v.Backends == 0 || len(v.Stale) > 0 {
				out = append(out, r)
			}
		}
	}
	return out
}

// row says how one port stands. Its evidence is the rule, or what the rule is missing from.
func (f *forwarding) row(node string, p vipPort, endpoints map[string]bool) *row {
	v := ServiceForwarding{Namespace: p.Namespace, Service: p.Service, DNS: p.DNS, VIP: p.VIP, Proto: p.Proto, Port: p.Port, Mode: f.mode,
		Ready: p.Ready, Stale: []string{}, Rules: int64(len(f.ports))}
	r := &row{place: fact.Place{Node: node, Namespace: v.Namespace, Service: v.Service}, at: f.table.at, last: f.table.at, count: 1,
		source: f.table.source, more: []fact.Source{p.source}}
	if have := f.ports[vipKey(v.Proto, v.VIP, v.Port)]; have != nil {
		v.Present, v.Backends, r.source = true, int64(len(have.backends)), have.source
		for _, addr := range sortedKeys(have.backends) {
			if endpoints != nil && !endpoints[addr] {
				v.Stale = append(v.Stale, addr)
				r.more = append(r.more, have.backends[addr])
			}
		}
	}
	r.value = v
	return r
}

// forwardings reads the rules of every node that has some of kube-proxy's. Where several kinds are, the one with most ports
// is in use, and the others are what an earlier mode left behind.
func forwardings(s *store, ports []vipPort) map[string]*forwarding {
	out := map[string]*forwarding{}
	for _, read := range []func(*store, []vipPort) map[string]*forwarding{ipvsForwarding, nftForwarding, iptablesForwarding} {
		for node, f := range read(s, ports) {
			if (out[node] == nil || len(f.ports) > len(out[node].ports)) && !proxyReplaced(s, node) {
				out[node] = f
			}
		}
	}
	return out
}

// proxyReplaced reports whether eBPF serves Services on a node: what kube-proxy once wrote there is a leftover.
func proxyReplaced(s *store, node string) bool {
	for _, r := range s.facts["k8s.config"] {
		if v := r.value.(parsers.K8sConfig); v.ConfigMap == "cilium-config" && v.Key == "kube-proxy-replacement" {
			return v.Value == "true" || v.Value == "strict"
		}
	}
	cilium := false
	for _, r := range s.facts["k8s.pod"] {
		if v := r.value.(parsers.K8sPod); v.Node == node {
			if strings.HasPrefix(v.Name, "kube-proxy") {
				return false
			}
			cilium = cilium || strings.HasPrefix(v.Name, "cilium-")
		}
	}
	return cilium
}

// forwardedPorts are the ports of virtual addresses that every node must forward: those with a ready endpoint, whatever
// its node.
func forwardedPorts(s *store) []vipPort {
	local := map[string]bool{}
	for _, r := range s.facts["k8s.service"] {
		v := r.value.(parsers.K8sService)
		local[v.Namespace+"/"+v.Name] = v.Type == "ExternalName" || v.InternalTrafficPolicy == "Local" || v.Labels["service.kubernetes.io/service-proxy-name"] != ""
	}
	return slices.DeleteFunc(servicePorts(s), func(p vipPort) bool { return p.Ready <= 0 || local[p.Namespace+"/"+p.Service] })
}

// endpointAddresses are the addresses of each Service's endpoints, ready or not; of Services whose endpoints only a
// description shows there is nothing, because that stops after a few.
func endpointAddresses(s *store) map[string]map[string]bool {
	out, whole := map[string]map[string]bool{}, map[string]bool{}
	for _, r := range s.facts["k8s.endpoint"] {
		v := r.value.(parsers.K8sEndpoint)
		name := v.Namespace + "/" + v.Service
		if out[name] == nil {
			out[name] = map[string]bool{}
		}
		out[name][v.IP] = true
		whole[name] = whole[name] || strings.HasPrefix(r.source.Artifact, "cluster/endpoint")
	}
	for name := range out {
		if !whole[name] {
			delete(out, name)
		}
	}
	return out
}

// unseenForwarding names the rules that were not read, on a node whose rules have nothing of kube-proxy's.
func unseenForwarding(s *store, sub Subject, known knower) []gap {
	for _, r := range s.facts["service.forwarding"] {
		if r.place.Node == sub.Node {
			return nil
		}
	}
	if len(forwardedPorts(s)) == 0 || proxyReplaced(s, sub.Node) {
		return nil
	}
	if ok, gaps := known("iptables.rule", sub); !ok {
		return gaps
	}
	return unseenBackends(s, sub, known)
}
