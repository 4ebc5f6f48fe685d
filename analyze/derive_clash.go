package analyze

import (
	"net/netip"
	"slices"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// Clash is something that must be there once and is there twice: an address of a pod or node, a node's range of pod
// addresses, a hardware address. Each sort has a kind of its own (clash.pod-ip, clash.node-ip, clash.pod-cidr, clash.mac).
type Clash struct {
	Value  string `cel:"value" json:"value"` // what both have; of ranges that overlap, the wider one
	A      string `cel:"a" json:"a"`         // who has it: a node, or "namespace/pod"
	B      string `cel:"b" json:"b"`
	WhereA string `cel:"whereA" json:"whereA"` // node of a pod, device of a hardware address, range of a node
	WhereB string `cel:"whereB" json:"whereB"`
}

// FactKind implements fact.Value.
func (Clash) FactKind() fact.Kind { return "clash" }

// holder is one who has a value.
type holder struct {
	value, name, where string
	row                *row
}

// clashOf is the derivation of the values that two of the holders have.
func clashOf(from fact.Kind, hold func(*row) []holder) derivation {
	return derivation{zero: Clash{}, from: []fact.Kind{from}, rows: func(s *store) []*row {
		first := map[string]holder{}
		told := map[string]bool{} // a value is reported once
		var out []*row
		for _, r := range s.facts[from] {
			for _, h := range hold(r) {
				other, taken := first[h.value]
				switch {
				case !taken:
					first[h.value] = h
				case other.name != h.name && !told[h.value]:
					told[h.value] = true
					out = append(out, clash(h.value, other, h))
				}
			}
		}
		return out
	}}
}

func clash(value string, a, b holder) *row {
	return &row{at: a.row.at, last: b.row.at, count: 1, source: a.row.source, more: []fact.Source{b.row.source},
		value: Clash{Value: value, A: a.name, B: b.name, WhereA: a.where, WhereB: b.where}}
}

var (
	podIPClash   = clashOf("k8s.pod", holdPodIP)
	nodeIPClash  = clashOf("k8s.node", holdNodeIP)
	macClash     = acrossNodes(clashOf("ip.link", holdMAC))
	podCIDRClash = derivation{zero: Clash{}, from: []fact.Kind{"k8s.node"}, rows: derivePodCIDRs}
)

// acrossNodes says which nodes would have to be looked at.
func acrossNodes(d derivation) derivation {
	d.open = unseenLinks
	return d
}

// holdPodIP knows pods that run now and have an address of their own.
func holdPodIP(r *row) []holder {
	v := r.value.(parsers.K8sPod)
	if v.HostNetwork || v.PodIP == "" || v.PodIP == v.HostIP || v.Phase != "Running" || !v.Deleted.IsZero() || v.Node == "" {
		return nil
	}
	return []holder{{v.PodIP, v.Namespace + "/" + v.Name, v.Node, r}}
}

func holdNodeIP(r *row) []holder {
	v := r.value.(parsers.K8sNode)
	if v.InternalIP == "" {
		return nil
	}
	return []holder{{v.InternalIP, v.Name, "", r}}
}

// holdMAC knows network cards and the VXLAN devices of network plugins. Other virtual devices have the same address on
// every node on purpose: the veth pairs of Calico, docker0, VRRP.
func holdMAC(r *row) []holder {
	v := r.value.(parsers.IPLink)
	card := v.Parent == "" && v.Master == "" && (v.Kind == "" || v.Kind == "bond") && cardName(v.Name)
	if v.MAC == "" || !card && !isVXLAN(v.Name) || strings.HasPrefix(v.MAC, "00:00:00:00:00") || strings.HasPrefix(v.MAC, "00:00:5e:00:01") {
		return nil
	}
	return []holder{{v.MAC, r.place.Node, v.Name, r}}
}

// cardName recognises the kernel's and udev's names of network cards and bonds.
func cardName(name string) bool {
	return slices.ContainsFunc([]string{"eth", "en", "em", "ib", "bond", "team"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func derivePodCIDRs(s *store) []*row {
	type taken struct {
		prefix netip.Prefix
		holder holder
	}
	var all []taken
	for _, r := range s.facts["k8s.node"] {
		v := r.value.(parsers.K8sNode)
		cidrs := v.PodCIDRs
		if len(cidrs) == 0 {
			cidrs = []string{v.PodCIDR}
		}
		for _, cidr := range cidrs {
			if p, err := netip.ParsePrefix(cidr); err == nil {
				all = append(all, taken{p.Masked(), holder{cidr, v.Name, cidr, r}})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b taken) int { // the wider range first
		if c := a.prefix.Addr().Compare(b.prefix.Addr()); c != 0 {
			return c
		}
		return a.prefix.Bits() - b.prefix.Bits()
	})
	var out []*row
	wide := 0
	for i := 1; i < len(all); i++ {
		switch {
		case !all[wide].prefix.Overlaps(all[i].prefix):
			wide = i
		case all[wide].holder.name != all[i].holder.name:
			out = append(out, clash(all[wide].holder.value, all[wide].holder, all[i].holder))
		}
	}
	return out
}
