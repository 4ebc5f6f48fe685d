package bundle_test

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func newIdentity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return id
}

func sealTo(t testing.TB, data []byte, ids ...*age.X25519Identity) []byte {
	t.Helper()
	var b bytes.Buffer
	var to []age.Recipient
	for _, id := range ids {
		to = append(to, id.Recipient())
	}
	w, err := age.Encrypt(&b, to...)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func bundleOf(t testing.TB, node string) []byte {
	t.Helper()
	var file bytes.Buffer
	write(t, &file, node, bundle.WriterOptions{}, fewPieces(), true)
	return file.Bytes()
}

func requireFew(t *testing.T, all []got) {
	t.Helper()
	require.Len(t, all, len(fewPieces()))
	for i, p := range fewPieces() {
		requirePiece(t, p, all[i])
	}
}

func TestSealed(t *testing.T) {
	vendor, other := newIdentity(t), newIdentity(t)
	sealed := sealTo(t, bundleOf(t, "node-a"), vendor, other)
	for _, id := range []*age.X25519Identity{vendor, other} {
		all, r := readBytes(t, sealed, bundle.Options{Identities: []age.Identity{newIdentity(t), id}})
		require.Empty(t, r.Problems())
		require.Empty(t, r.Locked())
		require.Equal(t, "tar.zst.age", r.Bundles()[0].Container)
		requireFew(t, all)
	}

	for _, c := range []struct {
		ids  []age.Identity
		what string
	}{
		{nil, "it is encrypted with age, and no identity was given"},
		{[]age.Identity{newIdentity(t)}, "it is encrypted with age, and to none of the identities that were given"},
	} {
		all, r := readBytes(t, sealed, bundle.Options{Identities: c.ids})
		require.Empty(t, all)
		require.Equal(t, []bundle.Problem{{Bundle: "-", What: c.what}}, r.Problems())
		require.Equal(t, r.Problems(), r.Locked())
	}
}

func TestSealedInOtherContainers(t *testing.T) {
	id := newIdentity(t)
	opts := bundle.Options{Identities: []age.Identity{id}}
	sealed := string(sealTo(t, bundleOf(t, "node-a"), id))

	// Inside an archive, sealed inside sealed.
	outer := tarOf(t, file{"a.tar.zst.age", sealed})
	for _, data := range [][]byte{outer, sealTo(t, outer, id)} {
		all, r := readBytes(t, data, opts)
		require.Empty(t, r.Problems())
		require.Equal(t, "tar.zst.age", r.Bundles()[1].Container)
		requireFew(t, all)
	}
	all, r := readBytes(t, outer, bundle.Options{})
	require.Empty(t, all)
	require.Equal(t, "-/a.tar.zst.age", r.Locked()[0].Bundle)
	require.Len(t, r.Problems(), 1)

	// Beside a bundle that is not sealed: that one is read.
	dir := t.TempDir()
	save(t, dir, "a.tar.zst.age", []byte(sealed))
	save(t, dir, "b.tar.zst", bundleOf(t, "node-b"))
	all, r = readFiles(t, dir)
	require.Len(t, all, len(fewPieces()))
	require.Len(t, r.Locked(), 1)

	// A zip, and a single file, which is told by its name.
	all, r = readBytes(t, sealTo(t, zipOf(t, file{"node-a/dmesg.txt", dmesgText}), id), opts)
	require.Empty(t, r.Problems())
	require.Len(t, all, 1)
	require.Equal(t, dmesgText, all[0].text)
	path := save(t, dir, "single/node-a/dmesg.txt.age", sealTo(t, []byte(dmesgText), id))
	rd, err := bundle.Open([]string{path, filepath.Join(dir, "single")}, opts)
	require.NoError(t, err)
	all = readAll(t, rd)
	require.Len(t, all, 2)
	for _, g := range all {
		require.Equal(t, dmesgText, g.text)
		require.Equal(t, "node/dmesg", g.Artifact)
		require.Equal(t, "node-a", g.Node)
		require.EqualValues(t, -1, g.Size)
	}
}

// TestSealedCut cuts an encrypted bundle everywhere: what is in whole chunks comes, and the rest is known to be lost.
func TestSealedCut(t *testing.T) {
	id := newIdentity(t)
	opts := bundle.Options{Identities: []age.Identity{id}}
	var pieces []piece
	for i := range 16 {
		pieces = append(pieces, ok("node/syslog", fmt.Sprintf("node/syslog-%02d.txt", i), noise(20_000, int64(i))))
	}
	var plain bytes.Buffer
	write(t, &plain, "node-a", bundle.WriterOptions{FrameSize: 64 << 10}, pieces, true)
	sealed := sealTo(t, plain.Bytes(), id)
	whole := len(sealed)
	require.Greater(t, whole, 3*(64<<10))
	seen := 0
	for n := 400; n < whole; n += 7919 {
		all, r := readBytes(t, sealed[:n], opts)
		what := fmt.Sprintf("cut at %d of %d", n, whole)
		requirePrefix(t, pieces, all, what)
		require.GreaterOrEqual(t, len(all), seen, what)
		seen = len(all)
		if n > 64<<10+1000 {
			require.NotEmpty(t, r.Bundles(), what)
			require.True(t, r.Bundles()[0].Aborted, what)
			require.NotEmpty(t, all, what)
			// No more than a chunk is lost.
			require.GreaterOrEqual(t, len(all), (n-(64<<10)-2000)/20_000, what)
		}
		require.Contains(t, r.Problems()[len(r.Problems())-1].What, "ends early", what)
	}
	require.Greater(t, seen, 8)
}

// noise is text that does not compress well.
func noise(n int, seed int64) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	x := uint64(seed)*2862933555777941757 + 3037000493
	b := make([]byte, n)
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		b[i] = alphabet[x>>58]
		if i%80 == 79 {
			b[i] = '\n'
		}
	}
	return string(b)
}

func TestSealedAltered(t *testing.T) {
	id := newIdentity(t)
	opts := bundle.Options{Identities: []age.Identity{id}}
	var plain bytes.Buffer
	write(t, &plain, "node-a", bundle.WriterOptions{}, []piece{ok("node/syslog", "node/a.txt", noise(90_000, 1)), ok("node/syslog", "node/b.txt", noise(90_000, 2))}, true)
	sealed := sealTo(t, plain.Bytes(), id)
	bad := bytes.Clone(sealed)
	bad[70_000] ^= 1
	all, r := readBytes(t, bad, opts)
	require.NotEmpty(t, r.Problems())
	require.Contains(t, fmt.Sprint(r.Problems()), "altered behind byte 65536")
	for _, g := range all {
		require.NotEqual(t, bundle.StatusOK, g.Status)
	}

	// A header without an end is not held in memory.
	endless := io.MultiReader(bytes.NewReader([]byte("age-encryption.org/v1\n-> X25519 ")), &repeat{left: 64 << 20})
	rd, err := bundle.Open([]string{"-"}, bundle.Options{Stdin: endless, Identities: opts.Identities})
	require.NoError(t, err)
	require.Empty(t, readAll(t, rd))
	require.Contains(t, rd.Problems()[0].What, "cannot be opened")

	// Half a header.
	_, r = readBytes(t, sealed[:100], opts)
	require.Contains(t, r.Problems()[0].What, "cannot be opened")
}

type repeat struct{ left int }

func (r *repeat) Read(b []byte) (int, error) {
	n := min(len(b), r.left)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range n {
		b[i] = 'A'
	}
	r.left -= n
	return n, nil
}

// TestSealedKilled: what was ended and filled up is there when the process is killed right after.
func TestSealedKilled(t *testing.T) {
	id := newIdentity(t)
	opts := bundle.Options{Identities: []age.Identity{id}}
	var sealed bytes.Buffer
	enc, err := age.Encrypt(&sealed, id.Recipient())
	require.NoError(t, err)
	bw, err := bundle.NewWriter(enc, manifest("node-a"), bundle.WriterOptions{})
	require.NoError(t, err)
	pieces := fewPieces()
	for i := range 3 { // so that one falls near a chunk's end
		pieces = append(pieces, ok("node/syslog", fmt.Sprintf("node/s%d", i), noise(82_000+100*i, int64(i))))
	}
	for i, p := range pieces {
		a, err := bw.Begin(bundle.IndexEntry{Artifact: p.artifact, Path: p.path, Argv: []string{"run", p.path}, Started: t0})
		require.NoError(t, err)
		_, err = io.WriteString(a, p.text)
		require.NoError(t, err)
		require.NoError(t, bw.Fill(bundle.ChunkSize)) // not while one is open
		require.NoError(t, a.End(p.final))
		require.NoError(t, bw.Fill(bundle.ChunkSize))
		size := sealed.Len()
		require.NoError(t, bw.Fill(bundle.ChunkSize))
		require.Equal(t, size, sealed.Len(), "nothing was written since")

		all, r := readBytes(t, sealed.Bytes(), opts)
		require.Len(t, all, i+1)
		for j := range all {
			requirePiece(t, pieces[j], all[j])
		}
		require.True(t, r.Bundles()[0].Aborted)
		require.Contains(t, r.Problems()[0].What, "no index")
	}
	require.NoError(t, bw.Close(t0, false))
	require.NoError(t, enc.Close())
	v := verify(t, sealed.Bytes(), opts)[0]
	require.True(t, v.Whole(), v.Differences)
	require.Equal(t, len(pieces), v.Artifacts)
}
