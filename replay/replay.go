package replay

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"coldcase/analyze"
	"coldcase/bundle"
)

// Case is one directory with an expectation, and the bundles in it.
type Case struct {
	Dir     string
	Bundles []string // every file or directory in it but the expectation; several bundles make one case
}

// Outcome is what became of a case.
type Outcome struct {
	Case   Case
	Diff   []string        // empty: as expected
	Err    error           // the case could not be run
	Result *analyze.Result // nil when it could not be run
}

// Failed reports whether the case departs from its expectation.
func (o *Outcome) Failed() bool { return o.Err != nil || len(o.Diff) > 0 }

// Find lists the cases at or below the directories, sorted: every directory that holds an expectation and something
// besides.
func Find(dirs ...string) ([]Case, error) {
	var cases []Case
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() || d.Name() != ExpectName {
				return nil
			}
			c := Case{Dir: filepath.Dir(path)}
			entries, err := os.ReadDir(c.Dir)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if e.Name() != ExpectName && !strings.HasPrefix(e.Name(), ".") {
					c.Bundles = append(c.Bundles, filepath.Join(c.Dir, e.Name()))
				}
			}
			cases = append(cases, c)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for cases: %w", err)
		}
	}
	sort.Slice(cases, func(i, j int) bool { return cases[i].Dir < cases[j].Dir })
	return cases, nil
}

// Run analyses a case and compares.
func Run(ctx context.Context, c Case, set *analyze.Set) Outcome {
	out := Outcome{Case: c}
	e, err := LoadExpect(filepath.Join(c.Dir, ExpectName))
	if err != nil {
		out.Err = err
		return out
	}
	if out.Result, out.Err = Analyze(ctx, c.Bundles, set); out.Err == nil {
		out.Diff = Diff(e, out.Result)
	}
	return out
}

// Update analyses a case and writes what it found as the expectation. Of an earlier one it keeps the origin and Any: who
// lets every signature stay open does not want to hear of each new one.
func Update(ctx context.Context, c Case, set *analyze.Set) error {
	r, err := Analyze(ctx, c.Bundles, set)
	if err != nil {
		return err
	}
	path := filepath.Join(c.Dir, ExpectName)
	e := FromResult(r)
	if old, err := LoadExpect(path); err == nil {
		e.Origin = old.Origin
		if slices.Contains(old.Inconclusive, Any) {
			e.Inconclusive = []string{Any}
		}
	}
	return e.Save(path)
}

// Analyze runs the signatures on bundles as one case.
func Analyze(ctx context.Context, bundles []string, set *analyze.Set) (*analyze.Result, error) {
	r, err := bundle.Open(bundles, bundle.Options{Limits: bundle.DefaultLimits()})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return analyze.Run(ctx, r, set, analyze.Options{})
}

// RunAll runs every case at or below the directories. From a test of your own:
//
//	outcomes, err := replay.RunAll(ctx, []string{"testdata/bundles"}, set)
//	require.NoError(t, err)
//	for _, o := range outcomes {
//		require.NoError(t, o.Err, o.Case.Dir)
//		require.Empty(t, o.Diff, o.Case.Dir)
//	}
func RunAll(ctx context.Context, dirs []string, set *analyze.Set) ([]Outcome, error) {
	cases, err := Find(dirs...)
	if err != nil {
		return nil, err
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("no %s at or below %s", ExpectName, strings.Join(dirs, ", "))
	}
	out := make([]Outcome, len(cases))
	for i, c := range cases {
		out[i] = Run(ctx, c, set)
	}
	return out, nil
}
