//go:build linux

package collect

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// Tables as crictl prints them: columns of at least 20 bytes and three spaces. 1.30 and before have no NAMESPACE in ps.
const (
	crictlPods = "POD ID              CREATED              STATE               NAME                NAMESPACE           ATTEMPT             RUNTIME\n" +
		"7c1f0a9be2d43       About a minute ago   Ready               web-1               shop-test           0                   (default)\n" +
		"2d9e4b1f7a630       2 hours ago          Ready               web-1               shop                1                   (default)\n" +
		"b80c55d1e9f27       3 hours ago          NotReady            web-1               shop                0                   (default)\n" +
		"91aa20cf3be84       2 hours ago          Ready               web-10              shop                0                   (default)\n"
	crictlPs126 = "CONTAINER           IMAGE               CREATED             STATE               NAME                ATTEMPT             POD ID              POD\n" +
		"5a01e3fd9c2b7       6e38f40d628db       2 hours ago         Running             web                 1                   2d9e4b1f7a630       web-1\n" +
		"c44b97a2d0e16       6e38f40d628db       3 hours ago         Exited              web                 0                   b80c55d1e9f27       web-1\n"
	crictlPs132 = "CONTAINER           IMAGE               CREATED             STATE               NAME                ATTEMPT             POD ID              POD                 NAMESPACE\n" +
		"5a01e3fd9c2b7       6e38f40d628db       2 hours ago         Running             web                 1                   2d9e4b1f7a630       web-1               shop\n"
)

// fakeCrictl stands for crictl: tables of the given version, a search in the way of crictl, which takes both names as
// expressions and lists the newest sandbox first, and what containerd says of a sandbox.
const fakeCrictl = `#!/bin/sh
[ "$1 $3 $4" = "--runtime-endpoint --timeout 8s" ] || { echo 'WARN[0000] runtime connect using default endpoints' >&2; exit 1; }
[ "$2" = unix:///run/containerd/containerd.sock ] || { echo 'FATA[0000] validate service connection: no such socket' >&2; exit 1; }
shift 4
dir=$(dirname "$0")
case "$1 $2" in
"pods ") cat "$dir/pods" ;;
"ps -a") cat "$dir/ps" ;;
"pods --namespace")
  [ "$4 $6 $7 $8" = "--name --state ready -q" ] || exit 1
  awk -v ns="$3" -v pod="$5" 'NR > 1 && / Ready / && $(NF-2) ~ ns && $(NF-3) ~ pod { print $1 "aaaabbbbccccddddeeeeffff000011112222333344445555666" }' "$dir/pods" ;;
"inspectp -o")
  grep -q "^$(echo "$4" | cut -c1-13)" "$dir/pods" || { echo "FATA[0000] getting pod sandbox status: rpc error: code = NotFound" >&2; exit 1; }
  sed "s/@ID@/$4/; s/@PID@/$(cat "$dir/pid.$(echo "$4" | cut -c1-13)")/" "$dir/inspectp" ;;
*) echo "No help topic for '$1'" >&2; exit 3 ;;
esac
`

// crictlInspectp is containerd's answer, without most of its settings.
const crictlInspectp = `{
  "status": {
    "id": "@ID@",
    "metadata": {"attempt": 1, "name": "web-1", "namespace": "shop", "uid": "0a1b2c3d-0000-4000-8000-123456789abc"},
    "state": "SANDBOX_READY",
    "createdAt": "2026-11-21T01:02:03.123456789Z",
    "network": {"additionalIps": [], "ip": "10.77.0.2"},
    "linux": {"namespaces": {"options": {"ipc": "POD", "network": "POD", "pid": "CONTAINER", "targetId": ""}}},
    "labels": {"io.kubernetes.pod.name": "web-1", "io.kubernetes.pod.namespace": "shop"},
    "annotations": {},
    "runtimeHandler": ""
  },
  "info": {
    "pid": @PID@,
    "processStatus": "running",
    "netNamespaceClosed": false,
    "image": "registry.example/pause:3.9",
    "snapshotter": "overlayfs",
    "runtimeType": "io.containerd.runc.v2",
    "runtimeSpec": {"linux": {"namespaces": [{"type": "pid"}, {"type": "network", "path": "/var/run/netns/cni-4f0c"}]}}
  }
}
`

// crictlNode is a node whose runtime crictl speaks to. The pids are those of the sandboxes that it can inspect.
func crictlNode(t *testing.T, ps string, pids map[string]int) (root string) {
	t.Helper()
	bin := t.TempDir()
	files := map[string]string{"crictl": fakeCrictl, "pods": crictlPods, "ps": ps, "inspectp": crictlInspectp}
	for id, pid := range pids {
		files["pid."+id] = fmt.Sprint(pid)
	}
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755))
	}
	t.Setenv("PATH", os.Getenv("PATH")+":"+bin)
	if lookProgram("crictl") != filepath.Join(bin, "crictl") {
		t.Skip("needs a machine without crictl: puts another in its place")
	}
	root = fakeNode(t, nil)
	dir := filepath.Join(root, "run/containerd")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	l, err := net.Listen("unix", filepath.Join(dir, "containerd.sock"))
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return root
}

func TestContainersOfTheRuntime(t *testing.T) {
	for version, ps := range map[string]string{"1.26": crictlPs126, "1.32": crictlPs132} {
		t.Run(version, func(t *testing.T) {
			g, _ := collectInto(t, context.Background(), Options{Node: "n", Root: crictlNode(t, ps, nil), NoCluster: true, Only: []string{"crictl-pods", "crictl-ps"}})
			require.Equal(t, crictlPods, g.text["node/crictl-pods.txt"])
			require.Equal(t, ps, g.text["node/crictl-ps.txt"])
			require.Equal(t, "crictl --runtime-endpoint unix:///run/containerd/containerd.sock --timeout 8s ps -a", strings.Join(g.entries["node/crictl-ps.txt"].Argv, " "))
		})
	}
}

// A pod without a log directory is found through the runtime: the sandbox that runs, not an earlier one of the same
// pod, nor a pod whose name or namespace only begins alike.
func TestPodIsFoundThroughTheRuntime(t *testing.T) {
	node, pod := captureLab(t)
	sleeper := exec.Command("ip", "netns", "exec", pod, "sleep", "60")
	require.NoError(t, sleeper.Start())
	defer func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() }()
	require.Eventually(t, func() bool { // ip enters the namespace before it becomes sleep
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", sleeper.Process.Pid))
		return err == nil && string(comm) == "sleep\n"
	}, 5*time.Second, 10*time.Millisecond)
	pid := sleeper.Process.Pid
	root := crictlNode(t, crictlPs126, map[string]int{"2d9e4b1f7a630": pid, "7c1f0a9be2d43": os.Getpid(), "b80c55d1e9f27": os.Getpid(), "91aa20cf3be84": os.Getpid()})
	require.NoError(t, os.MkdirAll(filepath.Join(root, "proc", fmt.Sprint(pid)), 0o755))
	require.NoError(t, os.Symlink(fmt.Sprintf("/proc/%d/ns", pid), filepath.Join(root, fmt.Sprintf("/proc/%d/ns", pid))))

	file, err := newHost(root).podNetns(context.Background(), "shop", "web-1")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, fmt.Sprintf("/proc/%d/ns/net", pid)), file)
	_, err = newHost(root).podNetns(context.Background(), "shop", "web")
	require.ErrorContains(t, err, "no process of pod shop/web runs on this node")

	g := captureIn(t, node, root, Capture{Points: []string{"pod:shop/web-1"}, Seconds: 1})
	require.Equal(t, bundle.StatusOK, g.entries["capture/pod_shop_web-1.pcapng"].Status, g.entries["capture/pod_shop_web-1.pcapng"].Error)
	require.Greater(t, len(readCapture(t, []byte(g.text["capture/pod_shop_web-1.pcapng"])).packets), 10)
}
