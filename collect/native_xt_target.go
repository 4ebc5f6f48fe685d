//go:build linux

package collect

import (
	"fmt"
	"net/netip"
)

// xtTargets are the targets that are spelled out. Those of NAT have one structure for IPv4 and another for IPv6.
var xtTargets = []xtForm{
	{"AUDIT", 0, 0, 1, xtAudit},
	{"CHECKSUM", 0, 0, 1, func(x *xtInfo) { x.flags(x.u8(0), "--checksum-fill") }},
	{"CLASSIFY", 0, 0, 4, xtClassify},
	{"CONNMARK", 1, 1, 13, xtConnmark},
	{"CONNMARK", 2, 2, 15, xtConnmark},
	{"CT", 0, 0, 28, xtCT},
	{"CT", 1, 2, 60, xtCT},
	{"DNAT", 0, 0, 20, xtDNAT},
	{"DNAT", 1, 1, 40, xtDNAT},
	{"DNAT", 2, 2, 42, xtDNAT},
	{"DSCP", 0, 0, 1, func(x *xtInfo) { x.option(false, "--set-dscp", fmt.Sprintf("0x%02x", x.u8(0))) }},
	{"HL", 0, 0, 2, func(x *xtInfo) { xtSetTimeToLive(x, "--hl") }},
	{"LOG", 0, 0, 32, func(x *xtInfo) { x.log(x.text(2, 30), x.u8(0), x.u8(1)) }},
	{"MARK", 2, 2, 8, func(x *xtInfo) { x.option(false, "--set-xmark", xtHex(x.u32(0))+"/"+xtHex(x.u32(4))) }},
	{"MASQUERADE", 0, 0, 20, xtMasquerade},
	{"NETMAP", 0, 0, 20, xtNetmap},
	{"NFLOG", 0, 0, 76, func(x *xtInfo) { x.nflog(x.text(12, 64), x.u16(4), x.u32(0), x.u16(6), x.u16(8)&1 != 0) }},
	{"NFQUEUE", 0, 0, 2, xtNFQueue},
	{"NFQUEUE", 1, 1, 4, xtNFQueue},
	{"NFQUEUE", 2, 3, 6, xtNFQueue},
	{"NOTRACK", 0, 0, 0, func(*xtInfo) {}},
	{"REDIRECT", 0, 0, 20, xtMasquerade},
	{"REJECT", 0, 0, 4, xtReject},
	{"SET", 1, 1, 8, xtSetTarget},
	{"SET", 2, 2, 16, xtSetTarget},
	{"SET", 3, 3, 20, xtSetTarget},
	{"SNAT", 0, 0, 20, xtSNAT},
	{"SNAT", 1, 1, 40, xtSNAT},
	{"SNAT", 2, 2, 42, xtSNAT},
	{"TCPMSS", 0, 0, 2, xtTCPMSS},
	{"TEE", 1, 1, 32, xtTee},
	{"TOS", 1, 1, 2, func(x *xtInfo) { x.option(false, "--set-tos", fmt.Sprintf("0x%02x/0x%02x", x.u8(0), x.u8(1))) }},
	{"TPROXY", 0, 0, 14, xtTProxy},
	{"TPROXY", 1, 1, 26, xtTProxy},
	{"TRACE", 0, 0, 0, func(*xtInfo) {}},
	{"TTL", 0, 0, 2, func(x *xtInfo) { xtSetTimeToLive(x, "--ttl") }},
}

func xtAudit(x *xtInfo) {
	x.option(false, "--type", numberNames{0: "accept", 1: "drop", 2: "reject"}.of(x.u8(0)))
}

func xtClassify(x *xtInfo) {
	x.option(false, "--set-class", fmt.Sprintf("%04x:%04x", x.u32(0)>>16, x.u32(0)&0xffff))
}

// xtNat is nf_nat_ipv4_multi_range_compat, nf_nat_range or nf_nat_range2.
type xtNat struct {
	flags     uint64
	low, high netip.Addr
	from, to  uint64 // ports
	base      uint64 // port of the original packet that from stands for
}

// Flags of linux/netfilter/nf_nat.h.
const natAddresses, natPorts, natRandom, natPersistent, natFullyRandom, natOffset = 1, 2, 4, 8, 16, 32

func (x *xtInfo) nat() xtNat {
	if !x.six && x.revision == 0 {
		n := xtNat{flags: x.u32(4), low: x.addr(8), high: x.addr(12), from: x.port(16), to: x.port(18)}
		x.undecoded = x.u32(0) > 1 // several ranges, as kernels before 2.6.11 knew
		return n
	}
	x.undecoded = len(x.data) < 40
	n := xtNat{flags: x.u32(0), low: x.addr(4), high: x.addr(20), from: x.port(36), to: x.port(38)}
	if x.revision == 2 {
		n.base = x.port(40)
	}
	return n
}

// String is "10.0.0.1-10.0.0.9:80-90/8000", with brackets where a port follows an IPv6 address.
func (n xtNat) String() string {
	text := ""
	if n.flags&natAddresses != 0 {
		text = n.low.String()
		if n.high != n.low {
			text += "-" + n.high.String()
		}
		if n.low.Is6() && n.flags&natPorts != 0 {
			text = "[" + text + "]"
		}
	}
	if n.flags&natPorts != 0 {
		text += ":" + xtRange(n.from, n.to, "-")
		if n.flags&natOffset != 0 {
			text += "/" + xtNumber(n.base)
		}
	}
	return text
}

// translate says where to, when there is anything to say, and the flags.
func (x *xtInfo) translate(option string) {
	n := x.nat()
	if text := n.String(); text != "" {
		x.option(false, option, text)
	}
	x.flags(n.flags&(natRandom|natFullyRandom|natPersistent), "", "", "--random", "", "--random-fully")
	x.flags(n.flags&natPersistent, "", "", "", "--persistent")
}

func xtDNAT(x *xtInfo) { x.translate("--to-destination") }
func xtSNAT(x *xtInfo) { x.translate("--to-source") }

// xtMasquerade is for MASQUERADE and REDIRECT, which have ports only.
func xtMasquerade(x *xtInfo) {
	n := x.nat()
	if n.flags&natPorts != 0 {
		x.option(false, "--to-ports", xtRange(n.from, n.to, "-"))
	}
	x.flags(n.flags&(natRandom|natFullyRandom), "", "", "--random", "", "--random-fully")
}

func xtNetmap(x *xtInfo) {
	n := x.nat()
	low, high := n.low.AsSlice(), n.high.AsSlice()
	mask := make([]byte, len(low))
	for i := range mask {
		mask[i] = ^(low[i] ^ high[i])
	}
	text := n.low.String()
	if bits := xtMask(mask); bits != xtNumber(uint64(n.low.BitLen())) {
		text += "/" + bits
	}
	x.option(false, "--to", text)
}

// xtConnmark moves marks between packet and connection; revision 2 may shift them.
func xtConnmark(x *xtInfo) {
	const set, save, restore = 0, 1, 2
	mark, mask, packet := x.u32(0), x.u32(4), x.u32(8)
	mode, shift := x.u8(12), uint64(0)
	if x.revision == 2 {
		mode, shift = x.u8(14), x.u8(13)
	}
	switch mode {
	case set:
		x.option(false, "--set-xmark", xtHex(mark)+"/"+xtHex(mask))
	case save, restore:
		x.option(false, numberNames{save: "--save-mark", restore: "--restore-mark"}.of(mode))
		x.option(false, "--nfmask", xtHex(packet), "--ctmask", xtHex(mask))
	default:
		x.undecoded = true
	}
	if shift != 0 {
		x.option(false, numberNames{0: "--left-shift-mark", 1: "--right-shift-mark"}.of(x.u8(12)), xtNumber(shift))
	}
}

func xtCT(x *xtInfo) {
	const notrack, alias, original, reply, fromMark = 1, 2, 4, 8, 16
	flags, zone := x.u16(0), x.u16(2)
	if flags&alias != 0 {
		x.name = "NOTRACK"
		return
	}
	x.flags(flags&notrack, "--notrack")
	if helper := x.text(12, 16); helper != "" {
		x.option(false, "--helper", xtWord(helper))
	}
	if x.revision > 0 {
		if timeout := x.text(28, 32); timeout != "" {
			x.option(false, "--timeout", xtWord(timeout))
		}
	}
	if events := x.u32(4); events != 0 {
		x.option(false, "--ctevents", xtBits(events, "", "new", "related", "destroy", "reply", "assured", "protoinfo", "helper", "mark", "natseqinfo", "secmark"))
	}
	if events := x.u32(8); events != 0 {
		x.option(false, "--expevents", xtBits(events, "", "new"))
	}
	name := map[uint64]string{0: "--zone", original: "--zone-orig", reply: "--zone-reply"}[flags&(original|reply)]
	switch {
	case name == "":
		x.undecoded = true
	case flags&fromMark != 0:
		x.option(false, name, "mark")
	case zone != 0:
		x.option(false, name, xtNumber(zone))
	}
}

// log says what the target LOG writes; the usual level is left out.
func (x *xtInfo) log(prefix string, level, flags uint64) {
	const warning = 4
	if prefix != "" {
		x.option(false, "--log-prefix", xtQuoted(prefix))
	}
	if level != warning {
		x.option(false, "--log-level", xtNumber(level))
	}
	x.flags(flags, "--log-tcp-sequence", "--log-tcp-options", "--log-ip-options", "--log-uid", "", "--log-macdecode")
}

// nflog says which listener gets packets, and how much of them.
func (x *xtInfo) nflog(prefix string, group, size, threshold uint64, copied bool) {
	if prefix != "" {
		x.option(false, "--nflog-prefix", xtQuoted(prefix))
	}
	if group != 0 {
		x.option(false, "--nflog-group", xtNumber(group))
	}
	switch {
	case copied:
		x.option(false, "--nflog-size", xtNumber(size))
	case size != 0:
		x.option(false, "--nflog-range", xtNumber(size))
	}
	if threshold != 0 {
		x.option(false, "--nflog-threshold", xtNumber(threshold))
	}
}

func xtNFQueue(x *xtInfo) {
	const bypass, byCPU = 1, 2
	queue, total, flags := x.u16(0), uint64(1), uint64(0)
	if x.revision > 0 {
		total = x.u16(2)
	}
	if x.revision > 1 {
		flags = x.u16(4)
	}
	if total > 1 {
		x.option(false, "--queue-balance", xtRange(queue, queue+total-1, ":"))
	} else {
		x.option(false, "--queue-num", xtNumber(queue))
	}
	x.flags(flags&(bypass|byCPU), "--queue-bypass", "--queue-cpu-fanout")
}

// Names of linux/netfilter_ipv4/ipt_REJECT.h and linux/netfilter_ipv6/ip6t_REJECT.h.
var (
	xtRejects = numberNames{
		0: "icmp-net-unreachable", 1: "icmp-host-unreachable", 2: "icmp-proto-unreachable", 3: "icmp-port-unreachable", 4: "echo-reply",
		5: "icmp-net-prohibited", 6: "icmp-host-prohibited", 7: "tcp-reset", 8: "icmp-admin-prohibited",
	}
	xtRejects6 = numberNames{
		0: "icmp6-no-route", 1: "icmp6-adm-prohibited", 2: "icmp6-not-neighbour", 3: "icmp6-addr-unreachable", 4: "icmp6-port-unreachable",
		5: "echo-reply", 6: "tcp-reset", 7: "icmp6-policy-fail", 8: "icmp6-reject-route",
	}
)

func xtReject(x *xtInfo) {
	names := xtRejects
	if x.six {
		names = xtRejects6
	}
	x.option(false, "--reject-with", names.of(x.u32(0)))
}

// xtSetTarget reads xt_set_info_target_v1 to v3, whose flags and timeout concern what is added or mapped.
func xtSetTarget(x *xtInfo) {
	const noSet, exist, forever = 0xffff, 1, 0xffffffff
	var flags uint64
	timeout := uint64(forever)
	switch x.revision {
	case 2:
		flags, timeout = x.u32(8), x.u32(12)
	case 3:
		flags, timeout = x.u32(12), x.u32(16)
	}
	if x.u16(0) != noSet {
		x.set("--add-set", 0, false)
		x.flags(flags&exist, "--exist")
		if timeout != forever {
			x.option(false, "--timeout", xtNumber(timeout))
		}
	}
	if x.u16(4) != noSet {
		x.set("--del-set", 4, false)
	}
	if x.revision == 3 && x.u16(8) != noSet {
		x.set("--map-set", 8, false)
		x.flags(flags>>8, "--map-mark", "--map-prio", "--map-queue")
	}
}

func xtTCPMSS(x *xtInfo) {
	const clamp = 0xffff
	if x.u16(0) == clamp {
		x.option(false, "--clamp-mss-to-pmtu")
		return
	}
	x.option(false, "--set-mss", xtNumber(x.u16(0)))
}

func xtTee(x *xtInfo) {
	x.option(false, "--gateway", x.addr(0).String())
	if device := x.text(16, 16); device != "" {
		x.option(false, "--oif", xtWord(device))
	}
}

// xtTProxy reads both revisions; the first has room for an IPv4 address only.
func xtTProxy(x *xtInfo) {
	port := 24
	if x.revision == 0 {
		port = 12
	}
	x.option(false, "--on-port", xtNumber(x.port(port)))
	x.option(false, "--on-ip", x.addr(8).String())
	x.option(false, "--tproxy-mark", xtHex(x.u32(4))+"/"+xtHex(x.u32(0)))
}

func xtSetTimeToLive(x *xtInfo, name string) {
	mode := map[uint64]string{0: "-set", 1: "-inc", 2: "-dec"}[x.u8(0)]
	x.undecoded = mode == ""
	x.option(false, name+mode, xtNumber(x.u8(1)))
}
