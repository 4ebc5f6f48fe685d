//go:build linux

package collect

import (
	"bytes"
	"math"
	"sort"

	"golang.org/x/sys/unix"
)

// Set and element attributes of linux/netfilter/nf_tables.h that x/sys/unix lacks, and nft's own kinds of userdata.
const (
	nftSetObject, nftSetHandle, nftSetExpr, nftSetExprs                     = 15, 16, 17, 18
	nftElemObject, nftElemKeyEnd, nftElemExprs, nftDynsetExprs              = 9, 10, 11, 10
	nftFlagAnonymous, nftFlagConstant, nftFlagInterval, nftFlagMap          = 0x1, 0x2, 0x4, 0x8
	nftFlagTimeout, nftFlagObject                                           = 0x10, 0x40
	nftElemIntervalEnd, nftElemCatchAll                                     = 0x1, 0x2
	nftUserdataKeyOrder, nftUserdataDataOrder, nftUserdataSetComment        = 0, 1, 7
	nftVerdictType                                                   uint64 = 0xffffff00
	nftTypeBits                                                             = 6
)

// nftKeyLimit is how many bytes a key may have: NFT_DATA_VALUE_MAXLEN.
const nftKeyLimit = 64

// nftSet is a set or map with what its elements look like.
type nftSet struct {
	family      byte
	table, name string
	flags       uint64
	attrs       attrs
	key, data   []nftType // parts of a concatenation
	verdicts    bool
	elements    []any
}

func newNftSet(family byte, a attrs) *nftSet {
	own := make(attrs, len(a))
	for kind, b := range a {
		own[kind] = bytes.Clone(b)
	}
	s := &nftSet{family: family, table: a.text(unix.NFTA_SET_TABLE), name: a.text(unix.NFTA_SET_NAME), flags: a.big(unix.NFTA_SET_FLAGS), attrs: own}
	userdata := a[unix.NFTA_SET_USERDATA]
	s.key = nftConcat(a.big(unix.NFTA_SET_KEY_TYPE), int(a.big(unix.NFTA_SET_KEY_LEN)), !nftNetworkOrder(userdata, nftUserdataKeyOrder))
	if s.tree() { // it compares keys as bytes, so they are in network byte order whatever the type's own
		s.key[0].host = false
	}
	s.verdicts = a.big(unix.NFTA_SET_DATA_TYPE) == nftVerdictType
	if a.has(unix.NFTA_SET_DATA_TYPE) && !s.verdicts {
		s.data = nftConcat(a.big(unix.NFTA_SET_DATA_TYPE), int(a.big(unix.NFTA_SET_DATA_LEN)), !nftNetworkOrder(userdata, nftUserdataDataOrder))
	}
	return s
}

// tree reports whether the set holds intervals of one value.
func (s *nftSet) tree() bool { return s.flags&nftFlagInterval != 0 && len(s.key) == 1 }

// nftConcat takes a type's number apart: six bits for each part, the last part lowest. host is the byte order of plain
// integers, which have none of their own.
func nftConcat(number uint64, size int, host bool) (parts []nftType) {
	for n := number & math.MaxUint32; n != 0; n >>= nftTypeBits {
		t := nftTypes[n&(1<<nftTypeBits-1)]
		if t.name == "" || t.name == "integer" {
			t = nftType{name: "integer", size: 4, host: host}
		}
		parts = append([]nftType{t}, parts...)
	}
	if len(parts) == 0 {
		parts = []nftType{{name: "integer", host: host}}
	}
	if len(parts) == 1 && size > 0 {
		parts[0].size = min(size, nftKeyLimit)
	}
	return parts
}

func (s *nftSet) anonymous() bool { return s.flags&nftFlagAnonymous != 0 }

// object describes a set that has a name.
func (s *nftSet) object() (kind string, o nftObject) {
	kind = "set"
	o = nftObject{"family": nftFamilies.of(uint64(s.family)), "name": s.name, "table": s.table, "type": nftTypeNames(s.key), "handle": s.attrs.big(nftSetHandle)}
	switch {
	case s.verdicts:
		kind, o["map"] = "map", "verdict"
	case s.flags&nftFlagObject != 0:
		kind, o["map"] = "map", nftObjects.of(s.attrs.big(nftSetObject))
	case s.flags&nftFlagMap != 0:
		kind, o["map"] = "map", nftTypeNames(s.data)
	}
	var flags []string
	for _, f := range []struct {
		bit  uint64
		name string
	}{{nftFlagConstant, "constant"}, {nftFlagInterval, "interval"}, {nftFlagTimeout, "timeout"}} {
		if s.flags&f.bit != 0 {
			flags = append(flags, f.name)
		}
	}
	if len(flags) > 0 {
		o["flags"] = flags
	}
	if ms := s.attrs.big(unix.NFTA_SET_TIMEOUT); ms != 0 {
		o["timeout"] = ms / 1000
	}
	if ms := s.attrs.big(unix.NFTA_SET_GC_INTERVAL); ms != 0 {
		o["gc-interval"] = ms / 1000
	}
	if n := s.attrs.nested(unix.NFTA_SET_DESC).big(unix.NFTA_SET_DESC_SIZE); n != 0 {
		o["size"] = n
	}
	if s.attrs.has(unix.NFTA_SET_POLICY) && s.attrs.big(unix.NFTA_SET_POLICY) == unix.NFT_SET_POL_MEMORY {
		o["policy"] = "memory"
	}
	nftComment(o, s.attrs[unix.NFTA_SET_USERDATA], nftUserdataSetComment)
	if statements := nftStatements(s.attrs, nftSetExpr, nftSetExprs); len(statements) > 0 {
		o["stmt"] = statements
	}
	if len(s.elements) > 0 {
		o["elem"] = s.elements
	}
	return kind, o
}

func nftTypeNames(parts []nftType) any {
	var names []string
	for _, t := range parts {
		names = append(names, t.name)
	}
	return nftOneOrList(names)
}

// elements renders what a set holds. Intervals of one value come as two elements, of which the second is the end,
// not included; intervals of concatenations as one with two keys, both included.
func (r *nftReader) elements(s *nftSet, all []attrs) (list []any) {
	key := func(a attrs) []byte { return a.nested(unix.NFTA_SET_ELEM_KEY)[unix.NFTA_DATA_VALUE] }
	isEnd := func(a attrs) bool { return a.big(unix.NFTA_SET_ELEM_FLAGS)&nftElemIntervalEnd != 0 }
	tree := s.tree()
	if tree {
		sort.SliceStable(all, func(i, j int) bool {
			if c := bytes.Compare(key(all[i]), key(all[j])); c != 0 {
				return c < 0
			}
			return isEnd(all[i]) && !isEnd(all[j])
		})
	}
	for i, a := range all {
		first := key(a)
		last := first
		switch {
		case a.big(unix.NFTA_SET_ELEM_FLAGS)&nftElemCatchAll != 0:
			list = append(list, r.element(s, a, "*"))
			continue
		case tree && isEnd(a):
			continue
		case a.has(nftElemKeyEnd):
			last = a.nested(nftElemKeyEnd)[unix.NFTA_DATA_VALUE]
		case tree && i+1 < len(all): // what follows at once is the end as well
			last = nftBefore(key(all[i+1]))
		case tree:
			last = bytes.Repeat([]byte{0xff}, len(first))
		}
		list = append(list, r.element(s, a, nftValues(s.key, first, last, r.links)))
	}
	return list
}

// element joins a key with what stands beside it.
func (r *nftReader) element(s *nftSet, a attrs, value any) any {
	more := nftObject{}
	if ms := a.big(unix.NFTA_SET_ELEM_TIMEOUT); ms != 0 {
		more["timeout"] = ms / 1000
	}
	if ms := a.big(unix.NFTA_SET_ELEM_EXPIRATION); ms != 0 {
		more["expires"] = ms / 1000
	}
	nftComment(more, a[unix.NFTA_SET_ELEM_USERDATA], 0)
	for _, statement := range nftStatements(a, unix.NFTA_SET_ELEM_EXPR, nftElemExprs) {
		for name, details := range statement {
			more[name] = details
		}
	}
	if len(more) > 0 {
		more["val"] = value
		value = nftObject{"elem": more}
	}
	switch data := a.nested(unix.NFTA_SET_ELEM_DATA); {
	case s.flags&nftFlagObject != 0:
		return []any{value, a.text(nftElemObject)}
	case s.flags&nftFlagMap == 0:
		return value
	case data.has(unix.NFTA_DATA_VERDICT):
		return []any{value, nftVerdict(data.nested(unix.NFTA_DATA_VERDICT))}
	default:
		b := data[unix.NFTA_DATA_VALUE]
		return []any{value, nftValues(s.data, b, b, r.links)}
	}
}

// nftStatements are those that an attribute holds, and those in the list of another, which newer kernels send instead.
func nftStatements(a attrs, one, list uint16) (all []nftObject) {
	add := func(b []byte) {
		if e := parseAttrs(b, 0); e.has(unix.NFTA_EXPR_NAME) {
			all = append(all, nftSimple(e.text(unix.NFTA_EXPR_NAME), e.nested(unix.NFTA_EXPR_DATA)))
		}
	}
	add(a[one])
	if len(all) == 0 {
		eachAttr(a[list], 0, func(_ uint16, b []byte) { add(b) })
	}
	return all
}

// nftValues renders a value, or a range of them, of a type that may be a concatenation. Each part fills words of 32 bits.
func nftValues(parts []nftType, first, last []byte, devices numberNames) any {
	if len(last) != len(first) {
		last = first
	}
	if len(parts) == 1 {
		return parts[0].span(first, last, devices)
	}
	var all []any
	for i, t := range parts {
		words := (t.size + 3) &^ 3
		if i == len(parts)-1 {
			words = len(first)
		}
		size := min(t.size, words, len(first))
		all = append(all, t.span(first[:size], last[:size], devices))
		first, last = first[min(words, len(first)):], last[min(words, len(last)):]
	}
	return nftObject{"concat": all}
}

// nftBefore is the number before b.
func nftBefore(b []byte) []byte {
	before := bytes.Clone(b)
	for i := len(before) - 1; i >= 0; i-- {
		before[i]--
		if before[i] != 0xff {
			break
		}
	}
	return before
}
