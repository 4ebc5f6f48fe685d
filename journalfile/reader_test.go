package journalfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

var sequence = regexp.MustCompile(`(?m)^__CURSOR=s=[0-9a-f]{32};`)

func export(t testing.TB, file []byte, o Options) ([]byte, Stats) {
	t.Helper()
	var out bytes.Buffer
	s, err := Export(&out, bytes.NewReader(file), o)
	require.NoError(t, err)
	return out.Bytes(), s
}

// TestGolden reads each form of the same entries: what comes out differs in nothing but the ID of the file.
func TestGolden(t *testing.T) {
	golden, err := os.ReadFile("testdata/entries.export")
	require.NoError(t, err)
	for name, file := range fixtures(t) {
		text, s := export(t, file, Options{})
		require.Equal(t, string(golden), sequence.ReplaceAllString(string(text), "__CURSOR=s=0;"), name)
		require.Equal(t, Stats{Entries: 18, Promised: 18}, s, name)
		require.Empty(t, s.Damage(), name)
		small, _ := export(t, used(file), Options{})
		require.Equal(t, string(text), string(small), name)
	}
}

// TestJournalctl compares each field of each entry with what journalctl reads.
func TestJournalctl(t *testing.T) {
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Skip("needs journalctl: apt-get install systemd")
	}
	for name, file := range fixtures(t) {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, file, 0o600))
		out, err := exec.Command("journalctl", "--file", path, "-o", "json", "--all", "--no-pager").Output()
		require.NoError(t, err, name)
		text, _ := export(t, file, Options{All: true})
		got := fields(t, text)
		lines := bytes.Split(bytes.TrimSpace(out), []byte{'\n'})
		require.Len(t, got, len(lines), name)
		for i, line := range lines {
			var want map[string]any
			require.NoError(t, json.Unmarshal(line, &want))
			delete(want, "__SEQNUM") // since systemd 254
			delete(want, "__SEQNUM_ID")
			require.Len(t, got[i], len(want), "%s, entry %d", name, i)
			for field, value := range want {
				require.Equal(t, plain(value), got[i][field], "%s, entry %d, field %s", name, i, field)
			}
		}
	}
}

// plain is a field's value in journalctl's JSON: text, or the numbers of its bytes.
func plain(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	var b strings.Builder
	for _, n := range list {
		b.WriteByte(byte(n.(float64)))
	}
	return b.String()
}

func TestSlowInputAndSmallBuffers(t *testing.T) {
	file := used(fixtures(t)["regular-zstd.journal"])
	want, _ := export(t, file, Options{})
	var got []byte
	r, p := NewReader(iotest.OneByteReader(bytes.NewReader(file)), Options{}), make([]byte, 7)
	for {
		n, err := r.Read(p)
		got = append(got, p[:n]...)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
	}
	require.Equal(t, string(want), string(got))
}

func TestStates(t *testing.T) {
	file := used(fixtures(t)["compact-zstd.journal"])
	want, _ := export(t, file, Options{})
	for state, online := range []bool{false, true, false} { // offline, online, archived
		file[16] = byte(state)
		got, s := export(t, file, Options{})
		require.Equal(t, string(want), string(got))
		require.Equal(t, online, s.Online)
	}
}

// TestCutOff ends a file at every eighth byte: what came before is read, and the rest is told.
func TestCutOff(t *testing.T) {
	for _, name := range []string{"compact-zstd.journal", "regular-lz4.journal", "sealed.journal"} {
		file := used(fixtures(t)[name])
		whole, _ := export(t, file, Options{})
		for n := 8; n < len(file)-objectHeader; n += 8 {
			text, s := export(t, file[:n], Options{})
			require.True(t, bytes.HasPrefix(whole, text), "%s cut at %d", name, n)
			require.True(t, s.Entries == 18 || s.Damage() != "", "%s cut at %d: %+v", name, n, s)
		}
	}
}

// TestDamaged overwrites each part of a file: reading goes on behind it.
func TestDamaged(t *testing.T) {
	file := used(fixtures(t)["regular-zstd.journal"])
	for _, fill := range []byte{0, 0xff, 'A', 3} {
		for at := 264; at+512 < len(file); at += 200 {
			broken := bytes.Clone(file)
			copy(broken[at:at+256], bytes.Repeat([]byte{fill}, 256))
			text, s := export(t, broken, Options{})
			require.GreaterOrEqual(t, s.Entries, int64(14), "at %d", at)
			require.Len(t, fields(t, text), int(s.Entries))
		}
	}
}

func TestNoJournal(t *testing.T) {
	later := used(fixtures(t)["regular-plain.journal"])
	later[12] |= 0x40
	for name, file := range map[string][]byte{"empty": nil, "text": []byte("-- No entries --\n"), "later": later} {
		_, err := io.ReadAll(NewReader(bytes.NewReader(file), Options{}))
		var format *FormatError
		require.ErrorAs(t, err, &format, name)
	}
}

// TestMemory reads more distinct values than may be held: those that entries still need stay.
func TestMemory(t *testing.T) {
	b := newBuilder()
	host := b.data("_HOSTNAME=node-a", 2000, 0)
	for i := range uint64(2000) {
		message := b.data(fmt.Sprintf("MESSAGE=%d %s", i, strings.Repeat("x", 1000)), 1, 0)
		b.entry(i+1, host, message)
	}
	text, s := export(t, b.file, Options{Hold: 64 << 10})
	require.Empty(t, s.Damage())
	for i, e := range fields(t, text) {
		require.Equal(t, "node-a", e["_HOSTNAME"])
		require.True(t, strings.HasPrefix(e["MESSAGE"], fmt.Sprintf("%d x", i)))
	}

	b = newBuilder() // values that entries far behind need
	var all []uint64
	for i := range 500 {
		all = append(all, b.data(fmt.Sprintf("MESSAGE=%d %s", i, strings.Repeat("y", 1000)), 1, 0))
	}
	for i, v := range all {
		b.entry(uint64(i)+1, v)
	}
	_, s = export(t, b.file, Options{Hold: 64 << 10})
	require.EqualValues(t, 500, s.Entries)
	require.Greater(t, s.Evicted, int64(400))
	require.Contains(t, s.Damage(), "did not fit into memory")
}

// TestAmplification makes little bytes ask for much text.
func TestAmplification(t *testing.T) {
	b := newBuilder()
	big := b.data("MESSAGE="+strings.Repeat("z", 400<<10), 1<<60, 0)
	values := make([]uint64, maxItems)
	for i := range values {
		values[i] = big
	}
	for i := range uint64(2000) {
		b.entry(i+1, values[:60]...)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := Export(io.Discard, bytes.NewReader(b.file), Options{})
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Positive(t, s.Cut)
	require.NotEmpty(t, s.Stopped)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
}

// TestForgedEntry: what a program logs cannot pretend to be an entry of its own.
func TestForgedEntry(t *testing.T) {
	text, _ := export(t, fixtures(t)["regular-plain.journal"], Options{})
	require.Equal(t, 17, bytes.Count(text, []byte("\n\n__CURSOR=")))
}

func TestBadValues(t *testing.T) {
	for _, flags := range []byte{compressedXZ, compressedLZ4, compressedZstd} {
		b := newBuilder()
		b.entry(1, b.data("this is not compressed at all", 1, flags), b.data("MESSAGE=still here", 1, 0))
		text, s := export(t, b.file, Options{})
		require.Equal(t, "still here", fields(t, text)[0]["MESSAGE"])
		require.EqualValues(t, 1, s.Bad)
	}
	b := newBuilder()
	b.entry(1, b.data("no name", 1, 0), b.data("__CURSOR=forged", 1, 0), 1<<63, 7, 0)
	text, s := export(t, b.file, Options{All: true})
	require.Len(t, fields(t, text)[0], 4)
	require.EqualValues(t, 2, s.Bad)
}

func TestLZ4(t *testing.T) {
	block := []byte{0x14, 'a', 1, 0, 0x20, 'b', 'c'} // one byte, 8 repeated, two literals
	for limit, want := range map[int]string{100: "aaaaaaaaabc", 11: "aaaaaaaaabc", 5: "aaaaa", 0: ""} {
		got, err := lz4Block(nil, block, limit)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	for _, bad := range [][]byte{{}, {0xf0}, {0xf0, 255, 255}, {0x10}, {0x10, 'a', 1}, {0x14, 'a', 0, 0, 0}, {0x14, 'a', 2, 0, 0}, {0x1f, 'a', 1, 0, 255}} {
		_, err := lz4Block(nil, bad, 100)
		require.Error(t, err, "%v", bad)
	}
}

// FuzzJournal: hostile files neither panic nor hang, and what comes out is whole entries.
func FuzzJournal(f *testing.F) {
	for _, file := range fixtures(f) {
		f.Add(used(file))
	}
	b := newBuilder()
	b.entry(1, b.data("MESSAGE=x", 1, 0))
	f.Add(b.file)
	f.Fuzz(func(t *testing.T, file []byte) {
		text, err := io.ReadAll(NewReader(bytes.NewReader(file), Options{Hold: 64 << 10}))
		if err != nil {
			var format *FormatError
			require.ErrorAs(t, err, &format)
			return
		}
		fields(t, text)
	})
}

// BenchmarkReader reads 100,000 entries of twenty fields each, as the kubelet writes them.
func BenchmarkReader(b *testing.B) {
	j := newBuilder()
	var shared []uint64
	for i := range 18 {
		shared = append(shared, j.data(fmt.Sprintf("_FIELD_%d=value that many entries have", i), 100_000, 0))
	}
	shared = append(shared, j.data("_HOSTNAME=node-a", 100_000, 0), j.data("SYSLOG_IDENTIFIER=kubelet", 100_000, 0))
	for i := range uint64(100_000) {
		message := j.data(fmt.Sprintf("MESSAGE=I0301 12:00:00.%06d     812 kubelet.go:2461] \"SyncLoop (PLEG): event for pod\" pod=\"default/web-%d\"", i, i), 1, 0)
		stamp := j.data(fmt.Sprintf("_SOURCE_REALTIME_TIMESTAMP=%d", 1772366400_000000+i), 1, 0)
		j.entry(i+1, append(shared, message, stamp)...)
	}
	b.SetBytes(int64(len(j.file)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := Export(io.Discard, bytes.NewReader(j.file), Options{})
		require.NoError(b, err)
	}
}
