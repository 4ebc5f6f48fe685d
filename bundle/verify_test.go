package bundle_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

type tarMember struct {
	head tar.Header
	data []byte
}

// unpack and repack change a bundle so that all check sums of tar and zstd hold.
func unpack(t testing.TB, data []byte) []tarMember {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	defer z.Close()
	var all []tarMember
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		// Not *h: its deprecated copy of the records would win over changed ones.
		all = append(all, tarMember{tar.Header{Name: h.Name, Mode: h.Mode, ModTime: h.ModTime, PAXRecords: h.PAXRecords}, text})
	}
}

func repackTar(t testing.TB, members []tarMember) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := m.head
		h.Size = int64(len(m.data))
		require.NoError(t, w.WriteHeader(&h))
		_, err := w.Write(m.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func repack(t testing.TB, members []tarMember) []byte { return zst(t, repackTar(t, members)) }

func verify(t testing.TB, data []byte, o bundle.Options) []bundle.Verification {
	t.Helper()
	o.Stdin = bytes.NewReader(data)
	all, err := bundle.Verify([]string{"-"}, o)
	require.NoError(t, err)
	return all
}

// kinds words the differences as "altered node/dmesg.txt".
func kinds(v bundle.Verification) []string {
	var all []string
	for _, d := range v.Differences {
		all = append(all, strings.TrimSpace(string(d.Kind)+" "+d.Path))
	}
	return all
}

func TestVerifyWhole(t *testing.T) {
	var gzipped bytes.Buffer
	write(t, &gzipped, "node-a", bundle.WriterOptions{Container: bundle.ContainerGzip, PartSize: 512, FrameSize: 2048}, fewPieces(), true)
	parts := &bytes.Buffer{}
	write(t, parts, "node-a", bundle.WriterOptions{PartSize: 512, FrameSize: 2048}, fewPieces(), true)
	id := newIdentity(t)
	whole := bundleOf(t, "node-a")
	for name, data := range map[string][]byte{
		"zstd": whole, "gzip": gzipped.Bytes(), "parts": parts.Bytes(), "repacked": repack(t, unpack(t, whole)),
		"plain": repackTar(t, unpack(t, whole)), "sealed": sealTo(t, whole, id), "inside": tarOf(t, file{"a.tar.zst", string(whole)}),
	} {
		all := verify(t, data, bundle.Options{Identities: []age.Identity{id}})
		require.Len(t, all, 1, name)
		v := all[0]
		require.Empty(t, v.Differences, name)
		require.True(t, v.Whole(), name)
		require.Equal(t, "node-a", v.Node, name)
		require.Equal(t, len(fewPieces()), v.Artifacts, name)
		require.Len(t, v.Fingerprint, 64, name)
		require.True(t, t0.Equal(v.Collected), name)
		require.Equal(t, name == "sealed", v.Sealed, name)
	}

	// A folder into which one was unpacked.
	dir := t.TempDir()
	for _, m := range unpack(t, parts.Bytes()) {
		save(t, dir, m.head.Name, m.data)
	}
	all, err := bundle.Verify([]string{dir}, bundle.Options{})
	require.NoError(t, err)
	require.Empty(t, all[0].Differences)
	save(t, dir, "node/dmesg.txt", []byte("[    1.000000] hellO\n[    2.000000] world\n"))
	save(t, dir, "node/more.txt", []byte("x\n"))
	all, err = bundle.Verify([]string{dir}, bundle.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"altered node/dmesg.txt", "extra node/more.txt"}, kinds(all[0]))
}

func TestVerifyArtifactThatIsAnArchive(t *testing.T) {
	pieces := []piece{ok("node/container-log", "node/logs.tar", string(tarOf(t, file{"x.log", "one\n"}))), ok("node/dmesg", "node/dmesg.txt.gz", string(gz(t, []byte(dmesgText))))}
	var file bytes.Buffer
	write(t, &file, "node-a", bundle.WriterOptions{}, pieces, true)
	all := verify(t, file.Bytes(), bundle.Options{})
	require.Len(t, all, 1)
	require.Empty(t, all[0].Differences)
	require.Equal(t, 2, all[0].Artifacts)
}

func TestVerifyDifferences(t *testing.T) {
	at := func(all []tarMember, name string) int {
		i := slices.IndexFunc(all, func(m tarMember) bool { return m.head.Name == name })
		require.GreaterOrEqual(t, i, 0, name)
		return i
	}
	flip := func(all []tarMember, name string) []tarMember {
		i := at(all, name)
		all[i].data = bytes.Clone(all[i].data)
		all[i].data[len(all[i].data)/2] ^= 1
		return all
	}
	record := func(all []tarMember, name, key, value string) []tarMember {
		all[at(all, name)].head.PAXRecords["SCHILY.xattr.user.coldcase."+key] = value
		return all
	}
	for _, c := range []struct {
		name   string
		change func([]tarMember) []tarMember
		want   []string
	}{
		{"a byte", func(m []tarMember) []tarMember { return flip(m, "node/dmesg.txt") }, []string{"altered node/dmesg.txt"}},
		{"a byte and its record", func(m []tarMember) []tarMember {
			m = flip(m, "node/dmesg.txt")
			return record(m, "node/dmesg.txt", "sha256", hashOf(string(m[at(m, "node/dmesg.txt")].data)))
		}, []string{"altered node/dmesg.txt"}},
		{"a byte of a later part", func(m []tarMember) []tarMember { return flip(m, "node/journal.txt.~3~") }, []string{"altered node/journal.txt"}},
		{"a status", func(m []tarMember) []tarMember { return record(m, "node/conntrack-S.txt", "status", "ok") }, []string{"altered node/conntrack-S.txt"}},
		{"bytes into an empty one", func(m []tarMember) []tarMember {
			m[at(m, "node/ipvsadm.txt")].data = []byte("IP Virtual Server\n")
			return m
		}, []string{"altered node/ipvsadm.txt"}},
		{"emptied", func(m []tarMember) []tarMember { m[at(m, "node/dmesg.txt")].data = nil; return m }, []string{"altered node/dmesg.txt"}},
		{"records lost", func(m []tarMember) []tarMember { m[at(m, "node/dmesg.txt")].head.PAXRecords = nil; return m }, []string{"altered node/dmesg.txt"}},
		{"manifest", func(m []tarMember) []tarMember {
			m[0].data = bytes.ReplaceAll(m[0].data, []byte("6.1.0"), []byte("6.1.9"))
			return m
		}, []string{"altered manifest.json"}},
		{"removed", func(m []tarMember) []tarMember {
			i := at(m, "node/ipvsadm.txt")
			return slices.Delete(m, i, i+1)
		}, []string{"missing node/ipvsadm.txt"}},
		{"a part removed", func(m []tarMember) []tarMember {
			i := at(m, "node/journal.txt.~2~")
			return slices.Delete(m, i, i+1)
		}, []string{"altered node/journal.txt"}},
		{"the first part removed", func(m []tarMember) []tarMember {
			i := at(m, "node/journal.txt")
			return slices.Delete(m, i, i+1)
		}, []string{"altered node/journal.txt"}},
		{"added", func(m []tarMember) []tarMember {
			x := tarMember{tar.Header{Name: "node/extra.txt", Mode: 0o644}, []byte("hello\n")}
			return slices.Insert(m, 2, x)
		}, []string{"extra node/extra.txt"}},
		{"added behind the index", func(m []tarMember) []tarMember {
			return append(m, tarMember{tar.Header{Name: "node/extra.txt", Mode: 0o644}, []byte("hello\n")})
		}, []string{"extra node/extra.txt", "order index.json"}},
		{"a second one of a name", func(m []tarMember) []tarMember {
			return slices.Insert(m, 3, tarMember{tar.Header{Name: "node/dmesg.txt", Mode: 0o644}, []byte("hello\n")})
		}, []string{"extra node/dmesg.txt"}},
		{"a device", func(m []tarMember) []tarMember {
			return slices.Insert(m, 3, tarMember{tar.Header{Name: "node/sda", Typeflag: tar.TypeBlock, Mode: 0o644}, nil})
		}, []string{"extra node/sda"}},
		{"reordered", func(m []tarMember) []tarMember {
			i := at(m, "node/dmesg.txt")
			x := m[i]
			m = slices.Delete(m, i, i+1)
			return slices.Insert(m, at(m, "cluster/pods.json"), x)
		}, []string{"order node/dmesg.txt"}},
		{"an index that was edited", func(m []tarMember) []tarMember {
			i := at(m, "index.json")
			m[i].data = bytes.ReplaceAll(m[i].data, []byte("exit status 3"), []byte("exit status 4"))
			return m
		}, []string{"index index.json", "altered node/conntrack-S.txt"}},
		{"no index", func(m []tarMember) []tarMember { return m[:len(m)-1] }, []string{"no-index"}},
	} {
		var b bytes.Buffer
		write(t, &b, "node-a", bundle.WriterOptions{PartSize: 512}, fewPieces(), true)
		all := verify(t, repack(t, c.change(unpack(t, b.Bytes()))), bundle.Options{})
		require.Len(t, all, 1, c.name)
		require.Equal(t, c.want, kinds(all[0]), "%s: %v", c.name, all[0].Differences)
		require.False(t, all[0].Whole(), c.name)
		require.Equal(t, c.name != "no index", all[0].Tampered(), c.name)
	}
}

func TestVerifyCut(t *testing.T) {
	whole := bundleOf(t, "node-a")
	for _, n := range []int{len(whole) - 1, len(whole) / 2} {
		v := verify(t, whole[:n], bundle.Options{})[0]
		require.Contains(t, strings.Join(kinds(v), ","), "cut", n)
		require.True(t, v.CutOff())
		require.False(t, v.Tampered(), v.Differences)
	}
	id := newIdentity(t)
	sealed := sealTo(t, whole, id)
	v := verify(t, sealed[:len(sealed)-20], bundle.Options{Identities: []age.Identity{id}})[0]
	require.False(t, v.Whole())

	// Bytes behind the end.
	more := append(bytes.Clone(whole), zst(t, []byte("more"))...)
	require.Equal(t, []string{"extra"}, kinds(verify(t, more, bundle.Options{})[0]))
}

func TestVerifyUnreadable(t *testing.T) {
	dir := t.TempDir()
	good := save(t, dir, "a.tar.zst", bundleOf(t, "node-a"))
	loose := save(t, dir, "b.tar", tarOf(t, file{"dmesg.txt", dmesgText}))
	sealed := save(t, dir, "c.tar.zst.age", sealTo(t, bundleOf(t, "node-c"), newIdentity(t)))
	none := filepath.Join(dir, "d.tar.zst")
	all, err := bundle.Verify([]string{none, sealed, loose, good}, bundle.Options{})
	require.NoError(t, err)
	require.Len(t, all, 4)
	byName := map[string]bundle.Verification{}
	for _, v := range all {
		byName[v.Name] = v
	}
	a, b, c, d := byName[good], byName[loose], byName[sealed], byName[none]
	require.True(t, a.Whole())
	require.Contains(t, b.Unreadable, "no bundle of coldcase-collect")
	require.Contains(t, c.Unreadable, "no identity was given")
	require.True(t, c.Sealed)
	require.Contains(t, d.Unreadable, "no such file")
	_, err = bundle.Verify([]string{none}, bundle.Options{})
	require.Error(t, err)
}

func TestMerge(t *testing.T) {
	dir := t.TempDir()
	id := newIdentity(t)
	a, b := save(t, dir, "x.tar.zst", bundleOf(t, "node-b")), save(t, dir, "y", bundleOf(t, "node-a"))
	c := save(t, dir, "c.tar.zst.age", sealTo(t, bundleOf(t, "node-c"), id))
	whole := bundleOf(t, "node-d")
	d := save(t, dir, "d.tar.zst", whole[:len(whole)*2/3])
	build := func(container string, paths ...string) []byte {
		m, err := bundle.PlanMerge(paths, bundle.MergeOptions{Tool: "coldcase test"})
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, m.Write(&out, container))
		return out.Bytes()
	}
	plain := build("tar", a, b, c, d)
	require.Equal(t, plain, build("tar", d, c, b, a))
	packed := build("tar.zst", a, b, c, d)
	for _, data := range [][]byte{plain, packed} {
		all, r := readBytes(t, data, bundle.Options{Identities: []age.Identity{id}})
		require.Equal(t, bundle.LayoutCase, r.Bundles()[0].Layout)
		var names []string
		for _, i := range r.Bundles() {
			names = append(names, i.Name)
		}
		require.Equal(t, []string{"-", "-/c.tar.zst.age", "-/node-a-20260302T091112Z.tar.zst", "-/node-b-20260302T091112Z.tar.zst", "-/node-d-20260302T091112Z.tar.zst"}, names)
		for i := range 3 {
			requireNode(t, all[i*len(fewPieces()):], []string{"node-c", "node-a", "node-b"}[i])
		}
		found := verify(t, data, bundle.Options{Identities: []age.Identity{id}})
		require.Len(t, found, 5)
		for i, v := range found {
			require.Equal(t, i != 4, v.Whole(), v.Differences)
		}
	}

	// The bundles in it are the files, and the manifest tells about each; of the encrypted one nothing from inside.
	members := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(plain)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		members[h.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
	require.Equal(t, bundleOf(t, "node-a"), members["node-a-20260302T091112Z.tar.zst"])
	text := string(members["case.json"])
	require.Contains(t, text, `"state": "encrypted"`)
	require.Contains(t, text, `"state": "cut off"`)
	require.Contains(t, text, `"node": "node-a"`)
	require.NotContains(t, text, "node-c")

	// A case whose members were changed.
	changed := bytes.Replace(plain, members["c.tar.zst.age"], sealTo(t, bundleOf(t, "node-c"), id), 1)
	found := verify(t, changed, bundle.Options{Identities: []age.Identity{id}})
	require.Equal(t, []string{"altered c.tar.zst.age"}, kinds(found[0]))
}

func requireNode(t *testing.T, all []got, node string) {
	t.Helper()
	require.GreaterOrEqual(t, len(all), len(fewPieces()))
	require.Equal(t, node, all[0].Node)
	require.Equal(t, fewPieces()[0].text, all[0].text)
}

func TestMergeRefuses(t *testing.T) {
	dir := t.TempDir()
	a := save(t, dir, "a.tar.zst", bundleOf(t, "node-a"))
	again := save(t, dir, "again.tar.gz", gz(t, repackTar(t, unpack(t, bundleOf(t, "node-a")))))
	members := unpack(t, bundleOf(t, "node-b"))
	members[1].data = []byte("[    1.000000] hellO\n")
	altered := save(t, dir, "altered.tar.zst", repack(t, members))
	loose := save(t, dir, "loose.tar", tarOf(t, file{"dmesg.txt", dmesgText}))
	caseFile := save(t, dir, "case.tar", tarOf(t, file{"a.tar.zst", string(bundleOf(t, "node-e"))}))
	for _, c := range []struct {
		path string
		want error
		says string
	}{
		{again, bundle.ErrDuplicate, "are both of node node-a, collected 2026-03-02T10:11:12"},
		{altered, bundle.ErrDiffers, "altered node/dmesg.txt"},
		{loose, bundle.ErrNoBundle, "without a manifest.json"},
		{caseFile, bundle.ErrNoBundle, "several bundles"},
		{dir, bundle.ErrNoBundle, "no regular file"},
		{filepath.Join(dir, "none"), bundle.ErrNoBundle, "no such file"},
	} {
		_, err := bundle.PlanMerge([]string{a, c.path}, bundle.MergeOptions{})
		require.ErrorIs(t, err, c.want, c.path)
		require.ErrorContains(t, err, c.says)
	}
	m, err := bundle.PlanMerge([]string{a, altered}, bundle.MergeOptions{AllowDifferences: true})
	require.NoError(t, err)
	require.Equal(t, bundle.CaseDiffers, m.Manifest.Bundles[1].State)

	// What changed since it was verified does not go unnoticed.
	require.NoError(t, os.WriteFile(altered, bytes.Repeat([]byte("x"), int(m.Manifest.Bundles[1].Bytes)), 0o600))
	require.ErrorContains(t, m.Write(io.Discard, "tar"), "changed while it was read")
	require.Error(t, m.Write(io.Discard, "zip"), fmt.Sprint(m))
}
