package logscan

import (
	"encoding/binary"
	"sort"
)

const (
	gramLen = 4
	stride  = minLiteral - gramLen + 1 // every window of minLiteral bytes holds exactly one sampled gram

	bitmapLog = 17 // bits; 16 KiB stay in the first-level cache
	hashMul   = 0x9E3779B1
)

// filter finds literals in text. It samples four bytes at every stride-th position and looks deeper only where they are
// part of some literal's window. Its cost depends on the text, hardly on the number of literals.
type filter struct {
	bits     [1 << (bitmapLog - 6)]uint64
	slots    []slot // open addressing by gram; its length is a power of two
	shift    uint32
	entries  []entry // grouped by gram
	literals []string
}

// slot says which entries share a gram.
type slot struct {
	gram       uint32
	first, end int32
}

// entry is one gram of one literal's window.
type entry struct {
	literal int32
	offset  int32 // of the gram in the literal
}

// newFilter prepares the search for literals, each at least minLiteral bytes long and listed once.
func newFilter(literals []string) *filter {
	f := &filter{literals: literals}
	byGram := map[uint32][]entry{}
	for i, lit := range literals {
		at, _ := rarestWindow(lit)
		for k := at; k < at+stride; k++ {
			gram := binary.LittleEndian.Uint32([]byte(lit[k : k+gramLen]))
			byGram[gram] = append(byGram[gram], entry{literal: int32(i), offset: int32(k)})
		}
	}
	size := 64
	f.shift = 32 - 6
	for size < 4*len(byGram) {
		size *= 2
		f.shift--
	}
	f.slots = make([]slot, size)
	grams := make([]uint32, 0, len(byGram))
	for gram := range byGram {
		grams = append(grams, gram)
	}
	sort.Slice(grams, func(i, j int) bool { return grams[i] < grams[j] })
	for _, gram := range grams {
		first := int32(len(f.entries))
		f.entries = append(f.entries, byGram[gram]...)
		h := gram * hashMul >> f.shift
		for f.slots[h].end != 0 {
			h = (h + 1) & uint32(size-1)
		}
		f.slots[h] = slot{gram: gram, first: first, end: int32(len(f.entries))}
		bit := gram * hashMul >> (32 - bitmapLog)
		f.bits[bit>>6] |= 1 << (bit & 63)
	}
	return f
}

// find calls hit for every occurrence of a literal that starts in text: at is its offset. Occurrences come in the order of
// the positions where they were sampled, which differs from the order of their starts by less than a literal's length.
func (f *filter) find(text []byte, hit func(literal int32, at int)) {
	for p := 0; ; p += stride {
		p = f.probe(text, p)
		if p < 0 {
			return
		}
		gram := binary.LittleEndian.Uint32(text[p:])
		h := gram * hashMul >> f.shift
		for f.slots[h].end != 0 && f.slots[h].gram != gram {
			h = (h + 1) & uint32(len(f.slots)-1)
		}
		s := f.slots[h]
		for _, e := range f.entries[s.first:s.end] {
			lit := f.literals[e.literal]
			at := p - int(e.offset)
			if at >= 0 && at+len(lit) <= len(text) && string(text[at:at+len(lit)]) == lit {
				hit(e.literal, at)
			}
		}
	}
}

// probe is the next sampled position from p on whose gram may belong to a window, or -1.
func (f *filter) probe(text []byte, p int) int {
	bits := &f.bits
	for ; p+3*stride+gramLen <= len(text); p += 4 * stride {
		b := text[p : p+3*stride+gramLen : p+3*stride+gramLen]
		h0 := binary.LittleEndian.Uint32(b[0:]) * hashMul >> (32 - bitmapLog)
		h1 := binary.LittleEndian.Uint32(b[stride:]) * hashMul >> (32 - bitmapLog)
		h2 := binary.LittleEndian.Uint32(b[2*stride:]) * hashMul >> (32 - bitmapLog)
		h3 := binary.LittleEndian.Uint32(b[3*stride:]) * hashMul >> (32 - bitmapLog)
		w0, w1 := bits[h0>>6]>>(h0&63)&1, bits[h1>>6]>>(h1&63)&1
		w2, w3 := bits[h2>>6]>>(h2&63)&1, bits[h3>>6]>>(h3&63)&1
		if w0|w1|w2|w3 == 0 {
			continue
		}
		switch {
		case w0 != 0:
			return p
		case w1 != 0:
			return p + stride
		case w2 != 0:
			return p + 2*stride
		}
		return p + 3*stride
	}
	for ; p+gramLen <= len(text); p += stride {
		h := binary.LittleEndian.Uint32(text[p:]) * hashMul >> (32 - bitmapLog)
		if bits[h>>6]>>(h&63)&1 != 0 {
			return p
		}
	}
	return -1
}
