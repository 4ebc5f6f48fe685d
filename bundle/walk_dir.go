package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// newDirWalker reads a plain directory in the order of names; manifest.json and index.json come first where they lie
// at the top, so that an untarred bundle reads as one. It stays inside the directory: symlinks are not followed, and
// only regular files are opened.
func newDirWalker(dir string, limits Limits) (*walker, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	d := &dirWalker{root: root, limits: limits}
	if err := d.list(); err != nil {
		_ = root.Close()
		return nil, err
	}
	return &walker{kind: "dir", next: d.next, close: d.close, offset: func() int64 { return d.read.Load() }}, nil
}

type dirWalker struct {
	root   *os.Root
	limits Limits
	names  []string
	errs   []error // met while listing; delivered first
	file   *os.File
	read   atomicInt
}

// list collects the names. Their number is bounded, their sum by the file system.
func (d *dirWalker) list() error {
	err := fs.WalkDir(d.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			d.errs = append(d.errs, &refusal{name, err.Error()})
			return nil
		case len(d.names) > d.limits.Entries:
			d.errs = append(d.errs, &limitError{fmt.Sprintf("limit entries: the directory has more than %d files", d.limits.Entries)})
			return fs.SkipAll
		case e.IsDir():
			return nil
		case e.Type()&fs.ModeSymlink != 0:
			if target, err := d.root.Readlink(name); err == nil {
				d.errs = append(d.errs, checkLink(name, target, false))
			}
			return nil
		case !e.Type().IsRegular():
			d.errs = append(d.errs, &refusal{name, "not a regular file"})
			return nil
		}
		d.names = append(d.names, name)
		return nil
	})
	slices.SortFunc(d.names, func(a, b string) int {
		baseA, partA := splitPart(a)
		baseB, partB := splitPart(b)
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(baseA, baseB), cmp.Compare(partA, partB))
	})
	return err
}

func rank(name string) int {
	switch name {
	case ManifestName, CaseName:
		return 0
	case IndexName:
		return 1
	}
	return 2
}

func (d *dirWalker) next() (*member, error) {
	d.shut()
	if len(d.errs) > 0 {
		err := d.errs[0]
		d.errs = d.errs[1:]
		return nil, err
	}
	if len(d.names) == 0 {
		return nil, io.EOF
	}
	name := d.names[0]
	d.names = d.names[1:]
	clean, err := checkName(name, d.limits.NameLen)
	if err != nil {
		return nil, err
	}
	// Without O_NONBLOCK a FIFO that took the file's place would hang the open.
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, &refusal{name, plainError(err)}
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, &refusal{name, "not a regular file"}
	}
	d.file = f
	return &member{name: clean, size: info.Size(), modified: info.ModTime(), body: &counter{r: f, n: &d.read}}, nil
}

func (d *dirWalker) shut() {
	if d.file != nil {
		_ = d.file.Close()
		d.file = nil
	}
}

func (d *dirWalker) close() {
	d.shut()
	_ = d.root.Close()
}

// plainError is the reason without the path, which the Problem names already.
func plainError(err error) string {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return fmt.Sprintf("%s: %v", pe.Op, pe.Err)
	}
	return err.Error()
}

// splitPart splits a member name into the artifact's path and the number of the part, which is 1 without a suffix.
func splitPart(name string) (string, int) {
	rest, ok := strings.CutSuffix(name, "~")
	if !ok {
		return name, 1
	}
	i := strings.LastIndex(rest, ".~")
	if i <= 0 {
		return name, 1
	}
	n, err := strconv.Atoi(rest[i+2:])
	if err != nil || n < 2 || rest[i+2] == '+' || rest[i+2] == '0' {
		return name, 1
	}
	return rest[:i], n
}
