//go:build linux

package collect

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// host is the node as a collector sees it: its files below root, and what was already found out about it.
type host struct {
	root    string // prefix of every file name; "" is this node
	node    string // name of the node in Kubernetes
	kubelet []string
	builtin map[string]bool // modules compiled into the kernel
}

func newHost(root string) *host {
	h := &host{root: root}
	h.kubelet = h.findKubelet()
	h.builtin = h.builtinModules()
	return h
}

func (h *host) path(name string) string { return filepath.Join("/", h.root, name) }

func (h *host) exists(name string) bool {
	_, err := os.Stat(h.path(name))
	return err == nil
}

// line reads a small file: its content without the last line ending, or "".
func (h *host) line(name string) string {
	f, err := os.Open(h.path(name))
	if err != nil {
		return ""
	}
	defer f.Close()
	buf := make([]byte, 4*kib)
	n, _ := f.Read(buf)
	return strings.TrimSpace(string(buf[:n]))
}

// glob returns the matching files, sorted, without the root prefix.
func (h *host) glob(pattern string) []string {
	found, err := filepath.Glob(h.path(pattern))
	if err != nil {
		return nil
	}
	for i, f := range found {
		found[i] = "/" + strings.TrimPrefix(strings.TrimPrefix(f, h.path("/")), "/")
	}
	return found
}

// module reports whether a kernel module is there already, so that asking for its data loads nothing.
func (h *host) module(name string) bool {
	switch {
	case h.exists("/sys/module/" + name):
		return true
	case !h.exists("/proc/modules"): // a kernel without modules has what it has
		return true
	case h.builtin[name]:
		return true
	}
	return h.line("/proc/sys/kernel/modules_disabled") == "1"
}

func (h *host) builtinModules() map[string]bool {
	names := map[string]bool{}
	var uts unix.Utsname
	if unix.Uname(&uts) != nil {
		return names
	}
	f, err := os.Open(h.path("/lib/modules/" + unix.ByteSliceToString(uts.Release[:]) + "/modules.builtin"))
	if err != nil {
		return names
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 4*kib), 64*kib)
	for lines.Scan() {
		name, _, _ := strings.Cut(filepath.Base(lines.Text()), ".ko")
		names[strings.ReplaceAll(name, "-", "_")] = true
	}
	if lines.Err() != nil {
		return map[string]bool{}
	}
	return names
}

// findKubelet returns the kubelet's command line, or nil when none runs.
func (h *host) findKubelet() []string {
	for _, comm := range h.glob("/proc/[0-9]*/comm") {
		if !slices.Contains([]string{"kubelet", "k3s-server", "k3s-agent", "rke2"}, h.line(comm)) {
			continue
		}
		if args := h.cmdline(filepath.Dir(comm)); len(args) > 0 {
			return args
		}
	}
	return nil
}

func (h *host) cmdline(dir string) []string {
	f, err := os.Open(h.path(dir + "/cmdline"))
	if err != nil {
		return nil
	}
	defer f.Close()
	buf := make([]byte, 64*kib)
	n, _ := f.Read(buf)
	text := strings.TrimRight(string(buf[:n]), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}

// kubeletFlag returns the value of a flag on the kubelet's command line, or "".
func (h *host) kubeletFlag(name string) string {
	for i, arg := range h.kubelet {
		arg = "--" + strings.TrimLeft(arg, "-")
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			return value
		}
		if arg == name && i+1 < len(h.kubelet) {
			return h.kubelet[i+1]
		}
	}
	return ""
}
