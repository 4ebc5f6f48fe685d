//go:build linux

package collect

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// nativeAddresses prints what "ip -d addr show" prints.
func nativeAddresses(ctx context.Context, h *host, k *sink) error {
	all, err := readDevices()
	if err != nil {
		return err
	}
	messages, err := dump(unix.NETLINK_ROUTE, unix.RTM_GETADDR, unix.RTM_NEWADDR, make([]byte, unix.SizeofIfAddrmsg))
	if err != nil {
		return err
	}
	of := map[uint32][]string{}
	for _, m := range messages {
		if len(m) < unix.SizeofIfAddrmsg {
			continue
		}
		index := binary.NativeEndian.Uint32(m[4:])
		of[index] = append(of[index], address(m))
	}
	w := newLinkWriter(h, all, true)
	for _, d := range all {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := fmt.Fprint(k, w.link(d)+strings.Join(of[d.index], "")); err != nil {
			return err
		}
	}
	return nil
}

// address prints one message: struct ifaddrmsg of linux/if_addr.h and its attributes.
func address(m []byte) string {
	a := parseAttrs(m, unix.SizeofIfAddrmsg)
	family, length, flags, scope := m[0], m[1], uint64(m[2]), m[3]
	if a.has(unix.IFA_FLAGS) {
		flags = a.number(unix.IFA_FLAGS)
	}
	peer, hasPeer := a.addr(unix.IFA_ADDRESS)
	local, ok := a.addr(unix.IFA_LOCAL)
	if !ok {
		local = peer
	}
	var b strings.Builder
	fmt.Fprintf(&b, "    %s %s", map[bool]string{true: "inet", false: "inet6"}[family == unix.AF_INET], local)
	if hasPeer && peer != local {
		fmt.Fprintf(&b, " peer %s", peer)
	}
	fmt.Fprintf(&b, "/%d ", length)
	if n := a.number(unix.IFA_RT_PRIORITY); n != 0 {
		fmt.Fprintf(&b, "metric %d ", n)
	}
	if brd, ok := a.addr(unix.IFA_BROADCAST); ok {
		fmt.Fprintf(&b, "brd %s ", brd)
	}
	if any, ok := a.addr(unix.IFA_ANYCAST); ok {
		fmt.Fprintf(&b, "any %s ", any)
	}
	fmt.Fprintf(&b, "scope %s %s", scopeNames.of(uint64(scope)), addressFlags(flags, family))
	if label := a.text(unix.IFA_LABEL); label != "" {
		b.WriteString(label)
	}
	return b.String() + "\n       " + lifetimes(a[unix.IFA_CACHEINFO]) + "\n"
}

// addressFlags prints IFA_F_* of linux/if_addr.h in the order of ip.
func addressFlags(flags uint64, family byte) string {
	text := ""
	for _, f := range []struct {
		bit  uint64
		name string
	}{
		{unix.IFA_F_SECONDARY, "secondary"}, {unix.IFA_F_NODAD, "nodad"}, {unix.IFA_F_OPTIMISTIC, "optimistic"}, {unix.IFA_F_DADFAILED, "dadfailed"},
		{unix.IFA_F_HOMEADDRESS, "home"}, {unix.IFA_F_DEPRECATED, "deprecated"}, {unix.IFA_F_TENTATIVE, "tentative"}, {unix.IFA_F_PERMANENT, ""},
		{unix.IFA_F_MANAGETEMPADDR, "mngtmpaddr"}, {unix.IFA_F_NOPREFIXROUTE, "noprefixroute"}, {unix.IFA_F_MCAUTOJOIN, "autojoin"},
		{unix.IFA_F_STABLE_PRIVACY, "stable-privacy"},
	} {
		set := flags&f.bit != 0
		switch {
		case f.bit == unix.IFA_F_PERMANENT && !set:
			text += "dynamic "
		case f.bit == unix.IFA_F_PERMANENT || !set:
		case f.bit == unix.IFA_F_SECONDARY && family == unix.AF_INET6:
			text += "temporary "
		default:
			text += f.name + " "
		}
	}
	return text
}

// lifetimes prints struct ifa_cacheinfo: seconds, the preferred ones first.
func lifetimes(b []byte) string {
	span := func(at int) string {
		if len(b) < at+4 || binary.NativeEndian.Uint32(b[at:]) == 0xffffffff {
			return "forever"
		}
		return fmt.Sprintf("%dsec", binary.NativeEndian.Uint32(b[at:]))
	}
	return "valid_lft " + span(4) + " preferred_lft " + span(0)
}
