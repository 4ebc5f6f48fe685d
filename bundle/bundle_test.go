package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

var t0 = time.Date(2026, 3, 2, 10, 11, 12, 0, time.FixedZone("CET", 3600))

func manifest(node string) bundle.Manifest {
	return bundle.Manifest{
		Tool: "coldcase-collect 0.1.0", Started: t0,
		Node:  bundle.NodeID{Name: node, Hostname: node, Kernel: "6.1.0"},
		Clock: bundle.Clock{Wall: t0, Monotonic: time.Hour, Uptime: time.Hour, Timezone: "CET"},
	}
}

// piece is one artifact of a test bundle.
type piece struct {
	artifact, path, text string
	final                bundle.IndexEntry
}

func ok(artifact, path, text string) piece {
	return piece{artifact, path, text, bundle.IndexEntry{Status: bundle.StatusOK, Ended: t0.Add(time.Second)}}
}

func fewPieces() []piece {
	return []piece{
		ok("node/dmesg", "node/dmesg.txt", "[    1.000000] hello\n[    2.000000] world\n"),
		{"node/ipvsadm", "node/ipvsadm.txt", "", bundle.IndexEntry{Status: bundle.StatusMissingBinary, Error: "ipvsadm: not found", Ended: t0}},
		ok("node/journal", "node/journal.txt", lines("Mar 02 10:11:12 n kubelet[7]: line", 60)),
		{"node/conntrack-stats", "node/conntrack-S.txt", "cpu=0 found=1\n", bundle.IndexEntry{
			Status: bundle.StatusNonzeroExit, ExitCode: 3, Error: "exit status 3", Stderr: "warn: zwölf\nline two\n",
			Signal: "", Truncation: "", BytesSeen: 14, Ended: t0.Add(3 * time.Second),
		}},
		ok("cluster/pods", "cluster/pods.json", `{"apiVersion":"v1","items":[],"kind":"PodList"}`+"\n"),
	}
}

func lines(text string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s %d\n", text, i)
	}
	return b.String()
}

// write makes a bundle; closed tells whether it gets its index.
func write(t testing.TB, w io.Writer, node string, o bundle.WriterOptions, pieces []piece, closed bool) {
	t.Helper()
	bw, err := bundle.NewWriter(w, manifest(node), o)
	require.NoError(t, err)
	for _, p := range pieces {
		a, err := bw.Begin(bundle.IndexEntry{Artifact: p.artifact, Path: p.path, Argv: []string{"run", p.path}, Started: t0})
		require.NoError(t, err)
		_, err = io.WriteString(a, p.text)
		require.NoError(t, err)
		require.NoError(t, a.End(p.final))
	}
	if closed {
		require.NoError(t, bw.Close(t0.Add(time.Minute), false))
	}
}

// got is an entry with its bytes.
type got struct {
	bundle.Entry
	text string
}

func readAll(t testing.TB, r *bundle.Reader) []got {
	t.Helper()
	var all []got
	for {
		e, err := r.Next()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		var b bytes.Buffer
		_, err = r.WriteTo(&b)
		require.NoError(t, err)
		all = append(all, got{*e, b.String()})
	}
}

func readBytes(t testing.TB, data []byte, o bundle.Options) ([]got, *bundle.Reader) {
	t.Helper()
	o.Stdin = bytes.NewReader(data)
	r, err := bundle.Open([]string{"-"}, o)
	require.NoError(t, err)
	all := readAll(t, r)
	require.NoError(t, r.Close())
	return all, r
}

func readFiles(t testing.TB, paths ...string) ([]got, *bundle.Reader) {
	t.Helper()
	r, err := bundle.Open(paths, bundle.Options{})
	require.NoError(t, err)
	all := readAll(t, r)
	require.NoError(t, r.Close())
	return all, r
}

func save(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	p := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
	require.NoError(t, os.WriteFile(p, data, 0o600))
	return p
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestRoundTrip(t *testing.T) {
	for _, container := range []string{bundle.ContainerZstd, bundle.ContainerGzip} {
		t.Run(container, func(t *testing.T) {
			var file bytes.Buffer
			write(t, &file, "node-a", bundle.WriterOptions{Container: container}, fewPieces(), true)
			all, r := readBytes(t, file.Bytes(), bundle.Options{})
			require.Empty(t, r.Problems())
			require.Len(t, r.Bundles(), 1)
			info := r.Bundles()[0]
			require.Equal(t, bundle.LayoutColdcase, info.Layout)
			require.Equal(t, container, info.Container)
			require.False(t, info.Aborted)
			require.Equal(t, "node-a", info.Manifest.Node.Name)
			require.Len(t, all, len(fewPieces()))
			for i, p := range fewPieces() {
				requirePiece(t, p, all[i])
			}
		})
	}
}

func requirePiece(t *testing.T, p piece, g got) {
	t.Helper()
	require.Equal(t, p.text, g.text)
	require.Equal(t, p.artifact, g.Artifact)
	require.Equal(t, p.path, g.Path)
	require.Equal(t, []string{"run", p.path}, g.Argv)
	require.Equal(t, p.final.Status, g.Status)
	require.Equal(t, p.final.Error, g.Error)
	require.Equal(t, p.final.Stderr, g.Stderr)
	require.Equal(t, p.final.ExitCode, g.ExitCode)
	require.True(t, p.final.Ended.Equal(g.Ended), g.Ended)
	require.True(t, t0.Equal(g.Started), g.Started)
	require.EqualValues(t, len(p.text), g.BytesStored)
	require.Equal(t, time.Hour, g.Clock.Monotonic)
	if p.text != "" {
		require.Equal(t, hashOf(p.text), g.SHA256)
	}
	if strings.HasPrefix(p.artifact, "cluster/") {
		require.Empty(t, g.Node)
		require.Equal(t, p.path, g.Display)
	} else {
		require.Equal(t, "node-a", g.Node)
		require.Equal(t, "node-a/"+strings.TrimPrefix(p.path, "node/"), g.Display)
	}
}

func TestPartsAreJoined(t *testing.T) {
	long := lines("a line of a long artifact", 5000)
	pieces := []piece{ok("node/journal", "node/journal.txt", long), ok("node/dmesg", "node/dmesg.txt", "[    1.0] x\n")}
	var file bytes.Buffer
	write(t, &file, "node-a", bundle.WriterOptions{PartSize: 4096, FrameSize: 16384}, pieces, true)
	all, r := readBytes(t, file.Bytes(), bundle.Options{})
	require.Empty(t, r.Problems())
	require.Len(t, all, 2)
	requirePiece(t, pieces[0], all[0])
	requirePiece(t, pieces[1], all[1])
}
