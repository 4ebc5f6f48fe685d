//go:build linux

package collect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxProcesses = 20000
	maxThreads   = 100000
	maxBlocked   = 300  // threads whose stack is written
	maxDeleted   = 5000 // deleted files that are listed
	cpuSamples   = 3    // and one second between them
	psColumns    = "pid,ppid,uid,nlwp,stat,pcpu,rss,vsz,etimes,wchan:32,cgroup:200,args"
)

var (
	_ = register(Artifact{
		Name: "node/cpu-samples", Path: "node/cpu-samples.txt", Group: "kernel", Privacy: PrivacySystem, Native: nativeCPUSamples,
		Gather: gatherNative, What: []string{"/proc/stat and /proc/loadavg, three times in two seconds"},
	})
	_ = register(Artifact{
		Name: "node/deleted-files", Path: "node/deleted-files.txt", Group: "disk", Privacy: PrivacyWorkload, Native: nativeDeleted,
		Gather: gatherNative, What: []string{"/proc/*/fd: names and sizes of open files that were deleted"},
	})
	_ = register(Artifact{
		Name: "node/ps", Path: "node/ps.txt", Group: "kernel", Privacy: PrivacyWorkload, Keep: Keep{Head: 8 * mib}, Gather: gatherProcesses,
		What: []string{"ps -ewwo " + psColumns, "or /proc/*/stat, status, wchan, cgroup and comm"},
	})
	_ = register(Artifact{
		Name: "node/top", Path: "node/top.txt", Group: "kernel", Privacy: PrivacyWorkload, Keep: Keep{Head: 4 * mib},
		Argv: [][]string{{"top", "-b", "-n", "3", "-d", "1"}},
	})
	_ = register(Artifact{
		Name: "node/stacks", Path: "node/stacks.txt", Group: "kernel", Privacy: PrivacySystem, Native: nativeStacks,
		Gather: gatherNative, What: []string{"/proc/*/task/*/stack and wchan, of threads in uninterruptible sleep"},
	})
)

// gatherNative is for what no program prints as it is needed.
func gatherNative(ctx context.Context, s *session, a Artifact) {
	s.entry(a, a.Name, a.Path, nil, func(k *sink) outcome {
		return s.produce(ctx, a, nil, nil, s.nativeOf(ctx, a), k)
	})
}

// gatherProcesses lists processes without their environment. ps reads command lines, which blocks on a process that
// holds its memory lock in uninterruptible sleep: then the kernel's own short names must do.
func gatherProcesses(ctx context.Context, s *session, a Artifact) {
	argv := []string{"ps", "-ewwo", psColumns}
	s.entry(a, a.Name, a.Path, s.argv(argv...), func(k *sink) outcome {
		return s.produce(ctx, a, s.argv(argv...), nil, func(k *sink) error { return nativeProcesses(ctx, s.host, k) }, k)
	})
}

// process is what proc(5)'s stat says of one process or thread.
type process struct {
	pid, ppid, threads int64
	comm, state        string
	vsize, rss         int64 // bytes, pages
	start              int64 // clock ticks after boot
}

// readStat parses "pid (comm) state ppid ...": the name may hold blanks and parentheses.
func readStat(h *host, dir string) (process, bool) {
	text := h.line(dir + "/stat")
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return process{}, false
	}
	f := strings.Fields(text[end+1:])
	if len(f) < 22 {
		return process{}, false
	}
	number := func(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n } // 0 when it is none
	return process{
		pid: number(strings.TrimSpace(text[:open])), comm: text[open+1 : end], state: f[0], ppid: number(f[1]),
		threads: number(f[17]), start: number(f[19]), vsize: number(f[20]), rss: number(f[21]),
	}, true
}

// processes returns the directories of all processes.
func (h *host) processes() []string {
	dirs := h.glob("/proc/[0-9]*")
	return dirs[:min(len(dirs), maxProcesses)]
}

// nativeProcesses prints ps's columns. Only the name stands for the command line, as ps prints it for kernel threads.
func nativeProcesses(ctx context.Context, h *host, k *sink) error {
	if _, err := fmt.Fprintf(k, "%7s %7s %5s %4s %-4s %8s %10s %8s %-32s %s %s\n", "PID", "PPID", "UID", "NLWP", "STAT", "RSS", "VSZ", "ELAPSED", "WCHAN", "CGROUP", "COMMAND"); err != nil {
		return err
	}
	uptime, _, _ := strings.Cut(h.line("/proc/uptime"), ".")
	up, _ := strconv.ParseInt(uptime, 10, 64) // 0 gives no elapsed times
	page := int64(os.Getpagesize()) / kib
	for _, dir := range h.processes() {
		p, ok := readStat(h, dir)
		if !ok || ctx.Err() != nil {
			continue
		}
		wchan := h.line(dir + "/wchan")
		if wchan == "" || wchan == "0" {
			wchan = "-"
		}
		_, err := fmt.Fprintf(k, "%7d %7d %5d %4d %-4s %8d %10d %8d %-32s %s [%s]\n", p.pid, p.ppid, h.owner(dir), p.threads, p.state,
			p.rss*page, p.vsize/kib, max(up-p.start/100, 0), wchan, h.cgroupOf(dir), p.comm)
		if err != nil {
			return err
		}
	}
	return nil
}

// cgroupOf lists a process's control groups as ps does, which cuts them off too; "-" for none. Version 1 has one for each
// group of controllers, all with the same path for a container.
func (h *host) cgroupOf(dir string) string {
	groups := strings.Join(strings.Fields(h.line(dir+"/cgroup")), ",")
	if groups == "" {
		return "-"
	}
	return groups[:min(len(groups), 200)]
}

func (h *host) owner(dir string) uint32 {
	var st unix.Stat_t
	if unix.Stat(h.path(dir), &st) != nil {
		return 0
	}
	return st.Uid
}

// nativeStacks prints, for each thread in uninterruptible sleep, a line "PID/TID STATE NAME wchan=FUNCTION" and below
// it the kernel's stack, which only root may read. It never reads the command line: that may block for ever.
func nativeStacks(ctx context.Context, h *host, k *sink) error {
	found, threads := 0, 0
	for _, dir := range h.processes() {
		for _, task := range h.glob(dir + "/task/[0-9]*") {
			if threads++; threads > maxThreads || found == maxBlocked || ctx.Err() != nil {
				_, err := fmt.Fprintf(k, "# ended after %d blocked of %d threads\n", found, threads)
				return err
			}
			p, ok := readStat(h, task)
			if !ok || p.state != "D" {
				continue
			}
			found++
			stack, err := readBounded(h.path(task+"/stack"), 16*kib)
			if err != nil {
				stack = fmt.Sprintf("# no stack: %v\n", err)
			}
			if _, err := fmt.Fprintf(k, "%s/%d %s %s wchan=%s\n%s", filepath.Base(dir), p.pid, p.state, p.comm, h.line(task+"/wchan"), stack); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(k, "# %d of %d threads in uninterruptible sleep\n", found, threads)
	return err
}

// nativeCPUSamples prints for each sample a line "sample N TIME", the lines "cpu..." and "procs_..." of /proc/stat and
// the load. proc(5) has the columns: user nice system idle iowait irq softirq steal, in clock ticks since boot.
func nativeCPUSamples(ctx context.Context, h *host, k *sink) error {
	for i := range cpuSamples {
		if i > 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Second):
			}
		}
		text, err := readBounded(h.path("/proc/stat"), 4*mib)
		if err != nil {
			return err
		}
		var b strings.Builder
		fmt.Fprintf(&b, "sample %d %s\n", i+1, time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "cpu") || strings.HasPrefix(line, "procs_") || strings.HasPrefix(line, "ctxt") {
				b.WriteString(line)
			}
		}
		fmt.Fprintf(&b, "loadavg %s\n", h.line("/proc/loadavg"))
		if _, err := k.Write([]byte(b.String())); err != nil {
			return err
		}
	}
	return nil
}

// nativeDeleted prints "PID NAME FD BYTES DEVICE:INODE PATH" of open files that have no name any more: their space is
// free only when who holds them ends.
func nativeDeleted(ctx context.Context, h *host, k *sink) error {
	if _, err := fmt.Fprintln(k, "PID NAME FD BYTES DEVICE:INODE PATH"); err != nil {
		return err
	}
	found := 0
	for _, dir := range h.processes() {
		for _, fd := range h.glob(dir + "/fd/[0-9]*") {
			target, err := os.Readlink(h.path(fd))
			if err != nil || !strings.HasPrefix(target, "/") || !strings.HasSuffix(target, " (deleted)") || strings.HasPrefix(target, "/memfd:") {
				continue
			}
			if found++; found > maxDeleted || ctx.Err() != nil {
				_, err := fmt.Fprintf(k, "# ended after %d files\n", found-1)
				return err
			}
			name := strings.ReplaceAll(h.line(dir+"/comm"), " ", "_")
			line := fmt.Sprintf("%s %s %s %s %s\n", filepath.Base(dir), name, filepath.Base(fd), sizeOf(h.path(fd)), strings.TrimSuffix(target, " (deleted)"))
			if _, err := k.Write([]byte(line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sizeOf asks for what the kernel knows already, so that a dead network mount is not waited for.
func sizeOf(name string) string {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, name, unix.AT_STATX_DONT_SYNC, unix.STATX_SIZE|unix.STATX_INO, &st); err != nil {
		return "? ?"
	}
	return fmt.Sprintf("%d %d:%d:%d", st.Size, st.Dev_major, st.Dev_minor, st.Ino)
}
