package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/signatures"
)

const fixtureDir = "../fixtures/signatures"

func shipped(t testing.TB) []*analyze.Signature {
	t.Helper()
	sigs, err := analyze.LoadSignatures(signatures.FS)
	require.NoError(t, err)
	return sigs
}

func fixtures(t testing.TB) []*Fixture {
	t.Helper()
	files, err := filepath.Glob(fixtureDir + "/*.txtar")
	require.NoError(t, err)
	var out []*Fixture
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		f, err := ParseFixture(strings.TrimSuffix(filepath.Base(file), ".txtar"), text)
		require.NoError(t, err)
		out = append(out, f)
	}
	return out
}

func TestLint(t *testing.T) {
	require.Empty(t, analyze.Lint(shipped(t)))
}

// TestEverySignatureHasFixtures wants a matched and a clear case of each signature.
func TestEverySignatureHasFixtures(t *testing.T) {
	have := map[string]map[analyze.Outcome]bool{}
	for _, f := range fixtures(t) {
		have[f.ID] = map[analyze.Outcome]bool{}
		for _, c := range f.Cases {
			have[f.ID][c.Verdict] = true
		}
	}
	used, ofFamily := map[string]bool{}, map[string]string{}
	for _, s := range shipped(t) {
		if s.Family != "" && have[s.ID] != nil {
			ofFamily[s.File] = s.ID
		}
	}
	for _, s := range shipped(t) {
		id := s.ID
		if s.Family != "" { // one family, one fixture, named after one of its signatures
			id = ofFamily[s.File]
		}
		require.Truef(t, have[id][analyze.Matched], "%s has no matched case in %s", s.ID, fixtureDir)
		require.Truef(t, have[id][analyze.Clear], "%s has no clear case (the near miss) in %s", s.ID, fixtureDir)
		used[id] = true
	}
	for id := range have {
		require.Truef(t, used[id], "%s is the fixture of no signature", id)
	}
}

// TestSignatureFixtures runs every case and the invariants that hold for all of them.
func TestSignatureFixtures(t *testing.T) {
	set, err := analyze.NewSet(shipped(t))
	require.NoError(t, err)
	for _, f := range fixtures(t) {
		for i := range f.Cases {
			c := &f.Cases[i]
			t.Run(f.ID+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				r, diff, err := c.Run(context.Background(), f.ID, c.Files, set)
				require.NoError(t, err)
				for _, d := range diff {
					t.Error(d)
				}
				for _, p := range r.Problems {
					t.Errorf("problem: %s %s", p.Path, p.What)
				}
				quotesAreTrue(t, c, r)
				orderIsNothing(t, c, r, set)
				removalOnlyOpens(t, f.ID, c, set)
			})
		}
	}
}

// quotesAreTrue checks that every quotation stands where it says.
func quotesAreTrue(t *testing.T, c *FixtureCase, r *analyze.Result) {
	for _, f := range r.Findings {
		require.NotEmptyf(t, f.Evidence, "%s has no evidence", f.ID)
		require.NotContainsf(t, f.Message, "?", "%s: %s", f.ID, f.Message)
		for _, e := range f.Evidence {
			if e.Packet > 0 {
				continue
			}
			lines := fileLines(c, e.Artifact)
			require.NotNilf(t, lines, "%s quotes %s, which is not in the case", f.ID, e.Artifact)
			require.GreaterOrEqual(t, e.Lines[0], 1, f.ID)
			require.LessOrEqualf(t, e.Lines[1], len(lines), "%s quotes line %d of %s", f.ID, e.Lines[1], e.Artifact)
			first, _, _ := strings.Cut(e.Text, "\n")
			require.Equalf(t, strings.TrimRight(lines[e.Lines[0]-1], "\r "), strings.TrimRight(first, "\r "), "%s: %s:%d", f.ID, e.Artifact, e.Lines[0])
		}
	}
}

func fileLines(c *FixtureCase, name string) []string {
	for _, f := range c.Files {
		if path.Clean(f.Name) == name {
			return strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n")
		}
	}
	return nil
}

func orderIsNothing(t *testing.T, c *FixtureCase, r *analyze.Result, set *analyze.Set) {
	backwards := make([]txtar.File, len(c.Files))
	for i, f := range c.Files {
		backwards[len(c.Files)-1-i] = f
	}
	other, err := AnalyzeFiles(context.Background(), backwards, set)
	require.NoError(t, err)
	if forth, back := asJSON(t, r, ""), asJSON(t, other, ""); !bytes.Equal(forth, back) {
		require.Equal(t, string(asJSON(t, r, " ")), string(asJSON(t, other, " ")), "the order of entries changed the result")
	}
}

func asJSON(t *testing.T, r *analyze.Result, indent string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", indent)
	require.NoError(t, enc.Encode(r))
	return b.Bytes()
}

// removalOnlyOpens takes one artifact away at a time: a verdict may stay or become inconclusive, and nothing else.
func removalOnlyOpens(t *testing.T, id string, c *FixtureCase, set *analyze.Set) {
	for i := range c.Files {
		rest := append(append([]txtar.File{}, c.Files[:i]...), c.Files[i+1:]...)
		if len(rest) == 0 {
			continue
		}
		r, err := AnalyzeFiles(context.Background(), rest, set)
		require.NoError(t, err)
		got := OutcomeOf(id, r)
		require.Truef(t, got == c.Verdict || got == analyze.Inconclusive, "without %s: %s becomes %s: %s", c.Files[i].Name, c.Verdict, got, verdictOf(id, r))
	}
}
