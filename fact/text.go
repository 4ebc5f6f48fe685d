package fact

import (
	"bytes"
	"sort"
)

// Text is a bounded artifact held in memory with an index of its lines, so that evidence can be quoted with context.
type Text struct {
	data   []byte
	starts []int // offset of the first byte of each line
}

// NewText indexes data, which the Text keeps. A trailing newline does not open another line.
func NewText(data []byte) *Text {
	t := &Text{data: data, starts: make([]int, 0, bytes.Count(data, []byte{'\n'})+1)}
	for off := 0; off < len(data); {
		t.starts = append(t.starts, off)
		n := bytes.IndexByte(data[off:], '\n')
		if n < 0 {
			break
		}
		off += n + 1
	}
	return t
}

// Bytes is the whole text. The caller must not change it.
func (t *Text) Bytes() []byte { return t.data }

// Lines is the number of lines.
func (t *Text) Lines() int { return len(t.starts) }

// Line is line n, counted from 1, without its line ending; nil when there is no such line.
func (t *Text) Line(n int) []byte {
	if t == nil || n < 1 || n > len(t.starts) {
		return nil
	}
	end := len(t.data)
	if n < len(t.starts) {
		end = t.starts[n]
	}
	return bytes.TrimRight(t.data[t.starts[n-1]:end], "\r\n")
}

// LineAt is the number of the line that holds the byte at offset, counted from 1; 0 when the text is empty.
func (t *Text) LineAt(offset int) int {
	return sort.Search(len(t.starts), func(i int) bool { return t.starts[i] > offset })
}

// Span is the text of lines first to last, inclusive, with their line endings; nil when there are none.
func (t *Text) Span(first, last int) []byte {
	first, last = max(first, 1), min(last, len(t.starts))
	if first > last {
		return nil
	}
	end := len(t.data)
	if last < len(t.starts) {
		end = t.starts[last]
	}
	return t.data[t.starts[first-1]:end]
}
