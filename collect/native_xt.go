//go:build linux

package collect

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// xtRule is a rule of either backend, in the words of iptables-save(8). What the rule says nothing of is "".
type xtRule struct {
	chain                             string
	packets, bytes                    uint64
	src, dst, in, out, proto, portion string // "-s 10.0.0.0/8", "! -i eth0"; portion is "-f"
	matches                           []xtWords
	target                            xtWords
}

// xtWords are a match or a target: "-m", "tcp" and "--dport 80", or "-j", "DNAT" and "--to-destination 10.0.0.1".
type xtWords struct{ flag, name, options string }

// xtUndecoded follows the name of what the collector cannot spell out. The parser takes such a rule for incomplete, so
// that it never looks broader than it is.
const xtUndecoded = "--undecoded"

// String is the rule's line.
func (r *xtRule) String() string {
	b := fmt.Appendf(nil, "[%d:%d] -A %s", r.packets, r.bytes, xtWord(r.chain))
	add := func(words ...string) {
		for _, w := range words {
			if w != "" {
				b = append(append(b, ' '), w...)
			}
		}
	}
	add(r.src, r.dst, r.in, r.out, r.proto, r.portion)
	for _, m := range r.matches {
		add(m.flag, m.name, m.options)
	}
	add(r.target.flag, r.target.name, r.target.options)
	return string(append(b, '\n'))
}

// xtNot puts iptables-save's sign of negation before an option.
func xtNot(not bool, option string) string {
	if not {
		return "! " + option
	}
	return option
}

// xtWord is a name that others gave as a single word, whatever is in it; "?" when it is empty.
func xtWord(name string) string {
	if name == "" {
		return "?"
	}
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || r == '"' || r == '\'' || r == '\\' {
			return '?'
		}
		return r
	}, name)
}

// xtQuoted is free text as xtables_save_string writes it. What would break the line becomes a blank.
func xtQuoted(text string) string {
	plain := text != ""
	for _, c := range []byte(text) {
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-')
	}
	if plain {
		return text
	}
	b := []byte{'"'}
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\' || c == '\'':
			b = append(b, '\\')
		case c < ' ':
			c = ' '
		}
		b = append(b, c)
	}
	return string(append(b, '"'))
}

// xtAddress is "-s 10.0.0.0/8"; "" when every address matches.
func xtAddress(option string, address, mask []byte, not bool) string {
	if !not && len(strings.Trim(string(address)+string(mask), "\x00")) == 0 {
		return ""
	}
	addr, _ := netip.AddrFromSlice(address)
	return xtNot(not, option+" "+addr.String()+"/"+xtMask(mask))
}

// xtMask is the length of a prefix, or the mask itself when it has holes.
func xtMask(mask []byte) string {
	ones, holes := 0, false
	for i := range 8 * len(mask) {
		if mask[i/8]&(0x80>>(i%8)) != 0 {
			holes = holes || i != ones
			ones++
		}
	}
	if addr, ok := netip.AddrFromSlice(mask); ok && holes {
		return addr.String()
	}
	return strconv.Itoa(ones)
}

// xtProtocols are the names that iptables has for protocols of its own, and those that /etc/protocols usually has.
var xtProtocols = numberNames{
	1: "icmp", 2: "igmp", 4: "ipencap", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 89: "ospf", 103: "pim",
	112: "vrrp", 132: "sctp", 135: "ipv6-mh", 136: "udplite",
}

func xtProtocol(number uint64, not bool) string {
	if number == 0 {
		return ""
	}
	return xtNot(not, "-p "+xtProtocols.of(number))
}

// xtInfo is the private part of a match or target, as the kernel holds it, and what is said of it.
type xtInfo struct {
	name     string
	revision byte
	six      bool // IPv6
	data     []byte
	sets     *xtSets

	options   []string
	undecoded bool
}

// xtForm is how one form of a match or target looks: which revisions have it, and how many bytes at least.
type xtForm struct {
	name        string
	first, last byte
	size        int
	show        func(*xtInfo)
}

// words spells the match or target out, as far as its form is known.
func (x *xtInfo) words(flag string, forms []xtForm) xtWords {
	x.undecoded = true
	for _, f := range forms {
		if x.name == f.name && x.revision >= f.first && x.revision <= f.last && len(x.data) >= f.size {
			x.undecoded = false
			f.show(x)
			break
		}
	}
	if x.undecoded {
		x.options = append(x.options, xtUndecoded)
	}
	return xtWords{flag, xtWord(x.name), strings.Join(x.options, " ")}
}

// option says one thing.
func (x *xtInfo) option(not bool, words ...string) {
	x.options = append(x.options, xtNot(not, strings.Join(words, " ")))
}

// flags says the options whose bits are set, the lowest first.
func (x *xtInfo) flags(bits uint64, names ...string) {
	for i, name := range names {
		if bits>>i&1 != 0 && name != "" {
			x.option(false, name)
		}
	}
}

// bytes are n bytes of the private part. What lies behind its end is zero.
func (x *xtInfo) bytes(at, n int) []byte {
	b := make([]byte, n)
	if at < len(x.data) {
		copy(b, x.data[at:])
	}
	return b
}

// number is one of 1, 2 or 4 bytes, in the byte order of the machine.
func (x *xtInfo) number(at, size int) uint64 { return nativeNumber(x.bytes(at, size)) }

func (x *xtInfo) u8(at int) uint64  { return x.number(at, 1) }
func (x *xtInfo) u16(at int) uint64 { return x.number(at, 2) }
func (x *xtInfo) u32(at int) uint64 { return x.number(at, 4) }

// port is a 16 bit number in network byte order.
func (x *xtInfo) port(at int) uint64 { return nftBig(x.bytes(at, 2)) }

func (x *xtInfo) text(at, n int) string { return unix.ByteSliceToString(x.bytes(at, n)) }

// wide is the size of an address.
func (x *xtInfo) wide() int {
	if x.six {
		return 16
	}
	return 4
}

func (x *xtInfo) addr(at int) netip.Addr {
	addr, _ := netip.AddrFromSlice(x.bytes(at, x.wide()))
	return addr
}

// xtNumber is a decimal number.
func xtNumber(n uint64) string { return strconv.FormatUint(n, 10) }

// xtHex is a number as iptables writes marks.
func xtHex(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }

// xtRange is "5" or "5:9", with whatever sign stands between the two.
func xtRange(low, high uint64, sign string) string {
	if low == high {
		return xtNumber(low)
	}
	return xtNumber(low) + sign + xtNumber(high)
}

// xtMarked is "0x4000/0x4000"; a mask of all bits is left out.
func xtMarked(mark, mask uint64) string {
	if mask == 0xffffffff {
		return xtHex(mark)
	}
	return xtHex(mark) + "/" + xtHex(mask)
}

// xtBits are the names of the bits that are set, joined by commas.
func xtBits(bits uint64, none string, names ...string) string {
	var set []string
	for i, name := range names {
		if bits>>i&1 != 0 {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return none
	}
	return strings.Join(set, ",")
}
