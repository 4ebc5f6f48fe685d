package bundle

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/zstd"
)

// zstdStream reads zstd frames.
type zstdStream struct {
	dec *zstd.Decoder
	err error
}

func newZstdStream(in *bufio.Reader, _ int) *zstdStream {
	d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
	return &zstdStream{d, err}
}

func (z *zstdStream) Read(b []byte) (int, error) {
	if z.err != nil {
		return 0, z.err
	}
	n, err := z.dec.Read(b)
	if n > 0 {
		z.err = err
		return n, nil
	}
	return n, err
}

func (z *zstdStream) suspect() bool { return false }

func (z *zstdStream) close() {
	if z.dec != nil {
		z.dec.Close()
	}
}

var _ io.Reader = (*zstdStream)(nil)
