package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// input is one path that the user gave, known to be there.
type input struct {
	path string
	dir  bool
}

type inputError struct {
	path string
	err  error
}

// sortInputs checks the paths and puts them into the order in which they are read: by base name, then by path, each
// once, so that neither their order nor a repetition changes the result.
func sortInputs(paths []string, o Options) ([]input, []inputError) {
	var inputs []input
	var errs []inputError
	paths = slices.Clone(paths)
	for i, p := range paths {
		if p != "" && p != "-" {
			paths[i] = filepath.Clean(p)
		}
	}
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(strings.Compare(filepath.Base(a), filepath.Base(b)), strings.Compare(a, b))
	})
	for _, p := range slices.Compact(paths) {
		dir, err := probe(p, o)
		if err != nil {
			errs = append(errs, inputError{p, err})
			continue
		}
		inputs = append(inputs, input{p, dir})
	}
	return inputs, errs
}

// probe tells whether a path can be opened, and whether it is a directory.
func probe(path string, o Options) (dir bool, err error) {
	if path == "-" {
		if o.Stdin == nil {
			return false, errors.New("standard input is not available")
		}
		return false, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return false, errors.New(plainError(err))
	}
	switch {
	case info.IsDir():
		d, err := os.Open(path)
		if err != nil {
			return false, errors.New(plainError(err))
		}
		return true, d.Close()
	case info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return false, errors.New(plainError(err))
		}
		return false, f.Close()
	case info.Mode()&fs.ModeNamedPipe != 0:
		return false, nil
	}
	return false, fmt.Errorf("neither a file nor a directory nor a pipe (%v)", info.Mode().Type())
}

// openInput begins one input: it recognises the container by content and pushes its archive.
func (r *Reader) openInput(in input) {
	if err := r.pushInput(in); err != nil {
		r.problems.add(Problem{Bundle: in.path, What: err.Error()})
	}
}

func (r *Reader) pushInput(in input) error {
	name := in.path
	if in.dir {
		w, err := newDirWalker(in.path, r.opts.Limits)
		if err != nil {
			return errors.New(plainError(err))
		}
		abs, err := filepath.Abs(in.path)
		if err != nil {
			abs = in.path
		}
		r.push(&archive{r: r, w: w, info: &Info{Name: name, Container: "dir"}, fallback: filepath.Base(abs)})
		return nil
	}
	if in.path == "-" {
		return r.pushFile("-", "stdin", r.opts.Stdin, nil, nil)
	}
	f, err := os.Open(in.path)
	if err != nil {
		return errors.New(plainError(err))
	}
	if err := r.pushFile(name, filepath.Base(in.path), f, f, func() { _ = f.Close() }); err != nil {
		_ = f.Close()
		return err
	}
	return nil
}

// pushFile begins one file. f is the same as src where it can be read at random, else nil.
func (r *Reader) pushFile(name, base string, src io.Reader, f *os.File, closeFile func()) error {
	if closeFile == nil {
		closeFile = func() {}
	}
	p := &peeker{r: &counter{r: src, n: &r.read}}
	info := &Info{Name: name}
	sealed, atRandom := "", f
	if isAge(p.peek(len(ageMagic))) {
		plain, err := r.unseal(p, name)
		if err != nil {
			return err
		}
		p, sealed, atRandom, base = plain, "age", nil, unsealedName(base)
	}
	a := &archive{r: r, info: info, fallback: nodeFromFile(base)}
	if isZip(p.peek(4)) {
		w, err := r.zipFromInput(p, atRandom, closeFile)
		if err != nil {
			return err
		}
		info.Container, a.w = suffixed("zip", sealed), w
		r.push(a)
		return nil
	}
	s, err := decompress(p, r.streamOptions())
	if err != nil {
		return err
	}
	stop := s.close
	s.close = func() { stop(); closeFile() }
	if isTar(s.peek(512)) {
		info.Container, a.w = suffixed(suffixed("tar", s.container), sealed), newTarWalker(s, r.opts.Limits)
	} else {
		info.Container = suffixed(suffixed("file", s.container), sealed)
		a.w = newFileWalker(base, f, s, info.Container == "file")
		a.fallback = nodeFromFolders(filepath.ToSlash(filepath.Dir(name)))
	}
	r.push(a)
	return nil
}

// zipFromInput reads a zip at random where the input is a regular file, else from memory.
func (r *Reader) zipFromInput(p *peeker, f *os.File, closeFile func()) (*walker, error) {
	if f != nil {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			at := &counterAt{r: f, n: &r.read}
			return newZipWalker(at, info.Size(), r.streamOptions(), r.opts.Limits, closeFile)
		}
	}
	return r.zipFromStream(p, closeFile)
}

func (r *Reader) zipFromStream(src io.Reader, closeFile func()) (*walker, error) {
	data, err := readBounded(src, maxBufferedZip)
	if err != nil {
		return nil, err
	}
	return newZipWalker(strings.NewReader(string(data)), int64(len(data)), r.streamOptions(), r.opts.Limits, closeFile)
}

func suffixed(kind, compression string) string {
	if compression == "" {
		return kind
	}
	return kind + "." + compression
}

// newFileWalker makes a container of a single file, which s has decompressed already; asIs says that there was nothing
// to undo.
func newFileWalker(base string, f *os.File, s *stream, asIs bool) *walker {
	m := &member{name: base, size: -1, body: s}
	if f != nil {
		if info, err := f.Stat(); err == nil {
			m.modified = info.ModTime()
			if asIs && info.Mode().IsRegular() {
				m.size = info.Size()
			}
		}
	}
	done := false
	return &walker{kind: "file", suspect: s.suspect, close: s.close, offset: func() int64 { return 0 }, next: func() (*member, error) {
		if done {
			return nil, io.EOF
		}
		done = true
		return m, nil
	}}
}

// counterAt counts reads at random as progress.
type counterAt struct {
	r io.ReaderAt
	n *atomicInt
}

// ReadAt implements io.ReaderAt.
func (c *counterAt) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(b, off)
	c.n.Add(int64(n))
	return n, err
}
