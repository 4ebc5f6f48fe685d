//go:build linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mountWait is how long one mount may take to answer; once several did not, the others get less, so that a node with
// many mounts of one dead server still has its listing.
const (
	mountWait      = 2 * time.Second
	mountWaitLater = 100 * time.Millisecond
	mountsDead     = 2
)

// mounted is a mount and what its file system answered.
type mounted struct {
	device, kind, root, dir string
	dev                     uint64
	stat                    unix.Statfs_t
	err                     error
}

// pseudoFilesystems hold nothing that could fill up; df(1) leaves them out, and asking autofs would mount something.
var pseudoFilesystems = []string{"autofs", "proc", "subfs", "debugfs", "devpts", "fusectl", "fuse.portal", "mqueue", "rpc_pipefs", "sysfs", "devfs", "kernfs", "ignore"}

func nativeDf(ctx context.Context, h *host, k *sink) error {
	return listFilesystems(ctx, h, k, fmt.Sprintf("%-20s %14s %10s %10s %8s %s\n", "Filesystem", "1024-blocks", "Used", "Available", "Capacity", "Mounted on"),
		func(m mounted) (figures [3]string, percent string) {
			s := m.stat
			unit := uint64(s.Frsize)
			if unit == 0 {
				unit = uint64(s.Bsize)
			}
			used := s.Blocks - min(s.Bfree, s.Blocks)
			return [3]string{blocks(s.Blocks, unit), blocks(used, unit), blocks(s.Bavail, unit)}, share(used, s.Bavail)
		})
}

func nativeDfInodes(ctx context.Context, h *host, k *sink) error {
	return listFilesystems(ctx, h, k, fmt.Sprintf("%-20s %14s %10s %10s %8s %s\n", "Filesystem", "Inodes", "IUsed", "IFree", "IUse%", "Mounted on"),
		func(m mounted) (figures [3]string, percent string) {
			s := m.stat
			used := s.Files - min(s.Ffree, s.Files)
			return [3]string{fmt.Sprint(s.Files), fmt.Sprint(used), fmt.Sprint(s.Ffree)}, share(used, s.Ffree)
		})
}

// blocks counts in KiB, and rounds up as df does.
func blocks(n, unit uint64) string {
	if unit >= 1024 && unit%1024 == 0 {
		return fmt.Sprint(n * (unit / 1024))
	}
	return fmt.Sprint((n*unit + 1023) / 1024)
}

// share is the part that is used of what ordinary users may use, rounded up.
func share(used, free uint64) string {
	if used+free == 0 {
		return "-"
	}
	return fmt.Sprintf("%d%%", (used*100+used+free-1)/(used+free))
}

// listFilesystems prints a row for each file system as df -P does. One that does not answer has dashes.
func listFilesystems(ctx context.Context, h *host, k *sink, head string, row func(mounted) ([3]string, string)) error {
	all, err := askMounts(ctx, h)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(k, head); err != nil {
		return err
	}
	var silent []string
	for _, m := range all {
		figures, percent := [3]string{"-", "-", "-"}, "-"
		switch {
		case m.err != nil:
			silent = append(silent, fmt.Sprintf("%s: %v", m.dir, m.err))
		case m.stat.Blocks == 0:
			continue
		default:
			figures, percent = row(m)
		}
		if _, err := fmt.Fprintf(k, "%-20s %14s %10s %10s %8s %s\n", m.device, figures[0], figures[1], figures[2], percent, m.dir); err != nil {
			return err
		}
	}
	if len(silent) > 0 {
		return fmt.Errorf("df: %s", strings.Join(silent, "; "))
	}
	return ctx.Err()
}

// askMounts asks each mount, never longer than a while, and keeps of each file system the row that df keeps.
func askMounts(ctx context.Context, h *host) ([]mounted, error) {
	text, err := readBounded(h.path("/proc/self/mountinfo"), 4*mib)
	if err != nil {
		return nil, err
	}
	var kept []mounted
	dead := 0
	for line := range strings.Lines(text) {
		m, ok := mountLine(line)
		if !ok || slices.Contains(pseudoFilesystems, m.kind) {
			continue
		}
		wait := mountWait
		if dead >= mountsDead {
			wait = mountWaitLater
		}
		if m = askMount(ctx, h, m, wait); m.err == errSilent {
			dead++
		}
		if m.err == unix.EACCES || m.err == unix.ENOENT || m.err == unix.ENOTDIR {
			continue // hidden from this user, or below a mount that covers it
		}
		same := slices.IndexFunc(kept, func(other mounted) bool { return other.dev == m.dev && other.err == nil && m.err == nil })
		switch {
		case same < 0:
			kept = append(kept, m)
		case m.hides(kept[same]):
			kept = append(slices.Delete(kept, same, same+1), m)
		}
	}
	return kept, nil
}

// hides decides which of two mounts of one file system is listed, as df of coreutils 9 does.
func (m mounted) hides(seen mounted) bool {
	nearer := len(seen.dir) > len(m.dir)
	below := len(seen.root) < len(m.root)
	return strings.Contains(m.device, "/") && !strings.Contains(seen.device, "/") || nearer && !below || seen.device != m.device && seen.dir == m.dir
}

var errSilent = errors.New("it did not answer in time")

// askMount waits for a mount; a dead network file system's answer is left behind.
func askMount(ctx context.Context, h *host, m mounted, wait time.Duration) mounted {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	done := make(chan mounted, 1)
	go func() {
		answer := m
		var st unix.Stat_t
		if answer.err = unix.Statfs(h.path(m.dir), &answer.stat); answer.err == nil {
			if answer.err = unix.Stat(h.path(m.dir), &st); answer.err == nil {
				answer.dev = uint64(st.Dev)
			}
		}
		done <- answer
	}()
	select {
	case answer := <-done:
		return answer
	case <-timer.C:
	case <-ctx.Done():
	}
	m.err = errSilent
	return m
}

// mountLine reads a line of /proc/self/mountinfo (proc(5)).
func mountLine(line string) (mounted, bool) {
	left, right, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
	f, g := strings.Fields(left), strings.Fields(right)
	if !ok || len(f) < 6 || len(g) < 2 {
		return mounted{}, false
	}
	m := mounted{device: unescape(g[1]), kind: g[0], root: unescape(f[3]), dir: unescape(f[4])}
	if strings.HasPrefix(m.device, "/dev/disk/") {
		if target, err := filepath.EvalSymlinks(m.device); err == nil {
			m.device = target
		}
	}
	return m, true
}

// unescape undoes the kernel's octal escapes of blanks; df(1) prints control characters as question marks.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				c, i = byte(n), i+3
			}
		}
		if c < ' ' || c == 0x7f {
			c = '?'
		}
		b.WriteByte(c)
	}
	return b.String()
}
