package bundle

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/mikelolasagasti/xz"
)

// stream is a sequence of bytes, decompressed where it was compressed. Read may return a *gapError: bytes are missing
// there, and reading goes on behind them.
type stream struct {
	*peeker
	container string      // "gz", "zst", "xz", "bz2", or "" for bytes as they are
	suspect   func() bool // the bytes of the last Read came from a frame that is damaged; nil means never
	close     func()
}

// gapError marks a place where bytes were lost and behind which reading goes on.
type gapError struct{ what string }

// Error implements error.
func (e *gapError) Error() string { return e.what }

// limitError ends a stream because it breaks a limit.
type limitError struct{ what string }

// Error implements error.
func (e *limitError) Error() string { return e.what }

// peeker reads ahead a little, without standing in the way of large reads.
type peeker struct {
	r   io.Reader
	buf []byte // read ahead, not yet delivered
	err error  // met while reading ahead; delivered behind buf
}

// peek returns up to n bytes, fewer when the stream ends or breaks before. The slice is valid until the next call.
func (p *peeker) peek(n int) []byte {
	for len(p.buf) < n && p.err == nil {
		if cap(p.buf) < n {
			p.buf = append(make([]byte, 0, n), p.buf...)
		}
		var got int
		got, p.err = p.r.Read(p.buf[len(p.buf):n])
		p.buf = p.buf[:len(p.buf)+got]
	}
	return p.buf[:min(n, len(p.buf))]
}

// Read delivers what was read ahead, then reads straight through.
func (p *peeker) Read(b []byte) (int, error) {
	if len(p.buf) > 0 {
		n := copy(b, p.buf)
		p.buf = p.buf[n:]
		return n, nil
	}
	if err := p.err; err != nil {
		// An end repeats itself; a gap is reported once.
		if gap := (*gapError)(nil); errors.As(err, &gap) {
			p.err = nil
		}
		return 0, err
	}
	return p.r.Read(b)
}

// unread puts bytes back in front.
func (p *peeker) unread(b []byte) {
	p.buf = append(append(make([]byte, 0, len(b)+len(p.buf)), b...), p.buf...)
}

// compression recognises a compressed file by its first bytes.
func compression(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		return "gz"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zst"
	case len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}):
		return "zst" // a skippable frame first
	case bytes.HasPrefix(head, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		return "xz"
	case len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) &&
		(bytes.Equal(head[4:10], []byte("1AY&SY")) || bytes.Equal(head[4:10], []byte{0x17, 0x72, 0x45, 0x38, 0x50, 0x90})):
		return "bz2"
	}
	return ""
}

// isTar recognises a tar by its first block: the magic, or for the old format the check sum.
func isTar(head []byte) bool { return len(head) >= 512 && tarBlock(head[:512]) }

// isZip recognises a zip, an empty one too.
func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// maxDictionary bounds what one decoder may hold of earlier bytes: `xz -9` needs 64 MiB, `zstd --long=27` 128 MiB.
const (
	maxXZDictionary = 64 << 20
	maxZstdWindow   = 128 << 20
)

// decompress wraps one layer of compression, if r has one.
func decompress(p *peeker, o streamOptions) (*stream, error) {
	kind := compression(p.peek(10))
	s := &stream{peeker: p, container: kind, close: func() {}}
	var plain io.Reader
	guard := &guard{opts: o}
	in := bufio.NewReaderSize(&counter{r: p, n: &guard.in}, 64<<10)
	switch kind {
	case "":
		return s, nil
	case "gz":
		plain = newGzipStream(in)
	case "zst":
		z := newZstdStream(in, o.workers)
		plain, s.suspect, s.close = z, z.suspect, z.close
	case "xz":
		x, err := xz.NewReader(in, maxXZDictionary)
		if err != nil {
			return nil, fmt.Errorf("read xz: %w", err)
		}
		plain = x
	case "bz2":
		plain = bzip2.NewReader(in)
	}
	guard.r = plain
	s.peeker = &peeker{r: guard}
	return s, nil
}

// streamOptions are the bounds of one decompression.
type streamOptions struct {
	workers int
	ratio   int64
	spend   func(n int64) error // counts against the total of the case
}

// guard stops a decompression that expands beyond reason.
type guard struct {
	r    io.Reader
	in   atomicInt
	out  int64
	opts streamOptions
}

// ratioFrom is where a ratio begins to mean something: small files of zeros are harmless.
const ratioFrom = 64 << 20

// Read implements io.Reader.
func (g *guard) Read(b []byte) (int, error) {
	n, err := g.r.Read(b)
	g.out += int64(n)
	if g.out > ratioFrom && g.opts.ratio > 0 && g.out/max(g.in.Load(), 1) > g.opts.ratio {
		return n, &limitError{fmt.Sprintf("limit ratio: %d bytes came out of %d, more than %d to one", g.out, g.in.Load(), g.opts.ratio)}
	}
	if g.opts.spend != nil && n > 0 {
		if over := g.opts.spend(int64(n)); over != nil {
			return n, over
		}
	}
	return n, err
}
