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

// clearRow is a signature, or a family of them, that was looked for and not found.
type clearRow struct {
	Signature, Title, Scope string
	Subjects                int // the most that one signature of it was judged on
	Signatures              int
	counts                  map[string]int
}

func clearRows(r *analyze.Result) []clearRow {
	var rows []clearRow
	place := map[string]int{}
	for _, v := range r.Verdicts {
		if v.Outcome != analyze.Clear {
			continue
		}
		i, ok := place[group(v)]
		if !ok {
			i = len(rows)
			place[group(v)] = i
			rows = append(rows, clearRow{Signature: v.Signature, Title: title(v), Scope: v.Subject.Scope, counts: map[string]int{}})
		}
		row := &rows[i]
		row.counts[v.Signature] += max(v.Subjects, 1)
		row.Signatures, row.Subjects = len(row.counts), max(row.Subjects, row.counts[v.Signature])
	}
	return rows
}

// group is what verdicts are listed under: the family, else the signature.
func group(v analyze.Verdict) string {
	if v.Family != "" {
		return "family " + v.Family
	}
	return v.Signature
}

func title(v analyze.Verdict) string {
	if v.Family != "" {
		return v.Family
	}
	return v.Title
}

// openRow is a signature, or a family of them, that could not be decided on some subjects.
type openRow struct {
	Signature, Title string
	Signatures       []string
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
		i, ok := place[group(v)]
		if !ok {
			i = len(rows)
			place[group(v)] = i
			rows = append(rows, openRow{Signature: v.Signature, Title: title(v)})
		}
		rows[i].add(v)
	}
	return rows
}

func (row *openRow) add(v analyze.Verdict) {
	row.Signatures = appendNew(row.Signatures, v.Signature)
	if v.Subject.Name == "" {
		row.Folded = max(row.Folded, v.Subjects, 1)
	} else {
		row.Subjects = appendNew(row.Subjects, v.Subject.Name)
	}
	for _, m := range v.Missing {
		row.Missing = appendNew(row.Missing, m)
	}
	if v.Reason != "" && len(row.Reasons) < 8 {
		row.Reasons = appendNew(row.Reasons, v.Reason)
	}
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
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
