//go:build linux

package collect

import (
	"golang.org/x/sys/unix"
)

// nftRegisters is how many words of 32 bits the registers of nf_tables have.
const nftRegisters = 16

// nftValue is what a register holds: an expression with its type, or bytes whose type their user knows.
type nftValue struct {
	expr  any
	typ   nftType
	bytes []byte // of an immediate
	mask  []byte // of "expr & mask"
	layer *nftLayer
	raw   attrs // of a payload expression that no header explains
}

// nftLayer says which protocol a match establishes, so that the match need not be shown before a field of it.
type nftLayer struct {
	base  uint64
	names map[uint64]string // protocol by value
}

// nftRule is the state while a rule is read: the kernel's expressions load registers and compare them.
type nftRule struct {
	r        *nftReader
	family   byte
	table    string
	reg      [nftRegisters]*nftValue
	out      []any
	implied  map[uint64]int    // layer: the place in out of the match that established it
	protocol map[uint64]string // layer: what was established
}

// rule renders a rule.
func (r *nftReader) rule(family byte, a attrs) nftObject {
	o := nftObject{
		"family": nftFamilies.of(uint64(family)), "table": a.text(unix.NFTA_RULE_TABLE), "chain": a.text(unix.NFTA_RULE_CHAIN), "handle": a.big(unix.NFTA_RULE_HANDLE),
	}
	nftComment(o, a[unix.NFTA_RULE_USERDATA], 0)
	rule := nftRule{r: r, family: family, table: a.text(unix.NFTA_RULE_TABLE), implied: map[uint64]int{}, protocol: map[uint64]string{}}
	eachAttr(a[unix.NFTA_RULE_EXPRESSIONS], 0, func(_ uint16, b []byte) {
		e := parseAttrs(b, 0)
		rule.expression(e.text(unix.NFTA_EXPR_NAME), e.nested(unix.NFTA_EXPR_DATA))
	})
	expr := []any{}
	for _, e := range rule.out {
		if e != nil {
			expr = append(expr, e)
		}
	}
	o["expr"] = expr
	return o
}

func (u *nftRule) add(name string, details any) { u.out = append(u.out, nftObject{name: details}) }

// slot is a register's place in words: 1 to 4 are registers of 16 bytes, 8 to 23 of 4.
func nftSlot(register uint64) int {
	switch {
	case register >= 1 && register <= 4:
		return int(register-1) * 4
	case register >= 8 && register < 8+nftRegisters:
		return int(register - 8)
	}
	return -1
}

// get is what a register holds; an unknown value when nothing put anything there.
func (u *nftRule) get(register uint64) *nftValue {
	if slot := nftSlot(register); slot >= 0 && u.reg[slot] != nil {
		return u.reg[slot]
	}
	return &nftValue{expr: nftUnknown("register %d", register), typ: nftNumber(4)}
}

func (u *nftRule) set(register uint64, v *nftValue) {
	if slot := nftSlot(register); slot >= 0 {
		u.reg[slot] = v
	}
}

// forget empties the registers that a concatenation fills.
func (u *nftRule) forget(register uint64, parts []nftType) {
	slot := nftSlot(register)
	for _, t := range parts {
		if slot < 0 || slot >= nftRegisters {
			return
		}
		u.reg[slot] = nil
		slot += max(1, (t.size+3)/4)
	}
}

// key is the expression that is looked up in a set: one register, or several for a concatenation.
func (u *nftRule) key(register uint64, parts []nftType) any {
	if len(parts) < 2 {
		return u.get(register).shown()
	}
	slot := nftSlot(register)
	var all []any
	for _, t := range parts {
		if slot < 0 || slot >= nftRegisters || u.reg[slot] == nil {
			break
		}
		all = append(all, u.reg[slot].shown())
		slot += (t.size + 3) / 4
	}
	return nftObject{"concat": all}
}

// shown is a register's expression, with its mask.
func (v *nftValue) shown() any {
	switch {
	case v.mask != nil:
		return nftObject{"&": []any{v.expr, v.typ.value(v.mask, nil)}}
	case v.expr == nil:
		return nftObject{"coldcase": nftObject{"bytes": hardware(v.bytes, unix.ARPHRD_ETHER)}}
	}
	return v.expr
}

// as is a register's value for a user that knows its type.
func (v *nftValue) as(t nftType, devices numberNames) any {
	if v.bytes == nil {
		return v.shown()
	}
	b := v.bytes
	if t.size > 0 && len(b) > t.size {
		b = b[:t.size]
	}
	return t.value(b, devices)
}

// expression takes one step of the rule.
func (u *nftRule) expression(name string, a attrs) {
	if u.load(name, a) {
		return
	}
	switch name {
	case "cmp":
		u.compare(a)
	case "range":
		left := u.get(a.big(unix.NFTA_RANGE_SREG))
		from, to := a.nested(unix.NFTA_RANGE_FROM_DATA)[unix.NFTA_DATA_VALUE], a.nested(unix.NFTA_RANGE_TO_DATA)[unix.NFTA_DATA_VALUE]
		u.match(nftOperators.of(a.big(unix.NFTA_RANGE_OP)), left.shown(), nftObject{"range": []any{left.typ.value(from, u.r.links), left.typ.value(to, u.r.links)}})
	case "lookup":
		u.lookup(a)
	case "immediate":
		u.out = append(u.out, nftVerdict(a.nested(unix.NFTA_IMMEDIATE_DATA).nested(unix.NFTA_DATA_VERDICT)))
	case "meta":
		key, _ := nftKeyOf(nftMetaKeys, a.big(unix.NFTA_META_KEY))
		u.mangle(nftObject{"meta": nftObject{"key": key.name}}, u.get(a.big(unix.NFTA_META_SREG)), key.of())
	case "ct":
		key, _ := nftKeyOf(nftCTKeys, a.big(unix.NFTA_CT_KEY))
		u.mangle(nftObject{"ct": nftObject{"key": key.name}}, u.get(a.big(unix.NFTA_CT_SREG)), key.of())
	case "payload":
		field := u.field(a)
		u.mangle(field.expr, u.get(a.big(unix.NFTA_PAYLOAD_SREG)), field.typ)
	case "match", "target":
		u.add("xt", nftObject{"type": name, "name": a.text(unix.NFTA_MATCH_NAME)})
		clear(u.implied) // what it looks at is not known, so nothing before it is implied by what follows
	default:
		u.statement(name, a)
	}
}

func (u *nftRule) mangle(key any, value *nftValue, t nftType) {
	u.add("mangle", nftObject{"key": key, "value": value.as(t, u.r.links)})
}

func (u *nftRule) match(op string, left, right any) {
	u.add("match", nftObject{"op": op, "left": left, "right": right})
}

var nftOperators = numberNames{unix.NFT_CMP_EQ: "==", unix.NFT_CMP_NEQ: "!=", unix.NFT_CMP_LT: "<", unix.NFT_CMP_LTE: "<=", unix.NFT_CMP_GT: ">", unix.NFT_CMP_GTE: ">="}

// compare shows a comparison with a constant.
func (u *nftRule) compare(a attrs) {
	left, b := u.get(a.big(unix.NFTA_CMP_SREG)), a.nested(unix.NFTA_CMP_DATA)[unix.NFTA_DATA_VALUE]
	op := nftOperators.of(a.big(unix.NFTA_CMP_OP))
	if op == "<=" && u.closeRange(left, b) {
		return
	}
	if left.mask != nil {
		u.compareMasked(left, op, b)
		return
	}
	var right any
	switch {
	case left.typ.kind == nftString && len(b) > 0 && len(b) < left.typ.size && b[len(b)-1] != 0:
		right = string(b) + "*"
	case left.typ.kind == nftAddress && len(b) < left.typ.size: // a prefix of whole bytes: only these were loaded
		mask := make([]byte, len(b))
		for i := range mask {
			mask[i] = 0xff
		}
		right, _ = left.typ.masked(b, mask)
	default:
		right = left.typ.value(b, u.r.links)
		if bits, ok := right.([]string); ok {
			right = nftObject{"|": bits}
		}
	}
	if left.layer != nil && op == "==" {
		u.establish(left.layer, left.typ.number(b))
	}
	u.match(op, left.expr, right)
}

// compareMasked shows "left & mask == b": as bits, as a prefix, or as it is.
func (u *nftRule) compareMasked(left *nftValue, op string, b []byte) {
	if left.typ.kind == nftFlags && op == "!=" && left.typ.number(b) == 0 {
		u.match("in", left.expr, left.typ.value(left.mask, nil))
		return
	}
	if prefix, ok := left.typ.masked(b, left.mask); ok {
		u.match(op, left.expr, prefix)
		return
	}
	u.match(op, left.shown(), left.typ.value(b, u.r.links))
}

// closeRange joins ">= a" and "<= b" of the same register.
func (u *nftRule) closeRange(left *nftValue, b []byte) bool {
	if len(u.out) == 0 {
		return false
	}
	last, _ := u.out[len(u.out)-1].(nftObject)
	match, ok := last["match"].(nftObject)
	if !ok || match["op"] != ">=" || left.bytes != nil || !nftSame(match["left"], left.shown()) {
		return false
	}
	match["op"], match["right"] = "==", nftObject{"range": []any{match["right"], left.typ.value(b, u.r.links)}}
	return true
}

// lookup shows a search in a set, and in a map, whose value goes on into a register or is a verdict.
func (u *nftRule) lookup(a attrs) {
	name := a.text(unix.NFTA_LOOKUP_SET)
	set := u.r.sets[nftName{u.family, u.table, name}]
	var in any = "@" + name
	var parts []nftType
	if set != nil {
		parts = set.key
		if set.anonymous() {
			in = nftObject{"set": set.elements}
		}
	}
	left := u.key(a.big(unix.NFTA_LOOKUP_SREG), parts)
	switch {
	case !a.has(unix.NFTA_LOOKUP_DREG):
		op := "=="
		if a.big(unix.NFTA_LOOKUP_FLAGS)&nftInverted != 0 {
			op = "!="
		}
		u.match(op, left, in)
	case a.big(unix.NFTA_LOOKUP_DREG) == unix.NFT_REG_VERDICT:
		u.add("vmap", nftObject{"key": left, "data": in})
	default:
		v := &nftValue{expr: nftObject{"map": nftObject{"key": left, "data": in}}, typ: nftNumber(4)}
		if set != nil && len(set.data) > 0 {
			v.typ = set.data[0]
			u.forget(a.big(unix.NFTA_LOOKUP_DREG), set.data)
		}
		u.set(a.big(unix.NFTA_LOOKUP_DREG), v)
	}
}

// establish remembers that a match names a layer's protocol.
func (u *nftRule) establish(layer *nftLayer, value uint64) {
	if name := layer.names[value]; name != "" {
		u.implied[layer.base], u.protocol[layer.base] = len(u.out), name
	}
}

// imply drops the match that established a layer, once a field of that protocol says the same.
func (u *nftRule) imply(layer uint64, protocol string) {
	at, ok := u.implied[layer]
	if !ok || u.protocol[layer] != protocol || at >= len(u.out) {
		return
	}
	u.out[at] = nil
	delete(u.implied, layer)
}
