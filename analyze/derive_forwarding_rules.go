package analyze

import (
	"net/netip"
	"strconv"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// ipvsForwarding reads the IPVS tables of nodes in IPVS mode.
func ipvsForwarding(s *store, _ []vipPort) map[string]*forwarding {
	services := map[string]map[string]*row{}
	named := map[string]bool{} // nodes whose table shows names in place of numbers: nothing can be missed there
	for _, r := range s.facts["ipvs.service"] {
		v := r.value.(parsers.IPVSService)
		named[r.place.Node] = named[r.place.Node] || v.Lossy && v.Fwmark == 0 && v.Port == 0
		if services[r.place.Node] == nil {
			services[r.place.Node] = map[string]*row{}
		}
		services[r.place.Node][vipKey(v.Proto, v.Addr, v.Port)] = r
	}
	out := map[string]*forwarding{}
	for _, table := range s.facts["ipvs.table"] {
		node := table.place.Node
		if out[node] != nil || named[node] || !usesIPVS(s, services[node]) {
			continue
		}
		out[node] = &forwarding{mode: "ipvs", table: table, ports: map[string]*forward{}}
		for key, r := range services[node] {
			out[node].add(key, "", r.source)
		}
	}
	for _, r := range s.facts["ipvs.server"] {
		v := r.value.(parsers.IPVSServer)
		if f := out[r.place.Node]; f != nil && v.Weight != 0 {
			f.add(vipKey(v.Proto, v.VIP, v.VPort), v.Addr, r.source)
		}
	}
	return out
}

// natChains are the chains behind KUBE-SERVICES on one node.
type natChains struct {
	jumps    map[string][]string // KUBE-SVC-... -> KUBE-SEP-...
	backends map[string][]natBackend
	entries  []*row // rules of KUBE-SERVICES that lead to a KUBE-SVC-...
}

type natBackend struct {
	addr   string
	source fact.Source
}

// iptablesForwarding follows KUBE-SERVICES to KUBE-SVC-... to KUBE-SEP-... in the nat tables of both backends, because the
// kernel applies both (pkg/proxy/iptables/proxier.go).
func iptablesForwarding(s *store, _ []vipPort) map[string]*forwarding {
	chains := map[string]*natChains{}
	for _, r := range s.facts["iptables.rule"] {
		v := r.value.(parsers.IptablesRule)
		if v.Table != "nat" || v.Lossy || !strings.HasPrefix(v.Chain, "KUBE-S") {
			continue
		}
		c := chains[r.place.Node]
		if c == nil {
			c = &natChains{jumps: map[string][]string{}, backends: map[string][]natBackend{}}
			chains[r.place.Node] = c
		}
		switch {
		case v.Chain == "KUBE-SERVICES" && strings.HasPrefix(v.Target, "KUBE-SVC-"):
			c.entries = append(c.entries, r)
		case strings.HasPrefix(v.Chain, "KUBE-SVC-") && strings.HasPrefix(v.Target, "KUBE-SEP-"):
			c.jumps[v.Chain] = append(c.jumps[v.Chain], v.Target)
		case strings.HasPrefix(v.Chain, "KUBE-SEP-") && v.ToDestination != "":
			c.backends[v.Chain] = append(c.backends[v.Chain], natBackend{addressOf(v.ToDestination), r.source})
		}
	}
	out := map[string]*forwarding{}
	for node, table := range natTables(s) {
		f := &forwarding{mode: "iptables", table: table, ports: map[string]*forward{}}
		if c := chains[node]; c != nil {
			c.fill(f)
		}
		if mode, known := proxyMode(s); len(f.ports) > 0 || known && (mode == "" || mode == "iptables") {
			out[node] = f
		}
	}
	return out
}

func (c *natChains) fill(f *forwarding) {
	for _, r := range c.entries {
		v := r.value.(parsers.IptablesRule)
		port, err := strconv.ParseInt(v.DstPort, 10, 64)
		vip, _, _ := strings.Cut(v.Dst, "/")
		if err != nil || vip == "" {
			continue
		}
		key := vipKey(strings.ToUpper(v.Proto), vip, port)
		f.add(key, "", r.source)
		for _, sep := range c.jumps[v.Target] {
			for _, b := range c.backends[sep] {
				f.add(key, b.addr, b.source)
			}
		}
	}
}

// natTables are the declarations of KUBE-SERVICES in nat tables that were read to their end, by node.
func natTables(s *store) map[string]*row {
	cut := map[string]bool{}
	for _, r := range s.facts["iptables.table"] {
		if v := r.value.(parsers.IptablesTable); v.Table == "nat" && !v.Complete {
			cut[r.place.Node] = true
		}
	}
	out := map[string]*row{}
	for _, r := range s.facts["iptables.chain"] {
		v := r.value.(parsers.IptablesChain)
		if v.Table == "nat" && v.Family == "ipv4" && v.Chain == "KUBE-SERVICES" && !cut[r.place.Node] && out[r.place.Node] == nil {
			out[r.place.Node] = r
		}
	}
	return out
}

// nftForwarding reads the chains of kube-proxy's nftables mode. The map from addresses to chains is not in the facts, but a
// chain is named for its Service and an endpoint's rule says its address: service-HASH-NAMESPACE/NAME/PROTO/PORT
// (pkg/proxy/nftables/proxier.go).
func nftForwarding(s *store, ports []vipPort) map[string]*forwarding {
	out, endpoints, services := map[string]*forwarding{}, map[string][]natBackend{}, map[string]*row{}
	for _, r := range s.facts["nft.chain"] {
		v := r.value.(parsers.NftChain)
		if v.Table != "kube-proxy" || v.Family != "ip" {
			continue
		}
		if out[r.place.Node] == nil {
			out[r.place.Node] = &forwarding{mode: "nftables", table: r, ports: map[string]*forward{}}
		}
		if name, ok := nftService(v.Name); ok {
			services[r.place.Node+" "+name] = r
		}
	}
	jumps := map[string][]string{}
	for _, r := range s.facts["nft.rule"] {
		v := r.value.(parsers.NftRule)
		if v.Table != "kube-proxy" || v.Family != "ip" {
			continue
		}
		if name, ok := nftService(v.Chain); ok {
			jumps[r.place.Node+" "+name] = append(jumps[r.place.Node+" "+name], v.Jumps...)
		} else if v.Verdict == "dnat" {
			key := r.place.Node + " " + v.Chain
			endpoints[key] = append(endpoints[key], natBackend{addressOf(v.Target), r.source})
		}
	}
	for node, f := range out {
		for _, p := range ports {
			name := node + " " + p.Namespace + "/" + p.Service + "/" + strings.ToLower(p.Proto) + "/" + p.name
			r := services[name]
			if r == nil {
				continue
			}
			key := vipKey(p.Proto, p.VIP, p.Port)
			f.add(key, "", r.source)
			for _, chain := range jumps[name] {
				for _, b := range endpoints[node+" "+chain] {
					f.add(key, b.addr, b.source)
				}
			}
		}
	}
	return out
}

// nftService is what a chain's name says of its Service: NAMESPACE/NAME/PROTO/PORT.
func nftService(chain string) (string, bool) {
	rest, ok := strings.CutPrefix(chain, "service-")
	if !ok {
		return "", false
	}
	_, name, ok := strings.Cut(rest, "-")
	return name, ok
}

// addressOf is the address of "10.244.1.7:53", "[fd00::7]:53" or "10.244.1.7".
func addressOf(target string) string {
	if p, err := netip.ParseAddrPort(target); err == nil {
		return p.Addr().String()
	}
	return target
}

// proxyMode is the mode that kube-proxy's configuration names; "" is its default, iptables.
func proxyMode(s *store) (mode string, known bool) {
	for _, r := range s.facts["kube-proxy.setting"] {
		if v := r.value.(parsers.KubeProxySetting); v.Key == "mode" {
			return v.Value, true
		}
	}
	return "", false
}
