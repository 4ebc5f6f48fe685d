package journalfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
)

const (
	maxCompressed = 8 << 20 // bytes of a compressed value that are read
	maxDictionary = 8 << 20 // of a decoder; journald uses at most 2 MiB
)

// unpacker decompresses values. Its decoders and buffers are used again and again.
type unpacker struct {
	zstd *zstd.Decoder
	xz   *xz.Reader
	out  []byte
}

// unpack returns the first limit bytes of a value, valid until the next call. With an error it returns what was
// decompressed before the damage.
func (u *unpacker) unpack(flags byte, packed []byte, limit int) ([]byte, error) {
	switch flags {
	case compressedLZ4:
		return u.unpackLZ4(packed, limit)
	case compressedZstd:
		return u.unpackZstd(packed, limit)
	}
	if u.xz == nil {
		r, err := xz.NewReader(nil, maxDictionary)
		if err != nil {
			return nil, fmt.Errorf("set up xz: %w", err)
		}
		u.xz = r
	}
	if err := u.xz.Reset(bytes.NewReader(packed)); err != nil {
		return nil, fmt.Errorf("read xz: %w", err)
	}
	return u.stream(u.xz, limit)
}

// unpackLZ4 reads journald's form: the length of the value in 8 bytes, then one block.
func (u *unpacker) unpackLZ4(packed []byte, limit int) ([]byte, error) {
	if len(packed) < 9 {
		return nil, errLZ4
	}
	size := le.Uint64(packed)
	out, err := lz4Block(u.out[:0], packed[8:], int(min(size, uint64(limit))))
	u.out = out
	if err == nil && uint64(len(out)) < min(size, uint64(limit)) {
		err = errLZ4
	}
	return out, err
}

func (u *unpacker) unpackZstd(packed []byte, limit int) ([]byte, error) {
	if u.zstd == nil {
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxDictionary), zstd.WithDecoderMaxMemory(maxObject), zstd.WithDecodeBuffersBelow(0))
		if err != nil {
			return nil, fmt.Errorf("set up zstd: %w", err)
		}
		u.zstd = dec
	}
	var head zstd.Header
	if err := head.Decode(packed); err != nil {
		return nil, fmt.Errorf("read zstd: %w", err)
	}
	if head.HasFCS && head.FrameContentSize <= uint64(limit) {
		out, err := u.zstd.DecodeAll(packed[:min(len(packed), maxCompressed)], u.out[:0])
		if len(out) > limit { // several frames: journald writes one
			out = out[:limit]
		}
		u.out = out
		return out, err
	}
	if err := u.zstd.Reset(bytes.NewReader(packed)); err != nil {
		return nil, fmt.Errorf("read zstd: %w", err)
	}
	return u.stream(u.zstd, limit)
}

func (u *unpacker) stream(r io.Reader, limit int) ([]byte, error) {
	if cap(u.out) < limit {
		u.out = make([]byte, limit)
	}
	n, err := io.ReadFull(r, u.out[:limit])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return u.out[:n], err
}

func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
		u.zstd = nil
	}
}
