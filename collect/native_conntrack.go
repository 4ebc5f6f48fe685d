//go:build linux

package collect

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// conntrackColumns are the counters that "conntrack -S" prints: their names there, in /proc/net/stat/nf_conntrack, and
// their number in linux/netfilter/nfnetlink_conntrack.h.
var conntrackColumns = []struct {
	name, proc string
	attr       uint16
}{
	{"found", "found", 2}, {"invalid", "invalid", 4}, {"insert", "insert", 8}, {"insert_failed", "insert_failed", 9}, {"drop", "drop", 10},
	{"early_drop", "early_drop", 11}, {"error", "icmp_error", 12}, {"search_restart", "search_restart", 13}, {"clash_resolve", "clashres", 14},
	{"chaintoolong", "chainlength", 15},
}

const conntrackFile = "/proc/net/stat/nf_conntrack"

// nativeConntrack prints what "conntrack -S" prints, from /proc or, where the kernel has no such file, from netlink.
func nativeConntrack(_ context.Context, h *host, k *sink) error {
	if h.exists(conntrackFile) {
		return conntrackFromProc(h, k)
	}
	messages, err := dump(unix.NETLINK_NETFILTER, unix.NFNL_SUBSYS_CTNETLINK<<8|4, unix.NFNL_SUBSYS_CTNETLINK<<8|4, make([]byte, 4))
	if err != nil {
		return err
	}
	for _, m := range messages {
		if len(m) < 4 {
			continue
		}
		a := parseAttrs(m, 4)
		line := fmt.Sprintf("cpu=%d   \t", binary.BigEndian.Uint16(m[2:]))
		for _, c := range conntrackColumns {
			if b := a[c.attr]; len(b) >= 4 {
				line += fmt.Sprintf("%s=%d ", c.name, binary.BigEndian.Uint32(b))
			}
		}
		if _, err := fmt.Fprintln(k, line); err != nil {
			return err
		}
	}
	return nil
}

// conntrackFromProc reads one hexadecimal row per CPU below the names of the columns, which differ between kernels.
func conntrackFromProc(h *host, k *sink) error {
	text, err := readBounded(h.path(conntrackFile), mib)
	if err != nil {
		return err
	}
	column, cpu := map[string]int{}, 0
	for line := range strings.Lines(text) {
		cells := strings.Fields(line)
		if len(column) == 0 {
			for i, name := range cells {
				column[name] = i
			}
			continue
		}
		out := fmt.Sprintf("cpu=%d   \t", cpu)
		for _, c := range conntrackColumns {
			i, ok := column[c.proc]
			if !ok || i >= len(cells) {
				continue
			}
			value, err := strconv.ParseUint(cells[i], 16, 64)
			if err != nil {
				return fmt.Errorf("%s: column %q: %w", conntrackFile, c.proc, err)
			}
			out += fmt.Sprintf("%s=%d ", c.name, value)
		}
		if _, err := fmt.Fprintln(k, out); err != nil {
			return err
		}
		cpu++
	}
	return nil
}

// needsConntrackNative says why the counters cannot be read without loading a module.
func needsConntrackNative(h *host) string {
	if h.exists(conntrackFile) {
		return ""
	}
	return needsConntrack(h)
}
