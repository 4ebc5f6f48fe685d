package replay

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"coldcase/analyze"
	"coldcase/bundle"
)

// FixtureTime is when the files of every fixture were collected.
var FixtureTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Fixture is the test of one signature: fixtures/signatures/<id>.txtar. Its comment says in the first line where the
// text came from. Each top folder is a case and holds a loose bundle; its name begins with the verdict that the
// signature must give: matched, clear or inconclusive. A matched case has an expect.yaml; the other two may have one.
// A file that ends in .hex is binary, as "xxd -p" prints it.
type Fixture struct {
	ID     string
	Origin string
	Cases  []FixtureCase
}

// FixtureCase is one loose bundle with what must come of it.
type FixtureCase struct {
	Name    string
	Verdict analyze.Outcome
	Expect  *Expect
	Files   []txtar.File // paths inside the case
}

// ParseFixture reads a fixture's text.
func ParseFixture(id string, text []byte) (*Fixture, error) {
	ar := txtar.Parse(text)
	f := &Fixture{ID: id}
	f.Origin, _, _ = strings.Cut(strings.TrimSpace(string(ar.Comment)), "\n")
	if f.Origin == "" {
		return nil, fmt.Errorf("%s: the first line must say where the text came from", id)
	}
	byName := map[string]*FixtureCase{}
	for _, file := range ar.Files {
		name, rest, ok := strings.Cut(file.Name, "/")
		if !ok {
			return nil, fmt.Errorf("%s: file %q is in no case", id, file.Name)
		}
		c := byName[name]
		if c == nil {
			v, err := verdictOfName(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
			c = &FixtureCase{Name: name, Verdict: v}
			byName[name] = c
		}
		if err := c.add(rest, file.Data); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", id, file.Name, err)
		}
	}
	for _, c := range byName {
		if c.Verdict == analyze.Matched && c.Expect == nil {
			return nil, fmt.Errorf("%s: case %s has no %s", id, c.Name, ExpectName)
		}
		f.Cases = append(f.Cases, *c)
	}
	sort.Slice(f.Cases, func(i, j int) bool { return f.Cases[i].Name < f.Cases[j].Name })
	return f, nil
}

func verdictOfName(name string) (analyze.Outcome, error) {
	word, _, _ := strings.Cut(name, "-")
	switch v := analyze.Outcome(word); v {
	case analyze.Matched, analyze.Clear, analyze.Inconclusive:
		return v, nil
	}
	return "", fmt.Errorf("case %q begins with none of matched, clear, inconclusive", name)
}

func (c *FixtureCase) add(name string, data []byte) error {
	if name == ExpectName {
		e, err := ParseExpect(data)
		if err != nil {
			return err
		}
		if len(e.Inconclusive) == 0 {
			e.Inconclusive = []string{Any}
		}
		c.Expect = e
		return nil
	}
	if stem, ok := strings.CutSuffix(name, ".hex"); ok {
		raw, err := hex.DecodeString(strings.Join(strings.Fields(string(data)), ""))
		if err != nil {
			return err
		}
		name, data = stem, raw
	}
	c.Files = append(c.Files, txtar.File{Name: name, Data: data})
	return nil
}

// Run analyses a case, with its files in the given order, and lists what departs from what must come of it.
func (c *FixtureCase) Run(ctx context.Context, id string, files []txtar.File, set *analyze.Set) (*analyze.Result, []string, error) {
	r, err := AnalyzeFiles(ctx, files, set)
	if err != nil {
		return nil, nil, err
	}
	e := c.Expect
	if e == nil {
		e = &Expect{Inconclusive: []string{Any}}
	}
	diff := Diff(e, r)
	if got := OutcomeOf(id, r); got != c.Verdict {
		diff = append(diff, fmt.Sprintf("%s: expected %s, got %s", id, c.Verdict, verdictOf(id, r)))
	}
	return r, diff, nil
}

// OutcomeOf is a signature's worst verdict over its subjects: matched, else inconclusive, else clear.
func OutcomeOf(id string, r *analyze.Result) analyze.Outcome {
	out := analyze.Outcome("")
	for _, v := range r.Verdicts {
		if v.Signature != id {
			continue
		}
		if v.Outcome == analyze.Matched || v.Outcome == analyze.Inconclusive && out != analyze.Matched || out == "" {
			out = v.Outcome
		}
	}
	return out
}

// AnalyzeFiles analyses a loose bundle that is held in memory.
func AnalyzeFiles(ctx context.Context, files []txtar.File, set *analyze.Set) (*analyze.Result, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: path.Clean(f.Name), Mode: 0o644, Size: int64(len(f.Data)), ModTime: FixtureTime}); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.Name, err)
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack fixture: %w", err)
	}
	r, err := bundle.Open([]string{"-"}, bundle.Options{Limits: bundle.DefaultLimits(), Stdin: &buf})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return analyze.Run(ctx, r, set, analyze.Options{})
}
