package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Part is a member of a bundle as ReadBack meets it: the manifest, the index, or one of an artifact's.
type Part struct {
	Name     string
	Artifact string // canonical name; "" for the manifest and the index
	Last     bool   // no further member of the artifact follows
	Words    []string
	Body     io.Reader
}

// ReadBack visits the members of a bundle that a Writer just wrote to a file, in their order. It is for the program
// that wrote it, knows that one form, and is an error for anything that a Writer did not end; Reader is for everything
// else, and many times as large.
func ReadBack(file io.Reader, visit func(Part) error) error {
	plain, err := unpacked(bufio.NewReader(file))
	if err != nil {
		return err
	}
	defer plain.Close()
	for t := tar.NewReader(plain); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the bundle has no %s: it was not written to its end", IndexName)
		}
		if err != nil {
			return fmt.Errorf("read the bundle back: %w", err)
		}
		p := Part{Name: h.Name, Artifact: h.PAXRecords[recArtifact], Body: t}
		_, p.Last = h.PAXRecords[recStatus]
		for _, words := range h.PAXRecords {
			p.Words = append(p.Words, words)
		}
		if err := visit(p); err != nil {
			return err
		}
		if h.Name == IndexName {
			return nil
		}
	}
}

// unpacked takes off the compression that a Writer puts on.
func unpacked(file *bufio.Reader) (io.ReadCloser, error) {
	magic, err := file.Peek(4)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the bundle back: %w", err)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(file)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, fmt.Errorf("read the bundle back: %w", err)
		}
		return d.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("read the bundle back: it begins with % x, and a Writer begins with zstd or gzip", magic)
}
