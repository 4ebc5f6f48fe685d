//go:build linux

package collect

import (
	"bytes"
	"encoding/json"

	"golang.org/x/sys/unix"
)

// Attributes of bitwise that x/sys/unix lacks.
const nftBitwiseOp, nftBitwiseData = 6, 7

// nftKey is a word of meta, ct or rt with its type.
type nftKey struct {
	name string
	typ  nftType
}

// Keys of linux/netfilter/nf_tables.h: nft_meta_keys and nft_ct_keys.
var (
	nftMetaKeys = map[uint64]nftKey{
		0: {"length", nftNumber(4)}, 1: {"protocol", nftTypes[10]}, 2: {"priority", nftTypes[23]}, 3: {"mark", nftTypes[19]}, 4: {"iif", nftTypes[20]},
		5: {"oif", nftTypes[20]}, 6: {"iifname", nftTypes[41]}, 7: {"oifname", nftTypes[41]}, 8: {"iiftype", nftTypes[21]}, 9: {"oiftype", nftTypes[21]},
		10: {"skuid", nftTypes[24]}, 11: {"skgid", nftTypes[25]}, 12: {"nftrace", nftNumber(1)}, 13: {"rtclassid", nftTypes[22]}, 14: {"secmark", nftNumber(4)},
		15: {"nfproto", nftTypes[2]}, 16: {"l4proto", nftTypes[12]}, 17: {"ibrname", nftTypes[41]}, 18: {"obrname", nftTypes[41]}, 19: {"pkttype", nftTypes[31]},
		20: {"cpu", nftNumber(4)}, 21: {"iifgroup", nftTypes[35]}, 22: {"oifgroup", nftTypes[35]}, 23: {"cgroup", nftNumber(4)}, 24: {"random", nftNumber(4)},
		25: {"ipsec", nftTypes[39]}, 26: {"iifkind", nftTypes[41]}, 27: {"oifkind", nftTypes[41]}, 28: {"ibrpvid", nftNumber(2)}, 29: {"ibrvproto", nftTypes[10]},
		30: {"time", nftNumber(8)}, 31: {"day", nftNumber(1)}, 32: {"hour", nftNumber(4)}, 33: {"sdif", nftTypes[20]}, 34: {"sdifname", nftTypes[41]}, 35: {"broute", nftNumber(1)},
	}
	nftCTKeys = map[uint64]nftKey{
		0: {"state", nftTypes[26]}, 1: {"direction", nftTypes[27]}, 2: {"status", nftTypes[28]}, 3: {"mark", nftTypes[19]}, 4: {"secmark", nftNumber(4)},
		5: {"expiration", nftTypes[18]}, 6: {"helper", nftTypes[5]}, 7: {"l3proto", nftTypes[2]}, 8: {"saddr", nftType{}}, 9: {"daddr", nftType{}},
		10: {"protocol", nftTypes[12]}, 11: {"proto-src", nftTypes[13]}, 12: {"proto-dst", nftTypes[13]}, 13: {"label", nftNumber(16)}, 14: {"packets", nftNumber(8)},
		15: {"bytes", nftNumber(8)}, 16: {"avgpkt", nftNumber(8)}, 17: {"zone", nftNumber(2)}, 18: {"event", nftNumber(4)}, 19: {"ip saddr", nftTypes[7]},
		20: {"ip daddr", nftTypes[7]}, 21: {"ip6 saddr", nftTypes[8]}, 22: {"ip6 daddr", nftTypes[8]}, 23: {"id", nftType{name: "integer", size: 4}},
	}
	nftRTKeys = map[uint64]nftKey{0: {"classid", nftTypes[22]}, 1: {"nexthop", nftTypes[7]}, 2: {"nexthop", nftTypes[8]}, 3: {"mtu", nftNumber(2)}, 4: {"ipsec", nftTypes[39]}}
)

// load reads expressions that put a value into a register; false for all others.
func (u *nftRule) load(name string, a attrs) bool {
	var v *nftValue
	to := a.big(1) // NFTA_*_DREG of most
	switch {
	case name == "meta" && a.has(unix.NFTA_META_DREG):
		key, ok := nftMetaKeys[a.big(unix.NFTA_META_KEY)]
		if !ok {
			v = &nftValue{expr: nftUnknown("meta %d", a.big(unix.NFTA_META_KEY)), typ: nftNumber(4)}
			break
		}
		v = &nftValue{expr: nftObject{"meta": nftObject{"key": key.name}}, typ: key.typ, layer: nftLayers[key.name]}
	case name == "ct" && a.has(unix.NFTA_CT_DREG):
		v = nftCT(a)
	case name == "rt":
		key := nftRTKeys[a.big(unix.NFTA_RT_KEY)]
		details := nftObject{"key": key.name}
		if key.name == "nexthop" {
			details["family"] = map[uint64]string{1: "ip", 2: "ip6"}[a.big(unix.NFTA_RT_KEY)]
		}
		v = &nftValue{expr: nftObject{"rt": details}, typ: key.typ}
	case name == "payload" && a.has(unix.NFTA_PAYLOAD_DREG):
		v = u.field(a)
	case name == "fib":
		v = nftFib(a)
	case name == "numgen":
		mode := map[uint64]string{0: "inc", 1: "random"}[a.big(unix.NFTA_NG_TYPE)]
		v = &nftValue{expr: nftObject{"numgen": nftObject{"mode": mode, "mod": a.big(unix.NFTA_NG_MODULUS), "offset": a.big(unix.NFTA_NG_OFFSET)}}, typ: nftNumber(4)}
	case name == "hash":
		v, to = u.hash(a), a.big(unix.NFTA_HASH_DREG)
	case name == "socket":
		key := numberNames{0: "transparent", 1: "mark", 2: "wildcard", 3: "cgroupv2"}.of(a.big(1))
		v, to = &nftValue{expr: nftObject{"socket": nftObject{"key": key}}, typ: nftNumber(4)}, a.big(2)
	case name == "exthdr" && a.has(1):
		if v = nftExtension(a); a.big(unix.NFTA_EXTHDR_OP) == 0 {
			u.imply(nftNetwork, "ip6")
		}
	case name == "immediate" && to != unix.NFT_REG_VERDICT:
		v = &nftValue{bytes: bytes.Clone(a.nested(unix.NFTA_IMMEDIATE_DATA)[unix.NFTA_DATA_VALUE])}
	case name == "byteorder":
		v, to = u.get(a.big(unix.NFTA_BYTEORDER_SREG)).swapped(a.big(unix.NFTA_BYTEORDER_OP)), a.big(unix.NFTA_BYTEORDER_DREG)
	case name == "bitwise":
		v, to = u.bitwise(a), a.big(unix.NFTA_BITWISE_DREG)
	case (name == "xfrm" || name == "tunnel" || name == "osf") && a.has(1):
		v = &nftValue{expr: nftUnknown("%s", name), typ: nftNumber(4)}
		if name != "osf" {
			to = a.big(map[string]uint16{"xfrm": 1, "tunnel": 2}[name])
		}
	default:
		return false
	}
	u.set(to, v)
	return true
}

func nftCT(a attrs) *nftValue {
	key, ok := nftCTKeys[a.big(unix.NFTA_CT_KEY)]
	if !ok {
		return &nftValue{expr: nftUnknown("ct %d", a.big(unix.NFTA_CT_KEY)), typ: nftNumber(4)}
	}
	details := nftObject{"key": key.name}
	if a.has(unix.NFTA_CT_DIRECTION) {
		details["dir"] = map[uint64]string{0: "original", 1: "reply"}[a.big(unix.NFTA_CT_DIRECTION)]
	}
	return &nftValue{expr: nftObject{"ct": details}, typ: key.typ}
}

func nftFib(a attrs) *nftValue {
	const present = 0x20
	flags := a.big(unix.NFTA_FIB_FLAGS)
	names := []string{}
	for i, name := range []string{"saddr", "daddr", "mark", "iif", "oif"} {
		if flags>>i&1 != 0 {
			names = append(names, name)
		}
	}
	key := map[uint64]nftKey{1: {"oif", nftTypes[20]}, 2: {"oifname", nftTypes[41]}, 3: {"type", nftTypes[38]}}[a.big(unix.NFTA_FIB_RESULT)]
	if flags&present != 0 {
		key.typ = nftTypes[39]
	}
	return &nftValue{expr: nftObject{"fib": nftObject{"result": key.name, "flags": names}}, typ: key.typ}
}

// hash shows jhash and symhash.
func (u *nftRule) hash(a attrs) *nftValue {
	name, details := "jhash", nftObject{"mod": a.big(unix.NFTA_HASH_MODULUS)}
	if n := a.big(unix.NFTA_HASH_OFFSET); n != 0 {
		details["offset"] = n
	}
	if a.big(unix.NFTA_HASH_TYPE) == unix.NFT_HASH_SYM {
		name = "symhash"
	} else {
		details["expr"] = u.hashed(a.big(unix.NFTA_HASH_SREG), int(a.big(unix.NFTA_HASH_LEN)))
		if n := a.big(unix.NFTA_HASH_SEED); n != 0 {
			details["seed"] = n
		}
	}
	return &nftValue{expr: nftObject{name: details}, typ: nftNumber(4)}
}

// hashed is the expression in as many registers as size bytes fill.
func (u *nftRule) hashed(register uint64, size int) any {
	var all []any
	for slot := nftSlot(register); slot >= 0 && slot < nftRegisters && size > 0; {
		v := u.reg[slot]
		if v == nil {
			break
		}
		all = append(all, v.shown())
		words := max(1, (v.typ.size+3)/4)
		slot, size = slot+words, size-words*4
	}
	if len(all) == 1 {
		return all[0]
	}
	return nftObject{"concat": all}
}

// nftExtension shows IPv6 extension headers and TCP options, as far as their presence goes.
func nftExtension(a attrs) *nftValue {
	const ipv6, tcp, present = 0, 1, 1
	headers := numberNames{0: "hbh", 43: "rt", 44: "frag", 60: "dst", 135: "mh"}
	options := numberNames{0: "eol", 1: "nop", 2: "maxseg", 3: "window", 4: "sack-perm", 5: "sack", 8: "timestamp", 34: "fastopen"}
	kind, op, flags := a.big(unix.NFTA_EXTHDR_TYPE), a.big(unix.NFTA_EXTHDR_OP), a.big(unix.NFTA_EXTHDR_FLAGS)
	switch {
	case op == ipv6 && flags&present != 0:
		return &nftValue{expr: nftObject{"exthdr": nftObject{"name": headers.of(kind)}}, typ: nftTypes[39]}
	case op == tcp && flags&present != 0:
		return &nftValue{expr: nftObject{"tcp option": nftObject{"name": options.of(kind)}}, typ: nftTypes[39]}
	case op == tcp && kind == 2 && a.big(unix.NFTA_EXTHDR_OFFSET) == 2:
		return &nftValue{expr: nftObject{"tcp option": nftObject{"name": "maxseg", "field": "size"}}, typ: nftType{name: "integer", size: 2}}
	}
	return &nftValue{expr: nftUnknown("exthdr %d %d %d", op, kind, a.big(unix.NFTA_EXTHDR_OFFSET)), typ: nftType{name: "integer", size: int(min(a.big(unix.NFTA_EXTHDR_LEN), nftKeyLimit))}}
}

// swapped is a value whose integers were turned round, which shows in what it is compared with.
func (v *nftValue) swapped(op uint64) *nftValue {
	turned := *v
	turned.typ.host = op == unix.NFT_BYTEORDER_NTOH
	return &turned
}

// bitwise shows "(value & mask) ^ xor" as nft does: as masks to compare with, or as &, ^ and | to store.
func (u *nftRule) bitwise(a attrs) *nftValue {
	source := u.get(a.big(unix.NFTA_BITWISE_SREG))
	if op := a.big(nftBitwiseOp); op != 0 {
		name := map[uint64]string{1: "<<", 2: ">>", 3: "&", 4: "|", 5: "^"}[op]
		data := a.nested(nftBitwiseData)[unix.NFTA_DATA_VALUE]
		if name == "" || data == nil { // both sides are registers
			return &nftValue{expr: nftUnknown("bitwise %d", op), typ: source.typ}
		}
		return &nftValue{expr: nftObject{name: []any{source.shown(), nativeNumber(data)}}, typ: source.typ}
	}
	mask, xor := a.nested(unix.NFTA_BITWISE_MASK)[unix.NFTA_DATA_VALUE], a.nested(unix.NFTA_BITWISE_XOR)[unix.NFTA_DATA_VALUE]
	if source.mask != nil || len(mask) == 0 || len(xor) != len(mask) {
		return &nftValue{expr: nftUnknown("bitwise"), typ: source.typ}
	}
	if len(bytes.Trim(xor, "\x00")) == 0 {
		return u.maskedField(source, bytes.Clone(mask))
	}
	return &nftValue{expr: source.changed(mask, xor), typ: source.typ}
}

// changed takes "(v & mask) ^ xor" apart: bits that are kept, turned round, and set.
func (v *nftValue) changed(mask, xor []byte) any {
	keep, turn, set := bytes.Clone(mask), bytes.Clone(mask), bytes.Clone(mask)
	for i := range mask {
		set[i] = xor[i] &^ mask[i]
		turn[i] = xor[i] & mask[i]
		keep[i] = mask[i] | set[i]
	}
	expr := v.shown()
	if len(bytes.Trim(keep, "\xff")) > 0 {
		expr = nftObject{"&": []any{expr, v.typ.value(keep, nil)}}
	}
	if len(bytes.Trim(turn, "\x00")) > 0 {
		expr = nftObject{"^": []any{expr, v.typ.value(turn, nil)}}
	}
	if len(bytes.Trim(set, "\x00")) > 0 {
		expr = nftObject{"|": []any{expr, v.typ.value(set, nil)}}
	}
	return expr
}

// nftSame compares two expressions.
func nftSame(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
