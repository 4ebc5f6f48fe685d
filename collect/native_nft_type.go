//go:build linux

package collect

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// nftKind is how nft writes values of a type.
type nftKind int

const (
	nftInteger nftKind = iota
	nftAddress         // also of hardware; the only ones that have prefixes besides names of devices
	nftEnum            // a word, or the number
	nftFlags           // words for bits
	nftString
	nftDevice // a device's index
	nftSeconds
)

// nftType is a data type of nft. Sets name theirs by its number, which is nft's own and stable.
type nftType struct {
	name  string
	kind  nftKind
	size  int  // bytes
	host  bool // integers in the host's byte order
	words numberNames
	shift int // of a field that begins within a byte
}

// nftTypes are those of nft's datatype.h, by number. Types that are missing are shown as integers.
var nftTypes = [...]nftType{
	2: {name: "nf_proto", kind: nftEnum, size: 1, words: nftProtoFamilies}, 4: {name: "integer", size: 4}, 5: {name: "string", kind: nftString, size: 16},
	6: {name: "ll_addr", kind: nftAddress, size: 6}, 7: {name: "ipv4_addr", kind: nftAddress, size: 4}, 8: {name: "ipv6_addr", kind: nftAddress, size: 16},
	9: {name: "ether_addr", kind: nftAddress, size: 6}, 10: {name: "ether_type", kind: nftEnum, size: 2, words: nftEtherTypes},
	12: {name: "inet_proto", kind: nftEnum, size: 1, words: nftProtocols}, 13: {name: "inet_service", size: 2},
	14: {name: "icmp_type", kind: nftEnum, size: 1, words: nftICMP}, 15: {name: "tcp_flag", kind: nftFlags, size: 1, words: nftTCPFlags},
	18: {name: "time", kind: nftSeconds, size: 8, host: true}, 19: {name: "mark", size: 4, host: true}, 20: {name: "iface_index", kind: nftDevice, size: 4, host: true},
	24: {name: "uid", size: 4, host: true}, 25: {name: "gid", size: 4, host: true}, 26: {name: "ct_state", kind: nftFlags, size: 4, host: true, words: nftStates},
	27: {name: "ct_dir", kind: nftEnum, size: 1, words: numberNames{0: "original", 1: "reply"}}, 28: {name: "ct_status", kind: nftFlags, size: 4, host: true, words: nftStatus},
	29: {name: "icmpv6_type", kind: nftEnum, size: 1, words: nftICMPv6}, 31: {name: "pkt_type", kind: nftEnum, size: 1, words: nftPacketTypes},
	36: {name: "dscp", kind: nftEnum, size: 1, words: nftDSCP}, 38: {name: "fib_addrtype", kind: nftEnum, size: 4, host: true, words: nftAddressTypes},
	39: {name: "boolean", kind: nftEnum, size: 1, words: nftBooleans}, 41: {name: "ifname", kind: nftString, size: 16}, 22: {name: "realm", size: 4, host: true},
	23: {name: "classid", size: 4, host: true}, 35: {name: "devgroup", size: 4, host: true}, 21: {name: "iface_type", size: 2, host: true},
	nftICMPCode: {kind: nftEnum, words: nftCodes["icmp"]}, nftICMPv6Code: {kind: nftEnum, words: nftCodes["icmpv6"]},
	nftUntyped: {},
}

// Types that nft has no number for: numbers in sets have six bits.
const nftICMPCode, nftICMPv6Code, nftUntyped = 64, 65, 66

// nftNumber is an integer of the host's byte order, by its size.
func nftNumber(size int) nftType { return nftType{name: "integer", size: size, host: true} }

var (
	nftProtoFamilies = numberNames{2: "ipv4", 10: "ipv6"}
	nftEtherTypes    = numberNames{0x0800: "ip", 0x0806: "arp", 0x86dd: "ip6", 0x8100: "8021q", 0x88a8: "8021ad"}
	nftProtocols     = numberNames{
		1: "icmp", 2: "igmp", 4: "ipencap", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 89: "ospf",
		103: "pim", 108: "ipcomp", 112: "vrrp", 132: "sctp", 136: "udplite",
	}
	nftICMP = numberNames{
		0: "echo-reply", 3: "destination-unreachable", 4: "source-quench", 5: "redirect", 8: "echo-request", 9: "router-advertisement", 10: "router-solicitation",
		11: "time-exceeded", 12: "parameter-problem", 13: "timestamp-request", 14: "timestamp-reply", 15: "info-request", 16: "info-reply",
		17: "address-mask-request", 18: "address-mask-reply",
	}
	nftICMPv6 = numberNames{
		1: "destination-unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem", 128: "echo-request", 129: "echo-reply",
		130: "mld-listener-query", 131: "mld-listener-report", 132: "mld-listener-done", 133: "nd-router-solicit", 134: "nd-router-advert",
		135: "nd-neighbor-solicit", 136: "nd-neighbor-advert", 137: "nd-redirect", 138: "router-renumbering", 141: "ind-neighbor-solicit",
		142: "ind-neighbor-advert", 143: "mld2-listener-report",
	}
	nftTCPFlags     = numberNames{1: "fin", 2: "syn", 4: "rst", 8: "psh", 16: "ack", 32: "urg", 64: "ecn", 128: "cwr"}
	nftStates       = numberNames{1: "invalid", 2: "established", 4: "related", 8: "new", 64: "untracked"}
	nftStatus       = numberNames{1: "expected", 2: "seen-reply", 4: "assured", 8: "confirmed", 16: "snat", 32: "dnat", 512: "dying"}
	nftPacketTypes  = numberNames{0: "host", 1: "broadcast", 2: "multicast", 3: "other"}
	nftAddressTypes = numberNames{0: "unspec", 1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
	nftBooleans     = numberNames{0: "missing", 1: "exists"}
	nftDSCP         = numberNames{
		0: "cs0", 8: "cs1", 16: "cs2", 24: "cs3", 32: "cs4", 40: "cs5", 48: "cs6", 56: "cs7", 10: "af11", 12: "af12", 14: "af13", 18: "af21", 20: "af22",
		22: "af23", 26: "af31", 28: "af32", 30: "af33", 34: "af41", 36: "af42", 38: "af43", 46: "ef", 44: "va", 1: "lephb",
	}
)

// number reads an integer of this type.
func (t nftType) number(b []byte) uint64 {
	if t.host {
		return nativeNumber(b)
	}
	return nftBig(b)
}

// value is the JSON of a value: a text, a number, a boolean, or the list of its bits' words.
func (t nftType) value(b []byte, devices numberNames) any {
	switch t.kind {
	case nftAddress:
		if addr, ok := netip.AddrFromSlice(b); ok {
			return addr.String()
		}
		return hardware(b, unix.ARPHRD_ETHER)
	case nftString:
		return unix.ByteSliceToString(b)
	case nftSeconds:
		return t.number(b) / 1000 // the kernel counts milliseconds
	case nftDevice:
		return devices.of(t.number(b))
	case nftFlags:
		return t.flags(t.number(b))
	case nftEnum:
		n := t.number(b) >> t.shift
		if t.name == "boolean" {
			return n != 0
		}
		if word, ok := t.words[n]; ok {
			return word
		}
		return n
	}
	if len(b) > 8 {
		return fmt.Sprintf("0x%x", b)
	}
	return t.number(b) >> t.shift
}

func (t nftType) flags(n uint64) any {
	var set []string
	for rest := n; rest != 0; rest &= rest - 1 {
		word, ok := t.words[rest&-rest]
		if !ok {
			return n
		}
		set = append(set, word)
	}
	if len(set) == 0 {
		return n
	}
	return nftOneOrList(set)
}

// masked is a value with a mask: a prefix, for what has prefixes. ok is false for other masks.
func (t nftType) masked(b, mask []byte) (value any, ok bool) {
	length, ok := nftMaskBits(t.ordered(mask))
	if !ok || t.kind != nftAddress && t.name != "mark" || len(b) > t.size {
		return nil, false
	}
	return nftObject{"prefix": nftObject{"addr": t.value(append(b[:len(b):len(b)], make([]byte, t.size-len(b))...), nil), "len": length}}, true
}

// ordered are the bytes of a value, the highest first.
func (t nftType) ordered(b []byte) []byte {
	if !t.host {
		return b
	}
	return binary.BigEndian.AppendUint64(nil, nativeNumber(b))[8-min(8, len(b)):]
}

// span is a range of values, both included: a single one, a prefix where it is one, or a range.
func (t nftType) span(first, last []byte, devices numberNames) any {
	if string(first) == string(last) {
		return t.value(first, devices)
	}
	if t.kind == nftString {
		return strings.TrimRight(unix.ByteSliceToString(first), "\x00") + "*"
	}
	if mask, ok := nftSpanMask(first, last); ok && !t.host {
		if prefix, ok := t.masked(first, mask); ok {
			return prefix
		}
	}
	return nftObject{"range": []any{t.value(first, devices), t.value(last, devices)}}
}

// nftMaskBits is the length of a mask of leading ones.
func nftMaskBits(mask []byte) (length int, ok bool) {
	ended := false
	for _, c := range mask {
		ones := bits.LeadingZeros8(^c)
		if ended && c != 0 || c<<ones != 0 {
			return 0, false
		}
		ended = ended || ones < 8
		length += ones
	}
	return length, true
}

// nftSpanMask is the mask of a range that is exactly a prefix.
func nftSpanMask(first, last []byte) ([]byte, bool) {
	if len(first) != len(last) {
		return nil, false
	}
	mask := make([]byte, len(first))
	for i := range first {
		mask[i] = ^(first[i] ^ last[i])
		if first[i]&^mask[i] != 0 {
			return nil, false
		}
	}
	_, ok := nftMaskBits(mask)
	return mask, ok
}
