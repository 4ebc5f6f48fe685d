// Package replay runs historical bundles as regression tests: each has an expect.yaml beside it that says what the
// analysis must find. It is for coldcase's own tests, for the replay command, and for the tests of other projects.
package replay

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"sort"

	"go.yaml.in/yaml/v3"

	"coldcase/analyze"
)

// ExpectName is the file that holds an expectation.
const ExpectName = "expect.yaml"

// Any in Inconclusive allows every signature to stay open: for bundles of a few artifacts.
const Any = "*"

// Expect is what the analysis of a bundle must say. A match that is not listed is as wrong as a listed one that is not
// there.
type Expect struct {
	// Origin says where the bundle came from.
	Origin string `yaml:"origin,omitempty"`
	// Matched lists the subjects of each signature that must match, as Finding.Subject.Name.
	Matched map[string][]string `yaml:"matched"`
	// Roots lists the findings, as "signature@subject", that must be root causes; empty: not checked.
	Roots []string `yaml:"roots,omitempty"`
	// Clear lists signatures that must be judged clear on every subject.
	Clear []string `yaml:"clear,omitempty"`
	// Inconclusive lists signatures that may stay open on some subject. Any other that does is a difference: the bundle
	// once sufficed for it.
	Inconclusive []string `yaml:"inconclusive"`
}

// LoadExpect reads an expectation strictly: an unknown key is an error.
func LoadExpect(path string) (*Expect, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read expectation: %w", err)
	}
	e, err := ParseExpect(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// ParseExpect is LoadExpect for text.
func ParseExpect(text []byte) (*Expect, error) {
	e := &Expect{}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(e); err != nil {
		return nil, err
	}
	return e, nil
}

// Save writes an expectation.
func (e *Expect) Save(path string) error {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("encode expectation: %w", err)
	}
	if err := os.WriteFile(path, b.Bytes(), fs.FileMode(0o644)); err != nil {
		return fmt.Errorf("write expectation: %w", err)
	}
	return nil
}

// FromResult is the expectation that a result fulfils exactly.
func FromResult(r *analyze.Result) *Expect {
	e := &Expect{Matched: map[string][]string{}, Inconclusive: []string{}}
	for i := range r.Findings {
		f := &r.Findings[i]
		e.Matched[f.Signature] = append(e.Matched[f.Signature], f.Subject.Name)
		if f.Root() {
			e.Roots = append(e.Roots, f.ID)
		}
	}
	for _, subjects := range e.Matched {
		sort.Strings(subjects)
	}
	sort.Strings(e.Roots)
	open, clear := map[string]bool{}, map[string]bool{}
	for _, v := range r.Verdicts {
		open[v.Signature] = open[v.Signature] || v.Outcome == analyze.Inconclusive
		clear[v.Signature] = clear[v.Signature] || v.Outcome == analyze.Clear
	}
	for id := range open {
		switch {
		case open[id]:
			e.Inconclusive = append(e.Inconclusive, id)
		case clear[id] && e.Matched[id] == nil:
			e.Clear = append(e.Clear, id)
		}
	}
	sort.Strings(e.Inconclusive)
	sort.Strings(e.Clear)
	return e
}
