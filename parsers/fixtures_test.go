package parsers

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the facts sections of fixtures/parsers")

const fixtureDir = "../fixtures/parsers"

var fixtureTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// goldenFact is how a fact stands in a fixture: one JSON object per line.
type goldenFact struct {
	Kind  string `json:"kind"`
	Lines string `json:"at"`
	Value any    `json:"value"`
}

// TestFixtures runs every fixtures/parsers/<artifact>/<case>.txtar. A case holds the file "input" (or "input.hex" for
// binary artifacts), the golden file "facts", and its comment says in the first line where the text came from.
// <artifact> is the canonical name with "/" as "_".
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob(fixtureDir + "/*/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	covered := map[string]bool{}
	for _, file := range files {
		artifact := strings.Replace(filepath.Base(filepath.Dir(file)), "_", "/", 1)
		covered[artifact] = true
		t.Run(filepath.Base(filepath.Dir(file))+"/"+strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			runFixture(t, file, artifact)
		})
	}
	for _, p := range All() {
		if p.Parse == nil {
			continue
		}
		any := false
		for _, a := range p.Artifacts {
			any = any || covered[a]
		}
		require.Truef(t, any, "parser %s has no fixture under %s", p.Name, fixtureDir)
	}
}

func runFixture(t *testing.T, file, artifact string) {
	ar, err := txtar.ParseFile(file)
	require.NoError(t, err)
	origin := strings.TrimSpace(string(ar.Comment))
	require.NotEmpty(t, origin, "the first line must say where the text came from")
	p, ok := For(artifact)
	require.Truef(t, ok, "no parser reads %s", artifact)
	in := NewInput(artifact, "input", fixtureNode(artifact), fixtureTime, fixtureInput(t, ar))
	out := Run(p, in)
	require.NoError(t, out.Err)
	declared := map[string]bool{}
	for _, v := range p.Facts {
		declared[string(v.FactKind())] = true
	}
	var got bytes.Buffer
	for _, f := range out.Facts {
		require.Truef(t, declared[string(f.Kind)], "parser %s emits %s without declaring it", p.Name, f.Kind)
		src := f.Source
		src.Path = ""
		line, err := json.Marshal(goldenFact{Kind: string(f.Kind), Lines: strings.TrimLeft(src.String(), ":#"), Value: f.Value})
		require.NoError(t, err)
		got.Write(append(line, '\n'))
	}
	if out.Absent != "" {
		got.WriteString("absent: " + out.Absent + "\n")
	}
	for _, n := range out.Samples {
		got.WriteString("unrecognized: " + string(in.Text.Line(n)) + "\n")
	}
	if *update {
		setFile(ar, "facts", got.Bytes())
		require.NoError(t, os.WriteFile(file, txtar.Format(ar), 0o644))
		return
	}
	require.Equal(t, string(txtarFile(ar, "facts")), got.String(), "go test ./parsers -run TestFixtures -update rewrites it; read the diff")
}

func fixtureNode(artifact string) string {
	if strings.HasPrefix(artifact, "cluster/") {
		return ""
	}
	return "node-a"
}

func fixtureInput(t *testing.T, ar *txtar.Archive) []byte {
	if hex := txtarFile(ar, "input.hex"); hex != nil {
		return unhex(t, hex)
	}
	in := txtarFile(ar, "input")
	require.NotNil(t, in, "no file named input")
	return in
}

func txtarFile(ar *txtar.Archive, name string) []byte {
	for _, f := range ar.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func setFile(ar *txtar.Archive, name string, data []byte) {
	for i := range ar.Files {
		if ar.Files[i].Name == name {
			ar.Files[i].Data = data
			return
		}
	}
	ar.Files = append(ar.Files, txtar.File{Name: name, Data: data})
}

// unhex reads "xxd -p" text: two hex digits per byte, white space anywhere.
func unhex(t *testing.T, text []byte) []byte {
	digits := strings.Join(strings.Fields(string(text)), "")
	require.Zero(t, len(digits)%2)
	out := make([]byte, 0, len(digits)/2)
	for i := 0; i < len(digits); i += 2 {
		var b byte
		for _, c := range []byte(digits[i : i+2]) {
			v := strings.IndexByte("0123456789abcdef", c)
			require.GreaterOrEqual(t, v, 0)
			b = b<<4 | byte(v)
		}
		out = append(out, b)
	}
	return out
}
