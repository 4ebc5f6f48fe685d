package analyze

import "sort"

// maxUnchecked is how many possible causes a finding names that could not be decided.
const maxUnchecked = 6

// openVerdict is an inconclusive judgement, kept until the findings are linked.
type openVerdict struct {
	sig     *Signature
	subject Subject
	gaps    []gap
}

// unchecked tells each root which signatures could explain it and were left open, and what would decide them: a symptom
// without a cause is then no dead end.
func unchecked(s *store, findings []Finding, open []openVerdict) {
	for i := range findings {
		f := &findings[i]
		if !f.Root() {
			continue
		}
		seen := map[string]bool{}
		for _, o := range open {
			if seen[o.sig.ID] || !explains(o.sig, f.Signature) || !s.related(&Finding{Subject: o.subject}, f) {
				continue
			}
			seen[o.sig.ID] = true
			f.Unchecked = append(f.Unchecked, Unchecked{Signature: o.sig.ID, Title: o.sig.Title, Missing: missingOf(o.gaps)})
		}
		// the fewest artifacts first: the cheapest question
		sort.SliceStable(f.Unchecked, func(a, b int) bool { return len(f.Unchecked[a].Missing) < len(f.Unchecked[b].Missing) })
		f.Unchecked = f.Unchecked[:min(len(f.Unchecked), maxUnchecked)]
	}
}

func explains(sig *Signature, symptom string) bool {
	for _, id := range sig.Explains {
		if id == symptom {
			return true
		}
	}
	return false
}

func missingOf(gaps []gap) []string {
	names := []string{}
	for _, g := range gaps {
		names = appendNew(names, g.artifact)
	}
	sort.Strings(names)
	return names
}
