package analyze

import (
	"fmt"
	"strings"

	"coldcase/fact"
)

// How much is quoted of one selection, and of one span.
const (
	maxEvidence    = 5 // rows per selection
	maxContextRows = 2 // rows of a selection that is only context
	maxQuoted      = 12
	contextLines   = 2
	maxLine        = 2000
)

// finding turns a match into what the report shows.
func (p *program) finding(s *store, j judgement) (Finding, error) {
	sig := p.sig
	vars := p.vars(j.subject, j.lists, false)
	f := Finding{
		ID: sig.ID + "@" + j.subject.Name, Signature: sig.ID, Title: sig.Title, Severity: sig.Severity, Subject: j.subject,
		Description: strings.TrimSpace(sig.Description), CannotProve: strings.TrimSpace(sig.CannotProve), References: sig.References,
		Causes: []string{}, Symptoms: []string{},
	}
	w, err := p.words()
	if err != nil {
		return f, err
	}
	if f.Message, err = w.message.render(vars); err != nil {
		err = fmt.Errorf("%s: message: %w", sig.ID, err)
	}
	f.Severity = w.severityOf(sig, vars)
	f.Confidence, f.Because = w.confidenceOf(sig, vars)
	f.Remediation = w.remediation(sig, vars)
	for i := range sig.Select {
		if sel := &sig.Select[i]; !sel.Absent {
			f.addEvidence(sel, j.lists[i])
		}
	}
	if f.Count == 0 {
		f.Count = 1
	}
	return f, err
}

// remediation fills the names of the case into the steps, so that commands can be copied as they are.
func (w *words) remediation(sig *Signature, vars map[string]any) []Step {
	steps := append([]Step(nil), sig.Remediation...)
	for i := range steps {
		if do, err := w.steps[i][0].render(vars); err == nil {
			steps[i].Do = do
		}
		if command, err := w.steps[i][1].renderCommand(vars); err == nil {
			steps[i].Command = command
		}
	}
	return steps
}

func (f *Finding) addEvidence(sel *Selection, rows []*row) {
	limit, total := maxEvidence, int64(0)
	if sel.Context {
		limit = maxContextRows
	}
	for i, r := range rows {
		if r.place.Pod != "" {
			f.Pods = appendNew(f.Pods, podName(r.place))
		}
		if r.place.Node != "" {
			f.Nodes = appendNew(f.Nodes, r.place.Node)
		}
		if name := workload(r.value); name != "" {
			f.Workloads = appendNew(f.Workloads, name)
		}
		if r.dated || len(r.samples) > 0 { // a snapshot is no occurrence
			total += r.count
		}
		if !sel.Context {
			f.span(r)
			f.Lasting = f.Lasting || !r.dated && len(r.samples) == 0 && !settings[sel.From]
		}
		if i < limit {
			f.Evidence = append(f.Evidence, r.quote(sel.Name)...)
		}
	}
	if !sel.Context && f.Count == 0 {
		f.Count = total // of the first selection: the one that the signature is about
	}
}

// span widens the finding's time by a dated row.
func (f *Finding) span(r *row) {
	f.AtLeast = f.AtLeast || r.atLeast
	if !r.dated {
		return
	}
	if f.FirstSeen.IsZero() || r.at.Before(f.FirstSeen) {
		f.FirstSeen = r.at
	}
	if r.last.After(f.LastSeen) {
		f.LastSeen = r.last
	}
}

// quote cites a row: the sampled lines of a log group, or the span of a fact and what it was derived from.
func (r *row) quote(selection string) []Evidence {
	if len(r.samples) > 0 {
		return r.quoteLog(selection)
	}
	var out []Evidence
	for _, src := range append([]fact.Source{r.source}, r.more...) {
		e := Evidence{Selection: selection, Artifact: src.Path, Lines: [2]int{src.First, src.Last}, Packet: src.Packet, Pointer: src.Pointer,
			Node: r.place.Node, Source: src}
		if r.dated {
			e.At = r.at
		}
		e.quoteText(src)
		if src.Packet > 0 {
			e.Text = describe(r.value)
		}
		if r.count > 1 {
			e.Count = r.count
		}
		out = append(out, e)
	}
	for _, l := range r.logs {
		out = append(out, l.quoteLog(selection)...)
	}
	return out
}

func (e *Evidence) quoteText(src fact.Source) {
	var lines []string
	for n := src.First; n > 0 && n <= src.Last; n++ {
		if n-src.First == maxQuoted {
			lines = append(lines, fmt.Sprintf("... %d more lines", src.Last-n+1))
			break
		}
		lines = append(lines, clip(string(src.Text.Line(n))))
	}
	e.Text = strings.Join(lines, "\n")
	if len(lines) <= maxQuoted && e.Text != "" {
		e.Mark = [][2]int{{0, len(e.Text)}}
	}
	for n := max(1, src.First-contextLines); n < src.First; n++ {
		e.Before = append(e.Before, clip(string(src.Text.Line(n))))
	}
	for n := src.Last + 1; src.Last > 0 && n <= src.Last+contextLines && n <= src.Text.Lines(); n++ {
		e.After = append(e.After, clip(string(src.Text.Line(n))))
	}
}

func (r *row) quoteLog(selection string) []Evidence {
	var out []Evidence
	for i, s := range r.samples {
		e := Evidence{Selection: selection, Artifact: s.source.Path, Lines: [2]int{s.source.First, s.source.Last}, At: s.at,
			Node: r.place.Node, Text: clip(s.raw), Before: s.before, After: s.after, Source: s.source}
		if s.mark[1] > s.mark[0] && s.mark[1] <= len(e.Text) {
			e.Mark = [][2]int{s.mark}
		}
		if i == 0 {
			e.Count = r.count
		}
		out = append(out, e)
	}
	return out
}

func clip(line string) string {
	if len(line) <= maxLine {
		return line
	}
	return line[:maxLine] + "..."
}

// describe says a fact without text in one line.
func describe(v fact.Value) string {
	if s, ok := v.(fact.Summarized); ok {
		return s.FactSummary()
	}
	return fmt.Sprintf("%+v", v)
}
