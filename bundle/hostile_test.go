package bundle_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func TestHostileNames(t *testing.T) {
	for _, name := range []string{
		"/etc/passwd", "../x", "a/../../x", `..\x`, `C:\x`, "a\x1b[31mb", "a\nb", strings.Repeat("n", 5000),
	} {
		data := tarOf(t, file{name, "evil"}, file{"dmesg.txt", dmesgText})
		all, r := readBytes(t, data, bundle.Options{})
		require.Len(t, all, 1, name)
		require.Equal(t, dmesgText, all[0].text)
		require.Len(t, r.Problems(), 1, name)
		for _, p := range r.Problems() {
			require.NotContains(t, p.Path+p.What, "\x1b")
			require.NotContains(t, p.Path+p.What, "\n")
		}
	}
	for _, name := range []string{"/etc/passwd", "../x"} {
		all, r := readBytes(t, zipOf(t, file{name, "evil"}, file{"dmesg.txt", dmesgText}), bundle.Options{})
		require.Len(t, all, 1, name)
		require.Len(t, r.Problems(), 1, name)
	}
}

func TestLinksAndDevices(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "out", Typeflag: tar.TypeSymlink, Linkname: "../../etc/passwd"},
		{Name: "abs", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "../x"},
		{Name: "harmless", Typeflag: tar.TypeSymlink, Linkname: "sos_commands/kernel/dmesg"},
		{Name: "dev", Typeflag: tar.TypeBlock},
		{Name: "fifo", Typeflag: tar.TypeFifo},
		{Name: "dir/", Typeflag: tar.TypeDir},
	} {
		h.Mode = 0o644
		require.NoError(t, w.WriteHeader(&h))
	}
	require.NoError(t, w.Close())
	all, r := readBytes(t, b.Bytes(), bundle.Options{})
	require.Empty(t, all)
	var named []string
	for _, p := range r.Problems() {
		named = append(named, p.Path)
	}
	require.Equal(t, []string{"out", "abs", "hard", "dev", "fifo"}, named)
}

func TestDuplicateMember(t *testing.T) {
	all, r := readBytes(t, tarOf(t, file{"dmesg.txt", dmesgText}, file{"dmesg.txt", "other"}), bundle.Options{})
	require.Len(t, all, 1)
	require.Equal(t, dmesgText, all[0].text)
	require.Len(t, r.Problems(), 1)
}

func TestLimits(t *testing.T) {
	with := func(change func(*bundle.Limits)) bundle.Options {
		l := bundle.DefaultLimits()
		change(&l)
		return bundle.Options{Limits: l, Workers: 2}
	}
	big := file{"node-a/dmesg.txt", lines("[    1.000000] x", 1000)}
	small := file{"node-a/lsmod", "Module Size Used by\n"}

	all, r := readBytes(t, tarOf(t, big, small), with(func(l *bundle.Limits) { l.EntrySize = 1000 }))
	require.Len(t, all, 2)
	require.Equal(t, big.text[:1000], all[0].text)
	require.Contains(t, r.Problems()[0].What, "limit entry-size")
	require.Equal(t, small.text, all[1].text)

	all, r = readBytes(t, tarOf(t, small, big), with(func(l *bundle.Limits) { l.Entries = 1 }))
	require.Len(t, all, 1)
	require.Contains(t, r.Problems()[0].What, "limit entries")

	all, r = readBytes(t, tarOf(t, big, small), with(func(l *bundle.Limits) { l.Total = 3000 }))
	require.Len(t, all, 1)
	require.LessOrEqual(t, len(all[0].text), len(big.text))
	require.Contains(t, r.Problems()[0].What, "limit total")
	require.Len(t, r.Problems(), 1)
}

func TestTruncatedStatusIsFinalAfterReading(t *testing.T) {
	l := bundle.DefaultLimits()
	l.EntrySize = 100
	r, err := bundle.Open([]string{"-"}, bundle.Options{Limits: l, Stdin: bytes.NewReader(tarOf(t, file{"dmesg", lines("[    1.0] x", 50)}))})
	require.NoError(t, err)
	e, err := r.Next()
	require.NoError(t, err)
	n, err := r.WriteTo(io.Discard)
	require.NoError(t, err)
	require.EqualValues(t, 100, n)
	require.Equal(t, bundle.StatusTruncated, e.Status)
	require.NoError(t, r.Close())
}

// TestBomb feeds zeros that expand beyond the permitted ratio.
func TestBomb(t *testing.T) {
	zeros := make([]byte, 80<<20)
	for _, data := range [][]byte{gz(t, zeros), zst(t, zeros)} {
		l := bundle.DefaultLimits()
		l.Ratio = 100
		r, err := bundle.Open([]string{"-"}, bundle.Options{Limits: l, Stdin: bytes.NewReader(data)})
		require.NoError(t, err)
		var total int64
		for {
			_, err := r.Next()
			if err == io.EOF {
				break
			}
			n, err := r.WriteTo(io.Discard)
			require.NoError(t, err)
			total += n
		}
		require.NoError(t, r.Close())
		require.Less(t, total, int64(65<<20))
		require.NotEmpty(t, r.Problems())
		require.Contains(t, fmt.Sprint(r.Problems()), "limit ratio")
	}
}

func TestCloseInTheMiddle(t *testing.T) {
	var file bytes.Buffer
	write(t, &file, "node-a", bundle.WriterOptions{FrameSize: 16 << 10}, manyPieces(40, 9000), true)
	for n := range 6 {
		r, err := bundle.Open([]string{"-"}, bundle.Options{Workers: 3, Stdin: bytes.NewReader(file.Bytes())})
		require.NoError(t, err)
		for range n {
			_, err := r.Next()
			require.NoError(t, err)
			_, err = r.Read(make([]byte, 100))
			require.NoError(t, err)
		}
		require.NoError(t, r.Close())
		_, err = r.Next()
		require.Equal(t, io.EOF, err)
	}
}

func TestWriterRefuses(t *testing.T) {
	w, err := bundle.NewWriter(io.Discard, manifest("n"), bundle.WriterOptions{})
	require.NoError(t, err)
	for _, name := range []string{"", "/abs", "../up", "a/../b", "manifest.json", "index.json", "a~", "a\nb"} {
		_, err := w.Begin(bundle.IndexEntry{Artifact: "node/dmesg", Path: name})
		require.Error(t, err, name)
	}
	a, err := w.Begin(bundle.IndexEntry{Artifact: "node/dmesg", Path: "x"})
	require.NoError(t, err)
	_, err = w.Begin(bundle.IndexEntry{Artifact: "node/dmesg", Path: "y"})
	require.ErrorContains(t, err, "still open")
	require.ErrorContains(t, a.End(bundle.IndexEntry{Status: "fine"}), "unknown artifact status")
	require.NoError(t, a.End(bundle.IndexEntry{Status: bundle.StatusOK}))
	_, err = w.Begin(bundle.IndexEntry{Artifact: "node/dmesg", Path: "x"})
	require.ErrorContains(t, err, "already")
	require.NoError(t, w.Close(t0, false))
	_, err = w.Begin(bundle.IndexEntry{Artifact: "node/dmesg", Path: "z"})
	require.Error(t, err)
	_, err = bundle.NewWriter(io.Discard, manifest("n"), bundle.WriterOptions{Container: "rar"})
	require.ErrorContains(t, err, "rar")
}

// FuzzReader: whatever the bytes, reading ends, stays within the limits and does not panic.
func FuzzReader(f *testing.F) {
	pieces := fewPieces()
	for _, container := range containers {
		var b bytes.Buffer
		write(f, &b, "node-a", bundle.WriterOptions{Container: container, PartSize: 1024, FrameSize: 2048}, pieces, true)
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()*2/3])
	}
	loose := tarOf(f, looseFiles()...)
	f.Add(loose)
	f.Add(zipOf(f, looseFiles()...))
	f.Add(tarOf(f, file{"in.zip", string(zipOf(f, looseFiles()...))}, file{"in.tar.zst", string(zst(f, loose))}))
	f.Add(unbase64(f, dmesgXZ))
	f.Add(unbase64(f, dmesgBZ2))
	limits := bundle.Limits{Entries: 500, EntrySize: 1 << 20, Total: 4 << 20, Ratio: 1000, Nesting: 1, NameLen: 300}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := bundle.Open([]string{"-"}, bundle.Options{Limits: limits, Workers: 2, Stdin: bytes.NewReader(data)})
		if err != nil {
			t.Fatal(err)
		}
		var total int64
		displays := map[string]bool{}
		for entries := 0; ; entries++ {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil || entries > limits.Entries {
				t.Fatal("reading does not end", err)
			}
			if displays[e.Display] {
				t.Fatalf("display %q twice", e.Display)
			}
			displays[e.Display] = true
			n, err := r.WriteTo(io.Discard)
			if err != nil || n > limits.EntrySize {
				t.Fatalf("entry %q: %d bytes, %v", e.Display, n, err)
			}
			total += n
		}
		if total > limits.Total+1<<20 {
			t.Fatalf("%d bytes delivered", total)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
