//go:build linux

package collect

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
	"coldcase/pseudonym"
)

func TestCountersAreTakenTwice(t *testing.T) {
	root := fakeNode(t, map[string]string{"/proc/vmstat": "pgfault 1\n", "/proc/meminfo": "MemTotal: 1 kB\n", "/proc/buddyinfo": "Node 0\n"})
	o := Options{Node: "n", Root: root, NoCluster: true, Interval: 300 * time.Millisecond, Only: []string{"vmstat", "meminfo", "buddyinfo"}}
	o.Progress = func(e Event) {
		if e.Path == "node/vmstat.txt" {
			require.NoError(t, os.WriteFile(filepath.Join(root, "/proc/vmstat"), []byte("pgfault 9\n"), 0o644))
		}
	}
	g, summary := collectInto(t, context.Background(), o)
	first, again := g.entries["node/vmstat.txt"], g.entries["node/vmstat.second.txt"]
	require.Equal(t, "pgfault 1\n", g.text["node/vmstat.txt"])
	require.Equal(t, "pgfault 9\n", g.text["node/vmstat.second.txt"])
	require.Equal(t, "node/vmstat/second", again.Artifact)
	require.GreaterOrEqual(t, again.Started.Sub(first.Started), 300*time.Millisecond)
	require.Contains(t, g.entries, "node/buddyinfo.second.txt")
	require.NotContains(t, g.entries, "node/meminfo.second.txt", "no counter")
	require.NotContains(t, g.entries, "node/nstat.second.txt", "not wanted")
	require.False(t, summary.Aborted)

	o.Only = []string{"meminfo"}
	o.Interval = time.Hour
	began := time.Now()
	collectInto(t, context.Background(), o)
	require.Less(t, time.Since(began), 5*time.Second, "nobody waits when no counter is wanted")
}

func TestSettingsAreMasked(t *testing.T) {
	secret := "c2VjcmV0LXZhbHVl"
	for name, text := range map[string]string{
		"json":        `{"name": "x", "etcd_key_file": "/etc/key", "k8s_auth_token": "` + secret + `"}`,
		"json pretty": "{\n  \"client-key-data\": \"" + secret + "\",\n  \"mtu\": 1440\n}",
		"toml":        "[plugins.registry.auth]\n  password = \"" + secret + "\"\n  auth = '" + secret + "'\n",
		"toml list":   "tokens = [\"" + secret + "\"]\n",
	} {
		var out bytes.Buffer
		require.NoError(t, maskSettings(&out, []byte(text)), name)
		require.NotContains(t, out.String(), secret, name)
		require.Contains(t, out.String(), masked, name)
	}
	var out bytes.Buffer
	plain := "{\"etcd_key_file\": \"/etc/key\", \"mtu\": 1440}\n[plugins]\n  config_path = \"/etc/containerd/certs.d\"\n  SystemdCgroup = true\n"
	require.NoError(t, maskSettings(&out, []byte(plain)))
	require.Equal(t, plain, out.String())
	require.Error(t, maskSettings(&out, []byte("-----BEGIN RSA PRIVATE KEY-----\nx\n")))
}

func TestManifestsAreMaskedInAnyStyle(t *testing.T) {
	for name, text := range map[string]string{
		"block": "spec:\n  containers:\n  - name: etcd\n    # - {name: OLD, value: geheim}\n    env:\n    - name: A\n      value: geheim\n    - name: B\n      value: |\n        geheim\n        geheim\n",
		"flow":  "spec: {containers: [{name: etcd, env: [{name: A, value: geheim}]}]}\n",
		"json":  `{"spec": {"containers": [{"name": "etcd", "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "X", "value": "geheim"}]}}}]}}`,
		"two":   "kind: Secret\ndata: {a: geheim}\n---\nkind: Pod\nspec: {containers: [{name: etcd}]}\n",
	} {
		var out bytes.Buffer
		require.NoError(t, maskManifest(&out, []byte(text)), name)
		require.NotContains(t, out.String(), "geheim", name)
		require.Contains(t, out.String(), "etcd", name)
	}
	var out bytes.Buffer
	require.Error(t, maskManifest(&out, []byte("a: [geheim")))
}

func TestSettingsOfANode(t *testing.T) {
	root := fakeNode(t, map[string]string{
		"/etc/cni/net.d/10-calico.conflist":           `{"name": "k8s-pod-network", "plugins": [{"type": "calico", "kubernetes": {"kubeconfig": "/etc/cni/net.d/calico-kubeconfig"}, "k8s_api_token": "geheim"}]}`,
		"/etc/cni/net.d/calico-kubeconfig":            "users: [{user: {token: geheim}}]",
		"/etc/kubernetes/manifests/etcd.yaml":         "kind: Pod\nspec: {containers: [{name: etcd, env: [{name: P, value: geheim}]}]}\n",
		"/etc/kubernetes/manifests/broken.yaml":       "kind: Pod\nenv: [geheim",
		"/etc/containerd/config.toml":                 "version = 2\n[x.auth]\npassword = \"geheim\"\n",
		"/sys/fs/pstore/dmesg-efi-1":                  "Panic#1\n<4>[  1.0] Kernel panic - not syncing\n",
		"/sys/fs/cgroup/kubepods.slice/a/x":           "1",
		"/sys/fs/cgroup/kubepods.slice/a/pids.events": "max 7\n",
		"/etc/iproute2/rt_tables":                     "255\tlocal\n",
	})
	g, _ := collectInto(t, context.Background(), Options{Node: "n", Root: root, NoCluster: true, Only: []string{"cni-config", "static-pods", "runtime-config", "pstore", "cgroup-events", "rt-tables"}})
	require.NotContains(t, fmt.Sprint(g.text), "geheim")
	require.Contains(t, g.text["node/cni-config.txt"], "==> /etc/cni/net.d/10-calico.conflist <==\n{\"name\": \"k8s-pod-network\"")
	require.Contains(t, g.text["node/static-pods.txt"], "name: etcd")
	require.Contains(t, g.text["node/static-pods.txt"], `broken.yaml" was left out: it is no YAML`)
	require.Equal(t, bundle.StatusNonzeroExit, g.entries["node/static-pods.txt"].Status, "one file could not be taken")
	require.Contains(t, g.text["node/runtime-config.txt"], "version = 2")
	require.Contains(t, g.text["node/pstore/01-dmesg-efi-1"], "Kernel panic")
	require.Equal(t, "/sys/fs/cgroup/kubepods.slice/a/pids.events:max 7\n", g.text["node/cgroup-events.txt"])
	require.Equal(t, "==> /etc/iproute2/rt_tables <==\n255\tlocal\n", g.text["node/rt-tables.txt"])
}

func TestProcessesOfThisMachine(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "gone-*")
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString("12345")
	require.NoError(t, err)
	require.NoError(t, os.Remove(f.Name()))
	g, _ := collectInto(t, context.Background(), Options{Node: "n", NoCluster: true, Only: []string{"deleted-files", "ps", "stacks", "cpu-samples", "clock", "packages"}})
	require.Regexp(t, fmt.Sprintf(`(?m)^%d \S+ %d 5 \d+:\d+:\d+ %s$`, os.Getpid(), f.Fd(), f.Name()), g.text["node/deleted-files.txt"])
	require.Regexp(t, `(?m)^\s*`+fmt.Sprint(os.Getpid())+` `, g.text["node/ps.txt"])
	require.Regexp(t, `(?m)^# \d+ of \d+ threads in uninterruptible sleep$`, g.text["node/stacks.txt"])
	require.Equal(t, 3, strings.Count(g.text["node/cpu-samples.txt"], "sample "))
	require.Regexp(t, `(?m)^cpu0 \d+ `, g.text["node/cpu-samples.txt"])
	require.Regexp(t, `(?m)^synchronised (true|false)$`, g.text["node/clock.txt"])

	var out bytes.Buffer
	k := newText(&out, Keep{})
	require.NoError(t, nativeProcesses(context.Background(), newHost(""), k))
	_, _, err = k.close()
	require.NoError(t, err)
	require.Regexp(t, fmt.Sprintf(`(?m)^\s*%d\s+%d\s+%d\s.*\[\S+\]$`, os.Getpid(), os.Getppid(), os.Getuid()), out.String())
}

func TestNameOfAProcessMayHoldAnything(t *testing.T) {
	root := fakeNode(t, map[string]string{"/proc/7/stat": "7 (a) R 1 (x) D 3 7 7 0 -1 4194560 0 0 0 0 1 2 0 0 20 0 5 0 4242 1048576 99 18446744073709551615"})
	p, ok := readStat(newHost(root), "/proc/7")
	require.True(t, ok)
	require.Equal(t, process{pid: 7, ppid: 3, threads: 5, comm: "a) R 1 (x", state: "D", vsize: 1048576, rss: 99, start: 4242}, p)
}

func TestEndlessProgramEndsAfterEnoughLines(t *testing.T) {
	var out bytes.Buffer
	k := newText(&out, Keep{})
	began := time.Now()
	o := someLines(context.Background(), 10*time.Second, []string{"yes", "tcp 6 ESTABLISHED"}, 5, k)
	_, _, err := k.close()
	require.NoError(t, err)
	require.Less(t, time.Since(began), 5*time.Second)
	require.Equal(t, bundle.StatusTruncated, o.status)
	require.Equal(t, strings.Repeat("tcp 6 ESTABLISHED\n", 5)+"[coldcase: what came after 5 lines was not read]\n", out.String())
}

// TestPodNetworks enters real network namespaces: of two pods, one of which fails, and of none.
func TestPodNetworks(t *testing.T) {
	if os.Geteuid() != 0 || lookProgram("ip") == "" {
		t.Skip("needs root and ip: makes a network namespace")
	}
	name := fmt.Sprintf("ccev%d", os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Skipf("needs network namespaces: %s", out)
	}
	defer func() { _ = exec.Command("ip", "netns", "del", name).Run() }()
	for _, args := range []string{"link set lo up", "addr add 10.244.7.9/32 dev lo", "route add 10.99.0.0/16 dev lo"} {
		out, err := exec.Command("ip", append([]string{"-n", name}, strings.Fields(args)...)...).CombinedOutput()
		require.NoError(t, err, "%s: %s", args, out)
	}
	cgroup := "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod%s.slice/cri-containerd-1.scope\n"
	uid, broken := "0f1e2d3c-1111-2222-3333-444455556666", "0f1e2d3c-1111-2222-3333-444455557777"
	root := fakeNode(t, map[string]string{
		"/proc/77/cgroup": fmt.Sprintf(cgroup, strings.ReplaceAll(uid, "-", "_")), "/proc/78/cgroup": "0::/kubepods/burstable/pod" + broken + "/abc\n",
		"/proc/78/ns/net": "no namespace", "/proc/1/cgroup": "0::/init.scope\n",
		"/var/log/pods/shop_web-1_" + uid + "/web/0.log": "x\n",
	})
	require.NoError(t, os.MkdirAll(filepath.Join(root, "proc/77/ns"), 0o755))
	require.NoError(t, os.Symlink("/var/run/netns/"+name, filepath.Join(root, "proc/77/ns/net")))
	own, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)

	g, _ := collectInto(t, context.Background(), Options{Node: "n", Root: root, NoCluster: true, Only: []string{"podnet"}})
	pod := g.entries["node/podnet/shop_web-1.txt"]
	require.Equal(t, bundle.StatusOK, pod.Status, pod.Error+pod.Stderr)
	require.Equal(t, "node/podnet/shop_web-1", pod.Artifact)
	text := g.text["node/podnet/shop_web-1.txt"]
	require.Contains(t, text, "$ ip -d addr show\n")
	require.Contains(t, text, "10.244.7.9/32")
	require.Contains(t, text, "10.99.0.0/16 dev lo")
	require.Contains(t, text, "==> /proc/thread-self/net/tcp <==")
	failed := g.entries["node/podnet/unknown_"+broken+".txt"]
	require.Equal(t, bundle.StatusNonzeroExit, failed.Status)
	require.Contains(t, failed.Error, "enter the network namespace")
	g, _ = collectInto(t, context.Background(), Options{Node: "n", Root: root, NoCluster: true, Native: true, Only: []string{"podnet"}})
	text = g.text["node/podnet/shop_web-1.txt"]
	require.Contains(t, text, "10.244.7.9/32", "without any program")
	require.Contains(t, text, "10.99.0.0/16 dev lo")
	requireHiddenPaths(t, root)
	after, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	require.Equal(t, own, after)
}

// requireHiddenPaths collects the pods' networks with pseudonyms: names of files tell no more than their content.
func requireHiddenPaths(t *testing.T, root string) {
	t.Helper()
	m := secretMapper(t)
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	points := Capture{Points: []string{"lo", "pod:shop/web-1"}, Seconds: 1}
	_, err = Run(context.Background(), f, Options{Node: "n", Root: root, NoCluster: true, Only: []string{"podnet", "capture"}, Capture: points, Pseudonyms: m})
	require.NoError(t, err)
	g := readBack(t, file)
	pod := m.Name(pseudonym.Namespace, "shop") + "_" + m.Name(pseudonym.Pod, "web-1")
	require.Equal(t, bundle.StatusOK, g.entries["node/podnet/"+pod+".txt"].Status)
	require.Equal(t, "node/podnet/"+pod, g.entries["node/podnet/"+pod+".txt"].Artifact)
	require.Contains(t, g.entries, "capture/pod_"+pod+".pcapng")
	for path, e := range g.entries {
		require.NotContains(t, fmt.Sprint(path, e), "web-1")
		require.NotContains(t, fmt.Sprint(path, e), "shop")
		require.NotContains(t, g.text[path], "10.244.7.9", path)
	}
	leaks, err := FindLeaks(file, m, true)
	require.NoError(t, err)
	require.Empty(t, leaks)
	m.Learn(pseudonym.Pod, "sockstat") // as if it were the name of a pod, overlooked in the text
	leaks, err = FindLeaks(file, m, true)
	require.NoError(t, err)
	require.Contains(t, leaks, Leak{"node/podnet/" + pod + ".txt", []string{"sockstat"}})
}
