//go:build linux

package collect

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Of linux/neighbour.h, what x/sys/unix lacks.
const (
	ndaProtocol = 12
	ndaNextHop  = 13
	ntfSticky   = 0x40
)

// neighStates say what the kernel knows of a neighbour (linux/neighbour.h).
var neighStates = []struct {
	bit  uint16
	name string
}{
	{unix.NUD_INCOMPLETE, "INCOMPLETE"}, {unix.NUD_REACHABLE, "REACHABLE"}, {unix.NUD_STALE, "STALE"}, {unix.NUD_DELAY, "DELAY"},
	{unix.NUD_PROBE, "PROBE"}, {unix.NUD_FAILED, "FAILED"}, {unix.NUD_NOARP, "NOARP"}, {unix.NUD_PERMANENT, "PERMANENT"},
}

// neighbour is struct ndmsg of linux/neighbour.h and its attributes.
type neighbour struct {
	family, flags byte
	index         uint32
	state         uint16
	attrs
}

func neighbours(family byte) ([]neighbour, error) {
	messages, err := dump(unix.NETLINK_ROUTE, unix.RTM_GETNEIGH, unix.RTM_NEWNEIGH, append([]byte{family}, make([]byte, 11)...))
	if err != nil {
		return nil, err
	}
	var all []neighbour
	for _, m := range messages {
		if len(m) >= 12 {
			all = append(all, neighbour{
				family: m[0], index: binary.NativeEndian.Uint32(m[4:]), state: binary.NativeEndian.Uint16(m[8:]), flags: m[10], attrs: parseAttrs(m, 12),
			})
		}
	}
	return all, nil
}

// nativeNeighbours prints what "ip -s neigh show" prints: no proxies, and none that need no resolution.
func nativeNeighbours(_ context.Context, h *host, k *sink) error {
	devices, err := listDevices()
	if err != nil {
		return err
	}
	all, err := neighbours(unix.AF_UNSPEC)
	if err != nil {
		return err
	}
	protocols := h.protocolNames()
	for _, n := range all {
		if n.state&^unix.NUD_NOARP == 0 && n.flags&unix.NTF_EXT_LEARNED == 0 || n.family == unix.AF_BRIDGE {
			continue
		}
		if _, err := fmt.Fprintln(k, n.line(devices, protocols)); err != nil {
			return err
		}
	}
	return nil
}

func (n neighbour) line(devices deviceNames, protocols numberNames) string {
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format+" ", args...) }
	if dst, ok := n.addr(unix.NDA_DST); ok {
		add("%s", dst)
	}
	add("dev %s", devices.of(uint64(n.index)))
	if mac := n.attrs[unix.NDA_LLADDR]; len(mac) > 0 {
		add("lladdr %s", hardware(mac, devices[n.index].kind))
	}
	for _, f := range []struct {
		bit  byte
		name string
	}{{unix.NTF_ROUTER, "router"}, {unix.NTF_PROXY, "proxy"}, {unix.NTF_EXT_LEARNED, "extern_learn"}, {unix.NTF_OFFLOADED, "offload"}} {
		if n.flags&f.bit != 0 {
			add("%s", f.name)
		}
	}
	if c := n.attrs[unix.NDA_CACHEINFO]; len(c) >= 16 { // struct nda_cacheinfo, in hundredths of a second
		if refs := binary.NativeEndian.Uint32(c[12:]); refs > 0 {
			add("ref %d", refs)
		}
		const hz = 100
		add("used %d/%d/%d", binary.NativeEndian.Uint32(c[4:])/hz, binary.NativeEndian.Uint32(c)/hz, binary.NativeEndian.Uint32(c[8:])/hz)
	}
	if n.has(unix.NDA_PROBES) {
		add("probes %d", n.number(unix.NDA_PROBES))
	}
	for _, s := range neighStates {
		if n.state&s.bit != 0 {
			add("%s", s.name)
		}
	}
	if p := n.number(ndaProtocol); p != 0 {
		add("proto %s", protocols.of(p))
	}
	return b.String()
}

// nativeFDB prints what "bridge fdb show" prints.
func nativeFDB(_ context.Context, _ *host, k *sink) error {
	devices, err := listDevices()
	if err != nil {
		return err
	}
	all, err := neighbours(unix.AF_BRIDGE)
	if err != nil {
		return err
	}
	for _, n := range all {
		if n.family != unix.AF_BRIDGE {
			continue
		}
		if _, err := fmt.Fprintln(k, n.fdbLine(devices)); err != nil {
			return err
		}
	}
	return nil
}

func (n neighbour) fdbLine(devices deviceNames) string {
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format+" ", args...) }
	if mac := n.attrs[unix.NDA_LLADDR]; len(mac) > 0 {
		add("%s", hardware(mac, unix.ARPHRD_ETHER))
	}
	add("dev %s", devices.of(uint64(n.index)))
	if dst, ok := n.addr(unix.NDA_DST); ok {
		add("dst %s", dst)
	}
	if n.has(unix.NDA_VLAN) {
		add("vlan %d", n.number(unix.NDA_VLAN))
	}
	if n.has(unix.NDA_PORT) {
		add("port %d", n.port(unix.NDA_PORT))
	}
	for _, f := range []struct {
		kind uint16
		word string
	}{{unix.NDA_VNI, "vni"}, {unix.NDA_SRC_VNI, "src_vni"}, {ndaNextHop, "nhid"}} {
		if n.has(f.kind) {
			add("%s %d", f.word, n.number(f.kind))
		}
	}
	if n.has(unix.NDA_IFINDEX) {
		add("via %s", devices.of(n.number(unix.NDA_IFINDEX)))
	}
	for _, f := range []struct {
		bit  byte
		name string
	}{
		{unix.NTF_SELF, "self"}, {unix.NTF_ROUTER, "router"}, {unix.NTF_EXT_LEARNED, "extern_learn"}, {unix.NTF_OFFLOADED, "offload"},
		{ntfSticky, "sticky"},
	} {
		if n.flags&f.bit != 0 {
			add("%s", f.name)
		}
	}
	if n.has(unix.NDA_MASTER) {
		add("master %s", devices.of(n.number(unix.NDA_MASTER)))
	}
	switch {
	case n.state&unix.NUD_PERMANENT != 0:
		add("permanent")
	case n.state&unix.NUD_NOARP != 0:
		add("static")
	case n.state&unix.NUD_STALE != 0:
		add("stale")
	}
	return strings.TrimRight(b.String(), " ")
}
