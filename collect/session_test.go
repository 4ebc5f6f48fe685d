//go:build linux

package collect

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// gathered is a bundle, read back.
type gathered struct {
	manifest bundle.Manifest
	info     bundle.Info
	entries  map[string]bundle.IndexEntry // by path
	text     map[string]string
}

func collectInto(t *testing.T, ctx context.Context, o Options) (gathered, Summary) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.tar.zst")
	f, err := os.Create(file)
	require.NoError(t, err)
	summary, err := Run(ctx, f, o)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return readBack(t, file), summary
}

func readBack(t *testing.T, file string) gathered {
	t.Helper()
	r, err := bundle.Open([]string{file}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	g := gathered{entries: map[string]bundle.IndexEntry{}, text: map[string]string{}}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		var b strings.Builder
		_, err = io.Copy(&b, r)
		require.NoError(t, err)
		g.entries[e.Path], g.text[e.Path] = e.IndexEntry, b.String()
	}
	require.Empty(t, r.Problems())
	require.Len(t, r.Bundles(), 1)
	g.info, g.manifest = r.Bundles()[0], *r.Bundles()[0].Manifest
	return g
}

func TestThisMachineEndToEnd(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", t.TempDir())
	g, summary := collectInto(t, context.Background(), Options{Tool: "test", Node: "node-t", Timeout: time.Minute, NoCluster: true})
	require.False(t, summary.Aborted)
	require.False(t, g.info.Aborted)
	require.Equal(t, "node-t", g.manifest.Node.Name)
	require.NotEmpty(t, g.manifest.Node.Kernel)
	require.NotEmpty(t, g.manifest.Node.BootID)
	require.WithinDuration(t, time.Now(), g.manifest.Clock.Wall, time.Minute)
	require.Positive(t, g.manifest.Clock.Monotonic)
	require.GreaterOrEqual(t, g.manifest.Clock.Uptime, g.manifest.Clock.Monotonic-time.Second)
	require.Len(t, g.entries, len(summary.Entries))
	for path, e := range g.entries {
		_, known := bundle.LookupArtifact(e.Artifact)
		require.True(t, known, "%s is no artifact of the table", e.Artifact)
		_, err := bundle.ParseStatus(string(e.Status))
		require.NoError(t, err, path)
		require.False(t, e.Started.IsZero() || e.Ended.IsZero(), path)
		require.Equal(t, e.Status == bundle.StatusOK, e.Error == "", "%s: %s %q", path, e.Status, e.Error)
		if e.Status.Empty() {
			require.Empty(t, g.text[path], path)
		}
	}
	require.Equal(t, bundle.StatusOK, g.entries["node/meminfo.txt"].Status)
	require.Contains(t, g.text["node/meminfo.txt"], "MemTotal:")
	require.Equal(t, bundle.StatusSkipped, g.entries["cluster/pods.yaml"].Status)
}

func TestEveryNodeArtifactOfTheTableIsGathered(t *testing.T) {
	// Only other collectors and people make these: a listing, screens of programs that few nodes have, what kubeadm said once, and what a service
	// would have to be started for.
	foreign := []string{"node/atop", "node/iotop", "node/iptables-list", "node/kubeadm", "node/stap-signals", "node/timedatectl"}
	var mine []string
	for _, a := range Artifacts() {
		mine = append(mine, a.Name)
		known, ok := bundle.LookupArtifact(a.Name)
		require.True(t, ok, a.Name)
		require.Equal(t, a.Name, known.Name)
		require.Contains(t, groupOrder, a.Group, a.Name)
		require.NotEmpty(t, a.Privacy, a.Name)
		require.NotEmpty(t, a.what(), a.Name)
	}
	for _, a := range bundle.Artifacts() {
		if strings.HasPrefix(a.Name, "node/") && !slices.Contains(foreign, a.Name) {
			require.Contains(t, mine, a.Name)
		}
	}
}

func TestNoCommandOfThePlanFetchesSecrets(t *testing.T) {
	for _, item := range Plan() {
		for _, what := range item.What {
			require.NotContains(t, strings.ToLower(what), "secret", item.Artifact)
			require.NotRegexp(t, `get (all|[a-z]*,)`, what, item.Artifact)
		}
	}
}

// fakeNode is a directory that stands for a node's "/".
func fakeNode(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	return root
}

func TestContainerLogs(t *testing.T) {
	pod := "/var/log/pods/shop_web-1_8a2b/web/"
	root := fakeNode(t, map[string]string{
		pod + "0.log": "oldest\n", pod + "1.log": "older\n", pod + "2.log": "2026-11-21T01:00:00.1Z stderr F token is " + jwt + "\n",
		pod + "2.log.20261120.gz": "rotated", "/etc/shadow.log": "root:hash\n",
		"/var/log/pods/kube-system_kube-proxy-x_1/kube-proxy/0.log": "proxy\n",
		"/var/log/messages": "syslog line\n",
	})
	require.NoError(t, os.MkdirAll(filepath.Join(root, "/var/log/pods/evil_p_1/c"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join(root, "/etc/shadow.log"), filepath.Join(root, "/var/log/pods/evil_p_1/c/0.log")))
	g, _ := collectInto(t, context.Background(), Options{Node: "n", Root: root, Only: []string{"containers", "kube-proxy-log", "syslog"}, NoCluster: true})

	at := "node/containers/shop_web-1_8a2b/web/"
	require.Equal(t, "2026-11-21T01:00:00.1Z stderr F token is [redacted]\n", g.text[at+"2.log"])
	require.Equal(t, "older\n", g.text[at+"1.log"])
	require.NotContains(t, g.entries, at+"0.log", "only the last two runs")
	require.Equal(t, "node/container-log/shop_web-1_8a2b/web/2.log", g.entries[at+"2.log"].Artifact)
	require.Equal(t, "proxy\n", g.text["node/kube-proxy.log"])
	require.Equal(t, "syslog line\n", g.text["node/syslog/messages.log"])
	for path, text := range g.text {
		require.NotContains(t, text, "root:hash", "%s followed a link out of the log directory", path)
	}
}

func TestKubeletCommandLineAndConfig(t *testing.T) {
	root := fakeNode(t, map[string]string{
		"/proc/77/comm": "kubelet\n", "/proc/77/cmdline": "/usr/bin/kubelet\x00--config=/opt/kubelet.yaml\x00--hostname-override\x00node-k\x00--token=abcdef0123\x00",
		"/opt/kubelet.yaml": "kind: KubeletConfiguration\n",
	})
	t.Setenv("NODE_NAME", "")
	g, _ := collectInto(t, context.Background(), Options{Root: root, Only: []string{"kubelet"}, NoCluster: true})
	require.Equal(t, "node-k", g.manifest.Node.Name)
	require.Equal(t, "/usr/bin/kubelet --config=/opt/kubelet.yaml --hostname-override node-k --token=[redacted]\n", g.text["node/kubelet-cmdline.txt"])
	require.Equal(t, "kind: KubeletConfiguration\n", g.text["node/kubelet-config.yaml"])
	require.Equal(t, bundle.StatusUnsupported, g.entries["node/kubelet.log"].Status)
}

func TestBundleOfTheClusterSaysNothingOfThisMachine(t *testing.T) {
	g, summary := collectInto(t, context.Background(), Options{NoNode: true, NoCluster: true})
	require.Equal(t, bundle.NodeID{}, g.manifest.Node)
	require.Zero(t, g.manifest.Clock.Monotonic)
	for _, e := range summary.Entries {
		require.True(t, strings.HasPrefix(e.Artifact, "cluster/"), e.Artifact)
	}
	require.NotEmpty(t, summary.Entries)
}

func TestStoppedCollectionIsAWholeArchive(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	count := 0
	o := Options{Node: "n", NoCluster: true, Progress: func(Event) {
		if count++; count == 3 {
			cancel()
			time.Sleep(50 * time.Millisecond)
		}
	}}
	g, summary := collectInto(t, ctx, o)
	require.True(t, summary.Aborted)
	require.True(t, g.info.Aborted)
	require.Equal(t, bundle.StatusOK, summary.Entries[0].Status)
	last := summary.Entries[len(summary.Entries)-1]
	require.Equal(t, bundle.StatusSkipped, last.Status)
	require.Contains(t, last.Error, "stopped")
}

func TestTotalTimeEndsACollection(t *testing.T) {
	root := fakeNode(t, map[string]string{"/proc/meminfo": "MemTotal: 1 kB\n"})
	began := time.Now()
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	o := Options{Node: "n", Root: root, NoCluster: true, Timeout: time.Second, Only: []string{"memory", "capture"}, Capture: Capture{Points: []string{"lo"}, Seconds: 30}}
	summary, err := Run(context.Background(), f, o)
	require.NoError(t, err)
	require.Less(t, time.Since(began), 3*time.Second)
	require.True(t, summary.Aborted)
	g := readBack(t, file)
	require.Equal(t, "MemTotal: 1 kB\n", g.text["node/meminfo.txt"])
}

func TestSizeLimitCutsAndLeavesTheRestOut(t *testing.T) {
	root := fakeNode(t, map[string]string{"/proc/buddyinfo": strings.Repeat("Node 0\n", 100), "/proc/meminfo": "MemTotal: 1 kB\n", "/proc/pagetypeinfo": strings.Repeat("0123456\n", 2*kib)})
	g, _ := collectInto(t, context.Background(), Options{Node: "n", Root: root, NoCluster: true, Budget: 8 * kib, Only: []string{"memory"}})
	require.Equal(t, bundle.StatusOK, g.entries["node/buddyinfo.txt"].Status)
	require.Equal(t, bundle.StatusOK, g.entries["node/meminfo.txt"].Status)
	cut := g.entries["node/pagetypeinfo.txt"]
	require.Equal(t, bundle.StatusTruncated, cut.Status)
	require.NotEmpty(t, cut.Truncation)
	require.Less(t, cut.BytesStored, int64(8*kib))
	require.Equal(t, bundle.StatusBudget, g.entries["node/vmstat.txt"].Status)
	require.Contains(t, g.entries["node/vmstat.txt"].Error, "size limit")
}

func TestGroupThatIsFullLeavesRoomForOthers(t *testing.T) {
	b := newBudget(DefaultBudget, nil)
	journal := Artifact{Group: "logs", Keep: logKeep}
	b.spend(journal, groupBudgets["logs"]-mib)
	require.Equal(t, Keep{Tail: mib}, b.cut(journal), "a log keeps its newest part")
	b.spend(journal, mib)
	require.Contains(t, b.refuses(journal), "the group logs has reached its size limit")
	require.Empty(t, b.refuses(Artifact{Group: "memory"}))
	require.Equal(t, Keep{Head: 4 * mib, Tail: 4 * mib}, b.cut(Artifact{Group: "memory"}))
	for group := range groupOrder {
		require.Positive(t, groupBudgets[group], group)
	}
}

func TestGroupsGetTheLimitsThatAreAskedFor(t *testing.T) {
	root := fakeNode(t, map[string]string{"/proc/pagetypeinfo": strings.Repeat("0123456\n", 4*kib), "/proc/mounts": strings.Repeat("0123456\n", 4*kib), "/proc/1/mounts": strings.Repeat("0123456\n", 4*kib)})
	o := Options{Node: "n", Root: root, NoCluster: true, GroupBudgets: map[string]int64{"memory": 16 * kib}, Only: []string{"pagetypeinfo", "vmstat", "mounts"}}
	g, _ := collectInto(t, context.Background(), o)
	require.Equal(t, bundle.StatusTruncated, g.entries["node/pagetypeinfo.txt"].Status)
	require.LessOrEqual(t, g.entries["node/pagetypeinfo.txt"].BytesStored, int64(17*kib))
	require.Contains(t, g.entries["node/vmstat.txt"].Error, "the group memory has reached its size limit of 16384 bytes")
	require.Equal(t, bundle.StatusOK, g.entries["node/mounts.txt"].Status, "another group")
}

func TestHungFileCostsItsOwnTimeOnly(t *testing.T) {
	root := fakeNode(t, map[string]string{"/proc/meminfo": "MemTotal: 1 kB\n"})
	require.NoError(t, syscall.Mkfifo(filepath.Join(root, "/proc/buddyinfo"), 0o600))
	began := time.Now()
	g, _ := collectInto(t, context.Background(), Options{Node: "n", Root: root, NoCluster: true, Timeout: 20 * time.Second, Only: []string{"memory"}})
	require.Less(t, time.Since(began), 13*time.Second)
	require.Equal(t, bundle.StatusTimeout, g.entries["node/buddyinfo.txt"].Status)
	require.Equal(t, bundle.StatusOK, g.entries["node/meminfo.txt"].Status)
}

type brokenDisk struct{ left int }

func (d *brokenDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestFullDiskIsAnError(t *testing.T) {
	_, err := Run(context.Background(), &brokenDisk{left: 4 * kib}, Options{Node: "n", NoCluster: true})
	require.ErrorContains(t, err, "no space left on device")
}

func TestNamesOfOthersCannotBreakTheArchive(t *testing.T) {
	for _, name := range []string{"a\nb", "a\\b", "a~", "x\xff", strings.Repeat("n", 600)} {
		clean := cleanName("node/containers/" + name)
		w, err := bundle.NewWriter(io.Discard, bundle.Manifest{}, bundle.WriterOptions{})
		require.NoError(t, err)
		_, err = w.Begin(bundle.IndexEntry{Artifact: "node/container-log", Path: clean})
		require.NoError(t, err, "%q", clean)
	}
}
