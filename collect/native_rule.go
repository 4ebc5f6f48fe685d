//go:build linux

package collect

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// fib_rule_hdr and FRA_* of linux/fib_rules.h, as far as x/sys/unix lacks them.
const (
	ruleInvert      = 0x2
	ruleUnresolved  = 0x4
	ruleIifDetached = 0x8
	ruleOifDetached = 0x10
	ruleNone        = 0xffffffff // of a suppressor that is not set
)

// nativeRules prints what "ip rule show" prints: the rules of IPv4.
func nativeRules(_ context.Context, h *host, k *sink) error {
	messages, err := dump(unix.NETLINK_ROUTE, unix.RTM_GETRULE, unix.RTM_NEWRULE, append([]byte{unix.AF_INET}, make([]byte, 11)...))
	if err != nil {
		return err
	}
	tables, protocols := h.tableNames(), h.protocolNames()
	for _, m := range messages {
		if len(m) < 12 || m[0] != unix.AF_INET {
			continue
		}
		if _, err := fmt.Fprintln(k, rule(m, tables, protocols)); err != nil {
			return err
		}
	}
	return nil
}

func rule(m []byte, tables, protocols numberNames) string {
	a, flags := parseAttrs(m, 12), binary.NativeEndian.Uint32(m[8:])
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, " "+format, args...) }
	fmt.Fprintf(&b, "%d:\t", a.number(unix.FRA_PRIORITY))
	if flags&ruleInvert != 0 {
		b.WriteString("not ")
	}
	b.WriteString("from " + routePrefix(a, unix.FRA_SRC, m[2], "all"))
	if a.has(unix.FRA_DST) || m[1] > 0 {
		add("to %s", routePrefix(a, unix.FRA_DST, m[1], "all"))
	}
	if m[3] != 0 {
		add("tos 0x%02x", m[3])
	}
	ruleMatches(a, flags, add)
	table := uint64(m[4])
	if a.has(unix.FRA_TABLE) {
		table = a.number(unix.FRA_TABLE)
	}
	switch {
	case a.number(unix.FRA_L3MDEV) != 0:
		add("lookup [l3mdev-table]")
	case table != 0:
		add("lookup %s", tables.of(table))
		if n := a.number(unix.FRA_SUPPRESS_PREFIXLEN); a.has(unix.FRA_SUPPRESS_PREFIXLEN) && n != ruleNone {
			add("suppress_prefixlength %d", n)
		}
		if n := a.number(unix.FRA_SUPPRESS_IFGROUP); a.has(unix.FRA_SUPPRESS_IFGROUP) && n != ruleNone {
			add("suppress_ifgroup %d", n)
		}
	}
	switch action := m[7]; action {
	case unix.FR_ACT_TO_TBL:
	case unix.FR_ACT_GOTO:
		add("goto %d", a.number(unix.FRA_GOTO))
		if flags&ruleUnresolved != 0 {
			add("[unresolved]")
		}
	case unix.FR_ACT_NOP:
		add("nop")
	default:
		add("%s", typeNames.of(uint64(action)))
	}
	if n := a.number(unix.FRA_PROTOCOL); n > unix.RTPROT_BOOT {
		add("proto %s", protocols.of(n))
	}
	return b.String()
}

// ruleMatches prints what a packet must have besides its addresses.
func ruleMatches(a attrs, flags uint32, add func(string, ...any)) {
	if mark, mask := a.number(unix.FRA_FWMARK), a.number(unix.FRA_FWMASK); a.has(unix.FRA_FWMASK) && mask != 0xffffffff {
		add("fwmark 0x%x/0x%x", mark, mask)
	} else if a.has(unix.FRA_FWMARK) {
		add("fwmark 0x%x", mark)
	}
	for _, d := range []struct {
		kind     uint16
		word     string
		detached uint32
	}{{unix.FRA_IIFNAME, "iif", ruleIifDetached}, {unix.FRA_OIFNAME, "oif", ruleOifDetached}} {
		if name := a.text(d.kind); name != "" {
			add("%s %s", d.word, name)
			if flags&d.detached != 0 {
				add("[detached]")
			}
		}
	}
	if b := a[unix.FRA_UID_RANGE]; len(b) >= 8 {
		add("uidrange %d-%d", binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint32(b[4:]))
	}
	if a.has(unix.FRA_IP_PROTO) {
		add("ipproto %s", numberNames{1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 51: "ah", 58: "ipv6-icmp", 132: "sctp"}.of(a.number(unix.FRA_IP_PROTO)))
	}
	for _, p := range []struct {
		kind uint16
		word string
	}{{unix.FRA_SPORT_RANGE, "sport"}, {unix.FRA_DPORT_RANGE, "dport"}} {
		if b := a[p.kind]; len(b) >= 4 {
			first, last := binary.NativeEndian.Uint16(b), binary.NativeEndian.Uint16(b[2:])
			if first == last {
				add("%s %d", p.word, first)
			} else {
				add("%s %d-%d", p.word, first, last)
			}
		}
	}
}
