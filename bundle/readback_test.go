package bundle_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func TestReadBack(t *testing.T) {
	big := strings.Repeat("a line of a log\n", 10_000) // several members
	for _, container := range []string{"tar.zst", "tar.gz"} {
		var file bytes.Buffer
		write(t, &file, "node-a", bundle.WriterOptions{Container: container, FrameSize: 64 << 10, PartSize: 16 << 10}, append(fewPieces(), ok("node/syslog", "node/syslog", big)), true)
		text, ended, members := map[string]string{}, []string{}, 0
		require.NoError(t, bundle.ReadBack(bytes.NewReader(file.Bytes()), func(p bundle.Part) error {
			body, err := io.ReadAll(p.Body)
			text[p.Artifact] += string(body)
			members++
			if p.Last {
				ended = append(ended, p.Artifact)
			}
			if p.Artifact == "node/ipvsadm" {
				require.Contains(t, p.Words, "ipvsadm: not found")
			}
			return err
		}), container)
		require.Equal(t, []string{"node/dmesg", "node/ipvsadm", "node/journal", "node/conntrack-stats", "cluster/pods", "node/syslog"}, ended)
		require.True(t, text["node/syslog"] == big, "parts follow each other")
		require.Greater(t, members, len(ended)+2)
		require.Contains(t, text[""], `"hash"`, "the index")

		cut := file.Bytes()[:file.Len()*2/3]
		require.Error(t, bundle.ReadBack(bytes.NewReader(cut), func(p bundle.Part) error {
			_, err := io.Copy(io.Discard, p.Body)
			return err
		}), container)
	}
	var open bytes.Buffer
	write(t, &open, "node-a", bundle.WriterOptions{}, fewPieces(), false)
	require.Error(t, bundle.ReadBack(&open, func(bundle.Part) error { return nil }))
}
