//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
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

// TestProgramIsSmall keeps what is copied to a sick node below 8 MiB, built as the Makefile builds it.
func TestProgramIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: links the program twice")
	}
	for _, arch := range []string{"amd64", "arm64"} {
		file := filepath.Join(t.TempDir(), arch)
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
		out, err := build.CombinedOutput()
		require.NoError(t, err, string(out))
		info, err := os.Stat(file)
		require.NoError(t, err)
		t.Logf("%s: %d bytes", arch, info.Size())
		require.Less(t, info.Size(), int64(8<<20), arch)
	}
}
