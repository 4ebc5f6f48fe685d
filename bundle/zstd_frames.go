package bundle

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Bounds of a frame that is decoded in one piece, and so next to others.
const (
	maxFramePlain      = 16 << 20         // uncompressed, when the header states it
	maxFrameUnstated   = 8<<20 + 256<<10  // uncompressed, when it does not: a frame of our own writer fits
	maxFrameCompressed = 16 << 20         //
	maxBlock           = 128 << 10        // RFC 8878, 3.1.1.2.4
	maxRescan          = int64(256 << 20) // bytes of one file that are looked at again after damage
)

var errBlock = errors.New("an impossible block header")

// frameSplitter cuts a zstd file into its frames by walking frame and block headers (RFC 8878, 3.1.1), without
// decompressing anything.
type frameSplitter struct {
	in       rewinder
	rescan   int64
	finished error
}

// rewinder is a buffered input into which bytes can be put back.
type rewinder struct {
	br    *bufio.Reader
	front []byte
	off   int64 // of the next byte
}

func (r *rewinder) peek(n int) ([]byte, error) {
	if len(r.front) == 0 {
		return r.br.Peek(n)
	}
	if len(r.front) < n {
		more, err := r.br.Peek(n - len(r.front))
		r.front = append(r.front, more...)
		_, _ = r.br.Discard(len(more))
		if len(r.front) < n {
			return r.front, err
		}
	}
	return r.front[:n], nil
}

// Read implements io.Reader.
func (r *rewinder) Read(b []byte) (int, error) {
	if len(r.front) > 0 {
		n := copy(b, r.front)
		r.front = r.front[n:]
		r.off += int64(n)
		return n, nil
	}
	n, err := r.br.Read(b)
	r.off += int64(n)
	return n, err
}

func (r *rewinder) discard(n int64) (int64, error) {
	k := min(n, int64(len(r.front)))
	r.front = r.front[k:]
	for k < n {
		d, err := r.br.Discard(int(min(n-k, 1<<30)))
		k += int64(d)
		if err != nil {
			r.off += k
			return k, err
		}
	}
	r.off += k
	return k, nil
}

func (r *rewinder) putBack(b []byte) {
	r.front = append(bytes.Clone(b), r.front...)
	r.off -= int64(len(b))
}

// frameWalk reads the bytes of one frame and ends where the frame ends.
type frameWalk struct {
	in   *rewinder
	left int64 // bytes to pass through before the next header
	last bool
	sum  bool
	// blocks counts the blocks begun; times maxBlock it bounds the plain size.
	blocks int64
}

// Read implements io.Reader.
func (f *frameWalk) Read(b []byte) (int, error) {
	for f.left == 0 {
		switch {
		case f.last && f.sum:
			f.left, f.sum = 4, false
			continue
		case f.last:
			return 0, io.EOF
		}
		if err := f.block(); err != nil {
			return 0, err
		}
	}
	n, err := f.in.Read(b[:min(int64(len(b)), f.left)])
	f.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// block reads the three bytes in front of a block: last, type, size.
func (f *frameWalk) block() error {
	h, err := f.in.peek(3)
	if len(h) < 3 {
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	v := int64(h[0]) | int64(h[1])<<8 | int64(h[2])<<16
	size := v >> 3
	if size > maxBlock {
		return errBlock
	}
	switch v >> 1 & 3 {
	case 1:
		size = 1
	case 3:
		return errBlock
	}
	f.last = v&1 != 0
	f.left = 3 + size
	f.blocks++
	return nil
}

// frame is one independent piece of a zstd file on its way from the splitter through a worker to the reader.
type frame struct {
	comp   []byte     // compressed, whole unless cause is set
	plain  []byte     // decompressed
	size   int64      // what plain may need
	off    int64      // where it lies in the file
	cause  error      // why comp is not whole, then why plain is not; nil for a good frame
	walk   *frameWalk // set for a frame that must be decoded as a stream: comp, then this
	stream bool
	end    error // no frame: the file ends with this
	ready  chan struct{}
	taken  chan struct{} // closed when the reader is done with a stream
}

// next fills f with the next frame.
func (s *frameSplitter) next(f *frame) {
	f.comp, f.plain, f.cause, f.walk, f.stream, f.end = f.comp[:0], f.plain[:0], nil, nil, false, nil
	if s.finished != nil {
		f.end = s.finished
		return
	}
	for {
		f.off = s.in.off
		head, err := s.in.peek(18)
		switch {
		case len(head) == 0:
			f.end = err
			// Behind a gap in the file below the reading goes on; everything else repeats itself.
			if gap := (*gapError)(nil); !errors.As(err, &gap) {
				s.finished = err
			}
			return
		case len(head) < 4:
			s.finished = io.ErrUnexpectedEOF
			f.end = s.finished
			return
		}
		if isSkippable(head) {
			if len(head) < 8 {
				s.finished = io.ErrUnexpectedEOF
				f.end = s.finished
				return
			}
			if _, err := s.in.discard(8 + int64(binary.LittleEndian.Uint32(head[4:]))); err != nil {
				s.finished = io.ErrUnexpectedEOF
				f.end = s.finished
				return
			}
			continue
		}
		h := frameHeader(head)
		if h == nil && len(head) < 18 && bytes.HasPrefix(head, zstdMagic) {
			s.finished = io.ErrUnexpectedEOF
			f.end = s.finished
			return
		}
		if h == nil {
			s.search()
			f.end = &gapError{fmt.Sprintf("damaged zstd: bytes %d to %d are no frame", f.off, s.in.off)}
			return
		}
		s.collect(f, h)
		return
	}
}

func isSkippable(b []byte) bool {
	return len(b) >= 4 && b[0]&0xf0 == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18
}

// frameHeader decodes a frame's header, nil when these bytes are none.
func frameHeader(b []byte) *zstd.Header {
	if len(b) < 5 || binary.LittleEndian.Uint32(b) != 0xfd2fb528 {
		return nil
	}
	var h zstd.Header
	if err := h.Decode(b); err != nil || h.HeaderSize <= 0 || h.HeaderSize > len(b) {
		return nil
	}
	return &h
}

// collect reads the frame's compressed bytes; a frame that is too large is left to be decoded as a stream.
func (s *frameSplitter) collect(f *frame, h *zstd.Header) {
	walk := &frameWalk{in: &s.in, left: int64(h.HeaderSize), sum: h.HasCheckSum}
	if h.HasFCS && h.FrameContentSize > maxFramePlain || h.DictionaryID != 0 {
		f.stream, f.walk = true, walk
		return
	}
	for {
		if len(f.comp) == cap(f.comp) {
			f.comp = append(f.comp, make([]byte, max(64<<10, len(f.comp)/2))...)[:len(f.comp)]
		}
		n, err := walk.Read(f.comp[len(f.comp):cap(f.comp)])
		f.comp = f.comp[:len(f.comp)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			f.cause = err
			break
		}
		if len(f.comp) > maxFrameCompressed {
			f.stream, f.walk = true, walk
			return
		}
	}
	f.size = min(maxFrameUnstated, walk.blocks*maxBlock)
	if h.HasFCS {
		f.size = int64(h.FrameContentSize)
	}
	s.recheck(f)
}

// recheck looks at what follows a frame. Where that is no frame, or where this one is broken, a size in it may have
// led the walk over the beginning of the next; then it goes back to there.
func (s *frameSplitter) recheck(f *frame) {
	if f.cause == nil {
		head, _ := s.in.peek(18)
		if len(head) == 0 || isSkippable(head) || frameHeader(head) != nil {
			return
		}
	}
	if s.rescan += int64(len(f.comp)); s.rescan > maxRescan {
		return
	}
	for at := 4; ; at++ {
		i := bytes.Index(f.comp[min(at, len(f.comp)):], zstdMagic)
		if i < 0 {
			return
		}
		at += i
		if plausibleFrame(f.comp[at:]) {
			s.in.putBack(f.comp[at:])
			f.comp = f.comp[:at]
			if f.cause == nil || errors.Is(f.cause, io.ErrUnexpectedEOF) {
				f.cause = errBlock
			}
			return
		}
	}
}

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// plausibleFrame checks a header and the first block behind it, so that a chance match is unlikely.
func plausibleFrame(b []byte) bool {
	h := frameHeader(b[:min(len(b), 18)])
	if h == nil || h.DictionaryID != 0 {
		return false
	}
	if len(b) < h.HeaderSize+3 {
		return true // cut: nothing speaks against it
	}
	probe := frameWalk{in: &rewinder{front: b[h.HeaderSize : h.HeaderSize+3]}}
	return probe.block() == nil
}

// search moves to the next frame's magic, or to the end.
func (s *frameSplitter) search() {
	_, _ = s.in.discard(1)
	for {
		b, _ := s.in.peek(4 << 10)
		if len(b) < 4 {
			_, _ = s.in.discard(int64(len(b)))
			return
		}
		i := bytes.Index(b, zstdMagic)
		switch {
		case i < 0:
			_, _ = s.in.discard(int64(len(b) - 3))
		case i > 0:
			_, _ = s.in.discard(int64(i))
		case frameHeader(b[:min(len(b), 18)]) != nil:
			return
		default:
			_, _ = s.in.discard(1)
		}
	}
}
