package bundle

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Order recognises text in UTF-16 by its byte order mark, nil when there is none. PowerShell writes it: kubectl logs
// POD > pod.log.
func utf16Order(head []byte) binary.ByteOrder {
	if len(head) < 2 {
		return nil
	}
	switch binary.BigEndian.Uint16(head) {
	case 0xfeff:
		return binary.BigEndian
	case 0xfffe:
		return binary.LittleEndian
	}
	return nil
}

// utf16Reader turns UTF-16 into UTF-8. Halves of pairs and a last odd byte become U+FFFD.
type utf16Reader struct {
	r     *peeker
	order binary.ByteOrder
	in    [4 << 10]byte
	held  int    // bytes of in that wait for more
	out   []byte // turned, not yet delivered
	err   error  // comes behind out
}

func newUTF16Reader(r *peeker, order binary.ByteOrder) *utf16Reader {
	return &utf16Reader{r: r, order: order}
}

// Read implements io.Reader.
func (u *utf16Reader) Read(b []byte) (int, error) {
	for len(u.out) == 0 {
		if err := u.err; err != nil {
			if gap := (*gapError)(nil); errors.As(err, &gap) {
				u.err = nil // reading goes on behind it
			}
			return 0, err
		}
		n, err := u.r.Read(u.in[u.held:])
		u.err = err
		u.turn(u.held + n)
	}
	n := copy(b, u.out)
	u.out = u.out[n:]
	return n, nil
}

// turn takes what it can of the first n bytes of in, and holds back what may be half of something.
func (u *utf16Reader) turn(n int) {
	at := 0
	for ; at+2 <= n; at += 2 {
		c := rune(u.order.Uint16(u.in[at:]))
		if !utf16.IsSurrogate(c) {
			u.put(c)
			continue
		}
		if at+4 > n {
			if u.err == nil {
				break
			}
			u.put(utf8.RuneError)
			continue
		}
		pair := utf16.DecodeRune(c, rune(u.order.Uint16(u.in[at+2:])))
		u.put(pair)
		if pair != utf8.RuneError {
			at += 2
		}
	}
	if u.err != nil && at < n {
		u.put(utf8.RuneError)
		at = n
	}
	u.held = copy(u.in[:], u.in[at:n])
}

func (u *utf16Reader) put(c rune) {
	if c != 0xfeff { // the mark itself
		u.out = utf8.AppendRune(u.out, c)
	}
}
