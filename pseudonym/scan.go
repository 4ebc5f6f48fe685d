package pseudonym

import (
	"net/netip"
	"strconv"
	"strings"
)

// hit is something to replace: text[start:end] by with.
type hit struct {
	start, end int
	with       string
}

// address finds an address that starts at i. A hit whose end is at most i is none; one without replacement says how
// far the text holds nothing.
func (m *Mapper) address(text string, i int, back bool) hit {
	if digitByte(text, i) && !digitByte(text, i-1) {
		if h := m.dotted(text, i, back); h.end > i {
			return h
		}
		if h := m.dashed(text, i, back); h.end > i {
			return h
		}
		if h := m.hexPort(text, i, back); h.end > i {
			return h
		}
	}
	if text[i] == ':' || hexByte(text, i) {
		if hexByte(text, i) && 'A' <= text[i] && text[i] <= 'F' {
			if h := m.hexPort(text, i, back); h.end > i {
				return h
			}
		}
		return m.colons(text, i, back)
	}
	return hit{}
}

// quad reads four numbers of at most 255, separated by sep.
func quad(text string, i int, sep byte) (a netip.Addr, end int) {
	var b [4]byte
	for n := range b {
		if n > 0 {
			if i >= len(text) || text[i] != sep {
				return a, 0
			}
			i++
		}
		start, v := i, 0
		for digitByte(text, i) && i-start < 4 {
			v = 10*v + int(text[i]-'0')
			i++
		}
		if i == start || v > 255 || i-start > 1 && text[start] == '0' {
			return a, 0
		}
		b[n] = byte(v)
	}
	return netip.AddrFrom4(b), i
}

// dotted finds "10.0.0.1", "10.0.0.0/8" and "10.0.0.0/255.0.0.0". Five numbers are an address and a port, as tcpdump
// prints them; more are no address.
func (m *Mapper) dotted(text string, i int, back bool) hit {
	if i >= 2 && text[i-1] == '.' && digitByte(text, i-2) || i >= 1 && text[i-1]|0x20 == 'v' && !wordByte(text, i-2) {
		return hit{}
	}
	a, end := quad(text, i, '.')
	if end == 0 {
		return hit{}
	}
	dots, at := 0, end
	for at+1 < len(text) && text[at] == '.' && digitByte(text, at+1) {
		for at++; digitByte(text, at); at++ {
		}
		dots++
	}
	if dots > 1 {
		return hit{i, at, text[i:at]}
	}
	if strings.HasPrefix(text[end:], ".in-addr.arpa") {
		b := m.addr(reversed(a), back)
		return hit{i, end, reversed(b).String()}
	}
	if n, ok := m.length(text, end, 32); ok {
		return hit{i, end, m.prefix(netip.PrefixFrom(a, n), back).Addr().String()}
	}
	return hit{i, end, m.addr(a, back).String()}
}

func reversed(a netip.Addr) netip.Addr {
	b := a.As4()
	return netip.AddrFrom4([4]byte{b[3], b[2], b[1], b[0]})
}

// length reads the prefix length or netmask behind an address.
func (m *Mapper) length(text string, at, most int) (int, bool) {
	if at+1 >= len(text) || text[at] != '/' || !digitByte(text, at+1) {
		return 0, false
	}
	if mask, end := quad(text, at+1, '.'); end > 0 && most == 32 {
		return maskBits(mask)
	}
	end := at + 1
	for digitByte(text, end) && end < at+5 {
		end++
	}
	n, err := strconv.Atoi(text[at+1 : end])
	if err != nil || n > most || wordByte(text, end) || end < len(text) && text[end] == '.' && digitByte(text, end+1) {
		return 0, false
	}
	return n, true
}

// maskBits is the length of a netmask that is one.
func maskBits(mask netip.Addr) (int, bool) {
	b := mask.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := 0
	for ; v&0x80000000 != 0; v <<= 1 {
		n++
	}
	return n, v == 0
}

// dashed finds the address in "ip-10-0-1-2.ec2.internal" and "10-40-1-7.shop.pod.cluster.local".
func (m *Mapper) dashed(text string, i int, back bool) hit {
	if i >= 2 && text[i-1] == '-' && digitByte(text, i-2) || i >= 1 && text[i-1] == '.' && digitByte(text, i-2) {
		return hit{}
	}
	a, end := quad(text, i, '-')
	if end == 0 || wordByte(text, end) || end < len(text) && text[end] == '-' && digitByte(text, end+1) {
		return hit{}
	}
	return hit{i, end, strings.ReplaceAll(m.addr(a, back).String(), ".", "-")}
}

// hexPort finds "0A60000A:0035", as /proc/net/ip_vs prints an address and a port.
func (m *Mapper) hexPort(text string, i int, back bool) hit {
	if len(text) < i+13 || text[i+8] != ':' || wordByte(text, i-1) || wordByte(text, i+13) {
		return hit{}
	}
	for n := range 13 {
		if n != 8 && !(digitByte(text, i+n) || 'A' <= text[i+n] && text[i+n] <= 'F') {
			return hit{}
		}
	}
	v, err := strconv.ParseUint(text[i:i+8], 16, 32)
	if err != nil {
		return hit{}
	}
	return hit{i, i + 8, hex4(m.addr(addr4(uint32(v)), back))}
}

func addr4(v uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

func hex4(a netip.Addr) string {
	b := a.As4()
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, 8)
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}
