package analyze

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// Bounds of what is told: properties of a case, and comparisons beside one finding.
const (
	maxDifferences = 60
	maxPeers       = 3
	maxNamed       = 6 // nodes named per value
)

// Difference is a property in which nodes of the same role do not agree.
type Difference struct {
	Property string      `json:"property"` // "sysctl net.ipv4.ip_forward", "large-receive-offload of eth0"
	Role     string      `json:"role"`     // of the nodes compared: "control-plane", "worker", or "" when unknown
	Values   []PeerValue `json:"values"`   // the most common first
	Odd      []string    `json:"odd"`      // the nodes that differ from most; empty when no value is most common
	Findings []string    `json:"findings"` // IDs of the findings whose evidence speaks of it
}

// PeerValue is one value of a property and the nodes that have it.
type PeerValue struct {
	Value   string   `json:"value"`
	Nodes   []string `json:"nodes"`
	Sources []string `json:"sources"` // "node-a/sysctl.txt:118", one per node
}

// String says who has what: "off (node-a, node-c), on (node-b)".
func (d *Difference) String() string {
	var parts []string
	for _, v := range d.Values {
		nodes := v.Nodes[:min(len(v.Nodes), maxNamed)]
		rest := ""
		if n := len(v.Nodes) - len(nodes); n > 0 {
			rest = fmt.Sprintf(" and %d more", n)
		}
		parts = append(parts, v.Value+" ("+strings.Join(nodes, ", ")+rest+")")
	}
	return strings.Join(parts, ", ")
}

// trait is one property of one node.
type trait struct {
	property, value string
	source          fact.Source
}

// peers gathers traits by role, property and node.
type peers struct {
	roles map[string]string // of nodes
	byKey map[[2]string]map[string]trait
}

// differences compares the nodes of a case, those of one role with each other. First comes what a finding speaks of.
func (s *store) differences(findings []Finding) []Difference {
	p := &peers{roles: s.rolesOfNodes(), byKey: map[[2]string]map[string]trait{}}
	kinds := slices.Sorted(maps.Keys(traitsOf))
	slices.Reverse(kinds) // what the node says of itself comes before what its Node object says
	for _, kind := range kinds {
		for _, r := range s.facts[kind] {
			for _, t := range traitsOf[kind](r.value) {
				t.source = r.source
				p.add(nodeOfRow(r), t)
			}
		}
	}
	p.addRoutes(s)
	out := []Difference{}
	for _, key := range p.keys() {
		if d := p.compare(key, findings); d != nil {
			out = append(out, *d)
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		if (len(a.Findings) > 0) != (len(b.Findings) > 0) {
			return len(a.Findings) > 0
		}
		return (len(a.Odd) > 0) && len(b.Odd) == 0
	})
	return out[:min(len(out), maxDifferences)]
}

// compared tells each finding how the other nodes stand in what its evidence speaks of.
func compared(findings []Finding, differences []Difference) {
	for i := range findings {
		f := &findings[i]
		for k := range differences {
			if d := &differences[k]; slices.Contains(d.Findings, f.ID) && len(f.Peers) < maxPeers {
				f.Peers = append(f.Peers, d.Property+" is "+d.String())
			}
		}
	}
}

// nodeOfRow is the node that a row describes; a Node object names it itself.
func nodeOfRow(r *row) string {
	if n, ok := r.value.(parsers.K8sNode); ok {
		return n.Name
	}
	return r.place.Node
}

// rolesOfNodes tells control plane nodes from the others, where the API server's objects say so.
func (s *store) rolesOfNodes() map[string]string {
	roles := map[string]string{}
	for _, r := range s.facts["k8s.node"] {
		n := r.value.(parsers.K8sNode)
		roles[n.Name] = "worker"
		for _, role := range n.Roles {
			if role == "control-plane" || role == "master" {
				roles[n.Name] = "control-plane"
			}
		}
	}
	return roles
}

// add keeps the first value of a node. A list, such as a resolver's servers, joins into one value.
func (p *peers) add(node string, t trait) {
	if node == "" {
		return
	}
	key := [2]string{p.roles[node], t.property}
	if p.byKey[key] == nil {
		p.byKey[key] = map[string]trait{}
	}
	if have, ok := p.byKey[key][node]; !ok {
		p.byKey[key][node] = t
	} else if listed[strings.SplitN(t.property, " ", 2)[0]] && have.source.Path == t.source.Path {
		have.value += ", " + t.value
		p.byKey[key][node] = have
	}
}

// listed begins the properties that may have several values on a node.
var listed = map[string]bool{"kubelet": true, "resolver": true}

func (p *peers) keys() [][2]string {
	keys := make([][2]string, 0, len(p.byKey))
	for key := range p.byKey {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool {
		if keys[i][1] != keys[j][1] {
			return keys[i][1] < keys[j][1]
		}
		return keys[i][0] < keys[j][0]
	})
	return keys
}

// compare returns what differs in one property; nil when the nodes agree, or when only one tells.
func (p *peers) compare(key [2]string, findings []Finding) *Difference {
	byValue := map[string]*PeerValue{}
	var sources []fact.Source
	for _, node := range sortedKeys(p.byKey[key]) {
		t := p.byKey[key][node]
		v := byValue[t.value]
		if v == nil {
			v = &PeerValue{Value: t.value}
			byValue[t.value] = v
		}
		v.Nodes = append(v.Nodes, node)
		v.Sources = append(v.Sources, t.source.String())
		sources = append(sources, t.source)
	}
	if len(byValue) < 2 {
		return nil
	}
	d := &Difference{Property: key[1], Role: key[0], Odd: []string{}, Findings: []string{}}
	for _, value := range sortedKeys(byValue) {
		d.Values = append(d.Values, *byValue[value])
	}
	sort.SliceStable(d.Values, func(i, j int) bool { return len(d.Values[i].Nodes) > len(d.Values[j].Nodes) })
	if len(d.Values[0].Nodes) > len(d.Values[1].Nodes) {
		for _, v := range d.Values[1:] {
			d.Odd = append(d.Odd, v.Nodes...)
		}
	}
	for i := range findings {
		if findings[i].cites(sources) {
			d.Findings = append(d.Findings, findings[i].ID)
		}
	}
	return d
}

// cites reports whether a finding's evidence quotes one of the lines.
func (f *Finding) cites(sources []fact.Source) bool {
	for _, e := range f.Evidence {
		for _, src := range sources {
			if src.First > 0 && e.Source.Path == src.Path && e.Source.First <= src.Last && src.First <= e.Source.Last {
				return true
			}
		}
	}
	return false
}

// addRoutes compares how nodes reach the blocks of addresses beyond them. A node that holds a block itself is left out
// of the comparison, and one whose routes were read but lack the block has none.
func (p *peers) addRoutes(s *store) {
	read := map[string]fact.Source{} // nodes whose routes are known
	blocks := map[string]map[string]trait{}
	own := map[[2]string]bool{}
	for _, r := range s.facts["ip.route"] {
		v := r.value.(parsers.IPRoute)
		if v.Table != "main" || r.place.Node == "" || strings.HasSuffix(v.Dst, "/0") {
			continue
		}
		read[r.place.Node] = fact.Source{Path: r.source.Path}
		if v.Via == "" {
			own[[2]string{v.Dst, r.place.Node}] = true
			continue
		}
		if blocks[v.Dst] == nil {
			blocks[v.Dst] = map[string]trait{}
		}
		blocks[v.Dst][r.place.Node] = trait{value: fmt.Sprintf("via %s dev %s", v.Via, v.Dev), source: r.source}
	}
	for dst, byNode := range blocks {
		if len(byNode) < 2 {
			continue // one node's own business
		}
		for node, src := range read {
			t, ok := byNode[node]
			if !ok && own[[2]string{dst, node}] {
				continue
			} else if !ok {
				t = trait{value: "no route", source: src}
			}
			t.property = "route to " + dst
			p.add(node, t)
		}
	}
}
