package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible returns s with everything shown that a reader would not see or that would act on a terminal or on the
// direction of text: control characters as their pictures (␛, ␀), bidirectional marks, zero-width and unusual
// space characters as ⟦U+202E⟧, bytes that are no UTF-8 as ⟦0xff⟧. Newline and tab stay as they are.
func Visible(s string) string {
	out, _ := translate(s, nil, appendVisible)
	return out
}

// oneLine is Visible text on one line.
func oneLine(s string) string { return strings.ReplaceAll(Visible(s), "\n", "␊") }

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 0x20 && c != '\n' && c != '\t') || c >= 0x7f {
			return false
		}
	}
	return true
}

// appendRune appends what stands for one rune r of a text; prev is the rune before it, bad the byte when r is none and
// negative otherwise. Printable ASCII, newline and tab stand for themselves.
type appendRune func(dst []byte, prev, r rune, bad int) []byte

func appendVisible(dst []byte, prev, r rune, bad int) []byte {
	switch {
	case bad >= 0:
		return fmt.Appendf(dst, "⟦0x%02x⟧", bad)
	case r == '\n' || r == '\t':
	case r < 0x20:
		return utf8.AppendRune(dst, 0x2400+r)
	case r == 0x7f:
		return append(dst, "␡"...)
	case hidden(prev, r):
		return fmt.Appendf(dst, "⟦U+%04X⟧", r)
	}
	return utf8.AppendRune(dst, r)
}

// appendValid keeps everything but bytes that are no UTF-8, as encoding/json does.
func appendValid(dst []byte, _, r rune, _ int) []byte { return utf8.AppendRune(dst, r) }

// hidden reports whether r has no glyph of its own. A variation selector after a symbol only chooses its picture.
func hidden(prev, r rune) bool {
	switch {
	case r < 0x80:
		return false
	case r == 0xFE0E || r == 0xFE0F:
		return !unicode.Is(unicode.S, prev)
	case unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Noncharacter_Code_Point, r):
		return true
	case r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0, r == 0x034F: // fillers and the grapheme joiner: letters without ink
		return true
	case r == 0x3000:
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zs, unicode.Zl, unicode.Zp, unicode.Cs)
}

// translate rewrites s rune by rune and moves the byte ranges in marks along. Ranges come back sorted, merged,
// within the text and on rune boundaries, whatever they were.
func translate(s string, marks [][2]int, add appendRune) (string, [][2]int) {
	marks = tidyMarks(marks, len(s))
	if plain(s) {
		return s, marks
	}
	dst := make([]byte, 0, len(s)+len(s)/8)
	moved := make([][2]int, len(marks))
	var prev rune
	starts, ends := 0, 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		for ; starts < len(marks) && marks[starts][0] < i+size; starts++ {
			moved[starts][0] = len(dst)
		}
		bad := -1
		if r == utf8.RuneError && size == 1 {
			bad = int(s[i])
		}
		dst = add(dst, prev, r, bad)
		i += size
		for ; ends < len(marks) && marks[ends][1] <= i; ends++ {
			moved[ends][1] = len(dst)
		}
		prev = r
	}
	return string(dst), tidyMarks(moved, len(dst))
}

// tidyMarks sorts and merges ranges and cuts them to a text of n bytes; empty ones go.
func tidyMarks(marks [][2]int, n int) [][2]int {
	var in [][2]int
	for _, m := range marks {
		if from, to := max(m[0], 0), min(m[1], n); from < to {
			in = append(in, [2]int{from, to})
		}
	}
	sortMarks(in)
	var out [][2]int
	for _, m := range in {
		if last := len(out) - 1; last >= 0 && m[0] <= out[last][1] {
			out[last][1] = max(out[last][1], m[1])
			continue
		}
		out = append(out, m)
	}
	return out
}
