//go:build linux

package collect

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// xtPartOf builds a match or a target as x_tables has it.
func xtPartOf(name string, revision byte, data ...byte) []byte {
	for len(data)%8 != 0 {
		data = append(data, 0)
	}
	b := make([]byte, xtHeadSize, xtHeadSize+len(data))
	binary.NativeEndian.PutUint16(b, uint16(xtHeadSize+len(data)))
	copy(b[2:31], name)
	b[31] = revision
	return append(b, data...)
}

// xtVerdictOf builds a standard target.
func xtVerdictOf(verdict int32) []byte {
	return xtPartOf("", 0, binary.NativeEndian.AppendUint32(nil, uint32(verdict))...)
}

// xtEntryOf builds a rule of IPv4 that has been hit once: its matches and, last, its target.
func xtEntryOf(parts ...[]byte) []byte {
	b := make([]byte, xtLayout4.size)
	b[xtLayout4.counts], b[xtLayout4.counts+8] = 1, 60
	for i, p := range parts {
		if i == len(parts)-1 {
			binary.NativeEndian.PutUint16(b[xtLayout4.targetAt:], uint16(len(b)))
		}
		b = append(b, p...)
	}
	binary.NativeEndian.PutUint16(b[xtLayout4.nextAt:], uint16(len(b)))
	return b
}

// xtTableOf puts rules into FORWARD of a table that has one chain of a user, "far", which is empty.
func xtTableOf(rules ...[]byte) (info, entries []byte) {
	for _, r := range rules {
		entries = append(entries, r...)
	}
	policy := len(entries)
	entries = append(entries, xtEntryOf(xtVerdictOf(-1))...)
	entries = append(entries, xtEntryOf(xtPartOf("ERROR", 0, append([]byte("far"), make([]byte, 29)...)...))...)
	entries = append(entries, xtEntryOf(xtVerdictOf(-5))...)
	entries = append(entries, xtEntryOf(xtPartOf("ERROR", 0, append([]byte("ERROR"), make([]byte, 27)...)...))...)
	const forward = 2
	info = make([]byte, 84)
	binary.NativeEndian.PutUint32(info[32:], 1<<forward)
	binary.NativeEndian.PutUint32(info[56+4*forward:], uint32(policy))
	return info, entries
}

func xtPrinted(info, entries []byte) (string, error) {
	var b strings.Builder
	err := newXtBlob(xtLayout4, info, entries, &xtSets{fd: -1, names: map[uint16]string{}}).print("filter", &b)
	return b.String(), err
}

func TestXtWhatIsNotDecodedSaysSo(t *testing.T) {
	mark := append(binary.NativeEndian.AppendUint32(nil, 7), 0xff, 0xff, 0xff, 0xff, 1)
	text, err := xtPrinted(xtTableOf(
		xtEntryOf(xtPartOf("mark", 1, mark...), xtVerdictOf(-2)),
		xtEntryOf(xtPartOf("mark", 9, mark...), xtVerdictOf(-2)),
		xtEntryOf(xtPartOf("mark", 1), xtVerdictOf(-2)),
		xtEntryOf(xtPartOf("frobnicate", 0, 1), xtPartOf("FROB", 0, 1)),
		xtEntryOf(xtPartOf("set", 1, 9, 0, 1, 2), xtVerdictOf(-2)),
		xtEntryOf(xtVerdictOf(5)),
	))
	require.NoError(t, err)
	require.Equal(t, `*filter
:FORWARD DROP [1:60]
:far - [0:0]
[1:60] -A FORWARD -m mark ! --mark 0x7 -j ACCEPT
[1:60] -A FORWARD -m mark --undecoded -j ACCEPT
[1:60] -A FORWARD -m mark --undecoded -j ACCEPT
[1:60] -A FORWARD -m frobnicate --undecoded -j FROB --undecoded
[1:60] -A FORWARD -m set --match-set @9 src --undecoded -j ACCEPT
[1:60] -A FORWARD -j ? --undecoded
COMMIT
`, text)
}

func TestXtTextsOfOthersStayInTheirLine(t *testing.T) {
	info, entries := xtTableOf(xtEntryOf(xtPartOf("comment", 0, []byte("a\n-A FORWARD \"-j\" DROP\x00")...), xtPartOf("x\ny z", 0)))
	text, err := xtPrinted(info, entries)
	require.NoError(t, err)
	require.Contains(t, text, "[1:60] -A FORWARD -m comment --comment \"a -A FORWARD \\\"-j\\\" DROP\" -j x?y?z --undecoded\n")
}

func TestXtSizesThatCannotBe(t *testing.T) {
	info, entries := xtTableOf(xtEntryOf(xtPartOf("comment", 0, 'x'), xtVerdictOf(-2)))
	next := 0 // beginning of the next entry
	for cut := range len(entries) {
		_, err := xtPrinted(info, entries[:cut])
		require.Equal(t, cut != next, err != nil, "cut at %d", cut)
		if cut == next {
			next += int(binary.NativeEndian.Uint16(entries[cut+xtLayout4.nextAt:]))
		}
	}
	for _, wrong := range []struct {
		at   int
		size uint16
	}{{xtLayout4.nextAt, 0}, {xtLayout4.nextAt, 0xffff}, {xtLayout4.targetAt, 0}, {xtLayout4.targetAt, 0xffff}} {
		bad := append([]byte(nil), entries...)
		binary.NativeEndian.PutUint16(bad[wrong.at:], wrong.size)
		_, err := xtPrinted(info, bad)
		require.ErrorContains(t, err, "size that cannot be")
	}
	binary.NativeEndian.PutUint16(entries[xtLayout4.size:], 3) // of the first match
	text, err := xtPrinted(info, entries)
	require.NoError(t, err)
	require.Contains(t, text, "-m ? --undecoded -j ACCEPT")
}

func xtNftText(rule []byte) string {
	d := &xtDump{xtLayout: xtLayout4, sets: &xtSets{fd: -1, names: map[uint16]string{}}}
	return d.rule(parseAttrs(rule, 0))
}

func nftCompare(op uint32, value ...byte) []byte {
	return nftExpression("cmp", nftAttribute(unix.NFTA_CMP_SREG, 1), nftAttribute(unix.NFTA_CMP_OP, op), nftData(unix.NFTA_CMP_DATA, value...))
}

func nftLoaded(base, offset, size uint32) []byte {
	return nftExpression("payload", nftAttribute(unix.NFTA_PAYLOAD_DREG, 1), nftAttribute(unix.NFTA_PAYLOAD_BASE, base), nftAttribute(unix.NFTA_PAYLOAD_OFFSET, offset), nftAttribute(unix.NFTA_PAYLOAD_LEN, size))
}

func TestXtExpressionsThatIptablesHasNoWordsFor(t *testing.T) {
	protocol := nftExpression("meta", nftAttribute(unix.NFTA_META_DREG, 1), nftAttribute(unix.NFTA_META_KEY, 16))
	port := nftLoaded(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2)
	for name, c := range map[string]struct {
		want  string
		steps [][]byte
	}{
		"a statement of nft":     {"-m nft-masq --undecoded", [][]byte{nftExpression("masq")}},
		"no protocol for a port": {"-m nft-cmp --undecoded", [][]byte{port, nftCompare(0, 0, 80)}},
		"two ports": {
			"-p tcp -m tcp ! --dport 80 -m nft-cmp --undecoded",
			[][]byte{protocol, nftCompare(0, 6), port, nftCompare(1, 0, 80), nftCompare(1, 0, 81)},
		},
		"ports from":    {"-p udp -m udp --dport 101:65535", [][]byte{protocol, nftCompare(0, 17), port, nftCompare(4, 0, 100)}},
		"ports up to":   {"-p udp -m udp --dport 0:99", [][]byte{protocol, nftCompare(0, 17), port, nftCompare(2, 0, 100)}},
		"an old prefix": {"-s 10.40.0.0/16", [][]byte{nftLoaded(unix.NFT_PAYLOAD_NETWORK_HEADER, 12, 2), nftCompare(0, 10, 40)}},
	} {
		require.Equal(t, "[0:0] -A c "+c.want+" -m comment --comment why\n", xtNftText(nftRuleOf(c.steps...)), name)
	}
	accept := nftExpression("immediate", nftAttribute(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT),
		attribute(unix.NFTA_IMMEDIATE_DATA, attribute(unix.NFTA_DATA_VERDICT, nftAttribute(unix.NFTA_VERDICT_CODE, 1))))
	require.Equal(t, "[0:0] -A c -m nft-accept --undecoded -m comment --comment why -j LOG\n", xtNftText(nftRuleOf(nftExpression("log"), accept)))
}

func TestXtChainsOfOthers(t *testing.T) {
	hook := func(number, priority uint32) []byte {
		return attribute(unix.NFTA_CHAIN_HOOK, append(nftAttribute(unix.NFTA_HOOK_HOOKNUM, number), nftAttribute(unix.NFTA_HOOK_PRIORITY, priority)...))
	}
	table := &xtTable{foreign: map[string]bool{}}
	for _, c := range []struct {
		name string
		more []byte
	}{{"FORWARD", append(hook(2, 0), nftAttribute(unix.NFTA_CHAIN_POLICY, 1)...)}, {"INPUT", hook(1, 10)}, {"forward", hook(2, 0)}, {"OUTPUT", hook(2, 0)}, {"far", nil}} {
		b := append(attribute(unix.NFTA_CHAIN_TABLE, []byte("filter\x00")), attribute(unix.NFTA_CHAIN_NAME, append([]byte(c.name), 0))...)
		table.declare(parseAttrs(append(b, c.more...), 0))
	}
	require.Equal(t, []string{":FORWARD ACCEPT [0:0]\n", ":far - [0:0]\n"}, table.chains)
	require.Equal(t, map[string]bool{"INPUT": true, "forward": true, "OUTPUT": true}, table.foreign)
}

// FuzzIptables feeds both decoders with what no kernel would send. Every rule must stay a single line.
func FuzzIptables(f *testing.F) {
	_, entries := xtTableOf(xtEntryOf(xtPartOf("conntrack", 3, make([]byte, 164)...), xtPartOf("multiport", 1, make([]byte, 48)...), xtPartOf("DNAT", 2, make([]byte, 44)...)))
	f.Add("conntrack", byte(3), entries)
	for _, forms := range [][]xtForm{xtMatches, xtTargets} {
		for _, form := range forms {
			f.Add(form.name, form.first, make([]byte, form.size))
		}
	}
	f.Add("tcp", byte(0), nftRuleOf(nftLoaded(1, 12, 3), nftCompare(0, 10, 1, 2), nftExpression("match", attribute(nftCompatName, []byte("set\x00")), nftAttribute(nftCompatRevision, 4)),
		nftExpression("bitwise", nftAttribute(unix.NFTA_BITWISE_SREG, 1), nftAttribute(unix.NFTA_BITWISE_DREG, 1), nftData(unix.NFTA_BITWISE_MASK, 255)), nftCompare(0, 1), nftExpression("limit"), nftExpression("range")))
	f.Fuzz(func(t *testing.T, name string, revision byte, b []byte) {
		info := make([]byte, 84)
		copy(info[32:], b)
		if text, err := xtPrinted(info, b); err == nil {
			require.True(t, strings.HasSuffix(text, "COMMIT\n"))
		}
		for _, six := range []bool{false, true} {
			for flag, forms := range map[string][]xtForm{"-m": xtMatches, "-j": xtTargets} {
				x := &xtInfo{name: name, revision: revision, six: six, data: b, sets: &xtSets{fd: -1, names: map[uint16]string{}}}
				words := x.words(flag, forms)
				require.NotContains(t, words.name+words.options, "\n")
			}
		}
		require.Equal(t, 1, strings.Count(xtNftText(b), "\n"))
	})
}
