package analyze

import (
	"slices"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// MTUClash is a tunnel of one node whose packets are too large for the network of another.
type MTUClash struct {
	Tunnel TunnelMTU `cel:"tunnel" json:"tunnel"`
	Large  string    `cel:"large" json:"large"` // the tunnel's node
	Small  string    `cel:"small" json:"small"` // the node with the smallest MTU
	// SmallDev is that node's device towards the others, with SmallMTU.
	SmallDev string `cel:"smallDev" json:"smallDev"`
	SmallMTU int64  `cel:"smallMTU" json:"smallMTU"`
}

// FactKind implements fact.Value.
func (MTUClash) FactKind() fact.Kind { return "clash.mtu" }

// TunnelMTU is a tunnel device of a network plugin with the device below it.
type TunnelMTU struct {
	Dev         string `cel:"dev" json:"dev"`
	Kind        string `cel:"kind" json:"kind"` // ipip, vxlan, wireguard
	MTU         int64  `cel:"mtu" json:"mtu"`
	Underlay    string `cel:"underlay" json:"underlay"`
	UnderlayMTU int64  `cel:"underlayMTU" json:"underlayMTU"`
	Overhead    int64  `cel:"overhead" json:"overhead"` // bytes that the tunnel adds to each packet
	Room        int64  `cel:"room" json:"room"`         // UnderlayMTU less Overhead: the largest MTU that works
}

// FactKind implements fact.Value.
func (TunnelMTU) FactKind() fact.Kind { return "tunnel.mtu" }

var (
	underlayInputs = []fact.Kind{"ip.link", "ip.addr", "ip.route", "k8s.node"}
	underlayHelps  = map[fact.Kind]bool{"ip.addr": true, "ip.route": true, "k8s.node": true}

	tunnelMTU = derivation{zero: TunnelMTU{}, from: underlayInputs, optional: underlayHelps, rows: deriveTunnels, open: unseenUnderlay}
	mtuClash  = derivation{zero: MTUClash{}, from: underlayInputs, optional: underlayHelps, rows: deriveMTUClashes, open: unseenNetworks}
)

// overheads are what a tunnel adds to a packet, over IPv4 and over IPv6: the outer IP header (20, 40), for VXLAN UDP, its
// own header and the inner Ethernet header (30 more), for WireGuard UDP and its own (40 more).
var overheads = map[string][2]int64{"ipip": {20, 40}, "vxlan": {50, 70}, "wireguard": {60, 80}}

// tunnelKind knows the devices whose MTU is what their plugin hands to pods. Cilium's and Open vSwitch's are not among
// them: their MTU says nothing, the routes' counts.
func tunnelKind(name string) string {
	switch {
	case name == "tunl0":
		return "ipip"
	case isVXLAN(name):
		return "vxlan"
	case name == "wireguard.cali" || name == "wg-v6.cali" || strings.HasPrefix(name, "flannel-wg"):
		return "wireguard"
	}
	return ""
}

// isVXLAN knows the VXLAN devices of flannel (of its backend's number) and Calico.
func isVXLAN(name string) bool {
	return strings.HasPrefix(name, "flannel.") || strings.HasPrefix(name, "flannel-v6.") || name == "vxlan.calico" || name == "vxlan-v6.calico"
}

// linksByNode are the devices of each node by name; where two artifacts show one, the first.
func linksByNode(s *store) map[string]map[string]*row {
	out := map[string]map[string]*row{}
	for _, r := range s.facts["ip.link"] {
		if out[r.place.Node] == nil {
			out[r.place.Node] = map[string]*row{}
		}
		if name := r.value.(parsers.IPLink).Name; out[r.place.Node][name] == nil {
			out[r.place.Node][name] = r
		}
	}
	return out
}

// underlays are the devices below each node's tunnels.
func underlays(s *store, links map[string]map[string]*row) map[string]*row {
	ips, metric := map[string]string{}, map[string]int64{}
	for _, r := range s.facts["k8s.node"] {
		ips[r.value.(parsers.K8sNode).Name] = r.value.(parsers.K8sNode).InternalIP
	}
	out := map[string]*row{}
	for _, r := range s.facts["ip.route"] {
		v, node := r.value.(parsers.IPRoute), r.place.Node
		link := links[node][v.Dev]
		if best, seen := metric[node]; v.Table == "main" && v.Dst == "0.0.0.0/0" && link != nil && (!seen || v.Metric < best) {
			metric[node], out[node] = v.Metric, link
		}
	}
	for _, r := range s.facts["ip.addr"] {
		v, node := r.value.(parsers.IPAddr), r.place.Node
		if link := links[node][v.Dev]; link != nil && v.Addr == ips[node] && v.Addr != "" {
			out[node] = link
		}
	}
	return out
}

// unseenUnderlay names what would tell which device is below a node's tunnels.
func unseenUnderlay(s *store, sub Subject, _ knower) []gap {
	links := linksByNode(s)
	below := underlays(s, links)
	var out []gap
	for _, node := range sortedKeys(links) {
		if (sub.Node == "" || node == sub.Node) && below[node] == nil {
			out = append(out, gap{artifact: "node/ip-route", node: node, reason: notCollected})
		}
	}
	return out
}

// unseenNetworks names the nodes whose MTU is not known.
func unseenNetworks(s *store, sub Subject, known knower) []gap {
	if gaps := unseenLinks(s, sub, known); len(gaps) > 0 {
		return gaps
	}
	return unseenUnderlay(s, sub, known)
}

// unseenLinks names the nodes whose devices are not known; one node alone differs from nobody.
func unseenLinks(s *store, _ Subject, _ knower) []gap {
	links := linksByNode(s)
	if len(links) < 2 {
		return []gap{{artifact: "node/ip-link", reason: "collected on fewer than two nodes"}}
	}
	var out []gap
	for _, r := range s.facts["k8s.node"] {
		if name := r.value.(parsers.K8sNode).Name; links[name] == nil {
			out = append(out, gap{artifact: "node/ip-link", node: name, reason: notCollected})
		}
	}
	return out
}

func deriveMTUClashes(s *store) []*row {
	links := linksByNode(s)
	below := underlays(s, links)
	var small *row
	for _, node := range sortedKeys(below) {
		if r := below[node]; small == nil || r.value.(parsers.IPLink).MTU < small.value.(parsers.IPLink).MTU {
			small = r
		}
	}
	if small == nil {
		return nil
	}
	var out []*row
	for _, r := range deriveTunnels(s) {
		t, low := r.value.(TunnelMTU), small.value.(parsers.IPLink)
		if t.MTU <= t.Room && t.MTU > low.MTU-t.Overhead {
			r.value = MTUClash{Tunnel: t, Large: r.place.Node, Small: small.place.Node, SmallDev: low.Name, SmallMTU: low.MTU}
			r.more = append(r.more, small.source)
			out = append(out, r)
		}
	}
	return out
}

func deriveTunnels(s *store) []*row {
	links := linksByNode(s)
	below := underlays(s, links)
	holders := map[string]string{} // node and address -> device
	for _, r := range s.facts["ip.addr"] {
		v := r.value.(parsers.IPAddr)
		holders[r.place.Node+" "+v.Addr] = v.Dev
	}
	var out []*row
	for _, node := range sortedKeys(links) {
		for _, name := range sortedKeys(links[node]) {
			tunnel := links[node][name]
			v := tunnel.value.(parsers.IPLink)
			kind := tunnelKind(name)
			if kind == "" || !slices.Contains(v.Flags, "UP") {
				continue
			}
			under := links[node][v.Underlay]
			if under == nil && v.Local != "" {
				under = links[node][holders[node+" "+v.Local]]
			}
			if under == nil {
				under = below[node]
			}
			if under == nil || under == tunnel {
				continue
			}
			out = append(out, tunnelRow(tunnel, under, kind))
		}
	}
	return out
}

func tunnelRow(tunnel, under *row, kind string) *row {
	v, u := tunnel.value.(parsers.IPLink), under.value.(parsers.IPLink)
	overhead := overheads[kind][0]
	if strings.Contains(v.Name, "v6") {
		overhead = overheads[kind][1]
	}
	r := *tunnel
	r.more = []fact.Source{under.source}
	r.value = TunnelMTU{Dev: v.Name, Kind: kind, MTU: v.MTU, Underlay: u.Name, UnderlayMTU: u.MTU, Overhead: overhead, Room: u.MTU - overhead}
	return &r
}
