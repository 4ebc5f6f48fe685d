package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// tarWalker reads a tar and goes on behind damage: it looks for the next valid header block.
type tarWalker struct {
	src     *stream
	tr      *tar.Reader
	limits  Limits
	broken  error // the stream or the tar broke; resync comes first
	n       int64 // bytes of the tar that were read
	scratch []byte
}

func newTarWalker(src *stream, limits Limits) *walker {
	t := &tarWalker{src: src, limits: limits}
	t.tr = tar.NewReader((*tarInput)(t))
	return &walker{kind: "tar", next: t.next, rest: t.rest, suspect: src.suspect, close: src.close, offset: func() int64 { return t.n }}
}

// tarInput is what archive/tar reads from. It remembers why the stream broke, which archive/tar does not tell.
type tarInput tarWalker

// Read implements io.Reader.
func (t *tarInput) Read(b []byte) (int, error) {
	n, err := t.src.Read(b)
	t.n += int64(n)
	if err != nil && err != io.EOF {
		t.broken = err
	}
	return n, err
}

func (t *tarWalker) next() (*member, error) {
	if t.broken != nil {
		return nil, t.resync()
	}
	before := t.n
	h, err := t.tr.Next()
	switch {
	case t.broken != nil:
		return nil, t.resync()
	case err == io.EOF:
		return nil, io.EOF
	case errors.Is(err, tar.ErrInsecurePath) && h != nil:
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		t.broken = &gapError{fmt.Sprintf("damaged at byte %d of the tar: %v", before, err)}
		return nil, t.resync()
	}
	name, err := checkName(h.Name, t.limits.NameLen)
	if err != nil {
		return nil, err
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, '\x00', tar.TypeCont:
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil, &refusal{name, ""}
	case tar.TypeSymlink, tar.TypeLink:
		return nil, checkLink(name, h.Linkname, h.Typeflag == tar.TypeLink)
	default:
		return nil, &refusal{name, fmt.Sprintf("not a file (tar type %q)", h.Typeflag)}
	}
	m := &member{name: name, size: h.Size, modified: h.ModTime, body: (*tarBody)(t)}
	if _, ours := h.PAXRecords[recArtifact]; ours {
		m.records = h.PAXRecords
	}
	return m, nil
}

// rest reads on to the end of the file. Zeros there are padding.
func (t *tarWalker) rest() (n int64, err error) {
	buf := make([]byte, 64<<10)
	for {
		got, err := t.src.Read(buf)
		if len(bytes.Trim(buf[:got], "\x00")) > 0 {
			n += int64(got)
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// tarBody reads the present member.
type tarBody tarWalker

// Read implements io.Reader.
func (t *tarBody) Read(b []byte) (int, error) {
	n, err := t.tr.Read(b)
	if err == nil || err == io.EOF {
		return n, err
	}
	if t.broken != nil {
		return n, t.broken
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.broken = &gapError{fmt.Sprintf("damaged near byte %d of the tar: %v", t.n, err)}
		return n, t.broken
	}
	return n, io.ErrUnexpectedEOF
}

// resync finds the next header and always returns an error: the gap, when the walk can go on, else why it ends.
func (t *tarWalker) resync() error {
	reason := t.broken
	t.broken = nil
	if gap := (*gapError)(nil); !errors.As(reason, &gap) {
		return reason
	}
	if err := t.seekHeader(); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		// What broke it comes first; the next call tells how it ended.
		t.broken = err
		return reason
	}
	t.tr = tar.NewReader((*tarInput)(t))
	return reason
}

// seekHeader moves to the next valid header block, which need not be aligned: a damaged frame loses bytes.
func (t *tarWalker) seekHeader() error {
	const window = 128 << 10
	if t.scratch == nil {
		t.scratch = make([]byte, window)
	}
	buf := t.scratch[:0]
	for {
		n, err := t.src.Read(buf[len(buf):window])
		t.n += int64(n)
		buf = buf[:len(buf)+n]
		if at := findTarHeader(buf); at >= 0 {
			t.src.unread(buf[at:])
			t.n -= int64(len(buf) - at)
			if err != nil && err != io.EOF {
				t.src.err = err
			}
			return nil
		}
		if gap := (*gapError)(nil); err != nil && !errors.As(err, &gap) {
			return err
		}
		if keep := 511; len(buf) > keep {
			copy(t.scratch, buf[len(buf)-keep:])
			buf = t.scratch[:keep]
		}
	}
}

var ustar = []byte("ustar")

// findTarHeader returns where the first valid header block with a magic begins, or -1.
func findTarHeader(b []byte) int {
	for from := 257; from < len(b); {
		i := bytes.Index(b[from:], ustar)
		if i < 0 {
			return -1
		}
		at := from + i - 257
		if at+512 <= len(b) && tarBlock(b[at:at+512]) {
			return at
		}
		from += i + 1
	}
	return -1
}

// tarBlock checks a header block's sum: all bytes, the eight of the sum itself as spaces (POSIX pax, ustar format).
func tarBlock(b []byte) bool {
	field := bytes.Trim(b[148:156], " \x00")
	want, err := strconv.ParseInt(string(field), 8, 32)
	if err != nil {
		return false
	}
	var sum int64
	for i, c := range b[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return sum == want && b[0] != 0
}
