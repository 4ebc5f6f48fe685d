package graph

import (
	"slices"
	"strings"
)

// reduced leaves out every edge that a longer way says already, since a cause of a cause is a cause: what a reader of a
// picture would do, and what Graphviz's tred does for dot.
func reduced(draw drawing) drawing {
	return func(b *strings.Builder, nodes []*node) {
		below := make([][]bool, len(nodes)) // by index: what can be reached from it
		for i := range nodes {
			reach(nodes, i, below)
		}
		out := make([]*node, len(nodes))
		for i, n := range nodes {
			c := *n
			c.to, c.from = nil, nil
			out[i] = &c
		}
		for i, n := range nodes {
			for _, to := range n.to {
				if !slices.ContainsFunc(n.to, func(other int) bool { return other != to && below[other][to] }) {
					out[i].to = append(out[i].to, to)
					out[to].from = append(out[to].from, i)
				}
			}
		}
		draw(b, out)
	}
}

func reach(nodes []*node, at int, below [][]bool) []bool {
	if below[at] != nil {
		return below[at]
	}
	set := make([]bool, len(nodes))
	below[at] = set // signatures have no cycles, and one of families only ends here
	for _, to := range nodes[at].to {
		set[to] = true
		for i, yes := range reach(nodes, to, below) {
			set[i] = set[i] || yes
		}
	}
	return set
}
