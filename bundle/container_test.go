package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// dmesgXZ and dmesgBZ2 are dmesgText, compressed by xz 5.4 and bzip2 1.0.8: Go has decoders only.
const (
	dmesgText = "[    1.000000] hello\n[    2.000000] world\n"
	dmesgXZ   = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AApAB1dAC2IMEYi4Z/65VEgtzzo7AJdhtkOErn1Y/O06YOgAAAAAJD2opLIveVvAAE5KkfxufUftvN9AQAAAAAEWVo="
	dmesgBZ2  = "QlpoOTFBWSZTWTJkz9wAAA5bgFAQQAFwAAAKBkSQgCAAISoANqMgoaaYAKlxnqSYQyySRsQh3URY9F/i7kinChIGTJn7gA=="
)

type file struct{ name, text string }

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o644, ModTime: t0}))
		_, err := io.WriteString(w, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		m, err := w.Create(f.name)
		require.NoError(t, err)
		_, err = io.WriteString(m, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gz(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zst(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(data, nil)
}

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	require.NoError(t, err)
	return b
}

func looseFiles() []file {
	return []file{
		{"node-a/dmesg.txt", dmesgText},
		{"node-a/ipvsadm_-Ln", "IP Virtual Server version 1.2.1 (size=4096)\n"},
		{"pods.json", `{"apiVersion":"v1","kind":"PodList","items":[]}`},
		{"README", "hello\n"},
	}
}

func TestForeignContainers(t *testing.T) {
	loose := tarOf(t, looseFiles()...)
	skippable := append([]byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3}, zst(t, loose[:700])...)
	for _, tt := range []struct {
		container string
		data      []byte
	}{
		{"tar", loose},
		{"tar.gz", gz(t, loose)},
		{"tar.gz", append(gz(t, loose[:1000]), gz(t, loose[1000:])...)},
		{"tar.zst", zst(t, loose)},
		{"tar.zst", append(skippable, zst(t, loose[700:])...)},
		{"zip", zipOf(t, looseFiles()...)},
	} {
		all, r := readBytes(t, tt.data, bundle.Options{})
		require.Empty(t, r.Problems(), tt.container)
		require.Equal(t, tt.container, r.Bundles()[0].Container)
		require.Equal(t, bundle.LayoutLoose, r.Bundles()[0].Layout)
		require.Len(t, all, 4)
		for i, f := range looseFiles() {
			require.Equal(t, f.text, all[i].text, tt.container)
			require.Equal(t, f.name, all[i].Path)
		}
		require.Equal(t, []string{"node/dmesg", "node/ipvsadm", "cluster/pods", ""},
			[]string{all[0].Artifact, all[1].Artifact, all[2].Artifact, all[3].Artifact})
		require.Equal(t, "node-a", all[0].Node)
		require.Equal(t, "node-a/dmesg.txt", all[0].Display)
		require.Empty(t, all[2].Node)
		require.True(t, all[0].Guessed)
	}
}

func TestCompressedFiles(t *testing.T) {
	members := []file{
		{"node-a/dmesg.gz", string(gz(t, []byte(dmesgText)))},
		{"node-b/dmesg.zst", string(zst(t, []byte(dmesgText)))},
		{"node-c/dmesg.xz", string(unbase64(t, dmesgXZ))},
		{"node-d/dmesg.bz2", string(unbase64(t, dmesgBZ2))},
	}
	all, r := readBytes(t, tarOf(t, members...), bundle.Options{})
	require.Empty(t, r.Problems())
	require.Len(t, all, 4)
	for i, g := range all {
		require.Equal(t, dmesgText, g.text, g.Path)
		require.Equal(t, "node/dmesg", g.Artifact)
		require.Equal(t, fmt.Sprintf("node-%c", 'a'+i), g.Node)
	}
	dir := t.TempDir()
	for _, m := range members {
		p := save(t, dir, m.name, []byte(m.text))
		one, r := readFiles(t, p)
		require.Empty(t, r.Problems())
		require.Len(t, one, 1)
		require.Equal(t, dmesgText, one[0].text)
		require.Equal(t, filepath.Dir(m.name), one[0].Node)
	}
}

func TestNestedBundles(t *testing.T) {
	var a, b bytes.Buffer
	write(t, &a, "node-a", bundle.WriterOptions{}, fewPieces(), true)
	write(t, &b, "node-b", bundle.WriterOptions{Container: bundle.ContainerGzip}, fewPieces(), true)
	outer := tarOf(t, file{"one.tar.zst", a.String()}, file{"two.tar.gz", b.String()}, file{"sos.zip", string(zipOf(t, looseFiles()...))})
	all, r := readBytes(t, outer, bundle.Options{})
	require.Empty(t, r.Problems())
	require.Len(t, all, 2*len(fewPieces())+4)
	require.Equal(t, "node-a", all[0].Node)
	require.Equal(t, "node-b", all[len(fewPieces())].Node)
	infos := r.Bundles()
	require.Len(t, infos, 4)
	require.Equal(t, "-/one.tar.zst", infos[1].Name)
	require.Equal(t, "node-b", infos[2].Manifest.Node.Name)
	require.Equal(t, "zip", infos[3].Container)
	requireUnique(t, all)

	deep := tarOf(t, file{"outer.tar", string(outer)}, file{"dmesg.txt", dmesgText})
	all, r = readBytes(t, deep, bundle.Options{})
	require.Len(t, r.Problems(), 3)
	require.Contains(t, r.Problems()[0].What, "limit nesting")
	require.Len(t, all, 1)
	require.Equal(t, dmesgText, all[0].text)
}

func requireUnique(t *testing.T, all []got) {
	t.Helper()
	seen := map[string]bool{}
	for _, g := range all {
		require.False(t, seen[g.Display], g.Display)
		seen[g.Display] = true
	}
}

func TestOrderOfInputsDoesNotMatter(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, node := range []string{"node-a", "node-b", "node-a"} {
		var b bytes.Buffer
		write(t, &b, node, bundle.WriterOptions{}, fewPieces(), true)
		paths = append(paths, save(t, dir, fmt.Sprintf("%d.tar.zst", len(paths)), b.Bytes()))
	}
	one, r := readFiles(t, paths[0], paths[1], paths[2])
	require.Empty(t, r.Problems())
	two, _ := readFiles(t, paths[2], paths[0], paths[1], paths[0])
	require.Equal(t, one, two)
	require.Len(t, one, 3*len(fewPieces()))
	requireUnique(t, one)
	require.Equal(t, "node-a~2/dmesg.txt", one[2*len(fewPieces())].Display)
}

func TestUntarredBundle(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	pieces := append(fewPieces(), ok("node/syslog", "node/messages.txt", lines("Mar  2 10:11:12 n x: y", 4000)))
	write(t, &b, "node-a", bundle.WriterOptions{PartSize: 4096}, pieces, true)
	d, err := zstd.NewReader(&b)
	require.NoError(t, err)
	defer d.Close()
	for tr := tar.NewReader(d); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		data, err := io.ReadAll(tr)
		require.NoError(t, err)
		save(t, dir, h.Name, data)
	}
	all, r := readFiles(t, dir)
	require.Empty(t, r.Problems())
	require.Len(t, all, len(pieces))
	byPath := map[string]got{}
	for _, g := range all {
		byPath[g.Path] = g
	}
	for _, p := range pieces {
		requirePiece(t, p, byPath[p.path])
	}
	save(t, dir, "node/dmesg.txt", []byte("changed\n"))
	all, r = readFiles(t, dir)
	require.Len(t, r.Problems(), 1)
	require.Contains(t, r.Problems()[0].What, "SHA-256")
	require.Len(t, all, len(pieces))
}

func TestDirectoryStaysInside(t *testing.T) {
	dir := t.TempDir()
	secret := save(t, t.TempDir(), "secret", []byte("secret"))
	save(t, dir, "node-a/dmesg.txt", []byte(dmesgText))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "node-a", "iptables-save")))
	require.NoError(t, os.Symlink("dmesg.txt", filepath.Join(dir, "node-a", "kern.log")))
	require.NoError(t, os.Symlink(filepath.Dir(secret), filepath.Join(dir, "node-b")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "node-a", "pipe"), 0o600))
	all, r := readFiles(t, dir)
	require.Len(t, all, 1)
	require.Equal(t, dmesgText, all[0].text)
	require.Len(t, r.Problems(), 3)
}

func TestOpenErrors(t *testing.T) {
	_, err := bundle.Open(nil, bundle.Options{})
	require.ErrorContains(t, err, "no bundle given")
	_, err = bundle.Open([]string{"/nonexistent/x"}, bundle.Options{})
	require.ErrorContains(t, err, "/nonexistent/x")
	good := save(t, t.TempDir(), "dmesg.txt", []byte(dmesgText))
	all, r := readFiles(t, "/nonexistent/x", good)
	require.Len(t, all, 1)
	require.Len(t, r.Problems(), 1)
}

func TestNewerFormatIsNamed(t *testing.T) {
	data := tarOf(t, file{"manifest.json", `{"formatVersion": 9}`}, file{"node/dmesg.txt", dmesgText})
	all, r := readBytes(t, data, bundle.Options{})
	require.Empty(t, all)
	require.Contains(t, r.Problems()[0].What, "format version 9, this program reads up to 1")
}

func TestForeignManifestIsAFile(t *testing.T) {
	data := tarOf(t, file{"manifest.json", `{"bundle": "other"}`}, file{"dmesg.txt", dmesgText})
	all, r := readBytes(t, data, bundle.Options{})
	require.Empty(t, r.Problems())
	require.Len(t, all, 2)
	require.True(t, strings.HasPrefix(all[0].text, `{"bundle"`))
}
