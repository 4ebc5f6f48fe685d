package parsers

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// FuzzLogFormats feeds every format with mutations of all log fixtures: none may panic, all count at least one
// occurrence, and what a format sniffs it also parses.
func FuzzLogFormats(f *testing.F) {
	files, err := filepath.Glob(logFixtureDir + "/*/*.txtar")
	require.NoError(f, err)
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		require.NoError(f, err)
		for in := txtarFile(ar, "input"); len(in) > 0; {
			raw, rest := cutRecord(&plainLog, in)
			f.Add(raw)
			in = rest
		}
	}
	ctx := &LogContext{Artifact: "node/journal", Anchor: fixtureTime, Zone: time.UTC}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, format := range LogFormats() {
			var rec Record
			ok := format.Parse(ctx, raw, &rec)
			if line, _ := cutRecord(&plainLog, raw); len(line) == len(raw) && format.Sniff(raw) {
				require.Truef(t, ok || format.Multiline, "%s sniffs %q and does not parse it", format.Name, raw)
			}
			if ok {
				require.GreaterOrEqual(t, rec.Count, int64(1))
				LogSource(ctx.Artifact, string(raw), &rec)
			}
			ExportMessage(raw)
		}
		DetectLog(raw)
		LogPod(string(raw))
	})
}
