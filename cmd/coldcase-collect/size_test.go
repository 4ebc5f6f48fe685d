//go:build linux

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSizesOfTheCommandLine(t *testing.T) {
	for text, want := range map[string]int64{"200M": 200 << 20, "1G": 1 << 30, "65536": 65536, "64k": 64 << 10, "3GiB": 3 << 30, "5MB": 5 << 20} {
		var b byteSize
		require.NoError(t, b.Set(text), text)
		require.Equal(t, want, int64(b), text)
	}
	for _, text := range []string{"", "M", "-1G", "1K", "0", "ten", "1.5G", "9223372036854775807G"} {
		var b byteSize
		require.Error(t, b.Set(text), text)
	}
	b := byteSize(1 << 30)
	require.Equal(t, "1G", b.String())
}
