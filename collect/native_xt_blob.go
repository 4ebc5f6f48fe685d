//go:build linux

package collect

import (
	"encoding/binary"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// xtBlob is a table as the kernel has it: entries one behind the other, each a rule or the mark of a chain's beginning.
type xtBlob struct {
	*xtLayout
	entries []byte
	sets    *xtSets

	policies map[int]string // place of the rule that stands for a built-in chain's policy -> the chain
	builtIn  map[int]string // place of a built-in chain's first rule -> the chain
	chains   map[int]string // place of a user's chain's first rule -> the chain
	ends     map[int]bool   // places of rules that end a user's chain, which nobody made
}

// newXtBlob reads where the built-in chains begin and where their policies are, from struct ipt_getinfo.
func newXtBlob(l *xtLayout, info, entries []byte, sets *xtSets) *xtBlob {
	b := &xtBlob{xtLayout: l, entries: entries, sets: sets, policies: map[int]string{}, builtIn: map[int]string{}, chains: map[int]string{}, ends: map[int]bool{}}
	hooks := binary.NativeEndian.Uint32(info[32:])
	for i, name := range xtHooks {
		if hooks>>i&1 != 0 {
			b.builtIn[int(binary.NativeEndian.Uint32(info[36+4*i:]))] = name
			b.policies[int(binary.NativeEndian.Uint32(info[56+4*i:]))] = name
		}
	}
	return b
}

// each calls f with every entry. It stops where the sizes that entries state of themselves make no sense.
func (b *xtBlob) each(f func(at int, entry []byte) error) error {
	for at := 0; at < len(b.entries); {
		rest := b.entries[at:]
		if len(rest) < b.size {
			return fmt.Errorf("the entry at %d is cut off", at)
		}
		next, target := int(binary.NativeEndian.Uint16(rest[b.nextAt:])), b.target(rest)
		if next > len(rest) || target < b.size || target+xtHeadSize > next {
			return fmt.Errorf("the entry at %d states a size that cannot be", at)
		}
		if err := f(at, rest[:next]); err != nil {
			return err
		}
		at += next
	}
	return nil
}

func (b *xtBlob) target(entry []byte) int { return int(binary.NativeEndian.Uint16(entry[b.targetAt:])) }

// counters are struct xt_counters: packets, then bytes.
func (b *xtBlob) counters(entry []byte) (packets, bytes uint64) {
	return binary.NativeEndian.Uint64(entry[b.counts:]), binary.NativeEndian.Uint64(entry[b.counts+8:])
}

// xtHeadSize is the size of struct xt_entry_match and of struct xt_entry_target: size, name and revision.
const xtHeadSize = 32

// xtPart reads a match or a target and tells its size, which is 0 when it makes no sense.
func xtPart(b []byte) (x xtInfo, size int) {
	if len(b) < xtHeadSize {
		return x, 0
	}
	size = int(binary.NativeEndian.Uint16(b))
	if size < xtHeadSize || size > len(b) {
		return x, 0
	}
	return xtInfo{name: unix.ByteSliceToString(b[2:31]), revision: b[31], data: b[xtHeadSize:size]}, size
}

// print writes the table: chains first, then rules.
func (b *xtBlob) print(table string, w io.Writer) error {
	if _, err := fmt.Fprintf(w, "*%s\n", table); err != nil {
		return err
	}
	if err := b.printChains(w); err != nil {
		return err
	}
	chain := ""
	err := b.each(func(at int, entry []byte) error {
		if name := b.builtIn[at] + b.chains[at]; name != "" {
			chain = name
		}
		if _, policy := b.policies[at]; policy || b.ends[at] || b.mark(entry) != "" {
			return nil
		}
		_, err := io.WriteString(w, b.rule(at, entry, chain))
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, "COMMIT")
	return err
}

// mark is the name in the entry before a user's chain, or behind the last one; "" for a rule.
func (b *xtBlob) mark(entry []byte) string {
	if x, size := xtPart(entry[b.target(entry):]); size > 0 && x.name == "ERROR" {
		return xtWord(unix.ByteSliceToString(x.data))
	}
	return ""
}

// printChains writes the declarations and learns where chains begin and end.
func (b *xtBlob) printChains(w io.Writer) error {
	last := -1 // place of the rule before, in a user's chain
	inside := false
	return b.each(func(at int, entry []byte) (err error) {
		mark := b.mark(entry)
		switch policy := b.policies[at]; {
		case mark != "":
			if inside && last >= 0 {
				b.ends[last] = true
			}
			if at+len(entry) < len(b.entries) {
				inside, last = true, -1
				b.chains[at+len(entry)] = mark
				_, err = fmt.Fprintf(w, ":%s - [0:0]\n", mark)
			}
		case policy != "":
			packets, bytes := b.counters(entry)
			_, err = fmt.Fprintf(w, ":%s %s [%d:%d]\n", policy, b.verdict(at, entry).name, packets, bytes)
		default:
			last = at
		}
		return err
	})
}

// rule is the line of one rule.
func (b *xtBlob) rule(at int, entry []byte, chain string) string {
	const notIn, notOut, notSrc, notDst, notPortion, notProto = 1, 2, 8, 16, 32, 64
	r := xtRule{chain: chain}
	r.packets, r.bytes = b.counters(entry)
	n, flags, inverted := b.addresses, entry[b.flags], entry[b.flags+1]
	r.src = xtAddress("-s", entry[:n], entry[2*n:3*n], inverted&notSrc != 0)
	r.dst = xtAddress("-d", entry[n:2*n], entry[3*n:4*n], inverted&notDst != 0)
	devices := entry[4*n:]
	r.in = xtDevice("-i", devices[:16], devices[32:48], inverted&notIn != 0)
	r.out = xtDevice("-o", devices[16:32], devices[48:64], inverted&notOut != 0)
	r.proto = xtProtocol(uint64(binary.NativeEndian.Uint16(entry[b.proto:])), inverted&notProto != 0)
	if !b.six && flags&1 != 0 {
		r.portion = xtNot(inverted&notPortion != 0, "-f")
	}
	target := b.target(entry)
	for at := b.size; at < target; {
		x, size := xtPart(entry[at:target])
		if size == 0 {
			r.matches = append(r.matches, xtWords{"-m", "?", xtUndecoded})
			break
		}
		r.matches = append(r.matches, b.info(x).words("-m", xtMatches))
		at += size
	}
	r.target = b.verdict(at, entry)
	return r.String()
}

func (b *xtBlob) info(x xtInfo) *xtInfo {
	x.six, x.sets = b.six, b.sets
	return &x
}

// xtDevice is "-i eth0", or "-i cali+" where the mask ends before the name does.
func xtDevice(option string, name, mask []byte, not bool) string {
	text := unix.ByteSliceToString(name)
	if text == "" {
		return ""
	}
	for i := range min(len(text), len(mask)) {
		if mask[i] == 0 {
			text = text[:i] + "+"
			break
		}
	}
	return xtNot(not, option+" "+xtWord(text))
}

// verdict is what becomes of a packet: a target, or a number that stands for a built-in one or for a chain's place.
func (b *xtBlob) verdict(at int, entry []byte) xtWords {
	x, size := xtPart(entry[b.target(entry):])
	switch {
	case size == 0:
		return xtWords{"-j", "?", xtUndecoded}
	case x.name != "":
		return b.info(x).words("-j", xtTargets)
	}
	verdict := int(int32(x.u32(0)))
	if name := xtVerdicts[verdict]; name != "" {
		return xtWords{"-j", name, ""}
	}
	if verdict == at+len(entry) { // the next rule: it has no target
		return xtWords{}
	}
	flag := "-j"
	if uint64(entry[b.flags])&b.jumpOnly != 0 {
		flag = "-g"
	}
	if chain := b.chains[verdict]; chain != "" {
		return xtWords{flag, chain, ""}
	}
	return xtWords{flag, "?", xtUndecoded}
}

// xtVerdicts are the numbers of linux/netfilter.h, as they stand in the standard target.
var xtVerdicts = map[int]string{-1: "DROP", -2: "ACCEPT", -4: "QUEUE", -5: "RETURN"}
