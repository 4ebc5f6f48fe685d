package pseudonym

import (
	"encoding/binary"
	"net/netip"
)

// Protocol numbers, from IANA's registry.
const (
	protoICMP   = 1
	protoIPIP   = 4
	protoTCP    = 6
	protoUDP    = 17
	protoIPv6   = 41
	protoGRE    = 47
	protoICMPv6 = 58
	protoSCTP   = 132
)

func (m *Mapper) addr4At(b []byte) {
	if len(b) >= 4 {
		a := m.addr(netip.AddrFrom4([4]byte(b[:4])), false).As4()
		copy(b, a[:])
	}
}

func (m *Mapper) addr6At(b []byte) {
	if len(b) >= 16 {
		a := m.addr(netip.AddrFrom16([16]byte(b[:16])), false).As16()
		copy(b, a[:])
	}
}

// ip rewrites an IP packet, which may be cut short, and returns it with its new length.
func (m *Mapper) ip(b []byte, depth int) []byte {
	switch {
	case depth > maxNesting || len(b) < 20:
	case b[0]>>4 == 4:
		return m.ipv4(b, depth)
	case b[0]>>4 == 6 && len(b) >= 40:
		return m.ipv6(b, depth)
	}
	clear(b)
	return b
}

func (m *Mapper) ipv4(b []byte, depth int) []byte {
	size := int(b[0]&15) * 4
	if size < 20 || len(b) < size {
		clear(b)
		return b
	}
	before := sum(b[:size])
	pseudo := sum(b[12:20])
	m.addr4At(b[12:])
	m.addr4At(b[16:])
	for i := 20; i < size; i++ {
		b[i] = 1 // options such as a recorded route hold addresses: no operation
	}
	var rest []byte
	if binary.BigEndian.Uint16(b[6:])&0x1fff != 0 { // a later fragment
		rest = make([]byte, len(b)-size)
	} else {
		rest = m.transport(b[9], b[size:], pseudo, sum(b[12:20]), depth)
	}
	grown := len(rest) - (len(b) - size)
	binary.BigEndian.PutUint16(b[2:], binary.BigEndian.Uint16(b[2:])+uint16(grown))
	adjust(b[10:], before, sum(b[:size]))
	return append(b[:size:size], rest...)
}

func (m *Mapper) ipv6(b []byte, depth int) []byte {
	pseudo := sum(b[8:40])
	m.addr6At(b[8:])
	m.addr6At(b[24:])
	proto, at := b[6], 40
	for { // extension headers, RFC 8200
		if proto != 0 && proto != 43 && proto != 44 && proto != 60 || len(b) < at+8 {
			break
		}
		size := 8 * (int(b[at+1]) + 1)
		if proto == 44 {
			if size = 8; binary.BigEndian.Uint16(b[at+2:])&0xfff8 != 0 {
				clear(b[at+8:])
				return b
			}
		}
		if len(b) < at+size {
			break
		}
		if proto != 44 {
			clear(b[at+2 : at+size]) // a routing header holds addresses; zeros are padding in the others
		}
		proto, at = b[at], at+size
	}
	if at > len(b) {
		at = len(b)
	}
	rest := m.transport(proto, b[at:], pseudo, sum(b[8:40]), depth)
	grown := len(rest) - (len(b) - at)
	binary.BigEndian.PutUint16(b[4:], binary.BigEndian.Uint16(b[4:])+uint16(grown))
	return append(b[:at:at], rest...)
}

// transport rewrites what an IP header announces. The sums are those of the addresses before and after, which the
// checksums of TCP and UDP cover.
func (m *Mapper) transport(proto byte, b []byte, oldAddrs, newAddrs uint32, depth int) []byte {
	old := oldAddrs + sum(b)
	switch proto {
	case protoTCP:
		return tcp(b, old, newAddrs)
	case protoUDP:
		return m.udp(b, old, newAddrs, depth)
	case protoICMP:
		return m.icmp(b, depth)
	case protoICMPv6:
		return m.icmp6(b, old, newAddrs, depth)
	case protoIPIP, protoIPv6:
		return m.ip(b, depth+1)
	case protoGRE:
		return m.gre(b, depth)
	case protoSCTP:
		clearFrom(b, 12)
		return b
	}
	clear(b)
	return b
}

func clearFrom(b []byte, n int) {
	if len(b) > n {
		clear(b[n:])
	}
}

func tcp(b []byte, old, newAddrs uint32) []byte {
	if len(b) < 20 {
		clearFrom(b, 16) // ports and numbers, as an ICMP error quotes them
		return b
	}
	size := min(max(int(b[12]>>4)*4, 20), len(b))
	for i := 20; i < size; { // options, RFC 9293
		n := 1
		if b[i] > 1 && i+1 < size {
			n = int(b[i+1])
		}
		if n < 1 || i+n > size || b[i] == 0 {
			clear(b[i:size])
			break
		}
		if b[i] == 30 { // Multipath TCP may announce addresses
			for j := i; j < i+n; j++ {
				b[j] = 1
			}
		}
		i += n
	}
	clear(b[size:])
	adjust(b[16:], old, newAddrs+sum(b))
	return b
}

func (m *Mapper) udp(b []byte, old, newAddrs uint32, depth int) []byte {
	if len(b) < 8 {
		return b
	}
	src, dst := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	var rest []byte
	switch {
	case isDNS(src) || isDNS(dst):
		rest = m.dns(b[8:])
	case (dst == 4789 || dst == 8472) && len(b) > 16: // VXLAN, RFC 7348 and Linux' own port
		rest = append(b[8:16:16], m.frame(b[16:], depth+1)...)
	default:
		rest = make([]byte, len(b)-8)
	}
	if depth > maxNesting {
		rest = make([]byte, len(b)-8)
	}
	grown := len(rest) - (len(b) - 8)
	out := append(b[:8:8], rest...)
	binary.BigEndian.PutUint16(out[4:], binary.BigEndian.Uint16(out[4:])+uint16(grown))
	if out[6] != 0 || out[7] != 0 { // zero says that there is no checksum
		adjust(out[6:], old, newAddrs+sum(out)+uint32(uint16(grown))) // the length counts twice: here and in the addresses' part
	}
	return out
}

func isDNS(port uint16) bool { return port == 53 || port == 5353 }

// icmp keeps echoes' numbers, and rewrites the packet that an error quotes.
func (m *Mapper) icmp(b []byte, depth int) []byte {
	if len(b) < 8 {
		clear(b)
		return b
	}
	old := sum(b)
	var rest []byte
	switch b[0] {
	case 3, 4, 11, 12:
		rest = m.ip(b[8:], depth+1)
	case 5:
		m.addr4At(b[4:])
		rest = m.ip(b[8:], depth+1)
	default:
		rest = make([]byte, len(b)-8)
	}
	out := append(b[:8:8], rest...)
	adjust(out[2:], old, sum(out))
	return out
}

func (m *Mapper) icmp6(b []byte, old, newAddrs uint32, depth int) []byte {
	if len(b) < 8 {
		clear(b)
		return b
	}
	out := b
	switch {
	case b[0] >= 1 && b[0] <= 4:
		out = append(b[:8:8], m.ip(b[8:], depth+1)...)
	case (b[0] == 135 || b[0] == 136) && len(b) >= 24: // RFC 4861: a target, and link-layer addresses as options
		m.addr6At(b[8:])
		if len(b) >= 32 && (b[24] == 1 || b[24] == 2) && b[25] == 1 {
			m.macAt(b[26:])
			clear(b[32:])
		} else {
			clear(b[24:])
		}
	default:
		clear(b[8:])
	}
	grown := len(out) - len(b)
	adjust(out[2:], old, newAddrs+sum(out)+uint32(uint16(grown)))
	return out
}

// gre rewrites what follows the header of RFC 2784 and 2890.
func (m *Mapper) gre(b []byte, depth int) []byte {
	size := 4
	if len(b) < size || depth > maxNesting {
		clear(b)
		return b
	}
	flags := binary.BigEndian.Uint16(b)
	for _, bit := range []uint16{0x8000, 0x2000, 0x1000} {
		if flags&bit != 0 {
			size += 4
		}
	}
	if len(b) < size || flags&7 != 0 {
		clearFrom(b, 4)
		return b
	}
	if flags&0x8000 != 0 {
		clear(b[4:8]) // the checksum of what changes
	}
	t := binary.BigEndian.Uint16(b[2:])
	return append(b[:size:size], m.typed(t, b[size:], depth+1)...)
}

// sum adds up big-endian 16-bit words.
func sum(b []byte) uint32 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(b[i])<<8 | uint32(b[i+1])
		s = s&0xffff + s>>16
	}
	if len(b)%2 == 1 {
		s += uint32(b[len(b)-1]) << 8
	}
	return s&0xffff + s>>16
}

// adjust changes a checksum, as RFC 1624 has it, by the difference of two sums that cover it. So a right checksum
// stays right and a wrong one wrong, even where the packet was cut short.
func adjust(field []byte, before, after uint32) {
	if len(field) < 2 {
		return
	}
	have := uint32(field[0])<<8 | uint32(field[1]) // in both sums, so it drops out of the difference
	s := uint32(^uint16(have)) + uint32(^uint16(fold(before))) + fold(after)
	v := ^uint16(fold(s))
	field[0], field[1] = byte(v>>8), byte(v)
}

func fold(s uint32) uint32 {
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return s
}
