//go:build linux

package collect

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Attributes of linux/netfilter/nf_tables_compat.h.
const nftCompatName, nftCompatRevision, nftCompatInfo = 1, 2, 3

// xtLoaded is what a register holds while a rule is read.
type xtLoaded struct {
	from               string // "payload", "meta", "immediate"
	base, offset, size uint64 // of a payload
	key                uint64 // of meta
	mask               []byte
	value              []byte // of an immediate
}

// xtNftRule turns expressions of the kernel back into the options that iptables-nft made them from.
type xtNftRule struct {
	xtRule
	d        *xtDump
	reg      [nftRegisters]xtLoaded
	protocol uint64 // that the rule asks for; 0 for none, or when it asks for others

	header [3]string // what is asked of the transport header: source port, destination port, flags
	place  int       // of the match that says so, in matches
}

// rule is the line of one rule.
func (d *xtDump) rule(a attrs) string {
	u := xtNftRule{d: d}
	u.chain = a.text(unix.NFTA_RULE_CHAIN)
	eachAttr(a[unix.NFTA_RULE_EXPRESSIONS], 0, func(_ uint16, b []byte) {
		e := parseAttrs(b, 0)
		name := e.text(unix.NFTA_EXPR_NAME)
		if !u.expression(name, e.nested(unix.NFTA_EXPR_DATA)) {
			u.unknown(name)
		}
	})
	if comment, ok := nftUserdata(a[unix.NFTA_RULE_USERDATA], 0); ok { // iptables-nft before 1.8.3 had no other place for it
		u.match("comment", "--comment "+xtQuoted(unix.ByteSliceToString(comment)))
	}
	return u.String()
}

// unknown keeps an expression that has no words in iptables, or none that are known here.
func (u *xtNftRule) unknown(name string) {
	u.d.beyond = true
	u.matches = append(u.matches, xtWords{"-m", xtWord("nft-" + name), xtUndecoded})
}

func (u *xtNftRule) match(name, options string) {
	u.matches = append(u.matches, xtWords{"-m", name, options})
}

// ask adds something to the match of the transport header, once; false when the rule asks twice.
func (u *xtNftRule) ask(name string, what int, option string) bool {
	if u.header[what] != "" {
		return false
	}
	if u.header == [3]string{} {
		u.place = len(u.matches)
		u.match(name, "")
	}
	u.header[what] = option
	u.matches[u.place].options = strings.Join(slices.DeleteFunc(slices.Clone(u.header[:]), func(s string) bool { return s == "" }), " ")
	return true
}

// expression takes one step of the rule; false when it cannot be said in the words of iptables.
func (u *xtNftRule) expression(name string, a attrs) bool {
	switch name {
	case "counter":
		u.packets, u.bytes = a.big(unix.NFTA_COUNTER_PACKETS), a.big(unix.NFTA_COUNTER_BYTES)
		return true
	case "match", "target":
		u.extension(name, a)
		return true
	case "payload":
		return a.has(unix.NFTA_PAYLOAD_DREG) && u.load(a.big(unix.NFTA_PAYLOAD_DREG), xtLoaded{
			from: name, base: a.big(unix.NFTA_PAYLOAD_BASE), offset: a.big(unix.NFTA_PAYLOAD_OFFSET), size: a.big(unix.NFTA_PAYLOAD_LEN),
		})
	case "meta":
		if !a.has(unix.NFTA_META_DREG) {
			return u.setMeta(a)
		}
		return u.load(a.big(unix.NFTA_META_DREG), xtLoaded{from: name, key: a.big(unix.NFTA_META_KEY)})
	case "bitwise":
		return u.bitwise(a)
	case "cmp":
		return u.compare(a)
	case "range":
		return u.between(a)
	case "immediate":
		return u.immediate(a)
	case "limit":
		return u.limit(a)
	case "log":
		return u.log(a)
	}
	return false
}

func (u *xtNftRule) load(register uint64, v xtLoaded) bool {
	slot := nftSlot(register)
	if slot < 0 {
		return false
	}
	u.reg[slot] = v
	return true
}

func (u *xtNftRule) get(register uint64) xtLoaded {
	if slot := nftSlot(register); slot >= 0 {
		return u.reg[slot]
	}
	return xtLoaded{}
}

// extension takes a match or target of x_tables, which nft_compat carries unchanged.
func (u *xtNftRule) extension(kind string, a attrs) {
	x := &xtInfo{
		name: a.text(nftCompatName), revision: byte(a.big(nftCompatRevision)), data: a[nftCompatInfo], six: u.d.six, sets: u.d.sets,
	}
	if kind == "match" {
		u.matches = append(u.matches, x.words("-m", xtMatches))
		return
	}
	u.aim(x.words("-j", xtTargets))
}

// aim sets the target. A second one has no words in iptables.
func (u *xtNftRule) aim(target xtWords) {
	if u.target.name != "" {
		u.unknown(strings.ToLower(target.name))
		return
	}
	u.target = target
}

// bitwise puts a mask before what is compared.
func (u *xtNftRule) bitwise(a attrs) bool {
	v := u.get(a.big(unix.NFTA_BITWISE_SREG))
	mask, xor := a.nested(unix.NFTA_BITWISE_MASK)[unix.NFTA_DATA_VALUE], a.nested(unix.NFTA_BITWISE_XOR)[unix.NFTA_DATA_VALUE]
	if v.from == "" || v.mask != nil || len(mask) == 0 || a.big(nftBitwiseOp) != 0 || strings.Trim(string(xor), "\x00") != "" {
		u.load(a.big(unix.NFTA_BITWISE_DREG), xtLoaded{})
		return false
	}
	v.mask = mask
	return u.load(a.big(unix.NFTA_BITWISE_DREG), v)
}

// compare says what the comparison of a register with a value means.
func (u *xtNftRule) compare(a attrs) bool {
	v, value, op := u.get(a.big(unix.NFTA_CMP_SREG)), a.nested(unix.NFTA_CMP_DATA)[unix.NFTA_DATA_VALUE], a.big(unix.NFTA_CMP_OP)
	if len(value) == 0 || v.mask != nil && len(v.mask) < len(value) {
		return false
	}
	not := op == unix.NFT_CMP_NEQ
	switch {
	case op != unix.NFT_CMP_EQ && !not:
		return u.portsBeyond(v, value, op)
	case v.from == "meta":
		return u.compareMeta(v, value, not)
	case v.from == "payload" && v.base == unix.NFT_PAYLOAD_NETWORK_HEADER:
		return u.compareNetwork(v, value, not)
	case v.from == "payload" && v.base == unix.NFT_PAYLOAD_TRANSPORT_HEADER:
		return u.compareTransport(v, value, not)
	}
	return false
}

func (u *xtNftRule) compareMeta(v xtLoaded, value []byte, not bool) bool {
	const mark, inName, outName, l4proto = 3, 6, 7, 16
	switch {
	case v.key == mark && len(value) == 4:
		all := []byte{0xff, 0xff, 0xff, 0xff}
		if v.mask != nil {
			all = v.mask
		}
		u.match("mark", xtNot(not, "--mark "+xtMarked(nativeNumber(value), nativeNumber(all))))
	case v.mask != nil:
		return false
	case v.key == inName && u.in == "":
		u.in = xtNot(not, "-i "+xtDeviceName(value))
	case v.key == outName && u.out == "":
		u.out = xtNot(not, "-o "+xtDeviceName(value))
	case v.key == l4proto:
		return u.setProtocol(uint64(value[0]), not)
	default:
		return false
	}
	return true
}

// xtDeviceName is "eth0", or "cali+" when what follows is not compared.
func xtDeviceName(value []byte) string {
	if name := unix.ByteSliceToString(value); len(name) < len(value) {
		return xtWord(name)
	}
	return xtWord(string(value) + "+")
}

func (u *xtNftRule) setProtocol(number uint64, not bool) bool {
	if u.proto != "" || number == 0 {
		return false
	}
	u.proto = xtProtocol(number, not)
	if !not {
		u.protocol = number
	}
	return true
}

// compareNetwork is about addresses, and in IPv4 fragments.
func (u *xtNftRule) compareNetwork(v xtLoaded, value []byte, not bool) bool {
	source, dest, protocol, size := uint64(12), uint64(16), uint64(9), 4
	if u.d.six {
		source, dest, protocol, size = 8, 24, 6, 16
	}
	side, option := &u.src, "-s"
	switch {
	case v.offset == source:
	case v.offset == dest:
		side, option = &u.dst, "-d"
	case v.offset == protocol && v.size == 1 && v.mask == nil:
		return u.setProtocol(uint64(value[0]), not)
	case !u.d.six && v.offset == 6 && v.size == 2 && nftBig(v.mask) == 0x1fff && nftBig(value) == 0:
		u.portion = xtNot(!not, "-f")
		return true
	default:
		return false
	}
	if *side != "" || v.size > uint64(size) || uint64(len(value)) != v.size {
		return false
	}
	address, mask := make([]byte, size), make([]byte, size)
	copy(address, value)
	for i := range value { // only as many bytes were loaded as the prefix has
		mask[i] = 0xff
	}
	copy(mask, v.mask)
	*side = xtAddress(option, address, mask, not)
	return true
}

// compareTransport is about ports and TCP's flags.
func (u *xtNftRule) compareTransport(v xtLoaded, value []byte, not bool) bool {
	const tcp, flags = 6, 13
	switch {
	case v.ports() && len(value) == 2:
		return u.ports(v, nftBig(value), nftBig(value), not)
	case v.size == 1 && v.offset == flags && u.protocol == tcp:
		mask := uint64(0xff)
		if v.mask != nil {
			mask = uint64(v.mask[0])
		}
		return u.ask("tcp", 2, xtNot(not, "--tcp-flags "+xtBits(mask, "NONE", xtTCPFlags...)+" "+xtBits(uint64(value[0]), "NONE", xtTCPFlags...)))
	}
	return false
}

// ports reports whether a port was loaded.
func (v xtLoaded) ports() bool {
	return v.from == "payload" && v.base == unix.NFT_PAYLOAD_TRANSPORT_HEADER && v.size == 2 && v.mask == nil && (v.offset == 0 || v.offset == 2)
}

// ports says which source or destination ports are meant.
func (u *xtNftRule) ports(v xtLoaded, low, high uint64, not bool) bool {
	name, known := map[uint64]string{6: "tcp", 17: "udp", 33: "dccp", 132: "sctp"}[u.protocol]
	if !known || !v.ports() {
		return false
	}
	what := int(v.offset / 2)
	return u.ask(name, what, xtNot(not, []string{"--sport ", "--dport "}[what]+xtRange(low, high, ":")))
}

// portsBeyond are those above or below one.
func (u *xtNftRule) portsBeyond(v xtLoaded, value []byte, op uint64) bool {
	const last = 0xffff
	port := nftBig(value)
	switch {
	case len(value) != 2:
		return false
	case op == unix.NFT_CMP_GT && port < last:
		return u.ports(v, port+1, last, false)
	case op == unix.NFT_CMP_GTE:
		return u.ports(v, port, last, false)
	case op == unix.NFT_CMP_LT && port > 0:
		return u.ports(v, 0, port-1, false)
	case op == unix.NFT_CMP_LTE:
		return u.ports(v, 0, port, false)
	}
	return false
}

// between is a range of ports.
func (u *xtNftRule) between(a attrs) bool {
	v, op := u.get(a.big(unix.NFTA_RANGE_SREG)), a.big(unix.NFTA_RANGE_OP)
	from, to := a.nested(unix.NFTA_RANGE_FROM_DATA)[unix.NFTA_DATA_VALUE], a.nested(unix.NFTA_RANGE_TO_DATA)[unix.NFTA_DATA_VALUE]
	if len(from) != 2 || len(to) != 2 || op != unix.NFT_RANGE_EQ && op != unix.NFT_RANGE_NEQ {
		return false
	}
	return u.ports(v, nftBig(from), nftBig(to), op == unix.NFT_RANGE_NEQ)
}

// immediate is a verdict, or a value for what follows.
func (u *xtNftRule) immediate(a attrs) bool {
	data := a.nested(unix.NFTA_IMMEDIATE_DATA)
	if register := a.big(unix.NFTA_IMMEDIATE_DREG); register != unix.NFT_REG_VERDICT {
		return u.load(register, xtLoaded{from: "immediate", value: data[unix.NFTA_DATA_VALUE]})
	}
	verdict := data.nested(unix.NFTA_DATA_VERDICT)
	switch name := nftVerdicts.of(verdict.big(unix.NFTA_VERDICT_CODE)); name {
	case "accept", "drop", "return":
		u.aim(xtWords{"-j", strings.ToUpper(name), ""})
	case "jump", "goto":
		u.aim(xtWords{"-" + name[:1], xtWord(verdict.text(unix.NFTA_VERDICT_CHAIN)), ""})
	default:
		return false
	}
	return true
}

// setMeta is how iptables-nft traces packets.
func (u *xtNftRule) setMeta(a attrs) bool {
	const trace = 12
	v := u.get(a.big(unix.NFTA_META_SREG))
	if a.big(unix.NFTA_META_KEY) != trace || len(v.value) == 0 || v.value[0] != 1 {
		return false
	}
	u.aim(xtWords{"-j", "TRACE", ""})
	return true
}

func (u *xtNftRule) limit(a attrs) bool {
	rate, unit := a.big(unix.NFTA_LIMIT_RATE), a.big(unix.NFTA_LIMIT_UNIT)
	if rate == 0 || unit == 0 || unit > 86400 || rate > unit*xtScale || a.big(unix.NFTA_LIMIT_TYPE) != unix.NFT_LIMIT_PKTS || a.big(unix.NFTA_LIMIT_FLAGS) != 0 {
		return false
	}
	x := xtInfo{}
	x.limit(unit*xtScale/rate, a.big(unix.NFTA_LIMIT_BURST))
	u.match("limit", strings.Join(x.options, " "))
	return true
}

// log is the target NFLOG when it names a group, else LOG.
func (u *xtNftRule) log(a attrs) bool {
	const warning = 4
	x, name := xtInfo{}, "LOG"
	prefix := a.text(unix.NFTA_LOG_PREFIX)
	if a.has(unix.NFTA_LOG_GROUP) {
		name = "NFLOG"
		x.nflog(prefix, a.big(unix.NFTA_LOG_GROUP), a.big(unix.NFTA_LOG_SNAPLEN), a.big(unix.NFTA_LOG_QTHRESHOLD), a.big(unix.NFTA_LOG_SNAPLEN) != 0)
	} else {
		level := uint64(warning)
		if a.has(unix.NFTA_LOG_LEVEL) {
			level = a.big(unix.NFTA_LOG_LEVEL)
		}
		x.log(prefix, level, a.big(unix.NFTA_LOG_FLAGS))
	}
	u.aim(xtWords{"-j", name, strings.Join(x.options, " ")})
	return true
}
