package graph

import (
	"fmt"
	"html"
	"sort"
	"strings"
)

// Sizes of the drawing, in pixels. Text is set in a fixed-width face, so a box's width follows from its words.
const (
	letterWidth = 7
	boxHeight   = 22
	rowGap      = 8
	columnGap   = 90
	margin      = 16
	sweeps      = 8 // rounds in which each layer is sorted by its neighbours' places
)

// svg lays the graph out in layers, causes to the left, and draws it. The layout is Sugiyama's: longest path for the
// layers, barycentres for the order within each.
func svg(b *strings.Builder, nodes []*node) {
	layers := layered(nodes)
	for i := range sweeps {
		untangle(layers, nodes, i%2 == 0)
	}
	width, height := place(layers, nodes)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="ui-monospace, monospace" font-size="11">`+"\n", width, height, width, height)
	b.WriteString("<title>What explains what among the signatures of coldcase</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<g fill=\"none\" stroke=\"#9aa7b2\" stroke-width=\"1\">\n")
	for _, n := range nodes {
		for _, to := range n.to {
			t := nodes[to]
			x1, x2 := n.x+n.width()/2, t.x-t.width()/2
			fmt.Fprintf(b, "<path d=\"M%d %dC%d %d %d %d %d %d\"/>\n", x1, n.y, x1+columnGap/2, n.y, x2-columnGap/2, t.y, x2, t.y)
		}
	}
	b.WriteString("</g>\n")
	for _, n := range nodes {
		fmt.Fprintf(b, "<g><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"#fff\" stroke=\"%s\"/><text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#1c2733\">%s</text></g>\n",
			html.EscapeString(n.title), n.x-n.width()/2, n.y-boxHeight/2, n.width(), boxHeight, colours[n.severity], n.x, n.y+4, html.EscapeString(n.id))
	}
	b.WriteString("</svg>\n")
}

func (n *node) width() int { return len(n.id)*letterWidth + 16 }

// layered puts every node one layer right of the last of its causes. Loading refuses cycles, so this ends.
func layered(nodes []*node) [][]int {
	var depth func(i int) int
	done := make([]bool, len(nodes))
	depth = func(i int) int {
		if !done[i] {
			done[i] = true
			for _, from := range nodes[i].from {
				nodes[i].layer = max(nodes[i].layer, depth(from)+1)
			}
		}
		return nodes[i].layer
	}
	var layers [][]int
	for i := range nodes {
		for depth(i) >= len(layers) {
			layers = append(layers, nil)
		}
		layers[nodes[i].layer] = append(layers[nodes[i].layer], i)
	}
	return layers
}

// untangle sorts each layer by the mean place of its causes, or of its symptoms on the way back.
func untangle(layers [][]int, nodes []*node, forward bool) {
	rank := make([]float64, len(nodes))
	for _, layer := range layers {
		for i, n := range layer {
			rank[n] = float64(i) / float64(len(layer))
		}
	}
	for k := range layers {
		layer := layers[k]
		if !forward {
			layer = layers[len(layers)-1-k]
		}
		mean := map[int]float64{}
		for _, n := range layer {
			beside := nodes[n].from
			if !forward {
				beside = nodes[n].to
			}
			mean[n] = rank[n]
			if len(beside) > 0 {
				sum := 0.0
				for _, other := range beside {
					sum += rank[other]
				}
				mean[n] = sum / float64(len(beside))
			}
		}
		sort.SliceStable(layer, func(i, j int) bool { return mean[layer[i]] < mean[layer[j]] })
		for i, n := range layer {
			rank[n] = float64(i) / float64(len(layer))
		}
	}
}

// place gives every box its centre and returns the drawing's size.
func place(layers [][]int, nodes []*node) (width, height int) {
	for _, layer := range layers {
		height = max(height, len(layer)*(boxHeight+rowGap))
	}
	width = margin
	for _, layer := range layers {
		widest := 0
		for _, n := range layer {
			widest = max(widest, nodes[n].width())
		}
		for i, n := range layer {
			nodes[n].x = width + widest/2
			nodes[n].y = margin + (2*i+1)*height/(2*len(layer))
		}
		width += widest + columnGap
	}
	return width - columnGap + margin, height + 2*margin
}
