//go:build linux

package collect

import (
	"fmt"
	"strings"
)

// xtMatches are the matches that are spelled out, with the structures of linux/netfilter/xt_*.h, linux/netfilter_ipv4
// and linux/netfilter_ipv6. The order of options is that of iptables-save.
var xtMatches = []xtForm{
	{"addrtype", 0, 1, 8, xtAddrtype},
	{"comment", 0, 0, 1, func(x *xtInfo) { x.option(false, "--comment", xtQuoted(x.text(0, min(len(x.data), 256)))) }},
	{"connlimit", 1, 2, 24, xtConnlimit},
	{"connmark", 1, 1, 9, xtMark},
	{"conntrack", 1, 1, 152, xtConntrack},
	{"conntrack", 2, 2, 154, xtConntrack},
	{"conntrack", 3, 3, 162, xtConntrack},
	{"dscp", 0, 0, 2, func(x *xtInfo) { x.option(x.u8(1) != 0, "--dscp", fmt.Sprintf("0x%02x", x.u8(0))) }},
	{"helper", 0, 0, 34, func(x *xtInfo) { x.option(x.u32(0) != 0, "--helper", xtQuoted(x.text(4, 30))) }},
	{"hl", 0, 0, 2, func(x *xtInfo) { xtTimeToLive(x, "--hl") }},
	{"icmp", 0, 0, 4, func(x *xtInfo) { xtICMP(x, "--icmp-type") }},
	{"icmp6", 0, 0, 4, func(x *xtInfo) { xtICMP(x, "--icmpv6-type") }},
	{"iprange", 1, 1, 65, xtIPRange},
	{"ipvs", 0, 0, 40, xtIPVS},
	{"length", 0, 0, 5, func(x *xtInfo) { x.option(x.u8(4) != 0, "--length", xtRange(x.u16(0), x.u16(2), ":")) }},
	{"limit", 0, 0, 8, func(x *xtInfo) { x.limit(x.u32(0), x.u32(4)) }},
	{"mac", 0, 0, 12, func(x *xtInfo) { x.option(x.u32(8) != 0, "--mac-source", hardware(x.bytes(0, 6), 0)) }},
	{"mark", 1, 1, 9, xtMark},
	{"multiport", 1, 1, 48, xtMultiport},
	{"nfacct", 0, 1, 32, func(x *xtInfo) { x.option(false, "--nfacct-name", xtWord(x.text(0, 32))) }},
	{"owner", 1, 1, 18, xtOwner},
	{"physdev", 0, 0, 66, xtPhysdev},
	{"pkttype", 0, 0, 8, func(x *xtInfo) { x.option(x.u32(4) != 0, "--pkt-type", xtPacketTypes.of(x.u32(0))) }},
	{"policy", 0, 0, 308, xtPolicy},
	{"recent", 0, 0, 211, xtRecent},
	{"recent", 1, 1, 228, xtRecent},
	{"rpfilter", 0, 0, 1, func(x *xtInfo) { x.flags(x.u8(0), "--loose", "--validmark", "--accept-local", "--invert") }},
	{"sctp", 0, 0, 292, xtSCTP},
	{"set", 1, 2, 4, xtSet},
	{"set", 3, 4, 44, xtSet},
	{"socket", 1, 3, 1, func(x *xtInfo) { x.flags(x.u8(0), "--transparent", "--nowildcard", "--restore-skmark") }},
	{"socket", 0, 0, 0, func(*xtInfo) {}},
	{"state", 0, 0, 4, func(x *xtInfo) { x.option(false, "--state", xtStates(x.u32(0)&0x0f|x.u32(0)>>6&1<<8)) }},
	{"statistic", 0, 0, 16, xtStatistic},
	{"tcp", 0, 0, 12, xtTCP},
	{"tcpmss", 0, 0, 5, func(x *xtInfo) { x.option(x.u8(4) != 0, "--mss", xtRange(x.u16(0), x.u16(2), ":")) }},
	{"tos", 1, 1, 3, func(x *xtInfo) { x.option(x.u8(2) != 0, "--tos", fmt.Sprintf("0x%02x/0x%02x", x.u8(1), x.u8(0))) }},
	{"ttl", 0, 0, 2, func(x *xtInfo) { xtTimeToLive(x, "--ttl") }},
	{"udp", 0, 0, 9, func(x *xtInfo) { x.ports(x.u8(8)) }},
}

var xtPacketTypes = numberNames{0: "unicast", 1: "broadcast", 2: "multicast"}

// ports says source and destination ports: two pairs at the beginning, which tcp and udp have alike.
func (x *xtInfo) ports(inverted uint64) {
	for i, name := range []string{"--sport", "--dport"} {
		not := inverted>>i&1 != 0
		if low, high := x.u16(4*i), x.u16(4*i+2); low != 0 || high != 0xffff || not {
			x.option(not, name, xtRange(low, high, ":"))
		}
	}
}

// xtSCTP reads xt_sctp_info, which has the destination first. What is asked of chunks is not spelled out.
func xtSCTP(x *xtInfo) {
	const source, dest, chunks = 1, 2, 4
	said, inverted := x.u32(284), x.u32(288)
	if said&source != 0 {
		x.option(inverted&source != 0, "--sport", xtRange(x.u16(4), x.u16(6), ":"))
	}
	if said&dest != 0 {
		x.option(inverted&dest != 0, "--dport", xtRange(x.u16(0), x.u16(2), ":"))
	}
	x.undecoded = said&chunks != 0
}

// xtTCPFlags are the bits of TCP's header.
var xtTCPFlags = []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"}

func xtTCP(x *xtInfo) {
	const notFlags, notOption = 4, 8
	inverted := x.u8(11)
	x.ports(inverted)
	if option := x.u8(8); option != 0 || inverted&notOption != 0 {
		x.option(inverted&notOption != 0, "--tcp-option", xtNumber(option))
	}
	if mask := x.u8(9); mask != 0 || inverted&notFlags != 0 {
		x.option(inverted&notFlags != 0, "--tcp-flags", xtBits(mask, "NONE", xtTCPFlags...), xtBits(x.u8(10), "NONE", xtTCPFlags...))
	}
}

func xtICMP(x *xtInfo, name string) {
	const any = 0xff
	kind := xtNumber(x.u8(0))
	if x.u8(1) == x.u8(2) {
		kind += "/" + xtNumber(x.u8(1))
	} else if x.u8(0) == any {
		kind = "any"
	}
	x.option(x.u8(3)&1 != 0, name, kind)
	x.undecoded = x.u8(1) != x.u8(2) && (x.u8(1) != 0 || x.u8(2) != any) // several codes have no words
}

func xtMultiport(x *xtInfo) {
	const most, ports, ranges, inverted = 15, 2, 32, 47
	var list []string
	count := int(x.u8(1))
	for i := 0; i < min(count, most); i++ {
		port := xtNumber(x.u16(ports + 2*i))
		if x.u8(ranges+i) != 0 && i+1 < min(count, most) {
			i++
			port += ":" + xtNumber(x.u16(ports+2*i))
		}
		list = append(list, port)
	}
	name := numberNames{0: "--sports", 1: "--dports", 2: "--ports"}[x.u8(0)]
	x.undecoded = len(list) == 0 || name == ""
	x.option(x.u8(inverted) != 0, name, strings.Join(list, ","))
}

// xtMark is about the packet's mark or the connection's.
func xtMark(x *xtInfo) { x.option(x.u8(8) != 0, "--mark", xtMarked(x.u32(0), x.u32(4))) }

func xtAddrtype(x *xtInfo) {
	names := []string{"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE"}
	notSource, notDest, devices := x.u32(4)&1 != 0, x.u32(4)&2 != 0, x.u32(4)>>2
	if x.revision == 0 {
		notSource, notDest, devices = x.u32(4) != 0, x.u32(8) != 0, 0
	}
	if source := x.u16(0); source != 0 {
		x.option(notSource, "--src-type", xtBits(source, "", names...))
	}
	if dest := x.u16(2); dest != 0 {
		x.option(notDest, "--dst-type", xtBits(dest, "", names...))
	}
	x.flags(devices, "--limit-iface-in", "--limit-iface-out")
}

// xtScale is a second of the match limit, in its own unit.
const xtScale = 10000

// limit says a rate: a packet in so many ten thousandths of a second, and how many may come at once.
func (x *xtInfo) limit(period, burst uint64) {
	const usual = 5
	units := []struct {
		length uint64
		name   string
	}{{24 * 3600 * xtScale, "day"}, {3600 * xtScale, "hour"}, {60 * xtScale, "min"}, {xtScale, "sec"}}
	if period == 0 {
		x.undecoded = true
		return
	}
	unit := 0
	for unit+1 < len(units) && period <= units[unit+1].length && units[unit+1].length/period >= units[unit+1].length%period {
		unit++
	}
	x.option(false, "--limit", xtNumber(units[unit].length/period)+"/"+units[unit].name)
	if burst != usual {
		x.option(false, "--limit-burst", xtNumber(burst))
	}
}

func xtStatistic(x *xtInfo) {
	const random, nth = 0, 1
	not := x.u16(2)&1 != 0
	switch x.u16(0) {
	case random:
		x.option(false, "--mode random")
		x.option(not, "--probability", fmt.Sprintf("%.11f", float64(x.u32(4))/0x80000000))
	case nth:
		x.option(false, "--mode nth")
		x.option(not, "--every", xtNumber(x.u32(4)+1))
		x.option(false, "--packet", xtNumber(x.u32(8)))
	default:
		x.undecoded = true
	}
}

// xtStates are the words of connection tracking for bits as revision 3 of its match has them.
func xtStates(bits uint64) string {
	var words []string
	for _, s := range []struct {
		bit  int
		name string
	}{{0, "INVALID"}, {3, "NEW"}, {2, "RELATED"}, {1, "ESTABLISHED"}, {8, "UNTRACKED"}, {6, "SNAT"}, {7, "DNAT"}} {
		if bits>>s.bit&1 != 0 {
			words = append(words, s.name)
		}
	}
	return strings.Join(words, ",")
}

// xtConntrack reads xt_conntrack_mtinfo1 to 3: the first has smaller masks of states, the last ranges of ports.
func xtConntrack(x *xtInfo) {
	const state, proto, addresses, status, expires, ports, direction, alias = 0, 1, 2, 6, 7, 8, 12, 13
	flags, inverted := x.u16(146), x.u16(148)
	states, statuses := x.u16(150), x.u16(152)
	if x.revision == 1 {
		states, statuses = x.u8(150), x.u8(151)
	}
	said := func(bit int) bool { return flags>>bit&1 != 0 }
	say := func(bit int, words ...string) { x.option(inverted>>bit&1 != 0, words...) }
	switch {
	case said(state) && said(alias):
		x.name = "state"
		say(state, "--state", xtStates(states))
	case said(state):
		say(state, "--ctstate", xtStates(states))
	}
	if said(proto) {
		say(proto, "--ctproto", xtNumber(x.u16(136)))
	}
	for i, end := range []string{"origsrc", "origdst", "replsrc", "repldst"} {
		if said(addresses + i) {
			mask := xtMask(x.bytes(32*i+16, x.wide()))
			say(addresses+i, "--ct"+end, strings.TrimSuffix(x.addr(32*i).String()+"/"+mask, "/"+xtNumber(uint64(8*x.wide()))))
		}
	}
	for i, end := range []string{"origsrc", "origdst", "replsrc", "repldst"} {
		if said(ports + i) {
			low, high := x.port(138+2*i), x.port(138+2*i)
			if x.revision == 3 {
				low, high = x.u16(138+2*i), x.u16(154+2*i)
			}
			say(ports+i, "--ct"+end+"port", xtRange(low, high, ":"))
		}
	}
	if said(status) {
		say(status, "--ctstatus", xtBits(statuses, "NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"))
	}
	if said(expires) {
		say(expires, "--ctexpire", xtRange(x.u32(128), x.u32(132), ":"))
	}
	if said(direction) {
		x.option(false, "--ctdir", map[bool]string{false: "ORIGINAL", true: "REPLY"}[inverted>>direction&1 != 0])
	}
}

func xtPhysdev(x *xtInfo) {
	const in, out, bridged, isIn, isOut = 1, 2, 4, 8, 16
	inverted, said := x.u8(64), x.u8(65)
	for _, o := range []struct {
		bit   uint64
		words []string
	}{
		{isIn, []string{"--physdev-is-in"}}, {in, []string{"--physdev-in", xtWord(x.text(0, 16))}},
		{isOut, []string{"--physdev-is-out"}}, {out, []string{"--physdev-out", xtWord(x.text(32, 16))}}, {bridged, []string{"--physdev-is-bridged"}},
	} {
		if said&o.bit != 0 {
			x.option(inverted&o.bit != 0, o.words...)
		}
	}
}

func xtOwner(x *xtInfo) {
	said, inverted := x.u8(16), x.u8(17)
	const uid, gid, socket, groups = 1, 2, 4, 8
	if said&socket != 0 {
		x.option(inverted&socket != 0, "--socket-exists")
	}
	if said&uid != 0 {
		x.option(inverted&uid != 0, "--uid-owner", xtRange(x.u32(0), x.u32(4), "-"))
	}
	if said&gid != 0 {
		x.option(inverted&gid != 0, "--gid-owner", xtRange(x.u32(8), x.u32(12), "-"))
	}
	if said&groups != 0 {
		x.option(false, "--suppl-groups")
	}
}

func xtRecent(x *xtInfo) {
	const check, set, update, remove, ttl, reap = 1, 2, 4, 8, 16, 32
	said, not := x.u8(8), x.u8(9) != 0
	for _, o := range []struct {
		bit  uint64
		name string
	}{{set, "--set"}, {check, "--rcheck"}, {update, "--update"}, {remove, "--remove"}} {
		if said&o.bit != 0 {
			x.option(not, o.name)
		}
	}
	if n := x.u32(0); n != 0 {
		x.option(false, "--seconds", xtNumber(n))
	}
	x.flags(said&reap, "", "", "", "", "", "--reap")
	if n := x.u32(4); n != 0 {
		x.option(false, "--hitcount", xtNumber(n))
	}
	x.flags(said&ttl, "", "", "", "", "--rttl")
	x.option(false, "--name", xtQuoted(x.text(10, 200)))
	if x.revision > 0 {
		x.option(false, "--mask", x.addr(212).String())
	}
	x.option(false, map[bool]string{true: "--rdest", false: "--rsource"}[x.u8(210) == 1])
}

func xtIPRange(x *xtInfo) {
	for i, name := range []string{"--src-range", "--dst-range"} {
		if flags := x.u8(64); flags>>i&1 != 0 {
			x.option(flags>>(4+i)&1 != 0, name, x.addr(32*i).String()+"-"+x.addr(32*i+16).String())
		}
	}
}

func xtTimeToLive(x *xtInfo, name string) {
	const equal, unequal, less, greater = 0, 1, 2, 3
	mode := x.u8(0)
	words := numberNames{equal: "-eq", unequal: "-eq", less: "-lt", greater: "-gt"}
	x.undecoded = mode > greater
	x.option(mode == unequal, name+words.of(mode), xtNumber(x.u8(1)))
}

func xtConnlimit(x *xtInfo) {
	const upTo, byDestination = 1, 2
	name, side := "--connlimit-above", "--connlimit-saddr"
	if x.u32(20)&upTo != 0 {
		name = "--connlimit-upto"
	}
	if x.u32(20)&byDestination != 0 {
		side = "--connlimit-daddr"
	}
	x.option(false, name, xtNumber(x.u32(16)))
	x.option(false, "--connlimit-mask", xtMask(x.bytes(0, x.wide())))
	x.option(false, side)
}

// xtIPVS reads xt_ipvs_mtinfo.
func xtIPVS(x *xtInfo) {
	const property, proto, addr, port, direction, method, control = 1, 2, 4, 8, 16, 32, 64
	said, inverted := x.u8(39), x.u8(38)
	if said == property {
		x.option(inverted&property != 0, "--ipvs")
		return
	}
	for _, o := range []struct {
		bit         uint64
		name, value string
	}{
		{proto, "--vproto", xtNumber(x.u8(34))},
		{addr, "--vaddr", strings.TrimSuffix(x.addr(0).String()+"/"+xtMask(x.bytes(16, x.wide())), "/"+xtNumber(uint64(8*x.wide())))},
		{port, "--vport", xtNumber(x.port(32))},
		{direction, "--vdir", map[bool]string{false: "ORIGINAL", true: "REPLY"}[inverted&direction != 0]},
		{method, "--vmethod", numberNames{0: "MASQ", 2: "IPIP", 3: "GATE"}.of(x.u8(35))},
		{control, "--vportctl", xtNumber(x.port(36))},
	} {
		if said&o.bit != 0 {
			x.option(inverted&o.bit != 0 && o.bit != direction, o.name, o.value)
		}
	}
}

// xtPolicy spells out what is asked of IPsec policies as a whole. What is asked of single transformations is not.
func xtPolicy(x *xtInfo) {
	const in, out, none, strict, element, elements = 1, 2, 4, 8, 76, 4
	flags := x.u16(element * elements)
	x.option(false, "--dir", map[bool]string{true: "in", false: "out"}[flags&in != 0])
	x.option(false, "--pol", map[bool]string{true: "none", false: "ipsec"}[flags&none != 0])
	x.flags(flags&strict, "", "", "", "--strict")
	x.undecoded = flags&(in|out) == 0
	for i := range elements {
		x.undecoded = x.undecoded || x.u8(element*i+74) != 0
	}
}

// xtSet reads xt_set_info_match_v1 to v4. Conditions on the counters of an element are not spelled out.
func xtSet(x *xtInfo) {
	const noMatch, skipCounter, skipSub = 1 << 7, 1 << 3, 1 << 4
	x.set("--match-set", 0, x.u8(3)&1 != 0)
	flags := x.u8(3)
	switch x.revision {
	case 1:
		return
	case 3:
		flags = x.u32(40)
		x.undecoded = x.undecoded || x.u8(8) != 0 || x.u8(24) != 0
	case 4:
		flags = x.u32(40)
		x.undecoded = x.undecoded || x.u8(16) != 0 || x.u8(32) != 0
	}
	x.flags(flags&noMatch, "", "", "", "", "", "", "", "--return-nomatch")
	if x.revision > 2 && flags&skipCounter != 0 {
		x.option(true, "--update-counters")
	}
	if x.revision > 2 && flags&skipSub != 0 {
		x.option(true, "--update-subcounters")
	}
}
