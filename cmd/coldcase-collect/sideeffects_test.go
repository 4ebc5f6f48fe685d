//go:build linux

package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// snapshotScript prints what a collector must leave alone. Left out are settings that the kernel itself moves. Every
// packet that left would be counted on out0, the way to everywhere.
const snapshotScript = `snapshot() {
	echo "== modules"; cut -d' ' -f1 /proc/modules 2> /dev/null | sort
	echo "== settings"; sysctl -a 2> /dev/null | grep -vE '^(fs\.(dentry-state|file-nr|inode-nr|inode-state|aio-nr)|fs\.quota\.|kernel\.(random\.|pty\.nr|ns_last_pid|perf_event_max_sample_rate|perf_cpu_time)|net\.netfilter\.nf_conntrack_count|net\.nf_conntrack_count)'
	echo "== routes"; ip route show table all; ip -6 route show table all; ip rule; ip -6 rule
	echo "== devices"; ip -d -o link show; ip addr show; ip -s link show out0 | tail -n 2
	echo "== tables"; cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2> /dev/null
	echo "== rules"; iptables-save; ip6tables-save; ! command -v nft > /dev/null || nft -s list ruleset
}
`

// A whole collection, captures and all, changes nothing and sends nothing.
func TestNoSideEffects(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes a network namespace and gathers everything")
	}
	for _, name := range []string{"sh", "ip", "iptables-save", "sysctl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s", name)
		}
	}
	dir := t.TempDir()
	script := snapshotScript + `
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1 || exit 99
	ip link set lo up && ip link add out0 type veth peer name out1 || exit 99
	ip link set out1 up && ip addr add 192.0.2.1/24 dev out0 && ip link set out0 up && ip route add default via 192.0.2.2 && ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev out0 || exit 99
	ip rule add from 192.0.2.77 table 77 && ip route add blackhole default table 77 || exit 99
	iptables -t nat -A OUTPUT -d 192.0.2.53 -j RETURN || exit 99
	iptables-save > /dev/null; ip6tables-save > /dev/null
	snapshot > "$DIR/before" 2>&1
	coldcase-collect node --node-name node-t --no-cluster --interval 1s --capture any,out0 --capture-seconds 1 --timeout 60s -o "$DIR/b.tar.zst"
	code=$?
	snapshot > "$DIR/after" 2>&1
	exit $code`
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(os.Environ(), "DIR="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET}
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() == 99 {
		t.Skipf("needs veth devices and iptables: %s", stderr.String())
	} else {
		require.NoError(t, err, stderr.String())
	}
	before, err := os.ReadFile(filepath.Join(dir, "before"))
	require.NoError(t, err)
	after, err := os.ReadFile(filepath.Join(dir, "after"))
	require.NoError(t, err)
	require.Contains(t, string(before), "192.0.2.53")
	require.Contains(t, string(before), "net.ipv4.ip_forward")
	require.Contains(t, string(before), "blackhole default")
	require.Empty(t, changed(string(before), string(after)))

	a := openArchive(t, filepath.Join(dir, "b.tar.zst"))
	require.False(t, a.aborted)
	require.Equal(t, bundle.StatusOK, a.status["capture/pcap/any"])
	require.Equal(t, bundle.StatusOK, a.status["node/sysctl"])
	require.Equal(t, bundle.StatusOK, a.status["node/ip-route"])
}

// changed returns the lines that only one of two snapshots has. Comments carry the time.
func changed(before, after string) []string {
	count := map[string]int{}
	for line := range strings.Lines(before) {
		count[line]++
	}
	for line := range strings.Lines(after) {
		count[line]--
	}
	var lines []string
	for line, n := range count {
		if n != 0 && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}
