package bundle_test

import (
	"bytes"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// FuzzVerify: a verification never panics, and calls nothing whole that it did not compare with an index.
func FuzzVerify(f *testing.F) {
	var b bytes.Buffer
	write(f, &b, "node-a", bundle.WriterOptions{PartSize: 512}, fewPieces(), true)
	f.Add(repackTar(f, unpack(f, b.Bytes())))
	f.Add(b.Bytes())
	f.Add(tarOf(f, file{"case.json", `{"formatVersion":1,"bundles":[{"path":"a.tar.zst","sha256":"x"}]}`}, file{"a.tar.zst", b.String()}))
	f.Fuzz(func(t *testing.T, data []byte) { requireHonest(t, data) })
}

// requireHonest verifies hostile bytes.
func requireHonest(t *testing.T, data []byte) {
	t.Helper()
	all, err := bundle.Verify([]string{"-"}, bundle.Options{Stdin: bytes.NewReader(data), Limits: bundle.Limits{
		Entries: 1000, EntrySize: 1 << 20, Total: 8 << 20, Ratio: 100, Nesting: 1, NameLen: 256}})
	require.NoError(t, err)
	for _, v := range all {
		require.False(t, v.Whole() && !v.Case && v.Fingerprint == "", "whole without an index: %+v", v)
	}
}

// TestVerifyNoise damages a bundle at random places.
func TestVerifyNoise(t *testing.T) {
	var b bytes.Buffer
	write(t, &b, "node-a", bundle.WriterOptions{PartSize: 512}, fewPieces(), true)
	plain := repackTar(t, unpack(t, b.Bytes()))
	rng := rand.New(rand.NewSource(1))
	for range 300 {
		data := bytes.Clone(plain)
		for range 1 + rng.Intn(4) {
			data[rng.Intn(len(data))] ^= byte(1 + rng.Intn(255))
		}
		requireHonest(t, data)
	}
}
