package report

import (
	"slices"
	"strings"
	"time"

	"coldcase/analyze"
)

type nodeRow struct {
	analyze.NodeInfo
	Index  string
	Anchor string // of its first finding
	Up     string // how long it had been up when it was collected
}

func nodeRows(r *analyze.Result, c *cards) []nodeRow {
	first := map[string]string{}
	for i := range r.Findings {
		s := r.Findings[i].Subject
		for _, name := range []string{s.Node, s.Name} {
			if _, ok := first[name]; !ok {
				first[name] = c.anchor(i)
			}
		}
	}
	var rows []nodeRow
	for _, n := range r.Nodes {
		row := nodeRow{NodeInfo: n, Index: c.nodeList(n.Name), Anchor: first[n.Name]}
		if !n.Boot.IsZero() && n.Collected.After(n.Boot) {
			row.Up = lasting(n.Collected.Sub(n.Boot).Truncate(time.Second))
		}
		rows = append(rows, row)
	}
	return rows
}

type podRow struct {
	analyze.PodInfo
	Index  string
	Anchor string
}

func podRows(r *analyze.Result, c *cards) []podRow {
	first := map[string]string{}
	for i := range r.Findings {
		if s := r.Findings[i].Subject; s.Scope == "pod" && first[s.Name] == "" {
			first[s.Name] = c.anchor(i)
		}
	}
	var rows []podRow
	for _, p := range r.Pods {
		rows = append(rows, podRow{PodInfo: p, Index: c.nodeList(p.Node), Anchor: first[p.Namespace+"/"+p.Name]})
	}
	return rows
}

// clearRow is a signature that was looked for and not found.
type clearRow struct {
	Signature, Title, Scope string
	Subjects                int
}

func clearRows(r *analyze.Result) []clearRow {
	var rows []clearRow
	place := map[string]int{}
	for _, v := range r.Verdicts {
		if v.Outcome != analyze.Clear {
			continue
		}
		i, ok := place[v.Signature]
		if !ok {
			i = len(rows)
			place[v.Signature] = i
			rows = append(rows, clearRow{Signature: v.Signature, Title: v.Title, Scope: v.Subject.Scope})
		}
		rows[i].Subjects += max(v.Subjects, 1)
	}
	return rows
}

// openRow is a signature that could not be decided on some subjects.
type openRow struct {
	Signature, Title string
	Subjects         []string
	Folded           int // subjects of folded verdicts, which have no names
	Missing          []string
	Reasons          []string
}

func openRows(r *analyze.Result) []openRow {
	var rows []openRow
	place := map[string]int{}
	for _, v := range r.Verdicts {
		if v.Outcome != analyze.Inconclusive {
			continue
		}
		i, ok := place[v.Signature]
		if !ok {
			i = len(rows)
			place[v.Signature] = i
			rows = append(rows, openRow{Signature: v.Signature, Title: v.Title})
		}
		row := &rows[i]
		if v.Subject.Name == "" {
			row.Folded += max(v.Subjects, 1)
		} else {
			row.Subjects = append(row.Subjects, v.Subject.Name)
		}
		for _, m := range v.Missing {
			if !slices.Contains(row.Missing, m) {
				row.Missing = append(row.Missing, m)
			}
		}
		if v.Reason != "" && !slices.Contains(row.Reasons, v.Reason) && len(row.Reasons) < 8 {
			row.Reasons = append(row.Reasons, v.Reason)
		}
	}
	return rows
}

type missingRow struct {
	analyze.Missing
	Index  string
	Titles []string // of the signatures that it blocks
}

// missingRows returns the rows and all their commands, each once.
func missingRows(r *analyze.Result, c *cards) ([]missingRow, string) {
	titles := map[string]string{}
	for _, v := range r.Verdicts {
		titles[v.Signature] = v.Title
	}
	var rows []missingRow
	var commands []string
	for _, m := range r.Missing {
		row := missingRow{Missing: m, Index: c.nodeList(m.Nodes...)}
		for _, id := range m.Blocks {
			if titles[id] != "" {
				id = titles[id]
			}
			row.Titles = append(row.Titles, id)
		}
		rows = append(rows, row)
		if m.Command != "" && !slices.Contains(commands, m.Command) {
			commands = append(commands, m.Command)
		}
	}
	return rows, strings.Join(commands, "\n")
}

type coverageRow struct {
	analyze.Coverage
	Index string
}

func coverageRows(r *analyze.Result, c *cards) ([]coverageRow, int) {
	var rows []coverageRow
	unread := 0
	for _, v := range r.Coverage {
		if v.Unrecognized > 0 {
			unread++
		}
		v.Sample = clip(v.Sample, 240)
		rows = append(rows, coverageRow{Coverage: v, Index: c.nodeList(v.Node)})
	}
	return rows, unread
}
