//go:build linux

package collect

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// nftAttribute builds an attribute with a number in network byte order.
func nftAttribute(kind uint16, n uint32) []byte {
	return attribute(kind, binary.BigEndian.AppendUint32(nil, n))
}

// nftExpression builds one expression of a rule.
func nftExpression(name string, details ...[]byte) []byte {
	var b []byte
	for _, d := range details {
		b = append(b, d...)
	}
	return attribute(unix.NFTA_LIST_ELEM, append(attribute(unix.NFTA_EXPR_NAME, append([]byte(name), 0)), attribute(unix.NFTA_EXPR_DATA, b)...))
}

func nftData(kind uint16, value ...byte) []byte {
	return attribute(kind, attribute(unix.NFTA_DATA_VALUE, value))
}

// nftRuleOf builds a rule of table "t" and chain "c".
func nftRuleOf(expressions ...[]byte) []byte {
	var list []byte
	for _, e := range expressions {
		list = append(list, e...)
	}
	b := append(attribute(unix.NFTA_RULE_TABLE, []byte("t\x00")), attribute(unix.NFTA_RULE_CHAIN, []byte("c\x00"))...)
	b = append(b, attribute(unix.NFTA_RULE_HANDLE, []byte{0, 0, 0, 0, 0, 0, 0, 7})...)
	b = append(b, attribute(unix.NFTA_RULE_USERDATA, []byte("\x00\x03why"))...)
	return append(b, attribute(unix.NFTA_RULE_EXPRESSIONS, list)...)
}

func nftRuleText(t testing.TB, rule []byte) string {
	r := nftReader{ctx: context.Background(), out: &nftSpool{}, sets: map[nftName]*nftSet{}}
	b, err := json.Marshal(r.rule(unix.NFPROTO_IPV4, parseAttrs(rule, 0)))
	require.NoError(t, err)
	return string(b)
}

func TestNftExpressionsThatAreNotKnownStayVisible(t *testing.T) {
	text := nftRuleText(t, nftRuleOf(
		nftExpression("frobnicate", nftAttribute(1, 1)),
		nftExpression("meta", nftAttribute(unix.NFTA_META_DREG, 1), nftAttribute(unix.NFTA_META_KEY, 999)),
		nftExpression("cmp", nftAttribute(unix.NFTA_CMP_SREG, 1), nftAttribute(unix.NFTA_CMP_OP, unix.NFT_CMP_EQ), nftData(unix.NFTA_CMP_DATA, 1, 0, 0, 0)),
		nftExpression("match", attribute(unix.NFTA_MATCH_NAME, []byte("conntrack\x00"))),
		nftExpression("osf", nftAttribute(1, 2)),
		nftExpression("cmp", nftAttribute(unix.NFTA_CMP_SREG, 2), nftAttribute(unix.NFTA_CMP_OP, unix.NFT_CMP_NEQ), nftData(unix.NFTA_CMP_DATA, 2)),
	))
	for _, want := range []string{
		`{"coldcase":{"kernel-expression":"frobnicate"}}`, `"left":{"coldcase":{"kernel-expression":"meta 999"}}`, `{"xt":{"name":"conntrack","type":"match"}}`,
		`"left":{"coldcase":{"kernel-expression":"osf"}}`, `"comment":"why"`, `"handle":7`,
	} {
		require.Contains(t, text, want)
	}
}

func TestNftPrefixOfLoadedBytes(t *testing.T) {
	text := nftRuleText(t, nftRuleOf(
		nftExpression("payload", nftAttribute(unix.NFTA_PAYLOAD_DREG, 1), nftAttribute(unix.NFTA_PAYLOAD_BASE, unix.NFT_PAYLOAD_NETWORK_HEADER), nftAttribute(unix.NFTA_PAYLOAD_OFFSET, 12), nftAttribute(unix.NFTA_PAYLOAD_LEN, 2)),
		nftExpression("cmp", nftAttribute(unix.NFTA_CMP_SREG, 1), nftAttribute(unix.NFTA_CMP_OP, unix.NFT_CMP_EQ), nftData(unix.NFTA_CMP_DATA, 10, 40)),
		nftExpression("immediate", nftAttribute(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT),
			attribute(unix.NFTA_IMMEDIATE_DATA, attribute(unix.NFTA_DATA_VERDICT, append(nftAttribute(unix.NFTA_VERDICT_CODE, 0xfffffffc), attribute(unix.NFTA_VERDICT_CHAIN, []byte("far\x00"))...)))),
	))
	require.Contains(t, text, `{"match":{"left":{"payload":{"field":"saddr","protocol":"ip"}},"op":"==","right":{"prefix":{"addr":"10.40.0.0","len":16}}}}`)
	require.Contains(t, text, `{"goto":{"target":"far"}}`)
}

func TestNftIntervalsThatTouch(t *testing.T) {
	r := nftReader{sets: map[nftName]*nftSet{}}
	s := newNftSet(unix.NFPROTO_IPV4, attrs{unix.NFTA_SET_FLAGS: {0, 0, 0, nftFlagInterval}, unix.NFTA_SET_KEY_TYPE: {0, 0, 0, 7}, unix.NFTA_SET_KEY_LEN: {0, 0, 0, 4}})
	element := func(end byte, addr ...byte) attrs {
		return parseAttrs(append(nftData(unix.NFTA_SET_ELEM_KEY, addr...), nftAttribute(unix.NFTA_SET_ELEM_FLAGS, uint32(end))...), 0)
	}
	list := r.elements(s, []attrs{element(0, 11, 0, 0, 0), element(0, 10, 0, 0, 0), element(1, 11, 0, 0, 3), element(1, 0, 0, 0, 0), element(0, 224, 0, 0, 0)})
	b, err := json.Marshal(list)
	require.NoError(t, err)
	require.JSONEq(t, `[{"prefix":{"addr":"10.0.0.0","len":8}},{"range":["11.0.0.0","11.0.0.2"]},{"prefix":{"addr":"224.0.0.0","len":3}}]`, string(b))
}

func TestNftSpoolStopsAtItsLimit(t *testing.T) {
	s := &nftSpool{}
	line := nftObject{"comment": strings.Repeat("x", 1<<20)}
	for range 40 {
		s.add("rule", line)
	}
	require.True(t, s.full)
	require.Less(t, s.size, nftLimit+2*mib)
	var b strings.Builder
	k := newText(&b, Keep{Head: 64 * mib})
	require.NoError(t, s.copyTo(k))
	_, _, err := k.close()
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(b.String())))
}

// FuzzNft feeds the decoder with messages that no kernel would send.
func FuzzNft(f *testing.F) {
	rule := nftRuleOf(
		nftExpression("payload", nftAttribute(unix.NFTA_PAYLOAD_DREG, 1), nftAttribute(unix.NFTA_PAYLOAD_BASE, 1), nftAttribute(unix.NFTA_PAYLOAD_OFFSET, 12), nftAttribute(unix.NFTA_PAYLOAD_LEN, 4)),
		nftExpression("bitwise", nftAttribute(unix.NFTA_BITWISE_SREG, 1), nftAttribute(unix.NFTA_BITWISE_DREG, 1), nftData(unix.NFTA_BITWISE_MASK, 255, 255, 0, 0), nftData(unix.NFTA_BITWISE_XOR, 0, 0, 0, 0)),
		nftExpression("cmp", nftAttribute(unix.NFTA_CMP_SREG, 1), nftAttribute(unix.NFTA_CMP_OP, 5), nftData(unix.NFTA_CMP_DATA, 10, 0, 0, 0)),
		nftExpression("cmp", nftAttribute(unix.NFTA_CMP_SREG, 1), nftAttribute(unix.NFTA_CMP_OP, 3), nftData(unix.NFTA_CMP_DATA, 10, 9, 0, 0)),
		nftExpression("lookup", nftAttribute(unix.NFTA_LOOKUP_SREG, 1), nftAttribute(unix.NFTA_LOOKUP_DREG, 8), attribute(unix.NFTA_LOOKUP_SET, []byte("s\x00"))),
		nftExpression("immediate", nftAttribute(unix.NFTA_IMMEDIATE_DREG, 2), nftData(unix.NFTA_IMMEDIATE_DATA, 0, 80)),
		nftExpression("nat", nftAttribute(unix.NFTA_NAT_TYPE, 1), nftAttribute(unix.NFTA_NAT_FAMILY, 2), nftAttribute(unix.NFTA_NAT_REG_ADDR_MIN, 8), nftAttribute(unix.NFTA_NAT_REG_PROTO_MIN, 2)),
		nftExpression("hash", nftAttribute(unix.NFTA_HASH_SREG, 1), nftAttribute(unix.NFTA_HASH_DREG, 2), nftAttribute(unix.NFTA_HASH_LEN, 8)),
		nftExpression("limit"), nftExpression("log"), nftExpression("reject"), nftExpression("dynset"), nftExpression("masq"), nftExpression("exthdr"), nftExpression("byteorder"),
	)
	f.Add(byte(2), rule)
	f.Add(byte(1), nftData(unix.NFTA_SET_ELEM_KEY, 10, 0, 0, 0))
	f.Fuzz(func(t *testing.T, family byte, b []byte) {
		a := parseAttrs(b, 0)
		r := nftReader{ctx: context.Background(), out: &nftSpool{}, sets: map[nftName]*nftSet{}}
		s := newNftSet(family, a)
		s.elements = r.elements(s, []attrs{a, a.nested(unix.NFTA_SET_ELEM_DATA)})
		r.sets[nftName{family, "t", "s"}] = s
		r.out.add(s.object())
		r.out.add("rule", r.rule(family, a))
		r.out.add("table", nftTable(family, a))
		r.out.add("chain", nftChain(family, a))
		r.out.add(nftNamedObject(family, a))
		r.out.add("flowtable", nftFlowtable(family, a))
		require.Equal(t, 6, r.out.lines, "everything can be written as JSON")
	})
}
