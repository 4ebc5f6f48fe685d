package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"coldcase/analyze"
)

// summary is what stands above every report: the verdict and the size of the case.
type summary struct {
	Headline string           // one sentence, without a full stop
	Lead     string           // what else to know at once
	LedTo    []step           // from the first root to what people noticed: the longest chain of symptoms
	Worst    analyze.Severity // empty when nothing matched
	Critical int
	Warnings int
	Infos    int
	Clear    int // verdicts, subjects counted one by one
	Open     int // signatures with an inconclusive verdict
	Aborted  bool
	Facts    []namedFact
}

type namedFact struct{ Name, Value string }

// step is a symptom of the chain, with the position of its finding.
type step struct {
	Title string
	Index int
}

func summarize(r *analyze.Result, f *forest) summary {
	s := summary{Worst: worst(r.Findings)}
	for i := range r.Findings {
		switch r.Findings[i].Severity {
		case analyze.Critical:
			s.Critical++
		case analyze.Warning:
			s.Warnings++
		default:
			s.Infos++
		}
	}
	open := map[string]bool{}
	for _, v := range r.Verdicts {
		switch v.Outcome {
		case analyze.Clear:
			s.Clear += max(v.Subjects, 1)
		case analyze.Inconclusive:
			open[v.Signature] = true
		}
	}
	s.Open = len(open)
	for _, b := range r.Bundles {
		s.Aborted = s.Aborted || b.Aborted
	}
	if len(f.roots) == 0 {
		s.Headline, s.Lead = s.nothing(r)
	} else {
		s.Headline, s.Lead = s.rooted(f)
		if chain := longest(f.roots[0]); len(chain) > 1 { // a symptom alone is no story
			s.LedTo = chain
		}
	}
	s.Facts = caseFacts(r)
	return s
}

// nothing words the verdict when no signature matched. It never calls the case healthy.
func (s *summary) nothing(r *analyze.Result) (headline, lead string) {
	headline = "No known failure matched"
	if s.Open > 0 {
		return headline + "; " + count(s.Open, "signature") + " could not be decided because evidence is missing",
			"Collect what is listed below and look again: a failure may hide behind it."
	}
	if s.Clear == 0 {
		return headline + ", for nothing could be examined", "No signature found anything to judge in this case."
	}
	return headline, fmt.Sprintf("All %s found their evidence and none matched. This says nothing about failures that no signature describes.",
		count(max(r.Stats.Signatures, 1), "signature"))
}

// rooted words the verdict from the first root.
func (s *summary) rooted(f *forest) (headline, lead string) {
	top := f.roots[0]
	subjects, others := []string{}, map[string]bool{}
	for _, n := range f.roots {
		if n.finding.Signature == top.finding.Signature {
			subjects = append(subjects, subjectName(n.finding.Subject))
		} else {
			others[n.finding.Signature] = true
		}
	}
	headline = several(subjects, 2) + ": " + top.finding.Title
	switch top.finding.Confidence {
	case analyze.Likely:
		headline += " (likely)"
	case analyze.Possible:
		headline += " (possible)"
	}
	if top.finding.Lead != "" {
		headline = "Nothing matched in the time asked about. A lead: " + headline
	}
	lead = sentence(top.finding.Message)
	if worst(inside(f)) == analyze.Info {
		when := ""
		if s.Worst != analyze.Info {
			when = " in the time asked about"
		}
		headline, lead = "Nothing above info matched"+when, headline+". "+lead
	}
	if top.explains > 0 {
		lead += " This explains " + count(top.explains, "symptom") + "."
	}
	if len(others) > 0 {
		lead += " " + count(len(others), "other root cause") + " below."
	}
	return headline, lead
}

// longest is the longest chain below a finding, the first of equals.
func longest(n *node) []step {
	var best []step
	for _, below := range n.symptoms {
		if chain := longest(below); len(chain)+1 > len(best) {
			best = append([]step{{below.finding.Title, below.index}}, chain...)
		}
	}
	return best
}

// inside are the findings that hang below no mere lead.
func inside(f *forest) []analyze.Finding {
	var out []analyze.Finding
	var take func(list []*node)
	take = func(list []*node) {
		for _, n := range list {
			if n.finding.Lead == "" {
				out = append(out, *n.finding)
				take(n.symptoms)
			}
		}
	}
	take(f.roots)
	return out
}

func subjectName(s analyze.Subject) string {
	if s.Name == "" {
		return s.Scope
	}
	return s.Name
}

func worst(findings []analyze.Finding) analyze.Severity {
	var w analyze.Severity
	for i := range findings {
		if findings[i].Severity.Rank() > w.Rank() {
			w = findings[i].Severity
		}
	}
	return w
}

// caseFacts are the facts of the case in the order in which they are asked for.
func caseFacts(r *analyze.Result) []namedFact {
	var facts []namedFact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, namedFact{name, value})
		}
	}
	var names []string
	for _, b := range r.Bundles {
		name := b.Name
		if b.Aborted {
			name += " (cut off)"
		}
		names = append(names, name)
	}
	add("Bundles", several(withoutFolder(names), 3))
	names = nil
	for _, n := range r.Nodes {
		names = append(names, n.Name)
	}
	add("Nodes", several(names, 4))
	first, last := collected(r)
	add("Collected", between(first, last))
	if from, to := period(r); !from.IsZero() {
		value := between(from, to)
		if to.After(from) {
			value += " (" + lasting(to.Sub(from)) + ")"
		}
		add("Evidence", value)
	}
	add("Asked about", asked(r.Window))
	read := []string{count(r.Stats.Artifacts, "artifact")}
	if r.Stats.LogLines > 0 {
		read = append(read, count(r.Stats.LogLines, "log line"))
	}
	add("Read", several(append(read, size(r.Stats.Bytes)), 3))
	add("Judged by", several([]string{r.Tool, count(r.Stats.Signatures, "signature")}, 2))
	return facts
}

// withoutFolder leaves out the folder that all paths begin with; a report is read elsewhere than where it was made.
func withoutFolder(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	folder := names[0]
	for _, n := range names {
		for folder != "" && (n == folder || !strings.HasPrefix(n, folder)) {
			folder = folder[:strings.LastIndexByte(strings.TrimSuffix(folder, "/"), '/')+1]
		}
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.TrimPrefix(n, folder)
	}
	return out
}

// asked words the time that the report was asked about.
func asked(w analyze.Window) string {
	parts := []string{}
	if !w.Incident.IsZero() {
		parts = append(parts, "the incident at "+clock(w.Incident))
	}
	switch when := between(w.Since, w.Until); {
	case when != "" && w.Until.IsZero():
		parts = append(parts, "from "+when+" on")
	case when != "":
		parts = append(parts, when)
	}
	return several(parts, 2)
}

// collected is when the oldest and the newest bundle were gathered: the report has no other date of its own.
func collected(r *analyze.Result) (first, last time.Time) {
	var all []time.Time
	for _, b := range r.Bundles {
		if !b.Collected.IsZero() {
			all = append(all, b.Collected)
		}
	}
	return span(all)
}

// period is the time that the evidence covers.
func period(r *analyze.Result) (from, to time.Time) {
	var all []time.Time
	add := func(t time.Time) {
		if !t.IsZero() {
			all = append(all, t)
		}
	}
	for i := range r.Findings {
		add(r.Findings[i].FirstSeen)
		add(r.Findings[i].LastSeen)
	}
	for _, e := range r.Timeline {
		add(e.At)
		add(e.Until)
	}
	return span(all)
}

func span(all []time.Time) (first, last time.Time) {
	if len(all) == 0 {
		return first, last
	}
	return slices.MinFunc(all, time.Time.Compare), slices.MaxFunc(all, time.Time.Compare)
}
