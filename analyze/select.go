package analyze

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"cel.dev/cel-go/common/types/ref"

	"coldcase/fact"
)

// pick returns the rows of a selection over the whole case: of its kind, matching its pattern and its where.
func (p *program) pick(s *store, i int) ([]*row, error) {
	sel := &p.sig.Select[i]
	var rows []*row
	if sel.isLog() {
		rows = s.logs.rows(s, sel)
	} else {
		rows = matching(s.facts[sel.From], sel, p.schemas[i])
	}
	if p.where[i] == nil || len(rows) == 0 {
		return rows, nil
	}
	where, err := p.where[i]()
	if err != nil {
		return nil, err
	}
	vars := map[string]any{"versions": p.sig.Versions, "subject": map[string]string{}}
	var kept []*row
	for _, r := range rows {
		vars["it"] = rowVal{r, p.schemas[i], true}
		out, _, err := where.Eval(vars)
		if err != nil {
			return nil, fmt.Errorf("selection %q: where: %w", sel.Name, err)
		}
		if b, ok := out.Value().(bool); ok && b {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// matching applies patterns to the messages of facts that have one, such as events.
func matching(rows []*row, sel *Selection, s *schema) []*row {
	if len(sel.Pattern) == 0 {
		return rows
	}
	var out []*row
	for _, r := range rows {
		text, _ := s.fields["message"].get(r).(string)
		for _, re := range s.patterns {
			m := re().FindStringSubmatch(text)
			if m == nil {
				continue
			}
			matched := *r
			matched.vars = map[string]any{}
			for g, name := range re().SubexpNames() {
				if name != "" {
					matched.vars[name] = typed(m[g], sel.Types[name])
				}
			}
			out = append(out, &matched)
			break
		}
	}
	return out
}

// narrow applies count, within, after and near to one subject's rows, in the order of the file.
func narrow(sig *Signature, lists [][]*row) {
	for i := range sig.Select {
		sel := &sig.Select[i]
		if sel.After != "" {
			lists[i] = after(lists[i], lists[sig.index(sel.After)])
		}
		if sel.Near != "" {
			lists[i] = near(lists[i], lists[sig.index(sel.Near)], time.Duration(sel.Within))
		}
		if sel.Count > 0 && !enough(lists[i], sel) {
			lists[i] = nil
		}
	}
}

func (s *Signature) index(name string) int {
	for i := range s.Select {
		if s.Select[i].Name == name {
			return i
		}
	}
	return 0 // validate made sure that it is there
}

// after keeps what happened no earlier than the first of the others: by the clock, or in a kernel log without one by
// the time since boot.
func after(rows, others []*row) []*row {
	var first time.Time
	boot := map[string]time.Duration{} // by artifact
	for _, o := range others {
		if o.dated && (first.IsZero() || o.at.Before(first)) {
			first = o.at
		}
		if mono, seen := boot[o.source.Path]; !o.dated && len(o.monos) > 0 && (!seen || slices.Min(o.monos) < mono) {
			boot[o.source.Path] = slices.Min(o.monos)
		}
	}
	var out []*row
	for _, r := range rows {
		mono, seen := boot[r.source.Path]
		since := !r.dated && seen && len(r.monos) > 0 && slices.Max(r.monos) >= mono
		if since || !first.IsZero() && r.dated && !r.last.Before(first) {
			out = append(out, r)
		}
	}
	return out
}

// near keeps what happened within d of one of the others. Rows without a time are kept when they stand in the same
// artifact, since order is all that such a log gives.
func near(rows, others []*row, d time.Duration) []*row {
	var out []*row
	for _, r := range rows {
		for _, o := range others {
			undated := !r.dated && !o.dated && r.source.Path == o.source.Path
			if undated || r.dated && o.dated && !r.last.Before(o.at.Add(-d)) && !r.at.After(o.last.Add(d)) {
				out = append(out, r)
				break
			}
		}
	}
	return out
}

// apart drops what happened within d of one of the others on the same node. It looks at the whole case, since the others
// may belong to another subject: a line that names no pod, and those around it that do.
func apart(rows, others []*row, d time.Duration) []*row {
	var out []*row
	for _, r := range rows {
		if !slices.ContainsFunc(others, func(o *row) bool { return o.place.Node == r.place.Node && coincide(r, o, d) }) {
			out = append(out, r)
		}
	}
	return out
}

// coincide compares by the clock, or in a log without one by the time since boot. Without either, lines of one log
// count as together, since order is all that it gives.
func coincide(a, b *row, d time.Duration) bool {
	switch {
	case a.dated && b.dated:
		return !a.last.Before(b.at.Add(-d)) && !a.at.After(b.last.Add(d))
	case a.dated || b.dated || a.source.Path != b.source.Path:
		return false
	case len(a.monos) == 0 || len(b.monos) == 0:
		return true
	}
	return slices.Min(a.monos) <= slices.Max(b.monos)+d && slices.Max(a.monos) >= slices.Min(b.monos)-d
}

// enough reports whether Count occurrences are there, inside one window when Within is set.
func enough(rows []*row, sel *Selection) bool {
	var total int64
	var times []time.Time
	for _, r := range rows {
		total += r.count
		times = append(times, r.times...)
		for _, mono := range r.monos {
			times = append(times, time.Time{}.Add(mono)) // no wall time is near the year 1
		}
	}
	if total < sel.Count || sel.Within == 0 {
		return total >= sel.Count
	}
	sort.Slice(times, func(i, j int) bool { return times[i].Before(times[j]) })
	n := int(sel.Count)
	for i := n - 1; i < len(times); i++ {
		if times[i].Sub(times[i-n+1]) <= time.Duration(sel.Within) {
			return true
		}
	}
	return false
}

// celRows hands rows to CEL, for a verdict or for words.
func celRows(rows []*row, s *schema, verdict bool) []ref.Val {
	out := make([]ref.Val, len(rows))
	for i, r := range rows {
		out[i] = rowVal{r, s, verdict}
	}
	return out
}

// zeroFacts are the zero values of all kinds that selections may name, log records aside.
func zeroFacts(all []fact.Value) map[fact.Kind]fact.Value {
	kinds := map[fact.Kind]fact.Value{}
	for _, v := range all {
		kinds[v.FactKind()] = v
	}
	for kind, d := range derivations {
		kinds[kind] = d.zero
	}
	return kinds
}
