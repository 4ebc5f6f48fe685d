package parsers

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// FuzzParsers feeds every parser with mutations of all fixtures: none may panic, and every fact's span must lie
// inside the artifact.
func FuzzParsers(f *testing.F) {
	files, err := filepath.Glob(fixtureDir + "/*/*.txtar")
	require.NoError(f, err)
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		require.NoError(f, err)
		artifact := strings.Replace(filepath.Base(filepath.Dir(file)), "_", "/", 1)
		if in := txtarFile(ar, "input"); in != nil {
			f.Add(artifact, in)
		}
	}
	f.Fuzz(func(t *testing.T, artifact string, data []byte) {
		p, ok := For(artifact)
		if !ok || p.Parse == nil {
			return
		}
		in := NewInput(artifact, "input", "node-a", fixtureTime, data)
		out := Run(p, in)
		if out.Err != nil {
			require.NotContains(t, out.Err.Error(), "stopped on this input")
		}
		for _, fact := range out.Facts {
			if fact.Source.Packet == 0 {
				require.GreaterOrEqual(t, fact.Source.First, 1)
				require.LessOrEqual(t, fact.Source.Last, max(1, in.Text.Lines()))
			}
		}
	})
}
