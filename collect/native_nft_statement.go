//go:build linux

package collect

import (
	"golang.org/x/sys/unix"
)

// statement shows what a rule does besides matching.
func (u *nftRule) statement(name string, a attrs) {
	switch name {
	case "nat":
		u.nat(a)
	case "masq":
		u.translate("masquerade", nftObject{}, a, 2, 3, 1)
	case "redir":
		u.translate("redirect", nftObject{}, a, 1, 2, 3)
	case "reject":
		u.reject(a)
	case "objref":
		if name := a.text(unix.NFTA_OBJREF_IMM_NAME); name != "" {
			u.add(nftObjects.of(a.big(unix.NFTA_OBJREF_IMM_TYPE)), name)
			return
		}
		u.add("coldcase", nftObject{"kernel-expression": name, "key": u.get(a.big(unix.NFTA_OBJREF_SET_SREG)).shown(), "data": "@" + a.text(unix.NFTA_OBJREF_SET_NAME)})
	case "dynset":
		u.dynset(a)
	case "flow_offload":
		u.add("flow", nftObject{"op": "add", "flowtable": "@" + a.text(1)})
	case "exthdr":
		field := nftExtension(a)
		u.mangle(field.expr, u.get(a.big(unix.NFTA_EXTHDR_SREG)), field.typ)
	default:
		for name, details := range nftSimple(name, a) {
			u.add(name, details)
		}
	}
}

// nftSimple are the statements that use no register; they also stand in elements of sets.
func nftSimple(name string, a attrs) nftObject {
	switch name {
	case "counter":
		return nftObject{name: nftCounter(a)}
	case "limit":
		return nftObject{name: nftLimitStatement(a)}
	case "log":
		return nftObject{name: nftLog(a)}
	case "notrack":
		return nftObject{name: nil}
	case "quota":
		n, unit := nftBytes(a.big(unix.NFTA_QUOTA_BYTES))
		details := nftObject{"val": n, "val_unit": unit}
		if a.big(unix.NFTA_QUOTA_FLAGS)&nftInverted != 0 {
			details["inv"] = true
		}
		if used := a.big(unix.NFTA_QUOTA_CONSUMED); used != 0 {
			details["used"], details["used_unit"] = nftBytes(used)
		}
		return nftObject{name: details}
	case "connlimit":
		details := nftObject{"val": a.big(1)}
		if a.big(2)&nftInverted != 0 {
			details["inv"] = true
		}
		return nftObject{"ct count": details}
	}
	return nftUnknown("%s", name)
}

func nftCounter(a attrs) nftObject {
	return nftObject{"packets": a.big(unix.NFTA_COUNTER_PACKETS), "bytes": a.big(unix.NFTA_COUNTER_BYTES)}
}

// nftBytes is a number of bytes in the largest unit that it is a multiple of.
func nftBytes(n uint64) (value uint64, unit string) {
	switch {
	case n != 0 && n%mib == 0:
		return n / mib, "mbytes"
	case n != 0 && n%kib == 0:
		return n / kib, "kbytes"
	}
	return n, "bytes"
}

func nftLimitStatement(a attrs) nftObject {
	per := numberNames{1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}.of(a.big(unix.NFTA_LIMIT_UNIT))
	o := nftObject{"rate": a.big(unix.NFTA_LIMIT_RATE), "burst": a.big(unix.NFTA_LIMIT_BURST), "per": per}
	if a.big(unix.NFTA_LIMIT_TYPE) == unix.NFT_LIMIT_PKT_BYTES {
		o["rate"], o["rate_unit"] = nftBytes(a.big(unix.NFTA_LIMIT_RATE))
		o["burst"], o["burst_unit"] = nftBytes(a.big(unix.NFTA_LIMIT_BURST))
		if a.big(unix.NFTA_LIMIT_BURST) == 0 {
			delete(o, "burst")
			delete(o, "burst_unit")
		}
	}
	if a.big(unix.NFTA_LIMIT_FLAGS)&nftInverted != 0 {
		o["inv"] = true
	}
	return o
}

// nftLog leaves out what is the default, as nft does: level "warn".
func nftLog(a attrs) any {
	const warn, all = 4, 0x2f
	o := nftObject{}
	if a.has(unix.NFTA_LOG_PREFIX) {
		o["prefix"] = a.text(unix.NFTA_LOG_PREFIX)
	}
	for _, n := range []struct {
		kind uint16
		name string
		zero bool // shown although it is 0
	}{{unix.NFTA_LOG_GROUP, "group", true}, {unix.NFTA_LOG_SNAPLEN, "snaplen", false}, {unix.NFTA_LOG_QTHRESHOLD, "queue-threshold", false}} {
		if a.has(n.kind) && (n.zero || a.big(n.kind) != 0) {
			o[n.name] = a.big(n.kind)
		}
	}
	if level := a.big(unix.NFTA_LOG_LEVEL); a.has(unix.NFTA_LOG_LEVEL) && level != warn {
		o["level"] = numberNames{0: "emerg", 1: "alert", 2: "crit", 3: "err", 5: "notice", 6: "info", 7: "debug", 8: "audit"}.of(level)
	}
	if flags := a.big(unix.NFTA_LOG_FLAGS); flags == all {
		o["flags"] = "all"
	} else if names := nftBits(flags, []string{"tcp sequence", "tcp options", "ip options", "skuid", "", "ether"}); len(names) > 0 {
		o["flags"] = nftOneOrList(names)
	}
	if len(o) == 0 {
		return nil
	}
	return o
}

// nftBits are the names of the bits that are set.
func nftBits(n uint64, all []string) (names []string) {
	for i, name := range all {
		if n>>i&1 != 0 && name != "" {
			names = append(names, name)
		}
	}
	return names
}

// nat shows snat and dnat.
func (u *nftRule) nat(a attrs) {
	name := map[uint64]string{unix.NFT_NAT_SNAT: "snat", unix.NFT_NAT_DNAT: "dnat"}[a.big(unix.NFTA_NAT_TYPE)]
	if name == "" {
		u.add("coldcase", nftObject{"kernel-expression": "nat"})
		return
	}
	o, t := nftObject{}, nftTypes[7]
	if a.big(unix.NFTA_NAT_FAMILY) == unix.NFPROTO_IPV6 {
		t = nftTypes[8]
	}
	if u.family == unix.NFPROTO_INET && a.has(unix.NFTA_NAT_REG_ADDR_MIN) {
		o["family"] = nftFamilies.of(a.big(unix.NFTA_NAT_FAMILY))
	}
	whole := false
	if a.has(unix.NFTA_NAT_REG_ADDR_MIN) {
		low := u.get(a.big(unix.NFTA_NAT_REG_ADDR_MIN))
		o["addr"] = low.as(t, nil)
		whole = low.bytes == nil // a map gives address and port together
		if high := a.big(unix.NFTA_NAT_REG_ADDR_MAX); high != 0 && high != a.big(unix.NFTA_NAT_REG_ADDR_MIN) {
			if last := u.get(high); low.bytes != nil && last.bytes != nil {
				o["addr"] = t.span(low.bytes, last.bytes, nil)
			}
		}
	}
	minimum, maximum := uint16(unix.NFTA_NAT_REG_PROTO_MIN), uint16(unix.NFTA_NAT_REG_PROTO_MAX)
	if whole && a.has(minimum) && u.empty(a.big(minimum)) {
		minimum, maximum = 0, 0
	}
	u.translate(name, o, a, minimum, maximum, unix.NFTA_NAT_FLAGS)
}

// empty reports whether nothing was put into a register by itself.
func (u *nftRule) empty(register uint64) bool {
	slot := nftSlot(register)
	return slot < 0 || u.reg[slot] == nil
}

// translate adds ports and flags, which attributes hold that differ by statement, and shows the statement.
func (u *nftRule) translate(name string, o nftObject, a attrs, low, high, flags uint16) {
	if low != 0 && a.has(low) {
		o["port"] = u.get(a.big(low)).port()
		if to := a.big(high); to != 0 && to != a.big(low) {
			o["port"] = nftObject{"range": []any{o["port"], u.get(to).port()}}
		}
	}
	if names := nftBits(a.big(flags), []string{"", "", "random", "persistent", "fully-random", "", "netmap"}); len(names) > 0 {
		o["flags"] = nftOneOrList(names)
	}
	if len(o) == 0 {
		u.add(name, nil)
		return
	}
	u.add(name, o)
}

func (u *nftRule) reject(a attrs) {
	kind := "icmpx"
	switch a.big(unix.NFTA_REJECT_TYPE) {
	case unix.NFT_REJECT_TCP_RST:
		u.imply(nftTransport, "tcp")
		u.add("reject", nftObject{"type": "tcp reset"})
		return
	case unix.NFT_REJECT_ICMP_UNREACH:
		kind = "icmp"
		if u.family == unix.NFPROTO_IPV6 || u.protocol[nftNetwork] == "ip6" {
			kind = "icmpv6"
		}
		u.implyAll(nftTransport, kind)
	}
	code := a.big(unix.NFTA_REJECT_ICMP_CODE)
	u.add("reject", nftObject{"type": kind, "expr": nftCodes[kind].of(code)})
}

// dynset shows statements that change a set from packets.
func (u *nftRule) dynset(a attrs) {
	name := a.text(unix.NFTA_DYNSET_SET_NAME)
	var parts []nftType
	if set := u.r.sets[nftName{u.family, u.table, name}]; set != nil {
		parts = set.key
	}
	elem := u.key(a.big(unix.NFTA_DYNSET_SREG_KEY), parts)
	if ms := a.big(unix.NFTA_DYNSET_TIMEOUT); ms != 0 {
		elem = nftObject{"elem": nftObject{"val": elem, "timeout": ms / 1000}}
	}
	o := nftObject{"op": numberNames{0: "add", 1: "update", 2: "delete"}.of(a.big(unix.NFTA_DYNSET_OP)), "elem": elem}
	statements := nftStatements(a, unix.NFTA_DYNSET_EXPR, nftDynsetExprs)
	if len(statements) > 0 {
		o["stmt"] = statements
	}
	if !a.has(unix.NFTA_DYNSET_SREG_DATA) {
		o["set"] = "@" + name
		u.add("set", o)
		return
	}
	o["map"], o["data"] = "@"+name, u.get(a.big(unix.NFTA_DYNSET_SREG_DATA)).shown()
	u.add("map", o)
}
