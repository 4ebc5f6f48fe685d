package pseudonym

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// dns rewrites a DNS message, RFC 1035: names, and addresses in answers. Names are written out, so the message may
// grow. What the capture cut off, and what is in records of other types, is left out or becomes zeros.
func (m *Mapper) dns(b []byte) []byte {
	if len(b) < 12 {
		clear(b)
		return b
	}
	out := append([]byte(nil), b[:12]...)
	at := 12
	for range min(int(binary.BigEndian.Uint16(b[4:])), 16) {
		name, next, ok := dnsName(b, at)
		if !ok || len(b) < next+4 {
			return out
		}
		out = append(m.packName(out, name), b[next:next+4]...)
		at = next + 4
	}
	records := 0
	for _, n := range []int{6, 8, 10} {
		records += int(binary.BigEndian.Uint16(b[n:]))
	}
	for range min(records, 256) {
		var ok bool
		if out, at, ok = m.dnsRecord(out, b, at); !ok {
			return out
		}
	}
	return out
}

func (m *Mapper) dnsRecord(out, b []byte, at int) ([]byte, int, bool) {
	name, next, ok := dnsName(b, at)
	if !ok || len(b) < next+10 {
		return out, at, false
	}
	kind, size := binary.BigEndian.Uint16(b[next:]), int(binary.BigEndian.Uint16(b[next+8:]))
	start, before := next+10, len(out)
	if len(b) < start+size {
		return out, at, false
	}
	out = append(m.packName(out, name), b[next:start]...)
	length := len(out) - 2
	data := append([]byte(nil), b[start:start+size]...)
	switch {
	case kind == 1 && size == 4:
		m.addr4At(data)
		out = append(out, data...)
	case kind == 28 && size == 16:
		m.addr6At(data)
		out = append(out, data...)
	case kind == 2 || kind == 5 || kind == 12 || kind == 33 && size > 6: // NS, CNAME, PTR, SRV
		skip := 0
		if kind == 33 {
			skip = 6
		}
		target, _, ok := dnsName(b, start+skip)
		if !ok {
			return out[:before], at, false
		}
		out = m.packName(append(out, data[:skip]...), target)
	default:
		clear(data)
		out = append(out, data...)
	}
	binary.BigEndian.PutUint16(out[length:], uint16(len(out)-length-2))
	return out, start + size, true
}

// dnsName reads a name with its pointers, and says where the next field begins.
func dnsName(b []byte, at int) (name string, next int, ok bool) {
	var labels []string
	jumped := false
	for range 128 {
		if at >= len(b) {
			return "", 0, false
		}
		n := int(b[at])
		switch {
		case n == 0:
			if !jumped {
				next = at + 1
			}
			return strings.Join(labels, "."), next, true
		case n >= 0xc0:
			if at+1 >= len(b) {
				return "", 0, false
			}
			if !jumped {
				next, jumped = at+2, true
			}
			at = (n&0x3f)<<8 | int(b[at+1])
		case n > 63 || at+1+n > len(b):
			return "", 0, false
		default:
			labels = append(labels, string(b[at+1:at+1+n]))
			at += 1 + n
		}
	}
	return "", 0, false
}

// packName appends a replaced name. A name may spell an address, in the form of ip6.arpa as well.
func (m *Mapper) packName(out []byte, name string) []byte {
	name = m.dnsText(name)
	if name != "" {
		for label := range strings.SplitSeq(name, ".") {
			n := min(len(label), 63)
			out = append(append(out, byte(n)), label[:n]...)
		}
	}
	return append(out, 0)
}

const arpa6 = ".ip6.arpa"

func (m *Mapper) dnsText(name string) string {
	if nibbles, ok := strings.CutSuffix(strings.ToLower(name), arpa6); ok && len(nibbles) == 63 {
		var b [16]byte
		for i := range 32 {
			v := strings.IndexByte("0123456789abcdef", nibbles[62-2*i])
			if v < 0 {
				return "0" + arpa6
			}
			b[i/2] = b[i/2]<<4 | byte(v)
		}
		to := m.addr(netip.AddrFrom16(b), false).As16()
		var s strings.Builder
		for i := 31; i >= 0; i-- {
			v := to[i/2] >> 4
			if i%2 == 1 {
				v = to[i/2] & 15
			}
			s.WriteByte("0123456789abcdef"[v])
			if i > 0 {
				s.WriteByte('.')
			}
		}
		return s.String() + arpa6
	}
	return m.replace(name, false)
}
