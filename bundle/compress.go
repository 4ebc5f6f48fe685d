package bundle

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Containers that a Writer can write.
const (
	ContainerZstd = "tar.zst"
	ContainerGzip = "tar.gz"
)

// writeWindow bounds how far a frame's matches look back. It bounds the memory of the writer and of every streaming
// decoder; log text gains under one per cent from 8 MiB.
const writeWindow = 4 << 20

// compressor writes independent frames (zstd) or members (gzip) to one file. What was flushed can be decompressed
// even when nothing follows; a damaged frame costs that frame alone.
type compressor struct {
	enc interface {
		io.WriteCloser
		Flush() error
		Reset(io.Writer)
	}
	w     io.Writer
	open  bool  // a frame was begun
	bytes int64 // uncompressed bytes in the open frame
}

func newCompressor(w io.Writer, container string) (*compressor, error) {
	c := &compressor{w: w}
	switch container {
	case "", ContainerZstd:
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(writeWindow), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(true))
		if err != nil {
			return nil, fmt.Errorf("set up zstd: %w", err)
		}
		c.enc = enc
	case ContainerGzip:
		c.enc = gzip.NewWriter(nil)
	default:
		return nil, fmt.Errorf("unknown bundle container %q: want %s or %s", container, ContainerZstd, ContainerGzip)
	}
	return c, nil
}

// Write adds p to the open frame, beginning one where none is.
func (c *compressor) Write(p []byte) (int, error) {
	if !c.open {
		c.enc.Reset(c.w)
		c.open, c.bytes = true, 0
	}
	n, err := c.enc.Write(p)
	c.bytes += int64(n)
	return n, err
}

// flush hands everything written so far to the file, in a form that decompresses.
func (c *compressor) flush() error {
	if !c.open {
		return nil
	}
	return c.enc.Flush()
}

// endFrame closes the open frame; the next Write begins another.
func (c *compressor) endFrame() error {
	if !c.open {
		return nil
	}
	c.open, c.bytes = false, 0
	return c.enc.Close()
}
