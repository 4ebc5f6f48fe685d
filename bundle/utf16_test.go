package bundle_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func utf16Text(order binary.AppendByteOrder, text string) []byte {
	out := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// TestUTF16 reads logs that PowerShell redirected, in both byte orders, compressed or not, and damaged ones.
func TestUTF16(t *testing.T) {
	text := strings.Repeat("[   12.345678] eth0: Verbindung wäre 🔥 da\r\n", 400)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(utf16Text(binary.LittleEndian, text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"a/dmesg.txt": utf16Text(binary.LittleEndian, text), "b/dmesg.txt": utf16Text(binary.BigEndian, text), "c/dmesg.txt.gz": packed.Bytes(),
		"d/dmesg.txt": append(utf16Text(binary.LittleEndian, text), 0x3d, 0xd8, 'x'),
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	r, err := bundle.Open([]string{dir}, bundle.Options{Limits: bundle.DefaultLimits()})
	require.NoError(t, err)
	defer r.Close()
	read := 0
	for {
		e, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		got, err := io.ReadAll(iotest.HalfReader(r))
		require.NoError(t, err)
		require.Equal(t, "node/dmesg", e.Artifact)
		want := text
		if e.Node == "d" {
			want += "��"
		}
		require.Equal(t, want, string(got), e.Path)
		read++
	}
	require.Equal(t, 4, read)
}
