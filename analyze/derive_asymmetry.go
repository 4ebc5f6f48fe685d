package analyze

import (
	"net/netip"

	"coldcase/fact"
	"coldcase/parsers"
)

// NodeAsymmetry is a pair of nodes, both with routes in the case, that speak to each other over different devices: one
// sends through another device than the one that holds the address by which the other knows it.
type NodeAsymmetry struct {
	Peer    string `cel:"peer" json:"peer"`
	PeerIP  string `cel:"peerIP" json:"peerIP"`
	Dev     string `cel:"dev" json:"dev"`         // that this node sends through
	Src     string `cel:"src" json:"src"`         // with this address; empty when unknown
	OwnDev  string `cel:"ownDev" json:"ownDev"`   // that holds this node's InternalIP, where answers arrive
	OwnIP   string `cel:"ownIP" json:"ownIP"`     //
	PeerDev string `cel:"peerDev" json:"peerDev"` // that the peer sends through to OwnIP
}

// FactKind implements fact.Value.
func (NodeAsymmetry) FactKind() fact.Kind { return "node.asymmetry" }

var nodeAsymmetry = derivation{zero: NodeAsymmetry{}, from: []fact.Kind{"ip.route", "ip.addr", "k8s.node"}, rows: deriveAsymmetry, open: unseenPeers}

// unseenPeers names the nodes whose routes are missing: a pair takes both.
func unseenPeers(s *store, sub Subject, _ knower) []gap {
	fibs := mainTables(s)
	var out []gap
	for _, r := range s.facts["k8s.node"] {
		if name := r.value.(parsers.K8sNode).Name; fibs[name] == nil && len(s.facts["k8s.node"]) > 1 && name != sub.Node {
			out = append(out, gap{artifact: "node/ip-route", node: name, reason: notCollected})
		}
	}
	return out
}

func deriveAsymmetry(s *store) []*row {
	fibs, ips := mainTables(s), map[string]string{}
	for _, r := range s.facts["k8s.node"] {
		ips[r.value.(parsers.K8sNode).Name] = r.value.(parsers.K8sNode).InternalIP
	}
	devs, firstIP := map[string]string{}, map[string]string{} // node and address -> device; node and device -> address
	for _, r := range s.facts["ip.addr"] {
		v := r.value.(parsers.IPAddr)
		devs[r.place.Node+" "+v.Addr] = v.Dev
		if key := r.place.Node + " " + v.Dev; firstIP[key] == "" && v.Scope == "global" {
			firstIP[key] = v.Addr
		}
	}
	var out []*row
	for _, node := range sortedKeys(fibs) {
		own := devs[node+" "+ips[node]]
		if own == "" {
			continue
		}
		for _, peer := range sortedKeys(fibs) {
			there, back := fibs[node].to(ips[peer]), fibs[peer].to(ips[node])
			if peer == node || there == nil || back == nil {
				continue
			}
			v, w := there.value.(parsers.IPRoute), back.value.(parsers.IPRoute)
			if v.Dev == "" || v.Dev == own || v.Type != "unicast" {
				continue
			}
			src := v.Src
			if src == "" {
				src = firstIP[node+" "+v.Dev]
			}
			out = append(out, &row{place: fact.Place{Node: node}, at: there.at, last: there.at, count: 1, source: there.source, more: []fact.Source{back.source},
				value: NodeAsymmetry{Peer: peer, PeerIP: ips[peer], Dev: v.Dev, Src: src, OwnDev: own, OwnIP: ips[node], PeerDev: w.Dev}})
		}
	}
	return out
}

// to is the route that a node takes to an address, the default route among them; nil when there is none.
func (f *fib) to(ip string) *row {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return nil
	}
	r, _ := f.table.Lookup(addr)
	return r
}
