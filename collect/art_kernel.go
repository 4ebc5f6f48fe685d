//go:build linux

package collect

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

var (
	_ = register(Artifact{Name: "node/uname", Path: "node/uname.txt", Group: "kernel", Privacy: PrivacyAddresses, Argv: [][]string{{"uname", "-a"}}, Native: nativeUname})
	_ = register(Artifact{Name: "node/uptime", Path: "node/uptime.txt", Group: "kernel", Privacy: PrivacySystem, Files: []string{"/proc/uptime"}})
	_ = register(Artifact{Name: "node/os-release", Path: "node/os-release.txt", Group: "kernel", Privacy: PrivacySystem, Files: []string{"/etc/os-release", "/usr/lib/os-release"}})
	_ = register(Artifact{Name: "node/lsmod", Path: "node/lsmod.txt", Group: "kernel", Privacy: PrivacySystem, Argv: [][]string{{"lsmod"}}, Native: nativeLsmod, Needs: needsFile("/proc/modules", "the kernel is built without modules")})
	_ = register(Artifact{Name: "node/sysctl", Path: "node/sysctl.txt", Group: "kernel", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Argv: [][]string{{"sysctl", "-a"}}, Native: nativeSysctl})
	_ = register(Artifact{
		Name: "node/dmesg", Path: "node/dmesg.txt", Group: "kernel", Privacy: PrivacyLogs, Keep: Keep{Head: mib, Tail: 8 * mib}, Gather: gatherDmesg,
		What: []string{"dmesg", "or /dev/kmsg"},
	})
)

// needsFile says that an artifact needs a file that the kernel shows only when it has the feature.
func needsFile(name, why string) func(*host) string {
	return func(h *host) string {
		if h.exists(name) {
			return ""
		}
		return why + ": there is no " + name
	}
}

// gatherDmesg runs dmesg; where that is missing or refused, it reads /dev/kmsg, which has other permissions.
func gatherDmesg(ctx context.Context, s *session, a Artifact) {
	argv := s.argv("dmesg")
	s.entry(a, a.Name, a.Path, argv, func(k *sink) outcome {
		return s.produce(ctx, a, argv, nil, func(k *sink) error { return readKmsg(s.host.path("/dev/kmsg"), k) }, k)
	})
}

// readKmsg prints the kernel's ring buffer as dmesg does. It never waits for new messages.
func readKmsg(name string, k *sink) error {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	buf := make([]byte, 16*kib)
	for {
		n, err := unix.Read(fd, buf)
		switch err {
		case nil:
		case unix.EPIPE: // the record was overwritten while we read: go on with the next
			continue
		case unix.EAGAIN:
			return nil
		default:
			return &os.PathError{Op: "read", Path: name, Err: err}
		}
		if n <= 0 {
			return nil
		}
		if line := kmsgLine(string(buf[:n])); line != "" {
			if _, err := k.Write([]byte(line)); err != nil {
				return nil // the sink was closed
			}
		}
	}
}

// kmsgLine turns "priority,sequence,microseconds,flags[,...];text" into dmesg's "[    1.234567] text".
// The format is in the kernel's Documentation/ABI/testing/dev-kmsg.
func kmsgLine(record string) string {
	head, text, ok := strings.Cut(record, ";")
	fields := strings.Split(head, ",")
	if !ok || len(fields) < 3 {
		return ""
	}
	var micros int64
	if _, err := fmt.Sscanf(fields[2], "%d", &micros); err != nil {
		return ""
	}
	text, _, _ = strings.Cut(text, "\n") // what follows are the device's properties
	return fmt.Sprintf("[%5d.%06d] %s\n", micros/1e6, micros%1e6, text)
}

func nativeUname(_ context.Context, _ *host, k *sink) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	field := func(b [65]byte) string { return unix.ByteSliceToString(b[:]) }
	_, err := fmt.Fprintf(k, "%s %s %s %s %s GNU/Linux\n", field(u.Sysname), field(u.Nodename), field(u.Release), field(u.Version), field(u.Machine))
	return err
}

func nativeLsmod(_ context.Context, h *host, k *sink) error {
	text, err := readBounded(h.path("/proc/modules"), mib)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(k, "%-19s %8s  Used by\n", "Module", "Size"); err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		if _, err := fmt.Fprintf(k, "%-19s %8s  %s %s\n", f[0], f[1], f[2], strings.Trim(f[3], ",-")); err != nil {
			return err
		}
	}
	return nil
}

// nativeSysctl prints /proc/sys as sysctl -a does. Files that are only written to, or that act when read, are left out.
func nativeSysctl(ctx context.Context, h *host, k *sink) error {
	top := h.path("/proc/sys")
	return filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || ctx.Err() != nil {
			return ctx.Err()
		}
		switch d.Name() {
		case "base_reachable_time", "retrans_time": // sysctl leaves out what has an _ms of its own
			return nil
		case "stat_refresh": // reading it makes every CPU work
			return nil
		}
		st, err := d.Info()
		if err != nil || st.Mode().Perm()&0o444 == 0 {
			return nil
		}
		text, err := readBounded(name, 64*kib)
		if err != nil {
			return nil // sysctl prints such a key on its error output and goes on
		}
		key := strings.NewReplacer(".", "/", "/", ".").Replace(strings.TrimPrefix(name, top+"/"))
		for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
			if _, err := fmt.Fprintf(k, "%s = %s\n", key, line); err != nil {
				return err
			}
		}
		return nil
	})
}
