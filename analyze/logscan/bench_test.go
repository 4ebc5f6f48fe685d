package logscan

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	benchSeed  = 101
	matchEvery = 2000 // one line in so many matches a pattern
)

// journalTemplates are what a healthy node writes all day. In each, %h is a hex id, %d a number, %n a name.
var journalTemplates = []string{
	`kubelet[812]: I0301 12:%d:%d.%d     812 kubelet.go:2448] "SyncLoop (PLEG): event for pod" pod="default/web-%h" event={"ID":"%h-%h","Type":"ContainerStarted"}`,
	`kubelet[812]: I0301 12:%d:%d.%d     812 reconciler_common.go:258] "operationExecutor.MountVolume started for volume \"kube-api-access-%h\" (UniqueName: \"kubernetes.io/projected/%h\") pod \"web-%h\""`,
	`kubelet[812]: I0301 12:%d:%d.%d     812 prober.go:107] "Probe succeeded" probeType="Readiness" pod="shop/cart-%h" podUID="%h-%h" containerName="%n"`,
	`kubelet[812]: I0301 12:%d:%d.%d     812 scope.go:117] "RemoveContainer" containerID="%h%h%h%h"`,
	`kubelet[812]: W0301 12:%d:%d.%d     812 watcher.go:93] Error while processing event ("/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-pod%h.slice": 0x40000100 == IN_CREATE|IN_ISDIR): no such file or directory`,
	`kubelet[812]: I0301 12:%d:%d.%d     812 image_gc_manager.go:214] "Disk usage on image filesystem is below the high threshold" usage=%d highThreshold=85`,
	`containerd[640]: time="2026-03-01T12:%d:%d.%dZ" level=info msg="StopPodSandbox for \"%h%h\" returns successfully"`,
	`containerd[640]: time="2026-03-01T12:%d:%d.%dZ" level=info msg="CreateContainer within sandbox \"%h%h\" for container &ContainerMetadata{Name:%n,Attempt:0,}"`,
	`containerd[640]: time="2026-03-01T12:%d:%d.%dZ" level=info msg="shim disconnected" id=%h%h namespace=k8s.io`,
	`containerd[640]: time="2026-03-01T12:%d:%d.%dZ" level=warning msg="cleaning up after shim disconnected" id=%h%h`,
	`containerd[640]: time="2026-03-01T12:%d:%d.%dZ" level=info msg="PullImage \"registry.example.com/%n:v1.%d\" returns image reference \"sha256:%h%h\""`,
	`systemd[1]: run-containerd-runc-k8s.io-%h%h-runc.%h.mount: Deactivated successfully.`,
	`systemd[1]: Started cri-containerd-%h%h.scope - libcontainer container %h%h.`,
	`systemd[1]: cri-containerd-%h%h.scope: Consumed %d.%ds CPU time.`,
	`systemd-networkd[410]: cali%h: Link UP`,
	`systemd-networkd[410]: cali%h: Gained carrier`,
	`kernel: IPv6: ADDRCONF(NETDEV_CHANGE): cali%h: link becomes ready`,
	`kernel: eth0: renamed from tmp%h`,
	`kernel: cni0: port %d(veth%h) entered forwarding state`,
	`kernel: audit: type=1400 audit(1772366400.%d:%d): apparmor="STATUS" operation="profile_load" profile="unconfined" name="cri-%h" pid=%d comm="apparmor_parser"`,
	`kernel: device veth%h entered promiscuous mode`,
	`sshd[%d]: Connection closed by 10.0.%d.%d port %d [preauth]`,
	`sshd[%d]: pam_unix(sshd:session): session opened for user core(uid=1000) by (uid=0)`,
	`CRON[%d]: (root) CMD (test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.hourly; })`,
	`dockerd[700]: time="2026-03-01T12:%d:%d.%dZ" level=info msg="ignoring event" container=%h%h module=libcontainerd namespace=moby topic=/tasks/delete type="*events.TaskDelete"`,
	`calico-node[901]: 2026-03-01 12:%d:%d.%d [INFO][%d] felix/int_dataplane.go 1836: Received *proto.WorkloadEndpointUpdate update from calculation graph msg=id:<orchestrator_id:"k8s" workload_id:"default/web-%h" endpoint_id:"eth0" >`,
	`chronyd[300]: Selected source 10.0.%d.%d (ntp%d.example.com)`,
	`dhclient[220]: DHCPACK of 10.0.%d.%d from 10.0.0.1 (xid=0x%h)`,
	`app[%d]: {"level":"info","msg":"request served","path":"/api/v1/items/%h","status":200,"ms":%d,"trace":"%h%h","note":"upstream not found in cache"}`,
}

// benchPatterns are as signatures write them, within the syntax that grep -E understands too.
var benchPatterns = strings.Split(strings.TrimSpace(`
nf_conntrack: table full, dropping packet
page allocation failure[.:] order:[0-9]+
page allocation stalls for [0-9]+ms
Out of memory: Kill(ed)? process [0-9]+
Memory cgroup out of memory: Kill(ed)? process
invoked oom-killer: gfp_mask=
oom-kill:constraint=CONSTRAINT_(NONE|MEMCG)
Task in /kubepods[^ ]* killed as a result of limit
unregister_netdevice: waiting for [^ ]+ to become free
neighbour: (ndisc_cache|arp_cache): neighbor table overflow
Dead loop on virtual device [^ ,]+, fix it urgently
skb_warn_bad_offload
watchdog: BUG: soft lockup - CPU#[0-9]+ stuck for
INFO: task .* blocked for more than [0-9]+ seconds
rcu: INFO: rcu_(sched|preempt) (self-)?detected stall
rcu_sched self-detected stall on CPU
EXT4-fs error \(device [^)]+\)
EXT4-fs warning \(device
XFS \([^)]+\): Corruption detected
XFS \([^)]+\): metadata I/O error
Remounting filesystem read-only
blk_update_request: (critical medium|I/O) error
Buffer I/O error on dev
critical medium error, dev
task abort: SUCCESS scmd
nvme nvme[0-9]+: I/O [0-9]+ QID [0-9]+ timeout
nvme [^ ]+: controller is down; will reset
NETDEV WATCHDOG: [^ ]+ \([^)]+\): transmit queue
possible SYN flooding on port [0-9]+
TCP: out of memory -- consider tuning tcp_mem
TCP: too many orphaned sockets
martian source [0-9.]+ from
dropped over-mtu packet: [0-9]+ > [0-9]+
received packet on [^ ]+ with own address as source
IPv4: host [^ ]+ ignores redirects
duplicate address [^ ]+ detected
cgroup: fork rejected by pids controller
kernel BUG at [^ ]+:[0-9]+
BUG: unable to handle (kernel|page fault)
general protection fault
Machine check events logged
mce: \[Hardware Error\]
EDAC MC[0-9]+: [0-9]+ CE memory
CPU[0-9]+: (Core|Package) temperature above threshold
segfault at [0-9a-f]+ ip
trap invalid opcode
SLUB: Unable to allocate memory on node
cgroup: cannot allocate cgroup id
overlayfs: lowerdir is in-use as upperdir
overlayfs: failed to resolve
aufs au_opts_verify:.*dirperm1 breaks
nfs: server [^ ]+ not responding
ceph: mds[0-9]+ (hung|caps stale)
libceph: (mon|osd)[0-9]+ .* (socket closed|connect error)
rbd: rbd[0-9]+: (write|read) .* result -[0-9]+
iSCSI connection lost
PLEG is not healthy: pleg was last seen active
Failed to create existing container
failed to garbage collect required amount of images
eviction manager: attempting to reclaim
Failed to admit pod to node
Unable to attach or mount volumes: unmounted volumes=
MountVolume.SetUp failed for volume
Multi-Attach error for volume
failed to create pod sandbox: rpc error
Failed to create pod sandbox: rpc error: code = (Unknown|DeadlineExceeded)
running exec setns process for init caused
OCI runtime create failed
container init was OOM-killed
failed to reserve (container|sandbox) name
no space left on device
too many open files
failed to write checkpoint file
cannot allocate memory
resource temporarily unavailable
x509: certificate has expired or is not yet valid
x509: certificate signed by unknown authority
tls: failed to verify certificate
Unable to register node with API server
Unable to update node status
node .*not found.*failed to get node info
failed to ensure lease exists, will retry
dial tcp [0-9.]+:6443: connect: connection refused
use of closed network connection
http2: client connection lost
etcdserver: request timed out
apply request took too long
failed to find plugin .* in path
no IP addresses available in range set
failed to set bridge addr: .* already has an IP address
stat /var/lib/calico/nodename: no such file
BIRD is not ready: BGP not established
Failed to execute iptables-restore
Another app is currently holding the xtables lock
Couldn't load target .KUBE-MARK-(DROP|MASQ)
can't open ip_vs module
Failed to list IPVS destinations
conntrack: Connection reset by peer
cgroup driver: .* is different from docker cgroup driver
misconfiguration: kubelet cgroup driver
inotify_init: too many
fs.inotify.max_user_(watches|instances)
aborting due to previous unrecoverable error
`), "\n")

// benchHits are the lines of failures; each matches at least one of benchPatterns.
var benchHits = []string{
	`kernel: nf_conntrack: nf_conntrack: table full, dropping packet`,
	`kernel: runc:[1:CHILD]: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null)`,
	`kernel: Memory cgroup out of memory: Killed process %d (java) total-vm:%dkB, anon-rss:%dkB`,
	`kernel: unregister_netdevice: waiting for lo to become free. Usage count = 1`,
	`kernel: neighbour: arp_cache: neighbor table overflow!`,
	`kernel: watchdog: BUG: soft lockup - CPU#%d stuck for 22s! [kworker/u16:3:%d]`,
	`kernel: EXT4-fs error (device sda1): ext4_find_entry:1455: inode #%d: comm java: reading directory lblock 0`,
	`kubelet[812]: E0301 12:%d:%d.%d     812 kubelet.go:2347] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 3m%ds ago; threshold is 3m0s"`,
	`kubelet[812]: E0301 12:%d:%d.%d     812 pod_workers.go:965] "Error syncing pod, skipping" err="failed to \"CreatePodSandbox\" for \"web-%h\": rpc error: plugin type=\"calico\" failed (add): no IP addresses available in range set"`,
	`containerd[640]: time="2026-03-01T12:%d:%d.%dZ" level=error msg="copy shim log" error="write /var/lib/containerd/x: no space left on device"`,
	`kube-proxy[900]: E0301 12:%d:%d.%d       1 proxier.go:1201] Failed to execute iptables-restore: exit status 4`,
}

// manyPatterns are n patterns: the bench patterns, and texts of the same make for parts that do not exist.
func manyPatterns(n int) []Pattern {
	var out []Pattern
	for _, expr := range benchPatterns {
		out = append(out, Pattern{Expr: expr})
	}
	parts := strings.Fields("controller volume snapshot gateway resolver mirror quota ledger shard tunnel beacon replica")
	faults := strings.Fields("vanished overran deadlocked misaligned overheated saturated desynchronised unreachable corrupted")
	for i := 0; len(out) < n; i++ {
		out = append(out, Pattern{Expr: fmt.Sprintf(`%s %s: code %d(, retry in [0-9]+s)?`, parts[i%len(parts)], faults[i/len(parts)%len(faults)], 100+i)})
	}
	return out[:n]
}

// writeJournal writes about size bytes of journal in the short-iso format and returns the number of matching lines.
func writeJournal(w io.Writer, size int64) (lines, matching int64, err error) {
	rng := rand.New(rand.NewPCG(benchSeed, 1))
	buf := bufio.NewWriterSize(w, 1<<20)
	var line []byte
	stamp := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for written := int64(0); written < size; written += int64(len(line)) {
		template := journalTemplates[rng.IntN(len(journalTemplates))]
		if rng.IntN(matchEvery) == 0 {
			template = benchHits[rng.IntN(len(benchHits))]
			matching++
		}
		if lines++; lines%64 == 0 {
			stamp = stamp.Add(time.Second)
		}
		line = stamp.AppendFormat(line[:0], "2006-01-02T15:04:05-0700 node-a ")
		line = append(expand(line, template, rng), '\n')
		if _, err = buf.Write(line); err != nil {
			return lines, matching, err
		}
	}
	return lines, matching, buf.Flush()
}

func expand(line []byte, template string, rng *rand.Rand) []byte {
	for i := 0; i < len(template); i++ {
		if template[i] != '%' || i+1 == len(template) {
			line = append(line, template[i])
			continue
		}
		switch i++; template[i] {
		case 'h':
			line = fmt.Appendf(line, "%016x", rng.Uint64())
		case 'd':
			line = strconv.AppendInt(line, rng.Int64N(60000), 10)
		case 'n':
			line = append(line, []string{"frontend", "sidecar", "worker", "migrate", "proxy"}[rng.IntN(5)]...)
		}
	}
	return line
}

// benchJournal opens the journal to measure with, and tells its size: the file named by COLDCASE_BENCH_FILE, or one made
// in memory of COLDCASE_BENCH_MIB mebibytes, 64 when it is not set.
func benchJournal(b *testing.B) (open func() io.Reader, size int64) {
	if name := os.Getenv("COLDCASE_BENCH_FILE"); name != "" {
		f, err := os.Open(name)
		require.NoError(b, err)
		b.Cleanup(func() { f.Close() })
		info, err := f.Stat()
		require.NoError(b, err)
		return func() io.Reader {
			_, err := f.Seek(0, io.SeekStart)
			require.NoError(b, err)
			return f
		}, info.Size()
	}
	mib := int64(64)
	if s := os.Getenv("COLDCASE_BENCH_MIB"); s != "" {
		n, err := strconv.ParseInt(s, 10, 32)
		require.NoError(b, err)
		mib = n
	}
	var buf bytes.Buffer
	_, _, err := writeJournal(&buf, mib<<20)
	require.NoError(b, err)
	return func() io.Reader { return bytes.NewReader(buf.Bytes()) }, int64(buf.Len())
}

// BenchmarkScan measures the matcher on one core and on all, with 101 and with more patterns.
func BenchmarkScan(b *testing.B) {
	open, size := benchJournal(b)
	for _, n := range []int{len(benchPatterns), 200, 500} {
		for _, cores := range []int{1, runtime.NumCPU()} {
			b.Run(fmt.Sprintf("patterns=%d/cores=%d", n, cores), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
				m, err := New(manyPatterns(n))
				require.NoError(b, err)
				b.SetBytes(size)
				var lines, candidates int64
				for b.Loop() {
					lines = 0
					last := int64(0)
					stats, err := m.Scan(open(), context("node/journal"), "", func(h *Hit) error {
						if h.Line != last {
							lines, last = lines+1, h.Line
						}
						return nil
					})
					require.NoError(b, err)
					candidates = stats.Candidates
				}
				b.ReportMetric(float64(lines), "lines")
				b.ReportMetric(float64(candidates), "candidates")
			})
		}
	}
}

// TestWriteBench writes the journal and the pattern file of bench-logs.sh into the directory COLDCASE_BENCH_DIR.
func TestWriteBench(t *testing.T) {
	dir := os.Getenv("COLDCASE_BENCH_DIR")
	if dir == "" {
		t.Skip("needs COLDCASE_BENCH_DIR: only fixtures/lab/bench-logs.sh writes this file")
	}
	mib, err := strconv.ParseInt(os.Getenv("COLDCASE_BENCH_MIB"), 10, 32)
	require.NoError(t, err)
	f, err := os.Create(dir + "/journal.log")
	require.NoError(t, err)
	lines, matching, err := writeJournal(f, mib<<20)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, os.WriteFile(dir+"/patterns", []byte(strings.Join(benchPatterns, "\n")+"\n"), 0o644))
	t.Logf("%d lines, %d of them match", lines, matching)
}

// TestBenchJournal holds the benchmark honest: every injected line is found, and nothing else.
func TestBenchJournal(t *testing.T) {
	var buf bytes.Buffer
	_, matching, err := writeJournal(&buf, 8<<20)
	require.NoError(t, err)
	hits, stats := scanText(t, manyPatterns(500), "node/journal", buf.String())
	lines := map[int64]bool{}
	for _, h := range hits {
		lines[h.Line] = true
	}
	require.EqualValues(t, matching, len(lines))
	require.Less(t, stats.Candidates, 2*matching)
}
