package bundle_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

var containers = []string{bundle.ContainerZstd, bundle.ContainerGzip}

// requirePrefix checks what must hold of every cut bundle: whole artifacts in front, at most one broken one behind.
func requirePrefix(t *testing.T, pieces []piece, all []got, what string) {
	t.Helper()
	i := 0
	for _, g := range all {
		if g.Artifact == "" {
			continue // a piece of the manifest
		}
		require.Less(t, i, len(pieces), what)
		p := pieces[i]
		require.Equal(t, p.path, g.Path, what)
		require.Equal(t, p.artifact, g.Artifact, what)
		if g.Status != bundle.StatusDamaged && g.Status != bundle.StatusAborted {
			require.Equal(t, p.final.Status, g.Status, what)
			require.Equal(t, p.text, g.text, what)
		} else {
			require.True(t, strings.HasPrefix(p.text, g.text), what)
			require.Equal(t, len(all)-1, i, what)
		}
		i++
	}
}

func TestCutAtEveryByte(t *testing.T) {
	for _, container := range containers {
		var file bytes.Buffer
		write(t, &file, "node-a", bundle.WriterOptions{Container: container, PartSize: 1024, FrameSize: 2048}, fewPieces(), true)
		data := file.Bytes()
		seen := 0
		for n := 4; n < len(data); n++ { // with fewer bytes it is no archive
			all, r := readBytes(t, data[:n], bundle.Options{})
			what := fmt.Sprintf("%s cut at %d of %d", container, n, len(data))
			requirePrefix(t, fewPieces(), all, what)
			require.GreaterOrEqual(t, len(all), seen, what)
			if info := r.Bundles(); len(info) > 0 && info[0].Manifest != nil {
				seen = len(all)
				if info[0].Aborted {
					require.Contains(t, r.Problems()[len(r.Problems())-1].What, "archive ends early after", what)
				} else {
					require.Len(t, all, len(fewPieces()), what)
				}
			} else {
				require.NotEmpty(t, r.Problems(), what)
			}
		}
		require.Equal(t, len(fewPieces()), seen)
	}
}

func TestKilledWriter(t *testing.T) {
	for _, container := range containers {
		for n := range len(fewPieces()) + 1 {
			var file bytes.Buffer
			write(t, &file, "node-a", bundle.WriterOptions{Container: container}, fewPieces()[:n], false)
			all, r := readBytes(t, file.Bytes(), bundle.Options{})
			require.Len(t, all, n)
			for i := range all {
				requirePiece(t, fewPieces()[i], all[i])
			}
			require.True(t, r.Bundles()[0].Aborted)
			require.Len(t, r.Problems(), 1)
			require.Contains(t, r.Problems()[0].What, "no index")
		}
	}
}

func TestKilledInsideAnArtifact(t *testing.T) {
	text := lines("Mar 02 10:11:12 n kernel: line", 400)
	for _, container := range containers {
		var file bytes.Buffer
		bw, err := bundle.NewWriter(&file, manifest("node-a"), bundle.WriterOptions{Container: container, PartSize: 1024, FrameSize: 4096})
		require.NoError(t, err)
		a, err := bw.Begin(bundle.IndexEntry{Artifact: "node/journal", Path: "node/journal.txt", Argv: []string{"journalctl"}})
		require.NoError(t, err)
		_, err = io.WriteString(a, text)
		require.NoError(t, err)
		all, r := readBytes(t, file.Bytes(), bundle.Options{})
		require.Len(t, all, 1)
		require.Equal(t, bundle.StatusAborted, all[0].Status)
		require.Equal(t, "node/journal", all[0].Artifact)
		require.Equal(t, text[:len(all[0].text)], all[0].text)
		require.Greater(t, len(all[0].text), len(text)-1025)
		require.True(t, r.Bundles()[0].Aborted)
	}
}

func TestCloseEndsAnOpenArtifact(t *testing.T) {
	var file bytes.Buffer
	bw, err := bundle.NewWriter(&file, manifest("node-a"), bundle.WriterOptions{})
	require.NoError(t, err)
	a, err := bw.Begin(bundle.IndexEntry{Artifact: "node/journal", Path: "node/journal.txt"})
	require.NoError(t, err)
	_, err = io.WriteString(a, "half")
	require.NoError(t, err)
	require.NoError(t, bw.Close(t0, false))
	all, r := readBytes(t, file.Bytes(), bundle.Options{})
	require.Len(t, all, 1)
	require.Equal(t, "half", all[0].text)
	require.Equal(t, bundle.StatusAborted, all[0].Status)
	require.True(t, r.Bundles()[0].Aborted)
	require.Empty(t, r.Problems())
}

// manyPieces fill several frames, with text that does not compress to nothing.
func manyPieces(n, size int) []piece {
	rng := rand.New(rand.NewSource(7))
	var pieces []piece
	for i := range n {
		var b strings.Builder
		for b.Len() < size {
			fmt.Fprintf(&b, "Mar 02 10:11:12 n kubelet[%d]: %x\n", i, rng.Uint64())
		}
		pieces = append(pieces, ok("node/syslog", fmt.Sprintf("node/log-%03d.txt", i), b.String()))
	}
	return pieces
}

// TestDamagedPlaceCostsOneFrame overwrites bytes in the middle: everything outside of that frame stays whole.
func TestDamagedPlaceCostsOneFrame(t *testing.T) {
	for _, container := range containers {
		for _, wound := range []int{1, 200, 3000} {
			pieces := manyPieces(60, 8000)
			var file bytes.Buffer
			write(t, &file, "node-a", bundle.WriterOptions{Container: container, FrameSize: 64 << 10}, pieces, true)
			data := file.Bytes()
			for i := range wound {
				data[len(data)/2+i] ^= 0x55
			}
			all, r := readBytes(t, data, bundle.Options{Workers: 2})
			what := fmt.Sprintf("%s, %d bytes: %v", container, wound, r.Problems())
			require.NotEmpty(t, r.Problems(), what)
			want := map[string]piece{}
			for _, p := range pieces {
				want[p.path] = p
			}
			whole := 0
			for _, g := range all {
				if g.Status == bundle.StatusOK {
					require.Equal(t, hashOf(want[g.Path].text), hashOf(g.text), what)
					whole++
				}
			}
			require.GreaterOrEqual(t, whole, 60-2*9, what)
			require.Less(t, whole, 60, what)
			require.False(t, r.Bundles()[0].Aborted, what)
		}
	}
}

// TestBitFlips: no flip may make a wrong artifact look right, and none may stop the reading with a panic.
func TestBitFlips(t *testing.T) {
	pieces := manyPieces(12, 900)
	for _, container := range containers {
		var file bytes.Buffer
		write(t, &file, "node-a", bundle.WriterOptions{Container: container, FrameSize: 4 << 10, PartSize: 512}, pieces, true)
		for at := 0; at < file.Len(); at += 19 {
			data := bytes.Clone(file.Bytes())
			data[at] ^= 1 << (at % 8)
			all, r := readBytes(t, data, bundle.Options{Workers: 1 + at%2})
			if len(r.Bundles()) == 0 || r.Bundles()[0].Manifest == nil {
				continue
			}
			for _, g := range all {
				if g.Status != bundle.StatusOK || g.SHA256 == "" {
					continue
				}
				require.Equal(t, g.SHA256, hashOf(g.text), "flip at %d in %s", at, g.Path)
			}
		}
	}
}
