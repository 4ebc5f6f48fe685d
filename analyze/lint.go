package analyze

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"coldcase/analyze/logscan"
)

// Compile type-checks every signature against the facts that the parsers emit. All errors are returned.
func Compile(sigs []*Signature) []error {
	c, err := newCompiler(zeroFacts(parserFacts()))
	if err != nil {
		return []error{err}
	}
	var errs []error
	for _, s := range sigs {
		p, err := c.compile(s)
		if err == nil {
			err = p.check()
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Lint explains what is wrong with signatures beyond what loading refuses: expressions that do not compile, log patterns
// that the matcher cannot find fast, parts that nobody filled in, faults without a way out, groups that nobody reads.
func Lint(sigs []*Signature) []string {
	var out []string
	for _, err := range Compile(sigs) {
		out = append(out, err.Error())
	}
	for _, s := range sigs {
		for i := range s.Select {
			sel := &s.Select[i]
			for _, p := range sel.Pattern {
				if !sel.isLog() {
					continue
				}
				if _, err := logscan.Literals(p); err != nil {
					out = append(out, fmt.Sprintf("%s: selection %q: pattern %q: %v", s.File, sel.Name, p, err))
				}
			}
		}
		if left := leftOfSkeleton(s); left != "" {
			out = append(out, fmt.Sprintf("%s: %s: %s is still that of the skeleton", s.File, s.ID, left))
		}
		if len(s.Remediation) == 0 && s.Kind != "benign" {
			out = append(out, fmt.Sprintf("%s: %s has no remediation: say at least what to look at next", s.File, s.ID))
		}
		if len(s.Confidence) > 0 && s.Confidence[len(s.Confidence)-1].When != "" && s.Confidence[len(s.Confidence)-1].Is != Possible {
			out = append(out, fmt.Sprintf("%s: %s: the last confidence has a condition, so a match may end without one", s.File, s.ID))
		}
	}
	sort.Strings(out)
	return out
}

// leftOfSkeleton names a part that nobody filled in.
func leftOfSkeleton(s *Signature) string {
	parsed, err := ParseSignatures("skeleton", []byte(strings.ReplaceAll(skeletonYAML, "ID", "skeleton")))
	if err != nil { // a test proves that it is a signature
		return ""
	}
	blank := parsed[0]
	switch {
	case s.Title == blank.Title:
		return "title"
	case s.Description == blank.Description:
		return "description"
	case s.CannotProve == blank.CannotProve:
		return "cannotProve"
	case slices.ContainsFunc(s.Select, func(sel Selection) bool {
		return slices.Equal(sel.Pattern, blank.Select[0].Pattern) && len(sel.Pattern) > 0
	}):
		return "pattern"
	case len(s.Remediation) > 0 && s.Remediation[0].Do == blank.Remediation[0].Do:
		return "remediation"
	}
	return ""
}
