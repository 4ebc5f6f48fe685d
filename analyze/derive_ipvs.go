package analyze

import (
	"net/netip"
	"strconv"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// IPVSExpected is one port of a Service's virtual address on one node that uses IPVS, as it should stand and as it
// stands in that node's IPVS table.
type IPVSExpected struct {
	Namespace string `cel:"svcNamespace" json:"svcNamespace"`
	Service   string `cel:"service" json:"service"`
	DNS       bool   `cel:"dns" json:"dns"` // it is the cluster's DNS Service
	VIP       string `cel:"vip" json:"vip"`
	Proto     string `cel:"proto" json:"proto"`
	Port      int64  `cel:"port" json:"port"`
	Present   bool   `cel:"present" json:"present"`
	Servers   int64  `cel:"servers" json:"servers"` // real servers with a weight
	// Good and Expected count the ports of the same address: those present with real servers, and all.
	Good     int64 `cel:"good" json:"good"`
	Expected int64 `cel:"expected" json:"expected"`
	Anywhere bool  `cel:"anywhere" json:"anywhere"` // some port of the address is in the table
	// Ready counts the Service's ready endpoints; -1 when endpoints were not collected.
	Ready int64 `cel:"ready" json:"ready"`
	// PeersGood counts other nodes of the case on which this port has real servers.
	PeersGood int64 `cel:"peersGood" json:"peersGood"`
}

// FactKind implements fact.Value.
func (IPVSExpected) FactKind() fact.Kind { return "ipvs.expected" }

var ipvsExpected = derivation{
	zero:     IPVSExpected{},
	from:     []fact.Kind{"ipvs.table", "k8s.service-port", "kubelet.setting", "k8s.endpoints"},
	optional: map[fact.Kind]bool{"k8s.service-port": true, "kubelet.setting": true, "k8s.endpoints": true},
	rows:     deriveIPVS,
	open:     unknownVIPs,
}

// unknownVIPs names what is missing to know which addresses a node must serve, and whether an address without real
// servers is right because no endpoint is ready.
func unknownVIPs(s *store, sub Subject, known knower) []gap {
	if len(s.facts["k8s.service-port"]) == 0 && len(kubeletDNSPorts(s, sub.Node)) == 0 {
		if ok, gaps := known("k8s.service-port", sub); !ok {
			return gaps
		}
	}
	for _, r := range s.facts["ipvs.expected"] {
		if v := r.value.(IPVSExpected); r.place.Node == sub.Node && v.Present && v.Servers == 0 && v.Ready < 0 {
			_, gaps := known("k8s.endpoints", sub)
			return gaps
		}
	}
	return nil
}

// vipPort is a port that kube-proxy should serve, and the fact that says so.
type vipPort struct {
	IPVSExpected
	name   string // of the port
	source fact.Source
}

func deriveIPVS(s *store) []*row {
	wanted := servicePorts(s)
	have := map[string]map[string]*row{} // node -> "TCP 10.96.0.10 53" -> ipvs.service
	named := map[string]bool{}           // nodes whose table shows names in place of numbers: nothing can be missed there
	for _, r := range s.facts["ipvs.service"] {
		v := r.value.(parsers.IPVSService)
		if _, err := netip.ParseAddr(v.Addr); v.Fwmark == 0 && (err != nil || v.Port == 0) {
			named[r.place.Node] = true
		}
		if have[r.place.Node] == nil {
			have[r.place.Node] = map[string]*row{}
		}
		have[r.place.Node][vipKey(v.Proto, v.Addr, v.Port)] = r
	}
	var out []*row
	for _, table := range s.facts["ipvs.table"] {
		node := table.place.Node
		if named[node] || !usesIPVS(s, have[node]) {
			continue
		}
		ports := wanted
		if len(ports) == 0 {
			ports = kubeletDNSPorts(s, node)
		}
		out = append(out, ipvsRows(table, ports, have)...)
	}
	return dedupeByTable(out)
}

// usesIPVS tells a node in IPVS mode from one whose module is merely loaded.
func usesIPVS(s *store, services map[string]*row) bool {
	if mode, known := proxyMode(s); known {
		return mode == "ipvs"
	}
	return len(services) > 0
}

func ipvsRows(table *row, ports []vipPort, have map[string]map[string]*row) []*row {
	node := table.place.Node
	good, expected, anywhere := map[string]int64{}, map[string]int64{}, map[string]bool{}
	for _, p := range ports {
		expected[p.VIP]++
		if r, ok := have[node][vipKey(p.Proto, p.VIP, p.Port)]; ok {
			anywhere[p.VIP] = true
			if r.value.(parsers.IPVSService).ServersWithWeight > 0 {
				good[p.VIP]++
			}
		}
	}
	var out []*row
	for _, p := range ports {
		v := p.IPVSExpected
		v.Good, v.Expected, v.Anywhere = good[v.VIP], expected[v.VIP], anywhere[v.VIP]
		r := &row{place: fact.Place{Node: node, Namespace: v.Namespace, Service: v.Service}, at: table.at, last: table.at, count: 1, source: table.source}
		if svc, ok := have[node][vipKey(v.Proto, v.VIP, v.Port)]; ok {
			v.Present, v.Servers = true, svc.value.(parsers.IPVSService).ServersWithWeight
			r.source = svc.source
		}
		for other, services := range have {
			if svc, ok := services[vipKey(v.Proto, v.VIP, v.Port)]; ok && other != node && svc.value.(parsers.IPVSService).ServersWithWeight > 0 {
				v.PeersGood++
			}
		}
		r.value, r.more = v, []fact.Source{p.source}
		out = append(out, r)
	}
	return out
}

// dedupeByTable keeps one row per node and port when a node's table was collected in several forms.
func dedupeByTable(rows []*row) []*row {
	sortRows(rows)
	seen := map[string]bool{}
	var out []*row
	for _, r := range rows {
		v := r.value.(IPVSExpected)
		key := r.place.Node + " " + vipKey(v.Proto, v.VIP, v.Port)
		if !seen[key] {
			seen[key] = true
			out = append(out, r)
		}
	}
	return out
}

// servicePorts lists what the API server's Services ask for.
func servicePorts(s *store) []vipPort {
	ready := map[string]int64{}
	for _, r := range s.facts["k8s.endpoints"] {
		v := r.value.(parsers.K8sEndpoints)
		ready[v.Namespace+"/"+v.Service] += v.Ready
	}
	dns := dnsServices(s)
	var out []vipPort
	for _, r := range s.facts["k8s.service-port"] {
		v := r.value.(parsers.K8sServicePort)
		if v.ClusterIP == "" || v.ClusterIP == "None" {
			continue
		}
		name := v.Namespace + "/" + v.Service
		n, known := ready[name]
		if !known {
			n = -1
		}
		proto := strings.ToUpper(v.Protocol)
		if proto == "" {
			proto = "TCP"
		}
		out = append(out, vipPort{IPVSExpected{Namespace: v.Namespace, Service: v.Service, DNS: dns[name], VIP: v.ClusterIP,
			Proto: proto, Port: v.Port, Ready: n}, v.Name, r.source})
	}
	return out
}

// dnsServices are the Services that kubelets hand to pods as resolver.
func dnsServices(s *store) map[string]bool {
	out := map[string]bool{}
	for _, r := range s.facts["k8s.service"] {
		v := r.value.(parsers.K8sService)
		if v.Namespace == "kube-system" && (v.Labels["k8s-app"] == "kube-dns" || v.Name == "kube-dns" || v.Name == "coredns") {
			out[v.Namespace+"/"+v.Name] = true
		}
	}
	return out
}

// kubeletDNSPorts stand in when no Service was collected: the kubelet's resolver address, on the two ports that every
// DNS Service has.
func kubeletDNSPorts(s *store, node string) []vipPort {
	var out []vipPort
	for _, r := range s.facts["kubelet.setting"] {
		v := r.value.(parsers.KubeletSetting)
		if r.place.Node != node || v.Key != "clusterDNS" || strings.HasPrefix(v.Value, "169.254.") {
			continue
		}
		for _, proto := range []string{"TCP", "UDP"} {
			out = append(out, vipPort{IPVSExpected{DNS: true, VIP: v.Value, Proto: proto, Port: 53, Ready: -1}, "", r.source})
		}
	}
	return out
}

func vipKey(proto, addr string, port int64) string {
	return proto + " " + addr + " " + strconv.FormatInt(port, 10)
}
