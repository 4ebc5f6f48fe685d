package analyze

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/gaissmai/bart"

	"coldcase/fact"
	"coldcase/parsers"
)

// PodRoute says how one node's main routing table reaches the pods that run on another node in one address block.
type PodRoute struct {
	Block   string `cel:"block" json:"block"`     // the block's prefix where some node routes it, else the pod's address as /32
	PodNode string `cel:"podNode" json:"podNode"` // where the pods are
	PodIP   string `cel:"podIP" json:"podIP"`     // one of them
	PodName string `cel:"podName" json:"podName"` // "namespace/name" of that one
	Pods    int64  `cel:"pods" json:"pods"`       // how many
	Routed  bool   `cel:"routed" json:"routed"`   // a route more specific than the default one covers them
	Refused bool   `cel:"refused" json:"refused"` // that route is a blackhole, unreachable or prohibit route
	Via     string `cel:"via" json:"via"`
	Dev     string `cel:"dev" json:"dev"`
	Proto   string `cel:"proto" json:"proto"`
	Owner   string `cel:"owner" json:"owner"` // InternalIP of PodNode; empty when the Node was not collected
	// Overlay is set when the cluster programs a route per remote block: this node has one for another block, or
	// another node has one for this block. Without it, a default route is how pods are meant to be reached.
	Overlay bool `cel:"overlay" json:"overlay"`
	// CalicoIP is the address that Calico found for PodNode (annotation projectcalico.org/IPv4Address).
	CalicoIP string `cel:"calicoIP" json:"calicoIP"`
	ViaNode  string `cel:"viaNode" json:"viaNode"` // whose InternalIP Via is
}

// FactKind implements fact.Value.
func (PodRoute) FactKind() fact.Kind { return "pod.route" }

var podRoute = derivation{
	zero:     PodRoute{},
	from:     []fact.Kind{"ip.route", "k8s.pod", "k8s.node"},
	optional: map[fact.Kind]bool{"k8s.node": true},
	rows:     deriveRoutes,
	open:     unseenRoutes,
}

// podNextHop are the routes through an IPIP tunnel that lead to another address than the node's that runs the pods.
var podNextHop = derivation{
	zero: PodRoute{},
	from: podRoute.from,
	rows: func(s *store) []*row {
		return slices.DeleteFunc(deriveRoutes(s), func(r *row) bool {
			v := r.value.(PodRoute)
			return !v.Routed || !strings.HasPrefix(v.Dev, "tunl") || v.Via == "" || v.Owner == "" || v.Via == v.Owner || v.Via == v.CalicoIP
		})
	},
}

// unseenRoutes names the nodes whose routes would tell whether this cluster routes by block at all, when this node has no
// route to some pods and nothing else says so.
func unseenRoutes(s *store, sub Subject, _ knower) []gap {
	doubt := false
	seen := map[string]bool{}
	for _, r := range s.facts["pod.route"] {
		v := r.value.(PodRoute)
		seen[r.place.Node] = true
		doubt = doubt || !v.Routed && !v.Overlay && (sub.Node == "" || r.place.Node == sub.Node)
	}
	var out []gap
	for _, r := range s.facts["pod.route"] {
		if v := r.value.(PodRoute); doubt && !seen[v.PodNode] {
			seen[v.PodNode] = true
			out = append(out, gap{artifact: "node/ip-route", node: v.PodNode, reason: notCollected})
		}
	}
	return out
}

// fib is one node's main table.
type fib struct {
	table *bart.Table[*row]
	all   fact.Source // the whole listing: the evidence of a route that is not there
	at    *row
}

func deriveRoutes(s *store) []*row {
	fibs := mainTables(s)
	owners, nodes, calico := map[string]string{}, map[string]string{}, map[string]string{}
	for _, r := range s.facts["k8s.node"] {
		v := r.value.(parsers.K8sNode)
		owners[v.Name], nodes[v.InternalIP] = v.InternalIP, v.Name
		calico[v.Name], _, _ = strings.Cut(v.Annotations["projectcalico.org/IPv4Address"], "/")
	}
	var out []*row
	for _, node := range sortedKeys(fibs) {
		for _, group := range remoteBlocks(s, fibs, node) {
			r := group.on(fibs[node], node)
			v := r.value.(PodRoute)
			v.Owner, v.CalicoIP, v.ViaNode = owners[v.PodNode], calico[v.PodNode], nodes[v.Via]
			v.Overlay = overlay(fibs, node, v.PodIP)
			r.value = v
			out = append(out, r)
		}
	}
	return out
}

func mainTables(s *store) map[string]*fib {
	fibs := map[string]*fib{}
	for _, r := range s.facts["ip.route"] {
		v := r.value.(parsers.IPRoute)
		p, err := netip.ParsePrefix(v.Dst)
		if err != nil || v.Table != "main" {
			continue
		}
		f := fibs[r.place.Node]
		if f == nil {
			f = &fib{table: new(bart.Table[*row]), at: r, all: r.source}
			fibs[r.place.Node] = f
		}
		if r.source.Path == f.all.Path {
			f.all.First, f.all.Last = min(f.all.First, r.source.First), max(f.all.Last, r.source.Last)
		}
		if _, taken := f.table.Get(p.Masked()); !taken {
			f.table.Insert(p.Masked(), r)
		}
	}
	return fibs
}

// specific is the most specific route to an address that is no default route.
func (f *fib) specific(addr netip.Addr) (*row, netip.Prefix, bool) {
	p, r, ok := f.table.LookupPrefixLPM(netip.PrefixFrom(addr, addr.BitLen()))
	if !ok || p.Bits() == 0 {
		return nil, netip.Prefix{}, false
	}
	return r, p, true
}

// podGroup is the pods of one node in one block.
type podGroup struct {
	block netip.Prefix
	pods  []*row
}

// remoteBlocks groups the pods of other nodes by the block that the routes of the case know.
func remoteBlocks(s *store, fibs map[string]*fib, node string) []podGroup {
	groups := map[string]*podGroup{}
	for _, r := range s.facts["k8s.pod"] {
		v := r.value.(parsers.K8sPod)
		addr, err := netip.ParseAddr(v.PodIP)
		if err != nil || v.HostNetwork || v.Node == node || v.Node == "" || v.Phase == "Succeeded" || v.Phase == "Failed" {
			continue
		}
		block := blockOf(fibs, addr)
		key := v.Node + " " + block.String()
		if groups[key] == nil {
			groups[key] = &podGroup{block: block}
		}
		groups[key].pods = append(groups[key].pods, r)
	}
	out := make([]podGroup, 0, len(groups))
	for _, key := range sortedKeys(groups) {
		out = append(out, *groups[key])
	}
	return out
}

// blockOf is the widest block route that any node has for the address: /32 routes of local pods do not count.
func blockOf(fibs map[string]*fib, addr netip.Addr) netip.Prefix {
	block := netip.PrefixFrom(addr, addr.BitLen())
	for _, f := range fibs {
		if _, p, ok := f.specific(addr); ok && p.Bits() < block.Bits() && p.Bits() >= 16 {
			block = p
		}
	}
	return block
}

func (g podGroup) on(f *fib, node string) *row {
	pod := g.pods[0].value.(parsers.K8sPod)
	addr, _ := netip.ParseAddr(pod.PodIP)
	v := PodRoute{Block: g.block.String(), PodNode: pod.Node, PodIP: pod.PodIP, PodName: pod.Namespace + "/" + pod.Name, Pods: int64(len(g.pods))}
	r := &row{place: fact.Place{Node: node}, at: f.at.at, last: f.at.at, count: 1, source: f.all, more: []fact.Source{g.pods[0].source}}
	if route, _, ok := f.specific(addr); ok {
		rt := route.value.(parsers.IPRoute)
		v.Routed, v.Via, v.Dev, v.Proto = true, rt.Via, rt.Dev, rt.Proto
		v.Refused = rt.Type == "blackhole" || rt.Type == "unreachable" || rt.Type == "prohibit"
		r.source = route.source
	}
	r.value = v
	return r
}

// overlay reports whether routes per block are how this cluster reaches pods.
func overlay(fibs map[string]*fib, node, podIP string) bool {
	addr, err := netip.ParseAddr(podIP)
	if err != nil {
		return false
	}
	for _, name := range sortedKeys(fibs) {
		if name != node {
			if r, _, ok := fibs[name].specific(addr); ok && isBlockRoute(r) {
				return true
			}
			continue
		}
		for _, r := range fibs[name].table.All() {
			if isBlockRoute(r) {
				return true
			}
		}
	}
	return false
}

// isBlockRoute recognises what Calico, flannel and their like program for another node's pods.
func isBlockRoute(r *row) bool {
	v := r.value.(parsers.IPRoute)
	if v.Via == "" || v.Dst == "0.0.0.0/0" || v.Dst == "::/0" {
		return false
	}
	return v.Proto == "bird" || v.Proto == "80" || v.Proto == "12" || v.Dev == "tunl0" ||
		strings.HasPrefix(v.Dev, "vxlan") || strings.HasPrefix(v.Dev, "flannel")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
