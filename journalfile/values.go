package journalfile

import "unicode/utf8"

// value is the content of one DATA object: a field's name, "=" and its value.
type value struct {
	data []byte
	name int   // bytes of the name
	left int64 // entries that still refer to it, as far as the file knew when it was written
	text bool  // one printable line
}

// overhead is what holding a value costs beyond its bytes.
const overhead = 128

// values holds the field values that entries may still refer to. When there are too many, those go first that no
// entry is known to need any more, then those that the fewest need.
type values struct {
	limit   int64 // bytes
	held    int64
	at      map[uint64]*value
	order   []uint64 // offsets in the order of arrival
	evicted int64    // values that were let go before their last use
}

func newValues(limit int64) *values { return &values{limit: limit, at: map[uint64]*value{}} }

func (v *values) add(offset uint64, val *value) {
	v.at[offset] = val
	v.order = append(v.order, offset)
	v.held += int64(len(val.data)) + overhead
	if v.held > v.limit {
		v.shrink()
	}
}

// use returns the value at an offset; nil when it is not held.
func (v *values) use(offset uint64) *value {
	val := v.at[offset]
	if val != nil {
		val.left--
	}
	return val
}

// shrink frees at least a quarter of the limit, so that it runs seldom.
func (v *values) shrink() {
	v.drop(0, 0)
	for _, uses := range []int64{1, 8, 64, 1 << 62} {
		if v.held > v.limit/4*3 {
			v.drop(uses, v.limit/4*3)
		}
	}
}

// drop lets go of values with at most so many uses left, the oldest first, until no more than goal bytes are held.
func (v *values) drop(uses, goal int64) {
	kept := v.order[:0]
	for _, offset := range v.order {
		val := v.at[offset]
		if v.held <= goal || val.left > uses {
			kept = append(kept, offset)
			continue
		}
		if val.left > 0 {
			v.evicted++
		}
		v.held -= int64(len(val.data)) + overhead
		delete(v.at, offset)
	}
	v.order = kept
}

// printable reports whether the export format writes a value as text: one line of UTF-8 without control characters.
func printable(b []byte) bool {
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || r <= 0x9f {
			return false
		}
		i += n
	}
	return true
}
