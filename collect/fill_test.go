//go:build linux

package collect

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func TestFillReachesTheNextChunk(t *testing.T) {
	var out bytes.Buffer
	o := Options{Node: "node-t", NoCluster: true, Only: []string{"memory", "uname"}, Chunk: bundle.ChunkSize}
	_, err := Run(context.Background(), &out, o)
	require.NoError(t, err)
	r, err := bundle.Open([]string{"-"}, bundle.Options{Stdin: bytes.NewReader(out.Bytes()[:out.Len()/bundle.ChunkSize*bundle.ChunkSize])})
	require.NoError(t, err)
	names := map[string]bool{}
	for {
		e, err := r.Next()
		if err == io.EOF {
			break
		}
		names[e.Path] = true
	}
	require.True(t, names["node/meminfo.txt"], names)
	require.NoError(t, r.Close())
}
