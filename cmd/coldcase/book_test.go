package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBook keeps docs/signatures true; make docs writes it.
func TestBook(t *testing.T) {
	const dir = "../../docs/signatures"
	sigs, err := loadSignatures(nil, nil)
	require.NoError(t, err)
	pages, err := book(sigs)
	require.NoError(t, err)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, len(pages), "docs/signatures has other pages: make docs")
	for name, text := range pages {
		have, err := os.ReadFile(filepath.Join(dir, name))
		require.NoErrorf(t, err, "make docs")
		require.Truef(t, string(text) == string(have), "%s is not what the signature says: make docs", name)
	}
}
