//go:build linux

package collect

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

// manifest describes the node and pairs its clocks.
func manifest(h *host, o Options) bundle.Manifest {
	m := bundle.Manifest{FormatVersion: bundle.FormatVersion, Tool: o.Tool, Options: redactArgs(o.Args), Clock: clock(h)}
	m.Started = m.Clock.Wall
	m.Node.MachineID = h.line("/etc/machine-id")
	m.Node.BootID = h.line("/proc/sys/kernel/random/boot_id")
	m.Node.OS = osName(h)
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		m.Node.Hostname = unix.ByteSliceToString(uts.Nodename[:])
		m.Node.Kernel = unix.ByteSliceToString(uts.Release[:])
		m.Node.Arch = unix.ByteSliceToString(uts.Machine[:])
	}
	m.Node.Name = NodeName(o.Node, os.Getenv("NODE_NAME"), h.kubeletFlag("--hostname-override"), strings.ToLower(m.Node.Hostname))
	return m
}

// NodeName returns the first name that is given.
func NodeName(candidates ...string) string {
	for _, c := range candidates {
		if c = strings.TrimSpace(c); c != "" {
			return c
		}
	}
	return "unknown"
}

func redactArgs(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = redactText(a)
	}
	return out
}

// clock reads wall time and kernel clocks at one instant.
func clock(h *host) bundle.Clock {
	var mono, boot unix.Timespec
	errMono := unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono)
	wall := time.Now().Round(0)
	errBoot := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot)
	c := bundle.Clock{Wall: wall, Timezone: timezone(h)}
	if errMono == nil {
		c.Monotonic = time.Duration(mono.Nano())
	}
	if errBoot == nil {
		c.Uptime = time.Duration(boot.Nano())
	}
	return c
}

func timezone(h *host) string {
	if tz, ok := os.LookupEnv("TZ"); ok && tz != "" {
		return strings.TrimPrefix(tz, ":")
	}
	if target, err := filepath.EvalSymlinks(h.path("/etc/localtime")); err == nil {
		if _, name, ok := strings.Cut(target, "/zoneinfo/"); ok {
			return name
		}
	}
	if name := h.line("/etc/timezone"); name != "" {
		return name
	}
	zone, _ := time.Now().Zone()
	return zone
}

// osName is PRETTY_NAME of os-release(5).
func osName(h *host) string {
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		f, err := os.Open(h.path(name))
		if err != nil {
			continue
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(make([]byte, 4*kib), 64*kib)
		for lines.Scan() {
			if value, ok := strings.CutPrefix(lines.Text(), "PRETTY_NAME="); ok {
				return strings.Trim(value, `"'`)
			}
		}
	}
	return ""
}
