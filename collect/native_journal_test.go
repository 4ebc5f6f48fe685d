//go:build linux

package collect

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// journalNode is a node with two journal files that systemd-journal-remote 252 wrote (fixtures/lab/journal.sh): a
// rotated one and the current one. Their entries are of 1 March 2026, and of three boots.
func journalNode(t *testing.T) (root, dir string) {
	t.Helper()
	root = t.TempDir()
	dir = filepath.Join(root, "/var/log/journal", thisMachine)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "etc"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "/etc/machine-id"), []byte(thisMachine+"\n"), 0o600))
	unpack(t, "testdata/node-old.journal.zst", filepath.Join(dir, "system@0.journal"))
	unpack(t, "testdata/node-new.journal.zst", filepath.Join(dir, "system.journal"))
	return root, dir
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	packed, err := os.ReadFile(from)
	require.NoError(t, err)
	dec, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer dec.Close()
	plain, err := dec.DecodeAll(packed, nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, plain, 0o600))
}

// queries are the artifacts of the journal, without the limit of three days.
var queries = map[string]journalQuery{
	"all": {}, "kernel": {kernel: true}, "previous": {kernel: true, previous: true},
	"kubelet": {units: []string{"kubelet", "k3s"}}, "runtime": {units: []string{"containerd", "docker"}},
}

// printed is what a query's native form of a node's journal is, as it comes and with no limit of time.
func printed(t *testing.T, root string, q journalQuery) (string, error) {
	t.Helper()
	var out strings.Builder
	k := newText(&out, Keep{Tail: mib})
	k.chain, k.lines = k.cut, nil // not redacted
	err := q.print(t.Context(), newHost(root), time.Time{}, k)
	_, _, cerr := k.close()
	require.NoError(t, cerr)
	return out.String(), err
}

// TestJournalAsJournalctl compares each line of each artifact with what journalctl prints of the same files.
func TestJournalAsJournalctl(t *testing.T) {
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Skip("needs journalctl: apt-get install systemd")
	}
	root, dir := journalNode(t)
	for name, q := range queries {
		want := journalctl(t, q, dir)
		got, err := printed(t, root, q)
		require.NoError(t, err)
		require.NotEmpty(t, got, name)
		require.Equal(t, want, got, name)
	}
	// other forms of files, and what cannot be printed
	blob := regexp.MustCompile(`\[\d+B blob data\]`)
	for _, form := range []string{"compact-zstd", "regular-lz4", "regular-xz", "regular-plain", "sealed"} {
		require.NoError(t, os.Remove(filepath.Join(dir, "system@0.journal")))
		unpack(t, "../journalfile/testdata/"+form+".journal.zst", filepath.Join(dir, "system.journal"))
		want := journalctl(t, journalQuery{}, dir)
		require.Regexp(t, blob, want)
		got, err := printed(t, root, journalQuery{})
		require.NoError(t, err)
		require.Equal(t, blob.ReplaceAllString(want, `colour red and a byte \xff`), got, form)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "system@0.journal"), nil, 0o600))
	}
}

func journalctl(t *testing.T, q journalQuery, dir string) string {
	t.Helper()
	args := q.args()[1:]
	for i, arg := range args {
		if arg == "--since" {
			args[i+1] = "2026-01-01"
		}
	}
	args = append(args, "--file", filepath.Join(dir, "system*.journal"))
	out, err := exec.CommandContext(t.Context(), "journalctl", args...).Output()
	require.NoError(t, err)
	return string(out)
}

func TestJournalIsRedacted(t *testing.T) {
	root, _ := journalNode(t)
	g, _ := collectInto(t, context.Background(), Options{Node: "node-a", Root: root, NoCluster: true, Only: []string{"logs"}})
	e := g.entries["node/journal-kernel-previous.txt"]
	require.Equal(t, bundle.StatusOK, e.Status, e.Error)
	require.Equal(t, "native", e.Producer)
	require.Equal(t, "2026-03-01T12:01:40.000417+0000 node-a kernel: Linux version 6.1.0-28-amd64, second boot\n"+
		"2026-03-01T12:01:50.000417+0000 node-a kernel: Kernel panic - not syncing: Fatal exception in interrupt\n", g.text["node/journal-kernel-previous.txt"])
	require.Equal(t, bundle.StatusOK, g.entries["node/journal.txt"].Status)
	for path := range g.entries {
		require.NotContains(t, path, "journal-file", "files are copied only when that is asked for")
	}

	var out strings.Builder
	k := newText(&out, Keep{Tail: mib})
	require.NoError(t, journalQuery{}.print(t.Context(), newHost(root), time.Time{}, k))
	_, _, err := k.close()
	require.NoError(t, err)
	require.Contains(t, out.String(), "kubelet[812]: Authorization: Bearer [redacted]\n")
	require.Contains(t, out.String(), "kubelet[812]: token [redacted] seen\n")
	require.Regexp(t, `setup\[812\]: writing\n +\[redacted\]\n\n? +done\n`, out.String())
	for _, secret := range []string{"secretpart", "eyJ", "MIIE", "PRIVATE KEY"} {
		require.NotContains(t, out.String(), secret)
	}
}

func TestJournalIsPseudonymised(t *testing.T) {
	root, _ := journalNode(t)
	require.NoError(t, os.MkdirAll(filepath.Join(root, "var/log/pods", secretPod), 0o755))
	m := secretMapper(t)
	s := &session{host: newHost(root), opts: Options{Pseudonyms: m, NoCluster: true}}
	s.hideManifest(t.Context(), bundle.Manifest{Node: bundle.NodeID{Name: "node-a"}})
	var out strings.Builder
	k := newText(&out, Keep{Tail: mib})
	s.hide(k, false)
	require.NoError(t, journalQuery{}.print(t.Context(), s.host, time.Time{}, k))
	_, _, err := k.close()
	require.NoError(t, err)
	for _, name := range []string{"node-a", "10.40.1.7", "checkout-6f9d8b7c54-q9t5k", "shop"} {
		require.NotContains(t, out.String(), name)
	}
	require.Contains(t, m.Reveal(out.String()), `node-a kubelet[812]: E0301 12:03:27.000123     812 pod_workers.go:1301] "Error syncing pod" pod="shop/checkout-6f9d8b7c54-q9t5k" err="dial tcp 10.40.1.7:5432: no route"`)

	g, _ := collectInto(t, context.Background(), Options{Node: "node-a", Root: root, NoCluster: true, Only: []string{"logs"}, JournalFiles: true, Pseudonyms: secretMapper(t)})
	require.Contains(t, g.text["node/journal-kernel-previous.txt"], "Kernel panic")
	require.NotContains(t, g.text["node/journal-kernel-previous.txt"], "node-a")
	require.Equal(t, bundle.StatusSkipped, g.entries["node/journal-file/system.journal"].Status)
}

// TestJournalBoots finds the boot before the current one whatever the kernel says, over several files.
func TestJournalBoots(t *testing.T) {
	root, dir := journalNode(t)
	boot := func(id string) string {
		name := filepath.Join(root, "/proc/sys/kernel/random")
		require.NoError(t, os.MkdirAll(name, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(name, "boot_id"), []byte(id+"\n"), 0o644))
		text, err := printed(t, root, queries["previous"])
		require.NoError(t, err)
		return text
	}
	third := strings.Repeat("c", 32)
	require.Contains(t, boot(third[:8]+"-cccc-cccc-cccc-"+third[:12]), "panic")
	require.Contains(t, boot(strings.Repeat("d", 32)), "third boot", "journald did not start in the current one")
	require.NoError(t, os.Remove(filepath.Join(dir, "system.journal")))
	require.Contains(t, boot(strings.Repeat("b", 32)), "first boot")
	require.NotContains(t, boot(third), "first boot")

	unpack(t, "../journalfile/testdata/compact-zstd.journal.zst", filepath.Join(dir, "system@0.journal"))
	_, err := printed(t, root, journalQuery{kernel: true, previous: true})
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(filepath.Join(root, "proc")))
	_, err = printed(t, root, journalQuery{kernel: true, previous: true})
	require.ErrorIs(t, err, os.ErrNotExist, "one boot only")
}

// TestJournalThatIsDamaged: the index says what could not be read.
func TestJournalThatIsDamaged(t *testing.T) {
	root, dir := journalNode(t)
	current := filepath.Join(dir, "system.journal")
	text, err := os.ReadFile(current)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(current, text[:300], 0o600))
	q := queries["all"]
	out, err := printed(t, root, q)
	require.Contains(t, out, "first boot")
	require.Equal(t, bundle.StatusTruncated, fileOutcome(err).status)
	require.Equal(t, "system.journal: 0 of 13 entries were found", fileOutcome(err).err)

	text[12] |= 0x40
	require.NoError(t, os.WriteFile(current, text, 0o600))
	_, err = printed(t, root, q)
	require.Contains(t, fileOutcome(err).err, "it is of a later version")
	require.NoError(t, os.WriteFile(current, []byte("no journal"), 0o600))
	require.NoError(t, os.Remove(filepath.Join(dir, "system@0.journal")))
	_, err = printed(t, root, q)
	require.Equal(t, bundle.StatusNonzeroExit, fileOutcome(err).status)
	require.Contains(t, fileOutcome(err).err, "does not begin with LPKSHHRH")
	require.NoError(t, os.Remove(current))
	_, err = printed(t, root, q)
	require.Equal(t, bundle.StatusUnsupported, fileOutcome(err).status)
}

func TestNewestFiles(t *testing.T) {
	at := func(hours int, size, entries int64) journalCopy {
		f := journalCopy{size: size}
		f.info.Last, f.info.Entries = time.Unix(0, 0).Add(-time.Duration(hours)*time.Hour), entries
		return f
	}
	files := []journalCopy{at(0, 600*mib, 10), at(1, mib, 10), at(2, mib, 10)}
	for _, c := range []struct {
		after, enough int64
		skip          int
		taken, left   int
	}{
		{-10, 0, 0, 1, 2}, // the newest is read however large it is
		{-10, 0, 1, 2, 0},
		{-10, 10, 1, 1, 0},
		{-10, 11, 1, 2, 0},
		{-1, 0, 1, 1, 0},
		{0, 0, 1, 0, 0},
	} {
		taken, left := newestFiles(files[c.skip:], time.Unix(c.after*3600, 0), c.enough)
		require.Equal(t, [2]int{c.taken, c.left}, [2]int{len(taken), left}, "%+v", c)
	}
}
