package analyze

import (
	"fmt"
	"sort"

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
// that the matcher cannot find fast, faults without a way out, groups that nobody reads.
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
