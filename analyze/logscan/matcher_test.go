package logscan

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/parsers"
)

var anchor = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func context(artifact string) *parsers.LogContext {
	return &parsers.LogContext{Artifact: artifact, Anchor: anchor, Zone: time.UTC}
}

// scanText returns every hit of a scan over text.
func scanText(t *testing.T, patterns []Pattern, artifact, text string) ([]Hit, Stats) {
	t.Helper()
	m, err := New(patterns)
	require.NoError(t, err)
	var hits []Hit
	stats, err := m.Scan(strings.NewReader(text), context(artifact), "node-a/log", func(h *Hit) error {
		hits = append(hits, *h)
		return nil
	})
	require.NoError(t, err)
	return hits, stats
}

func TestScanReportsRecord(t *testing.T) {
	text := "Mar  1 12:00:00 node-a kubelet[800]: I0301 12:00:00.000001     800 kubelet.go:1] \"Starting\"\n" +
		"Mar  1 12:00:01 node-a kernel: [  100.500000] eth0: link up\n" +
		"Mar  1 12:00:02 node-a kernel: [  101.500000] nf_conntrack: nf_conntrack: table full, dropping packet\n" +
		"Mar  1 12:00:03 node-a app[9]: nf_conntrack: nf_conntrack: table full, dropping packet\n" +
		"Mar  1 12:00:04 node-a last\n"
	hits, stats := scanText(t, []Pattern{
		{Expr: `table full, (?P<what>\w+) packet`, Sources: []string{"kernel"}},
		{Expr: `^nf_conntrack: .*table full`},
	}, "node/syslog", text)
	require.Len(t, hits, 3)
	h := hits[0]
	require.Equal(t, 0, h.Pattern)
	require.EqualValues(t, 3, h.Line)
	require.Equal(t, "kernel", h.Source)
	require.Equal(t, "nf_conntrack: nf_conntrack: table full, dropping packet", string(h.Record.Message))
	require.Equal(t, "dropping", string(h.Record.Message[h.Groups[2]:h.Groups[3]]))
	require.Equal(t, time.Date(2026, 3, 1, 12, 0, 2, 0, time.UTC), h.Record.Time)
	require.Len(t, h.Before, 2)
	require.Contains(t, h.Before[1], "link up")
	require.Equal(t, "Mar  1 12:00:04 node-a last", h.After[1])
	require.EqualValues(t, 4, hits[2].Line)
	require.Equal(t, "system", hits[2].Source)
	require.Equal(t, Stats{Lines: 5, Bytes: int64(len(text)), Format: "syslog-bsd", Candidates: 2, Sources: stats.Sources,
		First: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Last: time.Date(2026, 3, 1, 12, 0, 4, 0, time.UTC),
		Boot: time.Date(2026, 3, 1, 11, 58, 20, 500_000_000, time.UTC)}, stats)
}

func TestScanKeepsOrderAcrossBlocks(t *testing.T) {
	var text strings.Builder
	var want []int64
	for line := int64(1); text.Len() < 5<<20; line++ {
		if line%977 == 0 {
			text.WriteString("I0301 12:00:00.000001     800 x.go:1] the volume is not mounted at last\n")
			want = append(want, line)
		} else {
			text.WriteString("I0301 12:00:00.000001     800 x.go:1] all is well with the volume " + strings.Repeat("x", int(line%90)) + "\n")
		}
	}
	hits, stats := scanText(t, []Pattern{{Expr: `volume is not mounted`}}, "node/kubelet-log", text.String())
	var got []int64
	for _, h := range hits {
		got = append(got, h.Line)
		require.Len(t, h.Before, 2)
		require.Len(t, h.After, 2)
	}
	require.Equal(t, want, got)
	require.EqualValues(t, strings.Count(text.String(), "\n"), stats.Lines)
}

func TestScanCutsLongLines(t *testing.T) {
	long := "needle in front " + strings.Repeat("y", 3<<20) + " needle at the end"
	text := "first\n" + long + "\nneedle after it\n" + strings.Repeat("filler line\n", 100_000) + "needle last"
	hits, stats := scanText(t, []Pattern{{Expr: `needle (in front|after it|last|at the end)`}}, "node/syslog", text)
	var got []int64
	for _, h := range hits {
		got = append(got, h.Line)
		require.LessOrEqual(t, len(h.Raw), maxRaw)
	}
	require.Equal(t, []int64{2, 3, 100_004}, got)
	require.EqualValues(t, 1, stats.TooLong)
	require.EqualValues(t, 100_004, stats.Lines)
	require.EqualValues(t, len(text), stats.Bytes)
}

type failingReader struct {
	r   io.Reader
	err error
}

func (f *failingReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

func TestScanErrors(t *testing.T) {
	m, err := New([]Pattern{{Expr: `connection refused by peer`}})
	require.NoError(t, err)
	text := strings.Repeat("connection refused by peer\n", 100_000)
	broken := errors.New("damaged frame")
	n := 0
	stats, err := m.Scan(&failingReader{strings.NewReader(text), broken}, context("node/syslog"), "", func(*Hit) error { n++; return nil })
	require.ErrorIs(t, err, broken)
	require.Equal(t, 100_000, n)
	require.EqualValues(t, 100_000, stats.Lines)

	stop := errors.New("enough")
	n = 0
	_, err = m.Scan(bytes.NewReader([]byte(text)), context("node/syslog"), "", func(*Hit) error { n++; return stop })
	require.ErrorIs(t, err, stop)
	require.Equal(t, 1, n)
}

func TestScanDecodesBinaryMessages(t *testing.T) {
	var numbers []string
	for _, c := range []byte("\x1b[31mUnable to mount volume\x1b[0m") {
		numbers = append(numbers, string('0'+c/100)+string('0'+c/10%10)+string('0'+c%10))
	}
	text := `{"__REALTIME_TIMESTAMP":"1772366400000000","SYSLOG_IDENTIFIER":"kubelet","MESSAGE":[` + strings.Join(numbers, ",") + "]}\n"
	hits, _ := scanText(t, []Pattern{{Expr: `Unable to mount`}}, "node/journal", text)
	require.Len(t, hits, 1)
	require.Equal(t, "kubelet", hits[0].Source)
}

func TestScanLendsTimeToContinuations(t *testing.T) {
	text := "E0301 12:00:05.000000       1 proxier.go:1432] \"Failed to execute\" err=<\n" +
		"\texit status 4: Another app is currently holding the xtables lock\n >\n"
	hits, _ := scanText(t, []Pattern{{Expr: `holding the xtables lock`}}, "node/kube-proxy-log", text)
	require.Len(t, hits, 1)
	require.Equal(t, time.Date(2026, 3, 1, 12, 0, 5, 0, time.UTC), hits[0].Record.Time)
}

func TestNewNamesThePattern(t *testing.T) {
	_, err := New([]Pattern{{Expr: `long enough text`}, {Expr: `(`}})
	require.ErrorContains(t, err, "pattern 1: ")
	_, err = New([]Pattern{{Expr: `error|failed`}})
	require.ErrorContains(t, err, "pattern 0: ")
	_, err = New([]Pattern{{Expr: `long enough text`}, {Expr: `long enough text`}})
	require.NoError(t, err)
}
