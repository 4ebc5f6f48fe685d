//go:build linux

package collect

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

// hungMount mounts a file system whose server never answers, as a dead NFS server's would be.
func hungMount(t *testing.T) string {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("needs /dev/fuse: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "dead mount")
	require.NoError(t, os.Mkdir(dir, 0o755))
	if err := unix.Mount("dead:/export", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)); err != nil {
		_ = unix.Close(fd)
		t.Skipf("needs root: mounting is refused: %v", err)
	}
	t.Cleanup(func() {
		require.NoError(t, unix.Close(fd)) // everyone who waits gets an error
		require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH))
	})
	return dir
}

func TestDeadMountCostsItsRowOnly(t *testing.T) {
	dir := hungMount(t)
	began := time.Now()
	g, _ := collectInto(t, context.Background(), Options{Node: "n", NoCluster: true, Native: true, Only: []string{"df"}})
	require.Less(t, time.Since(began), mountWait+5*time.Second)
	e, text := g.entries["node/df.txt"], g.text["node/df.txt"]
	require.Equal(t, bundle.StatusNonzeroExit, e.Status, "%s", e.Error)
	require.Contains(t, e.Error, dir+": it did not answer in time")
	require.Regexp(t, `(?m)^dead:/export +- +- +- +- `+dir+"$", text)
	require.Regexp(t, `(?m)^\S+ +\d+ +\d+ +\d+ +\d+% /$`, text, "the others are there")
}

func TestMountsThatDfListsOnce(t *testing.T) {
	m, ok := mountLine(`36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 - ext3 /dev/root\134x rw,errors=continue` + "\n")
	require.True(t, ok)
	require.Equal(t, mounted{device: `/dev/root\x`, kind: "ext3", root: "/mnt1", dir: "/mnt 2"}, m)
	_, ok = mountLine("36 35 98:0 / /mnt rw")
	require.False(t, ok)

	disk := mounted{device: "/dev/sda1", root: "/", dir: "/"}
	bind := mounted{device: "/dev/sda1", root: "/var/lib/kubelet/pods/x", dir: "/a"}
	require.False(t, bind.hides(disk), "a bind mount of a folder")
	require.True(t, mounted{device: "/dev/sda1", root: "/", dir: "/a"}.hides(mounted{device: "/dev/sda1", root: "/", dir: "/longer"}))
	require.True(t, disk.hides(mounted{device: "overlay", root: "/", dir: "/x"}), "a device's name wins")
}

func TestSharesAreRoundedUp(t *testing.T) {
	require.Equal(t, "-", share(0, 0))
	require.Equal(t, "0%", share(0, 5))
	require.Equal(t, "34%", share(1, 2))
	require.Equal(t, "100%", share(7, 0))
	require.Equal(t, "3", blocks(5, 512))
	require.Equal(t, "20", blocks(5, 4096))
}

func TestConntrackCountersWhateverTheColumns(t *testing.T) {
	root := fakeNode(t, map[string]string{conntrackFile: "entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart\n" +
		"000000ff  00000000 00000010 00000000 0000000a 00000000 00000000 00000000 00000000 00000003 00000002 00000001 00000000  00000000 00000000 00000000 00000004\n"})
	var b strings.Builder
	k := newText(&b, Keep{})
	require.NoError(t, nativeConntrack(context.Background(), newHost(root), k))
	_, _, err := k.close()
	require.NoError(t, err)
	require.Equal(t, "cpu=0   \tfound=16 invalid=10 insert=0 insert_failed=3 drop=2 early_drop=1 error=0 search_restart=4 \n", b.String())
}

func TestIPVSTextOfAttributes(t *testing.T) {
	service := attrs{
		ipvsSvcAF: {2, 0}, ipvsSvcProtocol: {6, 0}, ipvsSvcAddr: append([]byte{10, 96, 0, 1}, make([]byte, 12)...), ipvsSvcPort: {1, 187},
		ipvsSvcScheduler: []byte("sh\x00"), ipvsSvcFlags: {0x19, 0, 0, 0, 255, 255, 255, 255}, ipvsSvcTimeout: {60, 0, 0, 0}, ipvsSvcNetmask: {255, 255, 0, 0},
	}
	require.Equal(t, "TCP  10.96.0.1:443 sh (sh-fallback,sh-port) persistent 60 mask 255.255.0.0", ipvsService(service))
	server := attrs{ipvsDestAddr: append([]byte{10, 1, 0, 9}, make([]byte, 12)...), ipvsDestPort: {25, 43}, ipvsDestForward: {3, 0, 0, 0}, ipvsDestWeight: {5, 0, 0, 0}}
	require.Equal(t, "  -> 10.1.0.9:6443                Route   5      0          0         ", ipvsServer(server, unix.AF_INET))
	require.Contains(t, ipvsServer(attrs{}, unix.AF_INET), "invalid", "attributes that are missing stop nothing")
}

func TestAttributesThatLieAboutTheirLength(t *testing.T) {
	good := attribute(unix.IFLA_IFNAME, []byte("eth0\x00"))
	require.Equal(t, "eth0", parseAttrs(good, 0).text(unix.IFLA_IFNAME))
	for n := range good {
		parseAttrs(good[:n], 0)
		parseAttrs(good[:n], 8)
	}
	require.Empty(t, parseAttrs([]byte{3, 0, 1, 0}, 0))
	require.Empty(t, parseAttrs([]byte{200, 0, 1, 0, 1, 2, 3, 4}, 0))
	require.Empty(t, parseAttrs(nil, 16))
}

func TestRoomForProcesses(t *testing.T) {
	require.Equal(t, math.MaxInt, processRoom(newHost(fakeNode(t, nil))))
	root := fakeNode(t, map[string]string{
		"/proc/self/cgroup":                      "9:pids:/a/b\n3:cpu:/c\n0::/slice/unit\nnonsense\n",
		"/sys/fs/cgroup/pids/a/pids.max":         "50\n",
		"/sys/fs/cgroup/pids/a/pids.current":     "20\n",
		"/sys/fs/cgroup/pids/a/b/pids.max":       "max\n",
		"/sys/fs/cgroup/pids/a/b/pids.current":   "3\n",
		"/sys/fs/cgroup/slice/unit/pids.max":     "100\n",
		"/sys/fs/cgroup/slice/unit/pids.current": "91\n",
		"/sys/fs/cgroup/cpu/c/pids.max":          "1\n",
		"/sys/fs/cgroup/cpu/c/pids.current":      "1\n",
	})
	require.Equal(t, 9, processRoom(newHost(root)))
}

func TestOwnThreadIsNeverTheMainOne(t *testing.T) {
	for range 200 {
		tid := make(chan int)
		onOwnThread(func() { tid <- unix.Gettid() })
		require.NotEqual(t, unix.Getpid(), <-tid)
	}
}
