//go:build linux

package collect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// netlinkTries is how often a dump is asked for again when the kernel says that its table changed meanwhile.
const netlinkTries = 3

// dump asks the kernel for a whole table. head is the fixed part of the request, reply the type of the answers.
// A table that never stands still is returned as the last try had it.
func dump(protocol, request int, reply uint16, head []byte) ([][]byte, error) {
	for try := 1; ; try++ {
		req := nl.NewNetlinkRequest(request, unix.NLM_F_DUMP)
		req.AddRawData(head)
		messages, err := req.Execute(protocol, reply)
		if errors.Is(err, nl.ErrDumpInterrupted) {
			if try < netlinkTries {
				continue
			}
			err = nil
		}
		if err != nil {
			return nil, fmt.Errorf("netlink request %d: %w", request, err)
		}
		return messages, nil
	}
}

// attrs are the attributes of a netlink message, by type; of a repeated one, the last.
type attrs map[uint16][]byte

// parseAttrs reads the attributes that follow the fixed part of a message (linux/netlink.h).
func parseAttrs(message []byte, fixed int) attrs {
	found := attrs{}
	eachAttr(message, fixed, func(kind uint16, value []byte) { found[kind] = value })
	return found
}

func eachAttr(message []byte, fixed int, f func(kind uint16, value []byte)) {
	const typeMask = 0x3fff // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
	for b := message[min(fixed, len(message)):]; len(b) >= 4; {
		size := int(binary.NativeEndian.Uint16(b))
		if size < 4 || size > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[2:])&typeMask, b[4:size])
		b = b[min((size+3)&^3, len(b)):]
	}
}

func (a attrs) has(kind uint16) bool { _, ok := a[kind]; return ok }

// number is an unsigned integer of whatever width the kernel sent; 0 when there is none.
func (a attrs) number(kind uint16) uint64 { return nativeNumber(a[kind]) }

func nativeNumber(b []byte) uint64 {
	switch {
	case len(b) >= 8:
		return binary.NativeEndian.Uint64(b)
	case len(b) >= 4:
		return uint64(binary.NativeEndian.Uint32(b))
	case len(b) >= 2:
		return uint64(binary.NativeEndian.Uint16(b))
	case len(b) == 1:
		return uint64(b[0])
	}
	return 0
}

// port is a 16 bit number in network byte order.
func (a attrs) port(kind uint16) uint16 {
	if b := a[kind]; len(b) >= 2 {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (a attrs) text(kind uint16) string { return unix.ByteSliceToString(a[kind]) }

// addr is an IPv4 or IPv6 address, by its length.
func (a attrs) addr(kind uint16) (netip.Addr, bool) { return netip.AddrFromSlice(a[kind]) }

// attribute builds one attribute of a request.
func attribute(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	b = append(binary.NativeEndian.AppendUint16(b, kind), value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// hardware prints a link-layer address as ip does: tunnels have the address of their end point there.
func hardware(b []byte, kind uint16) string {
	switch kind {
	case unix.ARPHRD_TUNNEL, unix.ARPHRD_SIT, unix.ARPHRD_IPGRE, unix.ARPHRD_TUNNEL6, unix.ARPHRD_IP6GRE:
		if addr, ok := netip.AddrFromSlice(b); ok {
			return addr.String()
		}
	}
	text := ""
	for i, c := range b {
		if i > 0 {
			text += ":"
		}
		text += fmt.Sprintf("%02x", c)
	}
	return text
}
