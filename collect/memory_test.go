//go:build linux

package collect

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

// hugeJournal prints lines of a journal, as fast as a pipe takes them.
const hugeJournal = `#!/bin/sh
yes '2026-11-21T02:03:04.567890+0000 node-a kubelet[812]: E1121 02:03:04.567890     812 pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \"StartContainer\" for \"web\" with CrashLoopBackOff"' | head -c %d
`

// hugeSize is enough to be far beyond what may be held. COLDCASE_TEST_LONG asks for 2 GiB, which takes 20 seconds.
func hugeSize() int64 {
	if os.Getenv("COLDCASE_TEST_LONG") != "" {
		return 2048 * mib
	}
	return 256 * mib
}

const collectorOf = "COLDCASE_TEST_COLLECTOR"

// TestHugeJournalCostsLittleMemory runs a collector of its own, so that its peak is not that of the other tests.
func TestHugeJournalCostsLittleMemory(t *testing.T) {
	if dir := os.Getenv(collectorOf); dir != "" {
		collectHugeJournal(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("-short: reads a huge journal")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "journalctl"), fmt.Appendf(nil, hugeJournal, hugeSize()), 0o755))
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), collectorOf+"="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out)
	require.NotNil(t, m, string(out))
	peak, err := strconv.Atoi(string(m[1]))
	require.NoError(t, err)
	t.Logf("peak of %d MiB of journal: %d kB", hugeSize()/mib, peak)
	require.Less(t, peak, 64*kib, "kB at the peak")
	require.Contains(t, string(out), "nice 19 19")

	g := readBack(t, filepath.Join(dir, "b.tar.zst"))
	e := g.entries["node/journal.txt"]
	require.Equal(t, bundle.StatusTruncated, e.Status, e.Error)
	require.Equal(t, hugeSize(), e.BytesSeen)
	require.Regexp(t, `^oldest \d+ bytes, \d+ lines$`, e.Truncation)
	require.InDelta(t, 16*mib, e.BytesStored, 64*kib)
}

func collectHugeJournal(t *testing.T, dir string) {
	BeModest()
	f, err := os.Create(filepath.Join(dir, "b.tar.zst"))
	require.NoError(t, err)
	w, err := bundle.NewWriter(f, bundle.Manifest{Node: bundle.NodeID{Name: "n"}, Clock: bundle.Clock{Wall: time.Now()}}, bundle.WriterOptions{})
	require.NoError(t, err)
	s := &session{w: w, host: newHost(dir), budget: newBudget(DefaultBudget, nil)}
	s.simple(context.Background(), Artifact{
		Name: "node/journal", Path: "node/journal.txt", Group: "logs", Timeout: 10 * time.Minute, Keep: Keep{Tail: 16 * mib},
		Argv: [][]string{{filepath.Join(dir, "journalctl")}},
	})
	require.NoError(t, s.fatal)
	require.NoError(t, w.Close(time.Now(), false))
	require.NoError(t, f.Close())
	text, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	fmt.Println(regexp.MustCompile(`VmHWM:.*`).FindString(string(text)))
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	require.NoError(t, err)
	child, err := exec.Command("nice").Output()
	require.NoError(t, err)
	fmt.Println("nice", 20-own, string(child))
}
