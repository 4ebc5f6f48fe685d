package report

import (
	"bytes"
	"fmt"

	"coldcase/analyze"
)

// differenceRow is a property in which nodes do not agree, with links to the findings that speak of it.
type differenceRow struct {
	*analyze.Difference
	Index string // of the odd nodes, for the filter
	Links []*card
}

// differenceRows also counts those that findings speak of.
func differenceRows(r *analyze.Result, c *cards) (rows []differenceRow, touched int) {
	for i := range r.Differences {
		d := &r.Differences[i]
		var nodes []string
		for _, v := range d.Values {
			nodes = append(nodes, v.Nodes...)
		}
		if len(d.Odd) > 0 {
			nodes = d.Odd
		}
		row := differenceRow{Difference: d, Index: c.nodeList(nodes...)}
		for _, id := range d.Findings {
			if k := c.index(id); k >= 0 {
				row.Links = append(row.Links, c.all[k])
			}
		}
		if len(row.Links) > 0 {
			touched++
		}
		rows = append(rows, row)
	}
	return rows, touched
}

func mdDifferences(buf *bytes.Buffer, r *analyze.Result) {
	if len(r.Differences) == 0 {
		return
	}
	fmt.Fprintf(buf, "\n## Odd one out: %s between nodes\n\n", count(len(r.Differences), "difference"))
	for i := range r.Differences[:min(len(r.Differences), mdRows)] {
		d := &r.Differences[i]
		fmt.Fprintf(buf, "- %s: %s\n", mdText(clip(d.Property, 160)), mdText(clip(d.String(), mdLineRunes)))
	}
	mdMore(buf, len(r.Differences)-mdRows)
}
