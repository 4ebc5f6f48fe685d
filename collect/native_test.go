//go:build linux

package collect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
	"coldcase/collect"
	"coldcase/parsers"
)

// taken is a bundle, read back, by artifact.
type taken struct {
	entries map[string]bundle.IndexEntry
	text    map[string]string
}

func readTaken(t *testing.T, file string) taken {
	t.Helper()
	r, err := bundle.Open([]string{file}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	g := taken{map[string]bundle.IndexEntry{}, map[string]string{}}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		var b strings.Builder
		_, err = io.Copy(&b, r)
		require.NoError(t, err)
		g.entries[e.Artifact], g.text[e.Artifact] = e.IndexEntry, b.String()
	}
	require.Empty(t, r.Problems())
	return g
}

// again runs one test of this binary in another surrounding, where helper is set.
func again(t *testing.T, helper string, extra []*os.File, before ...string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	argv := append(before, self, "-test.run=^"+t.Name()+"$", "-test.v")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.ExtraFiles = append(os.Environ(), "COLDCASE_TEST="+helper), extra
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
	if bytes.Contains(out, []byte("--- SKIP")) {
		t.Skipf("%s", out)
	}
}

// labCommands make a namespace that has some of everything. A kernel that lacks a kind of device refuses the lines
// that begin with "?", and those that build on them.
var labCommands = `
?sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
?sysctl -qw net.ipv6.conf.default.accept_dad=0
ip link set lo up
ip link add br0 type bridge
ip link add v0 type veth peer name v1 netns PEER
ip link set v0 master br0 up
ip -n PEER link set v1 up
ip link set br0 up
ip addr add 10.1.0.1/24 brd + dev br0
ip addr add 10.1.0.2/24 dev br0 label br0:x
?ip -6 addr add fd00::1/64 dev br0 nodad
?bridge link set dev v0 hairpin on isolated on
ip link add vx0 type vxlan id 7 dev br0 local 10.1.0.1 dstport 4789 nolearning
ip link set vx0 up
ip link add vx1 type vxlan id 8 remote 10.1.0.9 dstport 8472
?ip link add vx2 type vxlan id 9 group 239.1.1.1 dev br0 dstport 8472
?ip link add vx3 type vxlan external dstport 4444
?ip link add du0 type dummy
?ip link set du0 up alias some-words
?ip link property add dev du0 altname dummy-alt
?ip addr add 10.9.0.1 peer 10.9.0.2/32 dev du0
?ip link add link br0 name vl5 type vlan id 5
?ip link add mv0 link br0 type macvlan mode bridge
?ip link add iv0 link br0 type ipvlan mode l3
?ip tunnel add ti0 mode ipip remote 10.1.0.7 local 10.1.0.1 ttl 64
?ip tunnel add gr0 mode gre remote 10.1.0.8
?ip link add bo0 type bond mode active-backup
?ip tuntap add ta0 mode tap
?ip link add vrf0 type vrf table 10
?ip link add ge0 type geneve id 3 remote 10.1.0.4
?ip link add g6 type ip6tnl local fd00::1 remote fd00::9
ip route add 10.3.0.0/16 via 10.1.0.9 metric 5 mtu 1400
ip route add 10.4.0.0/16 proto bird nexthop via 10.1.0.9 dev br0 weight 2 nexthop via 10.1.0.8 dev vx0 onlink
ip route add blackhole 10.5.0.0/16 proto bird
ip route add unreachable 10.6.0.0/16 table 100
ip route add 10.8.0.7 dev br0 scope link mtu lock 1300
ip route add default via 10.1.0.254 dev br0 src 10.1.0.2 proto 80 onlink
?ip route add 10.7.0.0/16 via inet6 fe80::2 dev br0
?ip -6 route add fd01::/64 via fe80::2 dev br0 table 200 metric 77
?ip -6 route add unreachable fd02::/64
ip rule add pref 100 from 10.1.0.0/24 to 10.2.0.0/16 fwmark 0x8/0xff iif nodev lookup 100
ip rule add pref 101 not from all fwmark 0x4 lookup main suppress_prefixlength 0
ip rule add pref 102 from all oif br0 ipproto tcp dport 80-90 sport 5 uidrange 0-99 blackhole
ip rule add pref 103 goto 32766
ip rule add pref 104 l3mdev
ip rule add pref 105 from 10.1.0.7 tos 0x10 unreachable protocol bird
ip neigh add 10.1.0.33 lladdr 02:00:00:00:00:33 dev br0 nud permanent
ip neigh add 10.1.0.34 lladdr 02:00:00:00:00:34 dev br0 nud stale extern_learn
ip neigh add 10.1.0.36 dev br0 nud failed
ip neigh add proxy 10.1.0.77 dev br0
?ip -6 neigh add fd00::5 lladdr 02:00:00:00:00:35 dev br0 nud permanent router
bridge fdb add 02:00:00:00:01:01 dev vx0 dst 10.1.0.44 self permanent
bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.1.0.45 port 9999 vni 33 via br0
bridge fdb add 02:00:00:00:01:02 dev v0 master static
?bridge fdb add 02:00:00:00:01:03 dev v0 master static sticky
?bridge fdb add 02:00:00:00:01:04 dev v0 master extern_learn
?ipvsadm -A -t 10.96.0.1:443 -s rr -p 600
?ipvsadm -a -t 10.96.0.1:443 -r 10.1.0.9:6443 -m -w 3
?ipvsadm -a -t 10.96.0.1:443 -r 10.1.0.8:6443 -m -w 0
?ipvsadm -A -u 10.96.0.10:53 -s rr -o
?ipvsadm -A -t 10.96.0.11:80 -s sh -b sh-port,sh-fallback -p 60 -M 255.255.0.0
?ipvsadm -a -t 10.96.0.11:80 -r 10.1.0.9 -g
?ipvsadm -A -f 7 -s rr
?ipvsadm -a -f 7 -r 10.1.0.9 -i
?ipvsadm -A -t [fd00:96::1]:443 -s rr
?ipvsadm -a -t [fd00:96::1]:443 -r [fd00::9]:6443 -m
`

func buildLab(t *testing.T, peer string) {
	_, err := os.Stat("/proc/net/ip_vs") // ipvsadm would load the module
	ipvs := err == nil
	for line := range strings.Lines(labCommands) {
		line, optional := strings.CutPrefix(strings.TrimSpace(strings.ReplaceAll(line, "PEER", peer)), "?")
		if line == "" || strings.HasPrefix(line, "ipvsadm") && !ipvs {
			continue
		}
		words := strings.Fields(line)
		out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
		if err != nil && optional {
			t.Logf("without %q: %s", line, out)
		} else {
			require.NoError(t, err, "%s: %s", line, out)
		}
	}
	time.Sleep(time.Second) // carriers and multicast groups settle
}

// compared are the artifacts that both a program and the collector can print, and whether they must be there.
var compared = map[string]bool{
	"node/ip-link": true, "node/ip-addr": true, "node/ip-route": true, "node/ip-rule": true, "node/ip-neigh": true, "node/bridge-fdb": true,
	"node/ethtool-k/v0": true, "node/ethtool-k/br0": true, "node/ethtool-k/lo": true, "node/netstat-listen": true, "node/nstat": true,
	"node/df": true, "node/df-inodes": true, "node/sysctl": true, "node/uname": true, "node/lsmod": false, "node/conntrack-stats": false, "node/ipvsadm": false,
}

func TestNativeAndProgramsTellTheSame(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes network namespaces")
	}
	for _, program := range []string{"ip", "bridge", "ethtool", "ss", "nstat", "sysctl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s", program)
		}
	}
	lab := fmt.Sprintf("ccnat-%d", os.Getpid())
	if os.Getenv("COLDCASE_TEST") == "" {
		for _, ns := range []string{lab, lab + "-peer"} {
			if out, err := exec.Command("ip", "netns", "add", ns).CombinedOutput(); err != nil {
				t.Skipf("needs network namespaces: %s", out)
			}
			defer func() { _ = exec.Command("ip", "netns", "del", ns).Run() }()
		}
		again(t, lab+"-peer", nil, "ip", "netns", "exec", lab)
		return
	}
	buildLab(t, os.Getenv("COLDCASE_TEST"))
	t.Setenv("KUBECONFIG", "")
	var different []string
	for range 4 { // a namespace that was just made may still change between two collections
		byProgram, byHand := takeBoth(t)
		if different = differences(t, byProgram, byHand); len(different) == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	t.Fatal(strings.Join(different, "\n"))
}

// differences compares the facts of every artifact that both could give.
func differences(t *testing.T, byProgram, byHand taken) (different []string) {
	for artifact, must := range compared {
		a, b := byProgram.entries[artifact], byHand.entries[artifact]
		if a.Producer != "exec" || a.Status.Empty() {
			require.False(t, must, "%s: %s %s", artifact, a.Status, a.Error)
			t.Logf("without %s: %s %s", artifact, a.Status, a.Error)
			continue
		}
		require.Equal(t, "native", b.Producer, "%s: %s %s", artifact, b.Status, b.Error)
		require.Equal(t, bundle.StatusOK, b.Status, "%s: %s", artifact, b.Error)
		want, got := facts(t, artifact, byProgram.text[artifact]), facts(t, artifact, byHand.text[artifact])
		require.NotEmpty(t, want, artifact)
		t.Logf("%s: %d facts", artifact, len(want))
		for _, f := range want {
			if !slices.Contains(got, f) {
				different = append(different, artifact+": only the program's: "+f)
			}
		}
		for _, f := range got {
			if !slices.Contains(want, f) {
				different = append(different, artifact+": only the collector's: "+f)
			}
		}
		if len(want) != len(got) && len(different) == 0 {
			different = append(different, fmt.Sprintf("%s: %d and %d facts", artifact, len(want), len(got)))
		}
	}
	return different
}

// takeBoth collects with programs, then without.
func takeBoth(t *testing.T) (byProgram, byHand taken) {
	both := [2]taken{}
	for i := range both {
		file := filepath.Join(t.TempDir(), "b.tar.zst")
		f, err := os.Create(file)
		require.NoError(t, err)
		only := []string{
			"ip-link", "ip-addr", "ip-route", "ip-rule", "ip-neigh", "bridge-fdb", "ethtool-k", "netstat-listen", "nstat", "df", "df-inodes", "sysctl",
			"uname", "lsmod", "conntrack-stats", "ipvsadm",
		}
		_, err = collect.Run(context.Background(), f, collect.Options{Node: "n", NoCluster: true, Only: only, Native: i == 1, Timeout: time.Minute})
		require.NoError(t, err)
		require.NoError(t, f.Close())
		both[i] = readTaken(t, file)
	}
	return both[0], both[1]
}

// facts parses an artifact to what does not change from one second to the next, sorted. No line may be left over.
func facts(t *testing.T, artifact, text string) []string {
	t.Helper()
	p, ok := parsers.For(artifact)
	require.True(t, ok, artifact)
	out := parsers.Run(p, parsers.NewInput(artifact, artifact, "n", time.Unix(0, 0), []byte(text)))
	require.NoError(t, out.Err)
	require.Zero(t, out.Unrecognized, "%s: lines %v of\n%s", artifact, out.Samples, text)
	var all []string
	for _, f := range out.Facts {
		switch v := f.Value.(type) {
		case parsers.IPLink:
			v.RxBytes, v.RxPackets, v.RxErrors, v.RxDropped, v.RxMissed = 0, 0, 0, 0, 0
			v.TxBytes, v.TxPackets, v.TxErrors, v.TxDropped, v.TxCarrier = 0, 0, 0, 0, 0
			f.Value = v
		case parsers.DfFilesystem:
			v.UsedKB, v.AvailKB, v.UsedPercent = 0, 0, 0
			f.Value = v
		case parsers.DfInodes:
			v.Used, v.Free, v.UsedPercent = 0, 0, 0
			f.Value = v
		case parsers.NetstatCounter:
			v.Value = 0
			f.Value = v
		case parsers.KernelModule:
			sort.Strings(v.UsedBy) // in the order of a folder of /sys, or of the kernel's list
			f.Value = v
		case parsers.SysctlValue:
			if strings.Contains(v.Key, "random.") || strings.HasPrefix(v.Key, "fs.") || v.Key == "kernel.ns_last_pid" || strings.HasPrefix(v.Key, "kernel.pty.nr") || strings.Contains(v.Key, "sched_domain") {
				v.Value = ""
			}
			f.Value = v
		}
		all = append(all, fmt.Sprintf("%s %+v", f.Kind, f.Value))
	}
	sort.Strings(all)
	return all
}

func TestNativeWhenNoProcessCanBeStarted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: it uses up the processes of a user and of a control group")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip")
	}
	t.Run("user", func(t *testing.T) { testWithoutProcesses(t, "user") })
	t.Run("journal", func(t *testing.T) { testWithoutProcesses(t, "journal") })
	t.Run("cgroup", func(t *testing.T) {
		group := pidsGroup(t)
		testWithoutProcesses(t, group, "node/ip-rule")
	})
}

// pidsGroup makes a control group whose processes are counted.
func pidsGroup(t *testing.T) string {
	if os.Getenv("COLDCASE_TEST") != "" {
		return ""
	}
	for _, top := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
		group := filepath.Join(top, fmt.Sprintf("coldcase-test-%d", os.Getpid()))
		if os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { _ = os.Remove(group) })
		if _, err := os.Stat(filepath.Join(group, "pids.max")); err == nil {
			return group
		}
	}
	t.Skip("needs the pids controller of control groups")
	return ""
}

// testWithoutProcesses collects where no process can be started any more once the first artifact is there.
func testWithoutProcesses(t *testing.T, where string, more ...string) {
	if helper := os.Getenv("COLDCASE_TEST"); helper != "" {
		collectWithoutProcesses(t, helper)
		return
	}
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	f, err := os.Create(file)
	require.NoError(t, err)
	if where == "journal" {
		t.Setenv(journalOf, readableJournal(t))
	}
	again(t, where, []*os.File{f})
	require.NoError(t, f.Close())
	g := readTaken(t, file)
	if where == "journal" {
		require.Equal(t, "native", g.entries["node/journal-kernel-previous"].Producer)
		require.Contains(t, g.text["node/journal-kernel-previous"], "Kernel panic")
		return
	}
	for _, artifact := range append(more, "node/ip-link", "node/ip-addr", "node/ip-route", "node/ip-neigh", "node/df", "node/nstat", "node/uname") {
		e := g.entries[artifact]
		require.Equal(t, bundle.StatusOK, e.Status, "%s: %s", artifact, e.Error)
		require.Equal(t, "native", e.Producer, artifact)
		if len(e.Argv) > 0 {
			require.Contains(t, e.Stderr, "did not start: ", artifact)
			require.Contains(t, e.Stderr, "resource temporarily unavailable", artifact)
		}
	}
	require.Contains(t, g.text["node/ip-link"], "link/loopback")
	lost := 0
	for _, e := range g.entries {
		if strings.Contains(e.Error, "did not start") {
			require.True(t, e.Status.Empty(), "%s: %s", e.Artifact, e.Status)
			lost++
		}
	}
	require.Positive(t, lost, "some artifact has no other producer than a program")
}

// collectWithoutProcesses collects as a user, or in a control group, that may not have one process more.
func collectWithoutProcesses(t *testing.T, where string) {
	root, only := os.Getenv(journalOf), []string{"memory", "network", "kernel", "disk"}
	if root != "" {
		only = []string{"journal-kernel-previous"}
	}
	useUp := func() {
		require.NoError(t, os.WriteFile(filepath.Join(where, "pids.max"), []byte("1"), 0))
	}
	if where == "user" || where == "journal" {
		const uid, nproc = 64313, 6 // a user that nobody is; RLIMIT_NPROC of asm-generic/resource.h
		require.NoError(t, syscall.Setgroups(nil))
		require.NoError(t, syscall.Setgid(uid))
		require.NoError(t, syscall.Setuid(uid))
		useUp = func() { require.NoError(t, syscall.Setrlimit(nproc, &syscall.Rlimit{Cur: 1, Max: 1})) }
	} else {
		require.NoError(t, os.WriteFile(filepath.Join(where, "cgroup.procs"), []byte(fmt.Sprint(os.Getpid())), 0))
	}
	var once sync.Once
	o := collect.Options{
		Node: "n", Root: root, NoCluster: true, Only: only, Skip: []string{"cpu-samples"}, Timeout: 30 * time.Second,
		Progress: func(collect.Event) { once.Do(useUp) },
	}
	_, err := collect.Run(context.Background(), os.NewFile(3, "bundle"), o)
	require.NoError(t, err)
}

// journalOf names the root of a node to the helper that reads its journal.
const journalOf = "COLDCASE_TEST_JOURNAL"

// readableJournal is the root of a node with one journal file, for any user.
func readableJournal(t *testing.T) string {
	root, err := os.MkdirTemp("", "coldcase-journal-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(root)) })
	require.NoError(t, os.Chmod(root, 0o755))
	dir := filepath.Join(root, "/var/log/journal", strings.Repeat("0f", 16))
	require.NoError(t, os.MkdirAll(dir, 0o755))
	packed, err := os.ReadFile("testdata/node-new.journal.zst")
	require.NoError(t, err)
	dec, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer dec.Close()
	plain, err := dec.DecodeAll(packed, nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "system.journal"), plain, 0o644))
	return root
}
