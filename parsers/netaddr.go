package parsers

import (
	"net/netip"
	"strconv"
	"strings"
)

// netAddr is the canonical text of an address, without its zone; ok is false when s is none.
func netAddr(s string) (text string, ok bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return "", false
	}
	return a.WithZone("").String(), true
}

// netAddrOr is the canonical text of an address, or s itself when it is a name or damaged.
func netAddrOr(s string) string {
	if a, ok := netAddr(s); ok {
		return a
	}
	return s
}

// netPrefix is the canonical text of "10.40.0.0/16", "10.40.0.0/255.255.0.0" or a lone host address, which becomes
// /32 or /128. Host bits are kept: "10.40.0.1/24" is what its tool printed.
func netPrefix(s string) (text string, ok bool) {
	host, mask, masked := strings.Cut(s, "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return "", false
	}
	if !masked {
		return a.String() + "/" + strconv.Itoa(a.BitLen()), true
	}
	bits, err := strconv.Atoi(mask)
	if err != nil {
		if bits, ok = netMaskBits(mask); !ok {
			return "", false
		}
	}
	if bits < 0 || bits > a.BitLen() {
		return "", false
	}
	return a.String() + "/" + strconv.Itoa(bits), true
}

// netMaskBits is the length of a contiguous mask such as 255.255.0.0 or ffff:ffff::.
func netMaskBits(mask string) (int, bool) {
	m, err := netip.ParseAddr(mask)
	if err != nil {
		return 0, false
	}
	bits, ended := 0, false
	for _, b := range m.AsSlice() {
		for i := 7; i >= 0; i-- {
			one := b>>i&1 == 1
			if one && ended {
				return 0, false
			}
			if one {
				bits++
			} else {
				ended = true
			}
		}
	}
	return bits, true
}

// netIsV6 reports whether an address or prefix is written as IPv6.
func netIsV6(s string) bool { return strings.Contains(s, ":") }

// netInt reads a decimal number; 0 when s is none.
func netInt(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// netScaled reads a counter that a tool may have shortened in steps of 1000: "12K", "3M", "1G", "2T".
func netScaled(s string) (int64, bool) {
	unit := int64(1)
	if s != "" {
		switch s[len(s)-1] {
		case 'K':
			unit = 1e3
		case 'M':
			unit = 1e6
		case 'G':
			unit = 1e9
		case 'T':
			unit = 1e12
		}
	}
	if unit > 1 {
		s = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > (1<<63-1)/unit {
		return 0, false
	}
	return n * unit, true
}

// netMAC reports whether s is a hardware address of at least six bytes: "5a:11:22:33:44:01".
func netMAC(s string) bool {
	if len(s) < 17 || len(s)%3 != 2 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case i%3 == 2:
			if c != ':' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}

// netProto is a protocol's name as iptables-save prints it; "" for all of them.
func netProto(s string) string {
	switch s {
	case "0", "all", "any", "ip":
		return ""
	case "1":
		return "icmp"
	case "4":
		return "ipencap"
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "58", "icmpv6":
		return "ipv6-icmp"
	case "132":
		return "sctp"
	}
	return s
}
