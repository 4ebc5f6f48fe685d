//go:build linux

package collect

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Commands and attributes of linux/ip_vs.h.
const (
	ipvsGetService = 4
	ipvsGetDest    = 8
	ipvsGetInfo    = 15

	ipvsCmdService = 1
	ipvsCmdDest    = 2

	ipvsSvcAF, ipvsSvcProtocol, ipvsSvcAddr, ipvsSvcPort, ipvsSvcFwmark = 1, 2, 3, 4, 5
	ipvsSvcScheduler, ipvsSvcFlags, ipvsSvcTimeout, ipvsSvcNetmask      = 6, 7, 8, 9
	ipvsSvcPersistenceEngine                                            = 11

	ipvsDestAddr, ipvsDestPort, ipvsDestForward, ipvsDestWeight, ipvsDestActive, ipvsDestInactive, ipvsDestAF = 1, 2, 3, 4, 7, 8, 11

	ipvsPersistent, ipvsOnePacket = 0x1, 0x4
	ipvsForwardMask               = 0x7
)

var ipvsForward = numberNames{0: "Masq", 1: "Local", 2: "Tunnel", 3: "Route", 4: "Bypass"}

// nativeIPVS prints what "ipvsadm -Ln" prints. It is called only where the kernel's module is loaded.
func nativeIPVS(ctx context.Context, _ *host, k *sink) error {
	family, err := genericFamily("IPVS")
	if err != nil {
		return err
	}
	info, err := ipvsRequest(family, ipvsGetInfo, 0, nil)
	if err != nil {
		return fmt.Errorf("ask for the version of IPVS: %w", err)
	}
	if len(info) == 0 {
		return errors.New("ask for the version of IPVS: no answer")
	}
	version := parseAttrs(info[0], 4)
	v, size := version.number(1), version.number(2)
	if _, err := fmt.Fprintf(k, "IP Virtual Server version %d.%d.%d (size=%d)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
		v>>16, v>>8&0xff, v&0xff, size); err != nil {
		return err
	}
	services, err := ipvsRequest(family, ipvsGetService, unix.NLM_F_DUMP, nil)
	if err != nil {
		return fmt.Errorf("ask for the services of IPVS: %w", err)
	}
	for _, m := range services {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		service := parseAttrs(m, 4)[ipvsCmdService]
		servers, err := ipvsRequest(family, ipvsGetDest, unix.NLM_F_DUMP, ipvsKey(service))
		if err != nil && !errors.Is(err, unix.ESRCH) { // the service went away meanwhile
			return fmt.Errorf("ask for the servers of IPVS: %w", err)
		}
		text := ipvsService(parseAttrs(service, 0)) + "\n"
		for _, d := range servers {
			text += ipvsServer(parseAttrs(parseAttrs(d, 4)[ipvsCmdDest], 0), parseAttrs(service, 0).number(ipvsSvcAF)) + "\n"
		}
		if _, err := fmt.Fprint(k, text); err != nil {
			return err
		}
	}
	return nil
}

// genericFamily finds the number of a generic netlink family.
func genericFamily(name string) (uint16, error) {
	req := nl.NewNetlinkRequest(unix.GENL_ID_CTRL, 0)
	req.AddRawData(append([]byte{unix.CTRL_CMD_GETFAMILY, 1, 0, 0}, attribute(unix.CTRL_ATTR_FAMILY_NAME, append([]byte(name), 0))...))
	messages, err := req.Execute(unix.NETLINK_GENERIC, 0)
	if err != nil {
		return 0, fmt.Errorf("find netlink family %q: %w", name, err)
	}
	if len(messages) == 0 {
		return 0, fmt.Errorf("find netlink family %q: no answer", name)
	}
	return uint16(parseAttrs(messages[0], 4).number(unix.CTRL_ATTR_FAMILY_ID)), nil
}

func ipvsRequest(family uint16, command byte, flags int, data []byte) ([][]byte, error) {
	req := nl.NewNetlinkRequest(int(family), flags)
	req.AddRawData(append([]byte{command, 1, 0, 0}, data...))
	messages, err := req.Execute(unix.NETLINK_GENERIC, family)
	if errors.Is(err, nl.ErrDumpInterrupted) {
		err = nil
	}
	return messages, err
}

// ipvsKey is the part of a service that names it.
func ipvsKey(service []byte) []byte {
	a := parseAttrs(service, 0)
	var key []byte
	for _, kind := range []uint16{ipvsSvcAF, ipvsSvcProtocol, ipvsSvcAddr, ipvsSvcPort, ipvsSvcFwmark} {
		if a.has(kind) {
			key = append(key, attribute(kind, a[kind])...)
		}
	}
	return attribute(ipvsCmdService|unix.NLA_F_NESTED, key)
}

// ipvsEndpoint prints an address, which lies in a union of 16 bytes, and a port.
func ipvsEndpoint(b []byte, family uint64, port uint16) string {
	size := map[bool]int{true: 16, false: 4}[family == unix.AF_INET6]
	addr, _ := netip.AddrFromSlice(b[:min(size, len(b))])
	return netip.AddrPortFrom(addr, port).String()
}

func ipvsService(a attrs) string {
	family, flags := a.number(ipvsSvcAF), a.number(ipvsSvcFlags)
	scheduler := a.text(ipvsSvcScheduler)
	var b strings.Builder
	if mark := a.number(ipvsSvcFwmark); mark != 0 {
		fmt.Fprintf(&b, "FWM  %d", mark)
		if family == unix.AF_INET6 {
			b.WriteString(" IPv6")
		}
	} else {
		protocol := numberNames{unix.IPPROTO_TCP: "TCP", unix.IPPROTO_UDP: "UDP", unix.IPPROTO_SCTP: "SCTP"}.of(a.number(ipvsSvcProtocol))
		fmt.Fprintf(&b, "%-4s %s", protocol, ipvsEndpoint(a[ipvsSvcAddr], family, a.port(ipvsSvcPort)))
	}
	b.WriteString(" " + scheduler + ipvsSchedulerFlags(scheduler, flags))
	if flags&ipvsPersistent != 0 {
		fmt.Fprintf(&b, " persistent %d", a.number(ipvsSvcTimeout))
		if mask := a[ipvsSvcNetmask]; family == unix.AF_INET && len(mask) == 4 && binary.BigEndian.Uint32(mask) != 0xffffffff {
			addr, _ := netip.AddrFromSlice(mask)
			b.WriteString(" mask " + addr.String())
		} else if n := a.number(ipvsSvcNetmask); family == unix.AF_INET6 && n != 128 {
			fmt.Fprintf(&b, " mask %d", n)
		}
		if name := a.text(ipvsSvcPersistenceEngine); name != "" {
			b.WriteString(" pe " + name)
		}
	}
	if flags&ipvsOnePacket != 0 {
		b.WriteString(" ops")
	}
	return b.String()
}

func ipvsSchedulerFlags(scheduler string, flags uint64) string {
	names := [3]string{"flag-1", "flag-2", "flag-3"}
	if scheduler == "sh" || scheduler == "mh" {
		names[0], names[1] = scheduler+"-fallback", scheduler+"-port"
	}
	var set []string
	for i, name := range names {
		if flags&(0x8<<i) != 0 {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return ""
	}
	return " (" + strings.Join(set, ",") + ")"
}

func ipvsServer(a attrs, family uint64) string {
	if a.has(ipvsDestAF) { // a tunnel may lead to the other family
		family = a.number(ipvsDestAF)
	}
	return fmt.Sprintf("  -> %-28s %-7s %-6d %-10d %-10d", ipvsEndpoint(a[ipvsDestAddr], family, a.port(ipvsDestPort)),
		ipvsForward.of(a.number(ipvsDestForward)&ipvsForwardMask), a.number(ipvsDestWeight), a.number(ipvsDestActive), a.number(ipvsDestInactive))
}
