package bundle

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// zstdStream decompresses a zstd file of any kind. Frames of moderate size are decoded whole, on several goroutines
// once there are more than a few; their order is kept. Others are decoded as a stream, in bounded memory.
type zstdStream struct {
	split   frameSplitter
	workers int
	whole   *zstd.Decoder // DecodeAll, into buffers of ours
	piece   *zstd.Decoder // streaming
	cur     *frame        // being delivered
	rest    []byte        // of cur
	tainted bool          // the last Read delivered bytes of a damaged frame
	err     error         // final

	frames  int // taken so far
	started bool
	order   chan *frame // in the file's order
	free    chan *frame
	quit    chan struct{}
	group   sync.WaitGroup
}

// inlineFrames are decoded by the reading goroutine: starting others is not worth it for small files.
const inlineFrames = 2

func newZstdStream(in *bufio.Reader, workers int) *zstdStream {
	return &zstdStream{split: frameSplitter{in: rewinder{br: in}}, workers: workers}
}

func (z *zstdStream) suspect() bool { return z.tainted }

// Read delivers decompressed bytes. A damaged place is a *gapError, behind which reading goes on.
func (z *zstdStream) Read(b []byte) (int, error) {
	if z.err != nil {
		return 0, z.err
	}
	for {
		if len(z.rest) > 0 {
			n := copy(b, z.rest)
			z.rest = z.rest[n:]
			// A frame that is merely cut off is good as far as it goes.
			z.tainted = z.cur.cause != nil && !errors.Is(z.cur.cause, io.ErrUnexpectedEOF)
			return n, nil
		}
		if z.cur != nil && z.cur.stream {
			n, err := z.readStream(b)
			if n > 0 || err != nil {
				return n, err
			}
			continue
		}
		if err := z.leave(); err != nil {
			return 0, err
		}
		if err := z.take(); err != nil {
			return 0, err
		}
	}
}

// leave gives the present frame back and tells what was wrong with it.
func (z *zstdStream) leave() error {
	f := z.cur
	if f == nil {
		return nil
	}
	cause, off := f.cause, f.off
	z.release()
	if cause == nil {
		return nil
	}
	if errors.Is(cause, io.ErrUnexpectedEOF) {
		z.err = io.ErrUnexpectedEOF
		return z.err
	}
	if gap := (*gapError)(nil); errors.As(cause, &gap) {
		return gap
	}
	return &gapError{fmt.Sprintf("damaged zstd frame at byte %d: %v", off, cause)}
}

func (z *zstdStream) release() {
	f := z.cur
	z.cur = nil
	if z.started && f != nil {
		if f.taken != nil {
			close(f.taken)
			f.taken = nil
		}
		z.free <- f
	} else {
		z.spare(f)
	}
}

// spare keeps the frame of inline decoding for the next one.
func (z *zstdStream) spare(f *frame) {
	if f != nil && z.free != nil {
		select {
		case z.free <- f:
		default:
		}
	}
}

// take waits for the next frame.
func (z *zstdStream) take() error {
	if z.frames++; z.frames > inlineFrames && z.workers > 1 && !z.started {
		z.start()
	}
	var f *frame
	if z.started {
		f = <-z.order
		<-f.ready
	} else {
		f = z.inline()
	}
	z.cur = f
	if f.end != nil {
		err := f.end
		if gap := (*gapError)(nil); !errors.As(err, &gap) {
			z.err = err
		}
		z.release()
		return err
	}
	if !f.stream {
		z.rest = f.plain
		return nil
	}
	return z.beginStream(f)
}

func (z *zstdStream) inline() *frame {
	if z.free == nil {
		z.free = make(chan *frame, z.workers+1)
	}
	var f *frame
	select {
	case f = <-z.free:
	default:
		f = &frame{}
	}
	z.split.next(f)
	z.decode(f)
	return f
}

// start hands the input to a splitter goroutine and workers. The number of frames in flight bounds the memory: one is
// delivered, one per worker is decoded.
func (z *zstdStream) start() {
	z.started = true
	n := z.workers + 1
	z.order = make(chan *frame, n)
	z.quit = make(chan struct{})
	if z.free == nil {
		z.free = make(chan *frame, n)
	}
	for len(z.free) < n {
		z.free <- &frame{}
	}
	z.decoder()
	work := make(chan *frame, n)
	z.group.Go(func() { z.splitAll(work) })
	for range z.workers {
		z.group.Go(func() {
			for f := range work {
				z.decode(f)
				close(f.ready)
			}
		})
	}
}

// splitAll runs until the end of the file or until close.
func (z *zstdStream) splitAll(work chan<- *frame) {
	defer close(work)
	for {
		var f *frame
		select {
		case f = <-z.free:
		case <-z.quit:
			return
		}
		f.ready = make(chan struct{})
		z.split.next(f)
		taken := make(chan struct{})
		if f.stream {
			f.taken = taken
		}
		// Both channels have room for every frame there is.
		z.order <- f
		if f.stream || f.end != nil {
			end := f.end != nil && z.split.finished != nil
			stream := f.stream
			close(f.ready)
			if end {
				return
			}
			if stream {
				// The reader reads the rest of this frame from the input itself.
				select {
				case <-taken:
				case <-z.quit:
					return
				}
			}
			continue
		}
		work <- f
	}
}

// decoder makes the decoder for whole frames.
func (z *zstdStream) decoder() *zstd.Decoder {
	if z.whole == nil {
		// The options are constant and valid; NewReader has no other reason to fail.
		z.whole, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(z.workers), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecodeAllCapLimit(true))
	}
	return z.whole
}

// decode fills f.plain. Of a damaged frame it keeps the blocks in front of the damage.
func (z *zstdStream) decode(f *frame) {
	if f.end != nil || f.stream {
		return
	}
	const slack = 4 << 10 // lets the decoder use its fast loops up to the end
	if need := int(f.size) + slack; cap(f.plain) < need {
		f.plain = make([]byte, 0, need)
	}
	if f.cause == nil {
		plain, err := z.decoder().DecodeAll(f.comp, f.plain[:0])
		if err == nil {
			f.plain = plain
			return
		}
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
			f.plain, f.stream = f.plain[:0], true // larger than most; the reader decodes it as a stream
			return
		}
		f.cause = err
	}
	f.plain = prefixOf(f.comp, f.plain[:0])
}

// prefixOf decodes the blocks of a broken frame up to where it breaks, as far as dst has room.
func prefixOf(comp, dst []byte) []byte {
	d, err := zstd.NewReader(bytes.NewReader(comp), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.IgnoreChecksum(true))
	if err != nil {
		return dst
	}
	defer d.Close()
	for len(dst) < cap(dst) {
		n, err := d.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err != nil {
			break
		}
	}
	return dst
}

// beginStream decodes the present frame piece by piece.
func (z *zstdStream) beginStream(f *frame) error {
	var src io.Reader = bytes.NewReader(f.comp)
	if f.walk != nil {
		src = io.MultiReader(src, f.walk)
	}
	var err error
	if z.piece == nil {
		z.piece, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
	}
	if err == nil {
		err = z.piece.Reset(src)
	}
	if err != nil {
		f.cause = err
		return z.endStream()
	}
	return nil
}

func (z *zstdStream) readStream(b []byte) (int, error) {
	n, err := z.piece.Read(b)
	z.tainted = false
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		z.cur.cause = err
	}
	if n > 0 {
		z.cur.stream = false
		return n, z.drainStream()
	}
	z.cur.stream = false
	if err := z.drainStream(); err != nil {
		return 0, err
	}
	return 0, z.leave()
}

func (z *zstdStream) endStream() error {
	z.cur.stream = false
	if err := z.drainStream(); err != nil {
		return err
	}
	return z.leave()
}

// drainStream moves the input to the frame's end, so that the next one is found.
func (z *zstdStream) drainStream() error {
	if z.cur.walk == nil {
		return nil
	}
	_, err := io.Copy(io.Discard, z.cur.walk)
	if err != nil && z.cur.cause == nil {
		z.cur.cause = err
	}
	return nil
}

// close stops the goroutines and waits for them.
func (z *zstdStream) close() {
	if z.started {
		close(z.quit)
		z.group.Wait()
		z.started = false
	}
	if z.whole != nil {
		z.whole.Close()
	}
	if z.piece != nil {
		z.piece.Close()
	}
	z.cur, z.rest, z.err = nil, nil, io.EOF
}
