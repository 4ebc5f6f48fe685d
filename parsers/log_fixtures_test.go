package parsers

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

const logFixtureDir = "../fixtures/logs"

// goldenRecord is how a record stands in a fixture: one JSON object per line.
type goldenRecord struct {
	Line    int       `json:"line"`
	Foreign bool      `json:"foreign,omitempty"` // the log's format does not know the line
	Time    time.Time `json:"time,omitzero"`
	Mono    string    `json:"mono,omitempty"`
	Kernel  bool      `json:"kernel,omitempty"`
	Host    string    `json:"host,omitempty"`
	Ident   string    `json:"ident,omitempty"`
	Stream  string    `json:"stream,omitempty"`
	Count   int64     `json:"count,omitempty"` // when not 1
	Source  string    `json:"source"`
	Message string    `json:"message"`
}

// TestLogFixtures runs every fixtures/logs/<format>/<case>.txtar: the file "input" (or "input.hex") must be recognised
// as the format, and its records must be those of the file "records". The comment says in its first line where the text
// came from; a second line may say "artifact: NAME", the default is node/journal.
func TestLogFixtures(t *testing.T) {
	files, err := filepath.Glob(logFixtureDir + "/*/*.txtar")
	require.NoError(t, err)
	covered := map[string]bool{}
	for _, file := range files {
		format := filepath.Base(filepath.Dir(file))
		covered[format] = true
		t.Run(format+"/"+strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			runLogFixture(t, file, format)
		})
	}
	for _, f := range LogFormats() {
		require.Truef(t, covered[f.Name], "log format %s has no fixture under %s", f.Name, logFixtureDir)
	}
}

func runLogFixture(t *testing.T, file, format string) {
	ar, err := txtar.ParseFile(file)
	require.NoError(t, err)
	origin, artifact, _ := strings.Cut(strings.TrimSpace(string(ar.Comment)), "\nartifact: ")
	require.NotEmpty(t, origin, "the first line must say where the text came from")
	if artifact == "" {
		artifact = "node/journal"
	}
	input := fixtureInput(t, ar)
	f, known := DetectLog(input)
	require.Equal(t, format, f.Name)
	require.Equal(t, format != "plain", known)
	ctx := &LogContext{Artifact: artifact, Anchor: fixtureTime, Zone: time.UTC, Boot: fixtureTime.Add(-24 * time.Hour)}
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	for line := 1; len(input) > 0; {
		raw, rest := cutRecord(&f, input)
		var rec Record
		if len(bytes.TrimSpace(raw)) > 0 {
			fits := ParseLog(&f, ctx, bytes.TrimRight(raw, "\n"), &rec)
			require.NoError(t, enc.Encode(golden(ctx, line, fits, &rec)))
		}
		line += bytes.Count(raw, []byte{'\n'})
		input = rest
	}
	if *update {
		setFile(ar, "records", got.Bytes())
		require.NoError(t, os.WriteFile(file, txtar.Format(ar), 0o644))
		return
	}
	require.Equal(t, string(txtarFile(ar, "records")), got.String(), "go test ./parsers -run TestLogFixtures -update rewrites it; read the diff")
}

// cutRecord takes the first line, or the first entry of a format whose records span lines, with what ends it.
func cutRecord(f *LogFormat, b []byte) (raw, rest []byte) {
	end := bytes.IndexByte(b, '\n') + 1
	if f.Multiline {
		end = bytes.Index(b, []byte("\n\n"+exportStart)) + 2
	}
	if end < 1 || f.Multiline && end < 2 {
		end = len(b)
	}
	return b[:end], b[end:]
}

func golden(ctx *LogContext, line int, fits bool, rec *Record) goldenRecord {
	g := goldenRecord{Line: line, Foreign: !fits, Time: rec.Time, Kernel: rec.Kernel, Host: rec.Host, Ident: rec.Ident,
		Stream: rec.Stream, Source: LogSource(ctx.Artifact, "", rec), Message: string(rec.Message)}
	if rec.HasMono {
		g.Mono = rec.Mono.String()
	}
	if rec.Count != 1 {
		g.Count = rec.Count
	}
	return g
}
