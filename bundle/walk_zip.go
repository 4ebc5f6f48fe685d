package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// maxBufferedZip is how much of a zip is held when it cannot be read at random: from a pipe or inside an archive.
const maxBufferedZip = 256 << 20

// maxZipDirectory bounds the central directory, which archive/zip reads whole.
const maxZipDirectory = 64 << 20

func newZipWalker(r io.ReaderAt, size int64, o streamOptions, limits Limits, close func()) (*walker, error) {
	budget := &boundedAt{r: r, left: maxZipDirectory}
	z, err := zip.NewReader(budget, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("read zip: %w", err)
	}
	budget.left = -1
	w := &zipWalker{files: z.File, opts: o, limits: limits}
	return &walker{kind: "zip", next: w.next, offset: func() int64 { return w.read.Load() }, close: func() {
		w.shut()
		close()
	}}, nil
}

// boundedAt fails after left bytes; a negative left never does.
type boundedAt struct {
	r    io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (b *boundedAt) ReadAt(p []byte, off int64) (int, error) {
	if b.left >= 0 {
		if b.left -= int64(len(p)); b.left < 0 {
			b.left = 0
			return 0, fmt.Errorf("the central directory is larger than %d bytes", maxZipDirectory)
		}
	}
	return b.r.ReadAt(p, off)
}

type zipWalker struct {
	files  []*zip.File
	opts   streamOptions
	limits Limits
	open   io.ReadCloser
	read   atomicInt
}

func (w *zipWalker) next() (*member, error) {
	w.shut()
	if len(w.files) == 0 {
		return nil, io.EOF
	}
	f := w.files[0]
	w.files = w.files[1:]
	name, err := checkName(f.Name, w.limits.NameLen)
	if err != nil {
		return nil, err
	}
	switch mode := f.Mode(); {
	case mode.IsDir():
		return nil, &refusal{name, ""}
	case mode&fs.ModeSymlink != 0:
		return nil, w.link(name, f)
	case !mode.IsRegular():
		return nil, &refusal{name, "not a file"}
	}
	body, err := f.Open()
	if err != nil {
		return nil, &refusal{name, fmt.Sprintf("cannot be read: %v", err)}
	}
	w.open = body
	g := &guard{r: &zipBody{body, &w.read}, opts: w.opts}
	g.in.Store(int64(min(f.CompressedSize64, 1<<62)))
	return &member{name: name, size: int64(min(f.UncompressedSize64, 1<<62)), modified: f.Modified, body: g}, nil
}

// link reads a symlink's target, which is its content.
func (w *zipWalker) link(name string, f *zip.File) error {
	body, err := f.Open()
	if err != nil {
		return &refusal{name, "a link that cannot be read"}
	}
	defer func() { _ = body.Close() }()
	var target bytes.Buffer
	if _, err := io.Copy(&target, io.LimitReader(body, 4096)); err != nil {
		return &refusal{name, "a link that cannot be read"}
	}
	return checkLink(name, target.String(), false)
}

func (w *zipWalker) shut() {
	if w.open != nil {
		_ = w.open.Close()
		w.open = nil
	}
}

// zipBody tells damage from a proper end.
type zipBody struct {
	r io.Reader
	n *atomicInt
}

// Read implements io.Reader.
func (b *zipBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n.Add(int64(n))
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("damaged zip member: %w", err)
	}
	return n, err
}

// readBounded holds at most limit bytes of r in memory.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case n > limit:
		return nil, &limitError{fmt.Sprintf("limit zip-in-memory: larger than %d bytes and not a file of its own; unpack it first", limit)}
	}
	return buf.Bytes(), nil
}
