//go:build linux

package collect

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
	"coldcase/journalfile"
)

// writeJournal writes a journal file of about size bytes: entries of the kubelet, each with a message of its own, and
// every second one a message that a later entry has too.
func writeJournal(t *testing.T, name string, size int64) (entries int64) {
	t.Helper()
	f, err := os.Create(name)
	require.NoError(t, err)
	w := bufio.NewWriterSize(f, mib)
	le := binary.LittleEndian
	at, now := uint64(256), uint64(time.Now().Add(-time.Hour).UnixMicro())
	head := make([]byte, 256)
	_, err = w.Write(head)
	require.NoError(t, err)
	object := func(kind byte, body []byte) uint64 {
		b := le.AppendUint64([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, uint64(16+len(body)))
		b = append(b, body...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
		_, err := w.Write(b)
		require.NoError(t, err)
		at += uint64(len(b))
		return at - uint64(len(b))
	}
	data := func(uses uint64, text string) uint64 {
		return object(1, append(le.AppendUint64(make([]byte, 40), uses), text...))
	}
	unit, host := data(1<<40, "_SYSTEMD_UNIT=kubelet.service"), data(1<<40, "_HOSTNAME=node-a")
	for at < uint64(size) {
		entries++
		message := data(1+uint64(entries%2), fmt.Sprintf("MESSAGE=%d %s", entries, strings.Repeat("Error syncing pod ", 20)))
		body := le.AppendUint64(nil, uint64(entries))
		body = le.AppendUint64(le.AppendUint64(body, now+uint64(entries)), uint64(entries))
		body = append(body, make([]byte, 24)...)
		for _, v := range []uint64{unit, host, message} {
			body = le.AppendUint64(le.AppendUint64(body, v), 0)
		}
		object(3, body)
	}
	require.NoError(t, w.Flush())
	copy(head, journalfile.Magic)
	le.PutUint64(head[88:], 256)
	le.PutUint64(head[152:], uint64(entries))
	le.PutUint64(head[192:], now+uint64(entries))
	_, err = f.WriteAt(head, 0)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return entries
}

// TestJournalFilesCostLittleMemory runs a collector of its own, so that its peak is not that of the other tests.
func TestJournalFilesCostLittleMemory(t *testing.T) {
	if root := os.Getenv(collectorOf); root != "" {
		BeModest()
		f, err := os.Create(filepath.Join(root, "b.tar.zst"))
		require.NoError(t, err)
		_, err = Run(context.Background(), f, Options{Node: "node-a", Root: root, NoCluster: true, Only: []string{"logs"}})
		require.NoError(t, err)
		require.NoError(t, f.Close())
		text, err := os.ReadFile("/proc/self/status")
		require.NoError(t, err)
		fmt.Println(regexp.MustCompile(`VmHWM:.*`).FindString(string(text)))
		return
	}
	if testing.Short() {
		t.Skip("-short: reads a huge journal")
	}
	root := t.TempDir()
	dir := filepath.Join(root, "var/log/journal", thisMachine)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	entries := writeJournal(t, filepath.Join(dir, "system.journal"), hugeSize())
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), collectorOf+"="+root)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out)
	require.NotNil(t, m, string(out))
	peak, err := strconv.Atoi(string(m[1]))
	require.NoError(t, err)
	t.Logf("peak with %d MiB of journal files: %d kB", hugeSize()/mib, peak)
	require.Less(t, peak, 64*kib, "kB at the peak")

	g := readBack(t, filepath.Join(root, "b.tar.zst"))
	for _, name := range []string{"node/journal.txt", "node/journal-kubelet.txt"} {
		e := g.entries[name]
		require.Equal(t, bundle.StatusTruncated, e.Status, e.Error)
		require.InDelta(t, 16*mib, e.BytesStored, 64*kib)
		require.True(t, strings.HasSuffix(strings.TrimSpace(g.text[name]), "Error syncing pod"))
		require.Contains(t, g.text[name], fmt.Sprintf("node-a unknown: %d Error", entries), "the newest entry is there")
	}
}
