package analyze

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// judgement is what one signature says about one subject.
type judgement struct {
	subject Subject
	outcome Outcome
	lists   [][]*row // per selection: the rows that it was judged on
	gaps    []gap    // when inconclusive
}

// judge evaluates one signature on every subject of its scope.
func (p *program) judge(s *store) ([]judgement, error) {
	lists := make([][]*row, len(p.sig.Select))
	var all []*row
	for i := range p.sig.Select {
		rows, err := p.pick(s, i)
		if err != nil {
			return nil, err
		}
		if sel := &p.sig.Select[i]; sel.Apart != "" {
			rows = apart(rows, lists[p.sig.index(sel.Apart)], time.Duration(sel.Within))
		}
		lists[i] = rows
		if !p.sig.Select[i].Context {
			all = append(all, rows...)
		}
	}
	var out []judgement
	for _, sub := range addSubjects(s.subjects(p.sig.Scope), p.sig.Scope, all) {
		mine := make([][]*row, len(lists))
		for i, rows := range lists {
			mine[i] = rowsOn(p.sig, &p.sig.Select[i], rows, sub)
		}
		j, err := p.judgeSubject(s, sub, mine)
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", sub.Name, err)
		}
		out = append(out, j)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].subject.Name < out[j].subject.Name })
	return out, nil
}

// judgeSubject splits a subject's rows by the joined key, judges each part, and sums up.
func (p *program) judgeSubject(s *store, sub Subject, lists [][]*row) (judgement, error) {
	total := judgement{subject: sub, outcome: Clear, lists: make([][]*row, len(lists))}
	for _, part := range p.parts(lists) {
		narrow(p.sig, part)
		outcome, gaps, err := p.evaluate(s, sub, part)
		if err != nil {
			return total, err
		}
		switch {
		case outcome == Matched:
			total.outcome, total.gaps = Matched, nil
			for i := range part {
				total.lists[i] = append(total.lists[i], fresh(total.lists[i], part[i])...)
			}
		case outcome == Inconclusive && total.outcome == Clear:
			total.outcome, total.gaps = Inconclusive, gaps
		}
	}
	return total, nil
}

// fresh returns the rows that are not yet in the list: rows outside the join come back with every part.
func fresh(list, rows []*row) []*row {
	have := make(map[*row]bool, len(list))
	for _, r := range list {
		have[r] = true
	}
	var out []*row
	for _, r := range rows {
		if !have[r] {
			out = append(out, r)
		}
	}
	return out
}

// parts groups rows by the value of the join key; without a join there is one part.
func (p *program) parts(lists [][]*row) [][][]*row {
	var values []string
	seen := map[string]bool{}
	joined := false
	for i := range p.sig.Select {
		if p.sig.Select[i].Join == "" {
			continue
		}
		joined = true
		for _, r := range lists[i] {
			if v := p.joinValue(i, r); !seen[v] {
				seen[v] = true
				values = append(values, v)
			}
		}
	}
	if !joined || len(values) == 0 {
		return [][][]*row{append([][]*row(nil), lists...)}
	}
	var out [][][]*row
	for _, v := range values {
		part := make([][]*row, len(lists))
		for i, rows := range lists {
			if p.sig.Select[i].Join == "" {
				part[i] = rows
				continue
			}
			for _, r := range rows {
				if p.joinValue(i, r) == v {
					part[i] = append(part[i], r)
				}
			}
		}
		out = append(out, part)
	}
	return out
}

func (p *program) joinValue(i int, r *row) string {
	_, name := p.sig.Select[i].joinKey()
	return fmt.Sprint(p.schemas[i].fields[name].get(r))
}

// evaluate gives the verdict on one part. A selection without rows whose kind was not collected is unknown; the verdict
// stays open when it depends on one. Without a row there is nothing to quote, and so no match.
func (p *program) evaluate(s *store, sub Subject, lists [][]*row) (Outcome, []gap, error) {
	gaps := map[string][]gap{}
	quotable := false
	for i := range p.sig.Select {
		sel := &p.sig.Select[i]
		if quotable = quotable || len(lists[i]) > 0 && !sel.Absent; len(lists[i]) > 0 || sel.Also {
			continue
		}
		if ok, missing := s.known(sel.From, sub); !ok {
			gaps[sel.Name] = missing
		}
	}
	outcome, needed, err := Clear, map[string]bool(nil), error(nil)
	switch {
	case !quotable && len(gaps) == 0:
	case p.sig.Condition == "":
		outcome, needed = p.allThere(lists, gaps)
	default:
		outcome, needed, err = p.asked(sub, lists, gaps)
	}
	if err != nil {
		return "", nil, fmt.Errorf("condition: %w", err)
	}
	if outcome == Matched && !quotable {
		outcome = Clear
	}
	return outcome, p.gapsOf(s, sub, needed, gaps), nil
}

// allThere is the default condition, which needs no CEL: every selection has a row, and every absent one has none. It
// also returns the selections without which that cannot be said.
func (p *program) allThere(lists [][]*row, gaps map[string][]gap) (Outcome, map[string]bool) {
	needed := map[string]bool{}
	for i := range p.sig.Select {
		sel := &p.sig.Select[i]
		switch _, unknown := gaps[sel.Name]; {
		case sel.Context:
		case unknown:
			needed[sel.Name] = true
		case (len(lists[i]) == 0) != sel.Absent:
			return Clear, nil
		}
	}
	if len(needed) > 0 {
		return Inconclusive, needed
	}
	return Matched, nil
}

// asked evaluates the signature's own condition. CEL's partial evaluation tells whether it depends on what is unknown.
func (p *program) asked(sub Subject, lists [][]*row, gaps map[string][]gap) (Outcome, map[string]bool, error) {
	condition, err := p.condition()
	if err != nil {
		return "", nil, err
	}
	vars := p.vars(sub, lists, true)
	var unknown []*cel.AttributePatternType
	for name := range gaps {
		unknown = append(unknown, cel.AttributePattern(name))
		delete(vars, name)
	}
	activation, err := cel.PartialVars(vars, unknown...)
	if err != nil {
		return "", nil, err
	}
	out, _, err := condition.Eval(activation)
	if err != nil {
		return "", nil, err
	}
	if u, ok := out.(*types.Unknown); ok {
		return Inconclusive, variables(u), nil
	}
	if out == types.True {
		return Matched, nil, nil
	}
	return Clear, nil, nil
}

// vars are what expressions see: for a verdict, what rows do not know is unknown.
func (p *program) vars(sub Subject, lists [][]*row, verdict bool) map[string]any {
	namespace, name, ok := strings.Cut(sub.Name, "/")
	if !ok || sub.Scope == "capture" {
		namespace, name = "NAMESPACE", "NAME" // in a command to copy, a person fills them in
	}
	vars := map[string]any{
		"subject":  map[string]string{"scope": sub.Scope, "name": sub.Name, "node": sub.Node, "namespace": namespace, "object": name},
		"versions": p.sig.Versions,
	}
	for i := range p.sig.Select {
		vars[p.sig.Select[i].Name] = celRows(lists[i], p.schemas[i], verdict)
	}
	return vars
}

// variables are the selections that an unknown value comes from.
func variables(u *types.Unknown) map[string]bool {
	names := map[string]bool{}
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			names[t.Variable()] = true
		}
	}
	return names
}

// gapsOf names the artifacts behind the selections that the condition could not do without: those that were not
// collected, and those whose rows come from a table which leaves out what the condition asks for.
func (p *program) gapsOf(s *store, sub Subject, needed map[string]bool, gaps map[string][]gap) []gap {
	var out []gap
	for i := range p.sig.Select {
		sel := &p.sig.Select[i]
		switch missing := gaps[sel.Name]; {
		case needed[sel.Name] && len(missing) > 0:
			out = append(out, missing...)
		case needed[sel.Name]:
			artifact := s.set.producers(sel.From)[0]
			out = append(out, gap{artifact: artifact, node: nodeOf(artifact, sub), reason: onlyTable})
		}
	}
	return out
}

// confidenceOf applies the signature's confidence rules; without rules a match is confirmed.
func (w *words) confidenceOf(sig *Signature, vars map[string]any) (Confidence, string) {
	for i, rule := range sig.Confidence {
		if w.confidence[i] != nil && !holds(w.confidence[i], vars) {
			continue
		}
		because, _ := w.because[i].render(vars)
		return rule.Is, because
	}
	if len(sig.Confidence) == 0 {
		return Confirmed, ""
	}
	return Possible, ""
}

// severityOf applies the signature's severity rules; without one that holds, its severity counts.
func (w *words) severityOf(sig *Signature, vars map[string]any) Severity {
	for i, rule := range sig.Severities {
		if holds(w.severity[i], vars) {
			return rule.Is
		}
	}
	return sig.Severity
}

func holds(when cel.Program, vars map[string]any) bool {
	out, _, err := when.Eval(vars)
	if err != nil {
		return false
	}
	b, _ := out.Value().(bool)
	return b
}

// reasonOf says in one line why a verdict stays open.
func reasonOf(gaps []gap) string {
	var parts []string
	seen := map[string]bool{}
	for _, g := range gaps {
		text := g.artifact + ": " + g.reason
		if !seen[text] {
			seen[text] = true
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}
