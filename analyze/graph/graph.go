// Package graph draws what explains what among signatures: as Graphviz dot, as Mermaid, or as SVG with its own layout,
// for readers without either. It draws only what is connected, and decides nothing.
package graph

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"coldcase/analyze"
)

// node is a signature, or all signatures of a family as one.
type node struct {
	id, title string
	severity  analyze.Severity
	to        []int
	from      []int
	layer     int
	x, y      int // centre of its box, in pixels
}

// Write draws the causal graph in a format that Formats names.
func Write(w io.Writer, format string, sigs []*analyze.Signature) error {
	draw, ok := formats[format]
	if !ok {
		return fmt.Errorf("unknown graph format %q, known are %s", format, strings.Join(Formats(), ", "))
	}
	var b strings.Builder
	draw(&b, build(sigs))
	_, err := io.WriteString(w, b.String())
	return err
}

// Formats are the names of the formats, sorted.
func Formats() []string {
	var names []string
	for name := range formats {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

type drawing func(*strings.Builder, []*node)

// formats: dot has every edge, for programs; the others are for eyes.
var formats = map[string]drawing{"dot": dot, "mermaid": reduced(mermaid), "svg": reduced(svg)}

// build makes the nodes that have an edge, sorted by id. The members of a family share one node.
func build(sigs []*analyze.Signature) []*node {
	name := map[string]string{} // signature to node
	byName := map[string]*node{}
	for _, s := range sigs {
		n := &node{id: s.ID, title: s.Title, severity: s.Severity}
		if s.Family != "" {
			n.id, n.title = strings.TrimSuffix(s.File, ".yaml"), s.Family
		}
		name[s.ID] = n.id
		if have, ok := byName[n.id]; !ok || n.severity.Rank() > have.severity.Rank() {
			byName[n.id] = n
		}
	}
	edges := map[[2]string]bool{}
	for _, s := range sigs {
		for _, to := range s.Explains {
			if name[to] != "" && name[to] != name[s.ID] {
				edges[[2]string{name[s.ID], name[to]}] = true
			}
		}
	}
	return connect(byName, edges)
}

func connect(byName map[string]*node, edges map[[2]string]bool) []*node {
	used := map[string]bool{}
	for e := range edges {
		used[e[0]], used[e[1]] = true, true
	}
	var nodes []*node
	for id := range used {
		nodes = append(nodes, byName[id])
	}
	sort.Slice(nodes, func(i, j int) bool { return nodes[i].id < nodes[j].id })
	at := map[string]int{}
	for i, n := range nodes {
		at[n.id] = i
	}
	for e := range edges {
		a, b := at[e[0]], at[e[1]]
		nodes[a].to = append(nodes[a].to, b)
		nodes[b].from = append(nodes[b].from, a)
	}
	for _, n := range nodes {
		slices.Sort(n.to)
		slices.Sort(n.from)
	}
	return nodes
}

var colours = map[analyze.Severity]string{analyze.Critical: "#c0392b", analyze.Warning: "#b9770e", analyze.Info: "#4a7fb5"}

// dot is Graphviz's language (graphviz.org, "The DOT Language").
func dot(b *strings.Builder, nodes []*node) {
	b.WriteString("digraph coldcase {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n")
	for _, n := range nodes {
		fmt.Fprintf(b, "  %q [tooltip=%q, color=%q];\n", n.id, n.title, colours[n.severity])
	}
	for _, n := range nodes {
		for _, to := range n.to {
			fmt.Fprintf(b, "  %q -> %q;\n", n.id, nodes[to].id)
		}
	}
	b.WriteString("}\n")
}

// mermaid is a flowchart as Markdown viewers draw it (mermaid.js.org, "Flowcharts").
func mermaid(b *strings.Builder, nodes []*node) {
	b.WriteString("flowchart LR\n")
	for i, n := range nodes {
		fmt.Fprintf(b, "  n%d[\"%s\"]:::%s\n", i, n.id, n.severity)
	}
	for i, n := range nodes {
		for _, to := range n.to {
			fmt.Fprintf(b, "  n%d --> n%d\n", i, to)
		}
	}
	for _, s := range []analyze.Severity{analyze.Critical, analyze.Warning, analyze.Info} {
		fmt.Fprintf(b, "  classDef %s stroke:%s\n", s, colours[s])
	}
}
