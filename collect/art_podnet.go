//go:build linux

package collect

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

const (
	maxPodNets    = 250
	podNetTimeout = 3 * time.Second // for one program or file in one pod
)

var _ = register(Artifact{
	Name: "node/podnet", Path: "node/podnet", Group: "podnet", Privacy: PrivacyAddresses, Timeout: 12 * time.Second, Keep: Keep{Head: mib}, Gather: gatherPodNets,
	What: append([]string{"in each pod's network namespace, and those of /run/netns:"}, podNetCommands()...),
})

// podNet is one network namespace that is not the node's own.
type podNet struct {
	name  string // NAMESPACE_POD, or what else is known
	file  string // that names the namespace, to be entered through
	proc  string // "/proc/PID" of a process in it, or ""
	inode uint64
}

// cgroupPod finds a pod in a cgroup's path, in the form of both cgroup drivers: "kubepods/burstable/pod<uid>/..." and
// "kubepods-burstable-pod<uid_with_underscores>.slice". A static pod's UID is a hash without dashes.
var cgroupPod = regexp.MustCompile(`kubepods.*[/-]pod([0-9a-f]{8}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{12})`)

// podNets lists the pods' namespaces, sorted by name. Pods in the node's own namespace are not among them.
func (h *host) podNets() []podNet {
	seen := map[uint64]bool{}
	for _, own := range []string{"/proc/1/ns/net", "/proc/self/ns/net"} {
		if inode, ok := h.inode(own); ok {
			seen[inode] = true
		}
	}
	names := h.podNames()
	var nets []podNet
	add := func(n podNet) {
		inode, ok := h.inode(n.file)
		if !ok || seen[inode] {
			return
		}
		seen[inode] = true
		n.inode = inode
		nets = append(nets, n)
	}
	for _, dir := range h.processes() {
		text, err := readBounded(h.path(dir+"/cgroup"), 16*kib)
		if err != nil {
			continue
		}
		if m := cgroupPod.FindStringSubmatch(text); m != nil {
			uid := strings.ReplaceAll(m[1], "_", "-")
			name := names[uid]
			if name == "" {
				name = "unknown_" + uid
			}
			add(podNet{name: name, file: dir + "/ns/net", proc: dir})
		}
	}
	for _, file := range append(h.glob("/run/netns/*"), h.glob("/run/docker/netns/*")...) {
		add(podNet{name: "netns_" + filepath.Base(file), file: file})
	}
	sort.Slice(nets, func(i, j int) bool {
		return nets[i].name < nets[j].name || nets[i].name == nets[j].name && nets[i].inode < nets[j].inode
	})
	return nets
}

// podNames maps pods' UIDs to NAMESPACE_POD, from the names of the directories that the kubelet makes for their logs.
func (h *host) podNames() map[string]string {
	names := map[string]string{}
	for _, dir := range h.glob("/var/log/pods/*") {
		if parts := strings.Split(filepath.Base(dir), "_"); len(parts) == 3 {
			names[parts[2]] = parts[0] + "_" + parts[1]
		}
	}
	return names
}

// inode tells one namespace from another.
func (h *host) inode(name string) (uint64, bool) {
	var st unix.Stat_t
	if unix.Stat(h.path(name), &st) != nil {
		return 0, false
	}
	return st.Ino, true
}

// gatherPodNets takes each namespace as an artifact of its own, so that one that fails costs only itself. The text
// has sections, each below a line "$ COMMAND" or "==> FILE <==".
func gatherPodNets(ctx context.Context, s *session, a Artifact) {
	nets := s.host.podNets()
	if len(nets) == 0 {
		s.absent(a, bundle.StatusUnsupported, "no process in a kubepods cgroup has a network namespace of its own, and /run/netns has none")
		return
	}
	used := map[string]bool{}
	for i, n := range nets {
		if ctx.Err() != nil || s.fatal != nil {
			return
		}
		name := n.name
		if used[name] {
			name = fmt.Sprintf("%s_%d", name, n.inode)
		}
		used[name] = true
		if i == maxPodNets {
			a.Path = "node/podnet/others.txt"
			s.absent(a, bundle.StatusBudget, fmt.Sprintf("%d more namespaces, such as %s, were left out", len(nets)-i, name))
			return
		}
		s.entry(a, a.Name+"/"+name, a.Path+"/"+name+".txt", nil, func(k *sink) outcome { return s.podNet(ctx, a, n, k) })
	}
}

// podNet enters a namespace and gathers what is in it. The thread that entered it never leaves: it ends with the
// goroutine, so that nothing else can run in the pod's namespace by mistake.
func (s *session) podNet(ctx context.Context, a Artifact, n podNet, k *sink) outcome {
	ctx, cancel := context.WithTimeout(ctx, a.timeout())
	defer cancel()
	done := make(chan outcome, 1)
	onOwnThread(func() {
		if err := enter(s.host.path(n.file)); err != nil {
			done <- fileOutcome(err)
			return
		}
		done <- s.insidePodNet(ctx, k)
	})
	select {
	case o := <-done:
		return o
	case <-ctx.Done():
		o := ended(ctx, a.timeout(), n.name)
		return o
	}
}

func enter(file string) error {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: file, Err: err}
	}
	defer unix.Close(fd)
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return &os.PathError{Op: "enter the network namespace of", Path: file, Err: err}
	}
	return nil
}

// podNetSections are what is gathered in a pod: a program, or where it is missing the collector itself on the thread
// that entered; and files of the kernel. They ask for nothing that would load a kernel module. Sockets always come from the kernel's files, since ss would
// load the modules of socket diagnosis.
var podNetSections = []struct {
	argv   []string
	native func(context.Context, *host, *sink) error
	files  []string
	needs  func(*host) string
}{
	{argv: []string{"ip", "-d", "-s", "link", "show"}, native: nativeLinks},
	{argv: []string{"ip", "-d", "addr", "show"}, native: nativeAddresses},
	{argv: []string{"ip", "route", "show", "table", "all"}, native: nativeRoutes},
	{argv: []string{"ip", "rule", "show"}, native: nativeRules},
	{argv: []string{"ip", "-s", "neigh", "show"}, native: nativeNeighbours},
	{argv: []string{"iptables-legacy-save", "-c"}, native: xtLayout4.legacyTables, needs: needsThreadTables("net/ip_tables_names")},
	{argv: []string{"iptables-nft-save", "-c"}, native: xtLayout4.nftTables, needs: needsModule("nf_tables")},
	{files: []string{"net/sockstat", "net/snmp", "net/netstat"}},
}

// socketFiles list sockets; only the ones that listen are kept.
var socketFiles = []string{"net/tcp", "net/tcp6", "net/udp", "net/udp6"}

// needsThreadTables asks which tables the namespace of the calling thread has.
func needsThreadTables(file string) func(*host) string {
	return func(*host) string {
		text, err := readBounded("/proc/thread-self/"+file, kib)
		if err != nil || strings.TrimSpace(text) == "" {
			return "the legacy backend is not in use here"
		}
		return ""
	}
}

func podNetCommands() []string {
	var all []string
	for _, sec := range podNetSections {
		if sec.argv != nil {
			all = append(all, strings.Join(sec.argv, " "))
		}
		for _, f := range sec.files {
			all = append(all, "/proc/thread-self/"+f)
		}
	}
	for _, f := range socketFiles {
		all = append(all, "/proc/thread-self/"+f+": listening sockets")
	}
	return all
}

// insidePodNet runs on a thread in the pod's namespace; programs that it starts inherit that.
func (s *session) insidePodNet(ctx context.Context, k *sink) outcome {
	worst := outcome{status: bundle.StatusOK}
	for _, sec := range podNetSections {
		if ctx.Err() != nil {
			return worst
		}
		if sec.needs != nil && sec.needs(s.host) != "" {
			continue
		}
		if o := s.podNetCommand(ctx, sec.argv, sec.native, k); o.status != bundle.StatusOK {
			worst = o
		}
		for _, f := range sec.files {
			if err := threadFile(k, f, nil); err != nil {
				return worst
			}
		}
	}
	for _, f := range socketFiles {
		if err := threadFile(k, f, listening); err != nil {
			return worst
		}
	}
	return worst
}

// podNetCommand writes one section: a program's, else the collector's own.
func (s *session) podNetCommand(ctx context.Context, argv []string, native func(context.Context, *host, *sink) error, k *sink) outcome {
	o := outcome{status: bundle.StatusOK}
	byProgram := len(argv) > 0 && s.argv(argv...) != nil
	if !byProgram && native == nil {
		return o
	}
	if _, err := fmt.Fprintf(k, "$ %s\n", strings.Join(argv, " ")); err != nil {
		return o
	}
	before := k.count()
	if byProgram {
		o = runProgram(ctx, podNetTimeout, argv, environment(nil), k)
	}
	if native != nil && (!byProgram || o.status != bundle.StatusOK && k.count() == before) {
		o = fileOutcome(native(ctx, s.host, k)) // not in a goroutine of its own, which would be in another namespace
	}
	if o.status != bundle.StatusOK {
		o.status, o.err = bundle.StatusNonzeroExit, strings.Join(argv, " ")+": "+o.err
	}
	return o
}

// threadFile copies a file of the calling thread's namespace; only a failure of the sink is an error.
func threadFile(k *sink, file string, keep func(string) bool) error {
	name := "/proc/thread-self/" + file
	text, err := readBounded(name, mib)
	if err != nil {
		return nil // such as IPv6 where there is none
	}
	if _, err := io.WriteString(k, sectionStart+name+sectionEnd); err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		if keep != nil && !keep(line) {
			continue
		}
		if _, err := io.WriteString(k, line); err != nil {
			return err
		}
	}
	return nil
}

// listening keeps the heading, TCP's state LISTEN (0A) and unconnected UDP (07).
func listening(line string) bool {
	f := strings.Fields(line)
	return len(f) > 3 && slices.Contains([]string{"st", "0A", "07"}, f[3])
}
