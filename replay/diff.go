package replay

import (
	"fmt"
	"sort"
	"strings"

	"coldcase/analyze"
)

// Diff lists how a result departs from an expectation, one readable line each; empty when it does not.
func Diff(e *Expect, r *analyze.Result) []string {
	var out []string
	got := map[string]map[string]*analyze.Finding{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if got[f.Signature] == nil {
			got[f.Signature] = map[string]*analyze.Finding{}
		}
		got[f.Signature][f.Subject.Name] = f
	}
	out = append(out, missing(e, got, r)...)
	out = append(out, unexpected(e, got)...)
	out = append(out, verdicts(e, r)...)
	out = append(out, roots(e, r)...)
	sort.Strings(out)
	return out
}

func missing(e *Expect, got map[string]map[string]*analyze.Finding, r *analyze.Result) []string {
	var out []string
	for id, subjects := range e.Matched {
		for _, s := range subjects {
			if got[id][s] == nil {
				out = append(out, fmt.Sprintf("%s on %s: expected a match, got %s", id, s, verdictOf(id, r)))
			}
		}
	}
	return out
}

// verdictOf sums up what a signature said instead.
func verdictOf(id string, r *analyze.Result) string {
	var parts []string
	for _, v := range r.Verdicts {
		if v.Signature != id {
			continue
		}
		text := string(v.Outcome)
		if v.Subject.Name != "" {
			text += " on " + v.Subject.Name
		}
		if v.Reason != "" {
			text += " (" + v.Reason + ")"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "no verdict: there is no such signature"
	}
	return strings.Join(parts, ", ")
}

func unexpected(e *Expect, got map[string]map[string]*analyze.Finding) []string {
	var out []string
	for id, bySubject := range got {
		wanted := map[string]bool{}
		for _, s := range e.Matched[id] {
			wanted[s] = true
		}
		for s, f := range bySubject {
			if !wanted[s] {
				out = append(out, fmt.Sprintf("%s on %s: not expected, matched: %s", id, s, f.Message))
			}
		}
	}
	return out
}

func verdicts(e *Expect, r *analyze.Result) []string {
	var out []string
	clear, open := set(e.Clear), set(e.Inconclusive)
	seen := map[string]bool{}
	for _, v := range r.Verdicts {
		switch v.Outcome {
		case analyze.Inconclusive:
			if clear[v.Signature] || !open[v.Signature] && !open[Any] {
				out = append(out, fmt.Sprintf("%s: stays open, and must not: %s", v.Signature, v.Reason))
			}
		case analyze.Clear:
			seen[v.Signature] = true
		}
	}
	for id := range clear {
		if !seen[id] {
			out = append(out, fmt.Sprintf("%s: expected clear, got %s", id, verdictOf(id, r)))
		}
	}
	return out
}

func roots(e *Expect, r *analyze.Result) []string {
	if len(e.Roots) == 0 {
		return nil
	}
	var out []string
	wanted, have := set(e.Roots), map[string]bool{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Root() {
			have[f.ID] = true
			if !wanted[f.ID] {
				out = append(out, f.ID+": is a root cause, and was not one")
			}
		}
	}
	for id := range wanted {
		if !have[id] {
			out = append(out, id+": expected as a root cause, is none")
		}
	}
	return out
}

func set(list []string) map[string]bool {
	m := map[string]bool{}
	for _, s := range list {
		m[s] = true
	}
	return m
}
