package parsers

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// FuzzLogFormats feeds every format with mutations of all log fixtures: none may panic, all count at least one
// occurrence, and every line becomes a record, as a plain one at worst.
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
			format.Sniff(raw) // a guess from the look of a line: a damaged one may have the look and not parse
			if ok {
				require.GreaterOrEqual(t, rec.Count, int64(1))
				LogSource(ctx.Artifact, LogProgram(ctx.Artifact, string(raw)), &rec)
			}
			var any Record
			ParseLog(&format, ctx, raw, &any)
			require.GreaterOrEqual(t, any.Count, int64(1))
			ExportMessage(raw)
		}
		DetectLog(raw)
		LogPod(string(raw))
	})
}
