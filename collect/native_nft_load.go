//go:build linux

package collect

import (
	"bytes"
	"encoding/json"

	"golang.org/x/sys/unix"
)

// Attributes of bitwise that x/sys/unix lacks.
const nftBitwiseOp, nftBitwiseData = 6, 7

// nftKey is a word of meta, ct, rt or fib with the number of its type, or without one the size of its integer.
type nftKey struct {
	name string
	typ  uint64
	size int
}

// nftKeyOf is the word with a number; ok is false for later ones.
func nftKeyOf(keys []nftKey, number uint64) (key nftKey, ok bool) {
	if number < uint64(len(keys)) {
		key = keys[number]
	}
	return key, key.name != ""
}

// of is the key's type.
func (k nftKey) of() nftType {
	if k.typ != 0 {
		return nftTypes[k.typ]
	}
	return nftNumber(k.size)
}

// Keys of linux/netfilter/nf_tables.h by number: nft_meta_keys, nft_ct_keys, nft_rt_keys and nft_fib_result.
var (
	nftMetaKeys = []nftKey{
		{"length", 0, 4}, {"protocol", 10, 0}, {"priority", 23, 0}, {"mark", 19, 0}, {"iif", 20, 0},
		{"oif", 20, 0}, {"iifname", 41, 0}, {"oifname", 41, 0}, {"iiftype", 21, 0}, {"oiftype", 21, 0},
		{"skuid", 24, 0}, {"skgid", 25, 0}, {"nftrace", 0, 1}, {"rtclassid", 22, 0}, {"secmark", 0, 4},
		{"nfproto", 2, 0}, {"l4proto", 12, 0}, {"ibrname", 41, 0}, {"obrname", 41, 0}, {"pkttype", 31, 0},
		{"cpu", 0, 4}, {"iifgroup", 35, 0}, {"oifgroup", 35, 0}, {"cgroup", 0, 4}, {"random", 0, 4},
		{"ipsec", 39, 0}, {"iifkind", 41, 0}, {"oifkind", 41, 0}, {"ibrpvid", 0, 2}, {"ibrvproto", 10, 0},
		{"time", 0, 8}, {"day", 0, 1}, {"hour", 0, 4}, {"sdif", 20, 0}, {"sdifname", 41, 0}, {"broute", 0, 1},
	}
	nftCTKeys = []nftKey{
		{"state", 26, 0}, {"direction", 27, 0}, {"status", 28, 0}, {"mark", 19, 0}, {"secmark", 0, 4},
		{"expiration", 18, 0}, {"helper", 5, 0}, {"l3proto", 2, 0}, {"saddr", nftUntyped, 0}, {"daddr", nftUntyped, 0},
		{"protocol", 12, 0}, {"proto-src", 13, 0}, {"proto-dst", 13, 0}, {"label", 0, 16}, {"packets", 0, 8},
		{"bytes", 0, 8}, {"avgpkt", 0, 8}, {"zone", 0, 2}, {"event", 0, 4}, {"ip saddr", 7, 0},
		{"ip daddr", 7, 0}, {"ip6 saddr", 8, 0}, {"ip6 daddr", 8, 0}, {"id", 4, 0},
	}
	nftRTKeys  = []nftKey{{"classid", 22, 0}, {"nexthop", 7, 0}, {"nexthop", 8, 0}, {"mtu", 0, 2}, {"ipsec", 39, 0}}
	nftFibKeys = []nftKey{1: {"oif", 20, 0}, {"oifname", 41, 0}, {"type", 38, 0}}
)

// load reads expressions that put a value into a register; false for all others.
func (u *nftRule) load(name string, a attrs) bool {
	var v *nftValue
	to := a.big(1) // NFTA_*_DREG of most
	switch {
	case name == "meta" && a.has(unix.NFTA_META_DREG):
		key, ok := nftKeyOf(nftMetaKeys, a.big(unix.NFTA_META_KEY))
		if !ok {
			v = &nftValue{expr: nftUnknown("meta %d", a.big(unix.NFTA_META_KEY)), typ: nftNumber(4)}
			break
		}
		v = &nftValue{expr: nftObject{"meta": nftObject{"key": key.name}}, typ: key.of(), layer: nftLayers[key.name]}
	case name == "ct" && a.has(unix.NFTA_CT_DREG):
		v = nftCT(a)
	case name == "rt":
		key, _ := nftKeyOf(nftRTKeys, a.big(unix.NFTA_RT_KEY))
		details := nftObject{"key": key.name}
		if key.name == "nexthop" {
			details["family"] = map[uint64]string{1: "ip", 2: "ip6"}[a.big(unix.NFTA_RT_KEY)]
		}
		v = &nftValue{expr: nftObject{"rt": details}, typ: key.of()}
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
	key, ok := nftKeyOf(nftCTKeys, a.big(unix.NFTA_CT_KEY))
	if !ok {
		return &nftValue{expr: nftUnknown("ct %d", a.big(unix.NFTA_CT_KEY)), typ: nftNumber(4)}
	}
	details := nftObject{"key": key.name}
	if a.has(unix.NFTA_CT_DIRECTION) {
		details["dir"] = map[uint64]string{0: "original", 1: "reply"}[a.big(unix.NFTA_CT_DIRECTION)]
	}
	return &nftValue{expr: nftObject{"ct": details}, typ: key.of()}
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
	key, _ := nftKeyOf(nftFibKeys, a.big(unix.NFTA_FIB_RESULT))
	if flags&present != 0 {
		key.typ = 39
	}
	return &nftValue{expr: nftObject{"fib": nftObject{"result": key.name, "flags": names}}, typ: key.of()}
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
