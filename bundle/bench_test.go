package bundle_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// journal makes text that compresses about as well as a kubelet's journal does, eight to one.
func journal(size int) []byte {
	rng := rand.New(rand.NewSource(11))
	words := strings.Fields(`Started container probe failed readiness liveness pod sandbox changed killing error syncing back-off restarting
		image volume mounted secret token expired network plugin returned node condition memory pressure evicted cgroup deleted`)
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	b.Grow(size + 512)
	for b.Len() < size {
		at = at.Add(time.Duration(rng.Intn(2_000_000)) * time.Microsecond)
		fmt.Fprintf(&b, "%s node-a kubelet[1234]: I0302 %s    1234 %s.go:%d] %q pod=\"ns-%d/app-%x-%05x\" podUID=\"%08x-%04x\" took=\"%dms\"",
			at.Format("2006-01-02T15:04:05-0700"), at.Format("15:04:05.000000"), words[rng.Intn(8)], rng.Intn(900), words[rng.Intn(len(words))],
			rng.Intn(9), rng.Intn(50), rng.Intn(50), rng.Intn(60), rng.Intn(40), rng.Intn(5000))
		for range rng.Intn(8) {
			b.WriteByte(' ')
			b.WriteString(words[rng.Intn(len(words))])
		}
		b.WriteByte('\n')
	}
	return b.Bytes()[:size]
}

// benchSize is 256 MiB; COLDCASE_BENCH_MIB asks for another.
func benchSize(b *testing.B) int {
	if s := os.Getenv("COLDCASE_BENCH_MIB"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(b, err)
		return n << 20
	}
	return 256 << 20
}

// benchBundle writes a bundle with one large journal to a file.
func benchBundle(b *testing.B) (path string, size int) {
	b.Helper()
	size = benchSize(b)
	block := journal(64 << 20)
	path = filepath.Join(b.TempDir(), "node-a.tar.zst")
	if keep := os.Getenv("COLDCASE_BENCH_FILE"); keep != "" {
		path = keep
	}
	f, err := os.Create(path)
	require.NoError(b, err)
	w, err := bundle.NewWriter(f, manifest("node-a"), bundle.WriterOptions{})
	require.NoError(b, err)
	a, err := w.Begin(bundle.IndexEntry{Artifact: "node/journal", Path: "node/journal.txt"})
	require.NoError(b, err)
	for left := size; left > 0; left -= len(block) {
		_, err = a.Write(block[:min(left, len(block))])
		require.NoError(b, err)
	}
	require.NoError(b, a.End(bundle.IndexEntry{Status: bundle.StatusOK}))
	require.NoError(b, w.Close(t0, false))
	require.NoError(b, f.Close())
	return path, size
}

// BenchmarkReadZstd compares this reader with a plain streaming decoder on the same file, in one run. heap-MiB is the
// largest heap that was seen while reading.
func BenchmarkReadZstd(b *testing.B) {
	path, size := benchBundle(b)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("reader-%d", workers), func(b *testing.B) {
			b.SetBytes(int64(size))
			var peak uint64
			for b.Loop() {
				peak = max(peak, readThrough(b, path, workers, int64(size)))
			}
			b.ReportMetric(float64(peak)/(1<<20), "heap-MiB")
		})
	}
	b.Run("stream", func(b *testing.B) {
		b.SetBytes(int64(size))
		buf := make([]byte, 1<<20)
		for b.Loop() {
			f, err := os.Open(path)
			require.NoError(b, err)
			d, err := zstd.NewReader(f)
			require.NoError(b, err)
			for err == nil {
				_, err = d.Read(buf)
			}
			require.Equal(b, io.EOF, err)
			d.Close()
			require.NoError(b, f.Close())
		}
	})
}

// readThrough reads a whole bundle in the way of a log matcher and returns the largest heap.
func readThrough(b *testing.B, path string, workers int, want int64) (peak uint64) {
	b.Helper()
	r, err := bundle.Open([]string{path}, bundle.Options{Workers: workers})
	require.NoError(b, err)
	buf := make([]byte, 1<<20)
	var total, sampled int64
	for {
		_, err := r.Next()
		if err == io.EOF {
			break
		}
		for err == nil {
			var n int
			n, err = r.Read(buf)
			if total += int64(n); total-sampled > 32<<20 {
				sampled = total
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapSys-m.HeapReleased)
			}
		}
	}
	require.Equal(b, want, total)
	require.Empty(b, r.Problems())
	require.NoError(b, r.Close())
	return peak
}
