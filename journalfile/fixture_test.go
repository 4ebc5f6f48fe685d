package journalfile

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// fixtures returns the journal files of testdata by name. systemd-journal-remote 252 wrote them, of made-up entries;
// fixtures/lab/journal.sh makes them.
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.journal.zst")
	require.NoError(t, err)
	require.Len(t, names, 6)
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	require.NoError(t, err)
	defer dec.Close()
	files := map[string][]byte{}
	for _, name := range names {
		packed, err := os.ReadFile(name)
		require.NoError(t, err)
		plain, err := dec.DecodeAll(packed, nil)
		require.NoError(t, err)
		files[filepath.Base(name[:len(name)-len(".zst")])] = plain
	}
	return files
}

// used is a fixture without its big hash table and its unused end: every other object is there, and entries refer to
// where their values are now.
func used(file []byte) []byte {
	end := int(le.Uint64(file[136:])) // the last object
	end += int(le.Uint64(file[end+8:])+7) &^ 7
	table := int(le.Uint64(file[104:])) // of values, behind its object's header
	start, size := table-objectHeader, int(le.Uint64(file[112:]))+objectHeader
	out := append([]byte(nil), file[:start]...)
	out = append(out, file[start+size:end]...)
	compact := parseHeader(file).compact()
	for at := int(le.Uint64(file[88:])); at < len(out); at += int(le.Uint64(out[at+8:])+7) &^ 7 {
		if out[at] != typeEntry {
			continue
		}
		for item := at + entryItems; item < at+int(le.Uint64(out[at+8:])); item += int(itemSize(compact)) {
			le.PutUint32(out[item:], le.Uint32(out[item:])-uint32(size))
		}
	}
	return out
}

// fields reads the text of entries back: names and values in their order.
func fields(t testing.TB, text []byte) []map[string]string {
	t.Helper()
	var entries []map[string]string
	for len(text) > 0 {
		e := map[string]string{}
		for {
			line, rest, ok := bytes.Cut(text, []byte{'\n'})
			require.True(t, ok, "a line without its end")
			text = rest
			if len(line) == 0 {
				break
			}
			if name, value, ok := bytes.Cut(line, []byte{'='}); ok {
				e[string(name)] = string(value)
				continue
			}
			require.GreaterOrEqual(t, len(text), 8)
			n := binary.LittleEndian.Uint64(text)
			require.Greater(t, uint64(len(text)-8), n)
			e[string(line)] = string(text[8 : 8+n])
			text = text[8+n+1:]
		}
		entries = append(entries, e)
	}
	return entries
}

// builder writes journal files that journald would not write.
type builder struct{ file []byte }

func newBuilder() *builder {
	b := &builder{file: make([]byte, 256)}
	copy(b.file, Magic)
	le.PutUint64(b.file[88:], 256)
	return b
}

func (b *builder) object(kind, flags byte, body []byte) uint64 {
	at := uint64(len(b.file))
	b.file = append(b.file, kind, flags, 0, 0, 0, 0, 0, 0)
	b.file = le.AppendUint64(b.file, uint64(objectHeader+len(body)))
	b.file = append(b.file, body...)
	for len(b.file)%8 != 0 {
		b.file = append(b.file, 0)
	}
	return at
}

// data adds a value that so many entries refer to.
func (b *builder) data(payload string, uses uint64, flags byte) uint64 {
	body := make([]byte, dataPayload-objectHeader)
	le.PutUint64(body[40:], uses)
	return b.object(typeData, flags, append(body, payload...))
}

func (b *builder) entry(seqnum uint64, values ...uint64) {
	body := make([]byte, entryItems-objectHeader)
	le.PutUint64(body, seqnum)
	le.PutUint64(body[8:], 1772366400_000000+seqnum)
	for _, v := range values {
		body = le.AppendUint64(le.AppendUint64(body, v), 0)
	}
	b.object(typeEntry, 0, body)
	le.PutUint64(b.file[152:], le.Uint64(b.file[152:])+1)
}
