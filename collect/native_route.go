//go:build linux

package collect

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

const rtaNextHop = 30 // RTA_NH_ID of linux/rtnetlink.h

// routeWriter prints routes as ip-route(8) does.
type routeWriter struct {
	devices           deviceNames
	tables, protocols numberNames
}

// nativeRoutes prints what "ip route show table all" prints.
func nativeRoutes(ctx context.Context, h *host, k *sink) error {
	devices, err := listDevices()
	if err != nil {
		return err
	}
	w := routeWriter{devices, h.tableNames(), h.protocolNames()}
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		messages, err := dump(unix.NETLINK_ROUTE, unix.RTM_GETROUTE, unix.RTM_NEWROUTE, append([]byte{family}, make([]byte, 11)...))
		if err != nil && family == unix.AF_INET {
			return err
		}
		for _, m := range messages {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if len(m) < unix.SizeofRtMsg || m[0] != family || binary.NativeEndian.Uint32(m[8:])&unix.RTM_F_CLONED != 0 {
				continue
			}
			if _, err := fmt.Fprintln(k, w.route(m)); err != nil {
				return err
			}
		}
	}
	return nil
}

// route prints one message: struct rtmsg of linux/rtnetlink.h and its attributes.
func (w routeWriter) route(m []byte) string {
	a := parseAttrs(m, unix.SizeofRtMsg)
	protocol, scope, kind, flags := m[5], m[6], m[7], binary.NativeEndian.Uint32(m[8:])
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format+" ", args...) }
	if kind != unix.RTN_UNICAST {
		add("%s", typeNames.of(uint64(kind)))
	}
	add("%s", routePrefix(a, unix.RTA_DST, m[1], "default"))
	if m[2] > 0 {
		add("from %s", routePrefix(a, unix.RTA_SRC, m[2], "all"))
	}
	if m[3] != 0 {
		add("tos 0x%02x", m[3])
	}
	if a.has(rtaNextHop) {
		add("nhid %d", a.number(rtaNextHop))
	}
	b.WriteString(w.hop(a))
	table := uint64(m[4])
	if a.has(unix.RTA_TABLE) {
		table = a.number(unix.RTA_TABLE)
	}
	if table != unix.RT_TABLE_MAIN {
		add("table %s", w.tables.of(table))
	}
	if protocol != unix.RTPROT_BOOT {
		add("proto %s", w.protocols.of(uint64(protocol)))
	}
	if scope != unix.RT_SCOPE_UNIVERSE {
		add("scope %s", scopeNames.of(uint64(scope)))
	}
	if src, ok := a.addr(unix.RTA_PREFSRC); ok {
		add("src %s", src)
	}
	if a.has(unix.RTA_PRIORITY) {
		add("metric %d", a.number(unix.RTA_PRIORITY))
	}
	b.WriteString(routeFlags(flags))
	b.WriteString(routeMetrics(parseAttrs(a[unix.RTA_METRICS], 0)))
	if a.has(unix.RTA_PREF) {
		add("pref %s", numberNames{0: "medium", 1: "high", 3: "low"}.of(a.number(unix.RTA_PREF)))
	}
	b.WriteString(w.hops(a[unix.RTA_MULTIPATH]))
	return b.String()
}

// routePrefix prints a prefix; a host's has no length.
func routePrefix(a attrs, kind uint16, length byte, none string) string {
	addr, ok := a.addr(kind)
	switch {
	case !ok && length > 0:
		return fmt.Sprintf("0/%d", length)
	case !ok:
		return none
	case int(length) == addr.BitLen():
		return addr.String()
	}
	return fmt.Sprintf("%s/%d", addr, length)
}

// hop prints gateway and device.
func (w routeWriter) hop(a attrs) string {
	text := ""
	if kind := a.number(unix.RTA_ENCAP_TYPE); kind != 0 {
		text += "encap " + numberNames{1: "mpls", 2: "ip", 3: "ila", 4: "ip6", 5: "seg6", 6: "bpf", 7: "seg6local", 8: "rpl"}.of(kind) + " "
	}
	if via, ok := a.addr(unix.RTA_GATEWAY); ok {
		text += fmt.Sprintf("via %s ", via)
	}
	if via := a[unix.RTA_VIA]; len(via) > 2 { // struct rtvia: a gateway of the other family
		if addr, ok := netip.AddrFromSlice(via[2:]); ok {
			text += fmt.Sprintf("via %s %s ", map[bool]string{true: "inet", false: "inet6"}[addr.Is4()], addr)
		}
	}
	if a.has(unix.RTA_OIF) {
		text += fmt.Sprintf("dev %s ", w.devices.of(a.number(unix.RTA_OIF)))
	}
	return text
}

// hops prints the next hops of a multipath route: struct rtnexthop of linux/rtnetlink.h, one after the other.
func (w routeWriter) hops(b []byte) string {
	text := ""
	for len(b) >= unix.SizeofRtNexthop {
		size := int(binary.NativeEndian.Uint16(b))
		if size < unix.SizeofRtNexthop || size > len(b) {
			break
		}
		a := parseAttrs(b[:size], unix.SizeofRtNexthop)
		text += "\n\tnexthop " + w.hop(a)
		if !a.has(unix.RTA_OIF) {
			text += fmt.Sprintf("dev %s ", w.devices.of(uint64(binary.NativeEndian.Uint32(b[4:]))))
		}
		text += fmt.Sprintf("weight %d ", int(b[3])+1) + routeFlags(uint32(b[2]))
		b = b[min((size+3)&^3, len(b)):]
	}
	return text
}

func routeFlags(flags uint32) string {
	text := ""
	for _, f := range []struct {
		bit  uint32
		name string
	}{
		{unix.RTNH_F_DEAD, "dead"}, {unix.RTNH_F_ONLINK, "onlink"}, {unix.RTNH_F_PERVASIVE, "pervasive"}, {unix.RTNH_F_OFFLOAD, "offload"},
		{unix.RTNH_F_TRAP, "trap"}, {unix.RTNH_F_LINKDOWN, "linkdown"}, {unix.RTNH_F_UNRESOLVED, "unresolved"},
	} {
		if flags&f.bit != 0 {
			text += f.name + " "
		}
	}
	return text
}

// routeMetrics prints the metrics whose unit is the number itself.
func routeMetrics(a attrs) string {
	text := ""
	for _, m := range []struct {
		kind uint16
		name string
	}{
		{unix.RTAX_MTU, "mtu"}, {unix.RTAX_WINDOW, "window"}, {unix.RTAX_SSTHRESH, "ssthresh"}, {unix.RTAX_CWND, "cwnd"}, {unix.RTAX_ADVMSS, "advmss"},
		{unix.RTAX_REORDERING, "reordering"}, {unix.RTAX_HOPLIMIT, "hoplimit"}, {unix.RTAX_INITCWND, "initcwnd"},
		{unix.RTAX_INITRWND, "initrwnd"}, {unix.RTAX_QUICKACK, "quickack"},
	} {
		if !a.has(m.kind) {
			continue
		}
		text += m.name + " "
		if a.number(unix.RTAX_LOCK)&(1<<m.kind) != 0 {
			text += "lock "
		}
		text += fmt.Sprintf("%d ", a.number(m.kind))
	}
	if name := a.text(unix.RTAX_CC_ALGO); name != "" {
		text += "congctl " + name + " "
	}
	return text
}
