package bundle

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// gzipStream reads the members of a gzip file one by one, so that a damaged one costs itself alone.
type gzipStream struct {
	in   *bufio.Reader
	z    *gzip.Reader
	open bool  // a member is being read
	err  error // final
}

func newGzipStream(in *bufio.Reader) *gzipStream { return &gzipStream{in: in} }

// Read implements io.Reader.
func (g *gzipStream) Read(b []byte) (int, error) {
	for {
		if g.err != nil {
			return 0, g.err
		}
		if !g.open {
			if err := g.begin(); err != nil {
				return 0, err
			}
		}
		n, err := g.z.Read(b)
		switch {
		case err == nil:
			return n, nil
		case err == io.EOF:
			g.open = false
			if n > 0 {
				return n, nil
			}
		case errors.Is(err, io.ErrUnexpectedEOF):
			g.err = io.ErrUnexpectedEOF
			return n, g.err
		default:
			return n, g.resync(err)
		}
	}
}

// begin opens the next member. Zeros behind a member are padding.
func (g *gzipStream) begin() error {
	for {
		head, err := g.in.Peek(1)
		if len(head) == 0 {
			g.err = err
			return err
		}
		if head[0] != 0 {
			break
		}
		_, _ = g.in.Discard(1)
	}
	var err error
	if g.z == nil {
		g.z, err = gzip.NewReader(g.in)
	} else {
		err = g.z.Reset(g.in)
	}
	if err == nil {
		g.z.Multistream(false)
		g.open = true
		return nil
	}
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		g.err = io.ErrUnexpectedEOF
		return g.err
	}
	return g.resync(err)
}

// resync looks for the next member's header: magic, deflate, no reserved flag, a usual XFL byte.
func (g *gzipStream) resync(cause error) error {
	g.open = false
	gap := &gapError{fmt.Sprintf("damaged gzip: %v", cause)}
	for {
		head, err := g.in.Peek(10)
		if len(head) < 10 {
			// Nothing follows; the gap is told first, then the end.
			g.err = io.ErrUnexpectedEOF
			if err != nil && err != io.EOF {
				g.err = err
			}
			return gap
		}
		if head[0] == 0x1f && head[1] == 0x8b && head[2] == 8 && head[3]&0xe0 == 0 && (head[8] == 0 || head[8] == 2 || head[8] == 4) {
			return gap
		}
		_, _ = g.in.Discard(1)
	}
}
