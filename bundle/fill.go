package bundle

import (
	"encoding/binary"
	"io"
)

// ChunkSize is how many bytes age encrypts at once (STREAM, age-encryption.org/v1): what does not fill a chunk yet is
// held back, and lost when the process is killed.
const ChunkSize = 64 << 10

// offset counts the bytes that a Writer gave away.
type offset struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (o *offset) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	o.n += int64(n)
	return n, err
}

// Fill pushes everything that was ended through an encryption that works in chunks: it ends the frame and adds one that
// every zstd decoder skips (RFC 8878, 3.1.2), up to the first byte of the next chunk. It costs at most one chunk, and
// does nothing where nothing was written since, where an artifact is open, and in other containers than zstd.
func (w *Writer) Fill(chunk int64) error {
	if w.err != nil || w.open != nil || chunk <= 0 || w.filled == w.at.n {
		return w.err
	}
	if w.opts.Container != "" && w.opts.Container != ContainerZstd {
		return nil
	}
	if err := w.keep(w.out.endFrame()); err != nil {
		return err
	}
	const head = 8
	size := chunk - w.at.n%chunk + 1
	if size < head {
		size += chunk
	}
	frame := make([]byte, size)
	binary.LittleEndian.PutUint32(frame, 0x184d2a50)
	binary.LittleEndian.PutUint32(frame[4:], uint32(size-head))
	if _, err := w.at.Write(frame); err != nil {
		return w.keep(err)
	}
	w.filled = w.at.n
	return nil
}
