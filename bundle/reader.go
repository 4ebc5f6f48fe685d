package bundle

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"filippo.io/age"
)

// Options say how a case is read. The zero value means default limits, no standard input and all processors.
type Options struct {
	Limits   Limits
	Stdin    io.Reader        // for the path "-"
	Workers  int              // goroutines that decompress zstd frames; 0 means GOMAXPROCS, at most 8
	Progress func(read int64) // called now and then from Next and Read with the bytes read from the inputs

	Identities []age.Identity // open bundles that are encrypted with age
	Verify     bool           // compare everything with the indexes; see the function Verify
}

// Info describes one bundle of the case.
type Info struct {
	Name      string    // as given by the user; "outer.tar/inner.tar.zst" for one inside another
	Layout    string    // "coldcase" or "loose"
	Container string    // "tar.zst", "tar.gz", "tar", "zip", "dir", "file", "file.gz", ...; with ".age" behind it when it was encrypted
	Manifest  *Manifest // nil for a foreign bundle

	Fingerprint string // SHA-256 of index.json, in hex; "" without one
	Aborted     bool   // a coldcase bundle whose collector did not finish, or whose end is lost
}

// Reader goes through all artifacts of a case, once, front to back. It is for one goroutine.
type Reader struct {
	opts      Options
	inputs    []input
	stack     []*archive // the innermost last
	cur       *current
	bundles   []*Info
	problems  problems
	displays  map[string]bool
	nodes     map[string]bool // node labels of coldcase bundles in use
	entries   int
	delivered int64
	expanded  atomicInt // bytes that came out of decompressors
	read      atomicInt // bytes read from inputs
	told      int64     // Progress was last given this
	locked    []Problem // encrypted bundles that no identity opened
	stopped   bool      // a limit of the whole case was reached
	head      []byte    // what is peeked of an entry; reused
	scratch   []byte
}

// Open prepares the reading of one case from files, directories and "-". The order of paths does not matter. It
// fails only when none of them can be opened; otherwise what is wrong with one becomes a Problem.
func Open(paths []string, o Options) (*Reader, error) {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Workers = min(o.Workers, 8)
	r := &Reader{opts: o, displays: map[string]bool{}, nodes: map[string]bool{}}
	inputs, errs := sortInputs(paths, o)
	r.inputs = inputs
	for _, e := range errs {
		r.problems.add(Problem{Bundle: e.path, What: e.err.Error()})
	}
	if len(inputs) == 0 {
		if len(errs) == 0 {
			return nil, errors.New("no bundle given")
		}
		return nil, fmt.Errorf("open bundle %q: %w", errs[0].path, errs[0].err)
	}
	return r, nil
}

// Next moves to the next artifact and skips what is left of the one before. At the end of the case it returns io.EOF,
// and no other error: whatever is wrong with a bundle becomes a Problem, and the reading goes on with what is left.
func (r *Reader) Next() (*Entry, error) {
	for {
		r.progress(false)
		if r.cur != nil {
			r.cur.finish()
			r.cur = nil
		}
		if r.stopped {
			r.unwind()
		}
		if len(r.stack) == 0 {
			if len(r.inputs) == 0 || r.stopped {
				r.progress(true)
				return nil, io.EOF
			}
			in := r.inputs[0]
			r.inputs = r.inputs[1:]
			r.openInput(in)
			continue
		}
		a := r.stack[len(r.stack)-1]
		m := a.nextMember()
		if m == nil {
			r.pop()
			continue
		}
		if e := a.deliver(m); e != nil {
			return e, nil
		}
	}
}

// Read reads the present artifact, decompressed and with its parts joined; io.EOF ends it. It returns no other error:
// damage ends the artifact, sets its Status and becomes a Problem. Large buffers are the fast way.
func (r *Reader) Read(p []byte) (int, error) {
	if r.cur == nil {
		return 0, io.EOF
	}
	n, err := r.cur.Read(p)
	r.progress(false)
	return n, err
}

// WriteTo writes what is left of the present artifact to w in pieces of at most 256 KiB.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	buf := r.buffer()
	var total int64
	for {
		n, err := r.Read(buf)
		if n > 0 {
			m, werr := w.Write(buf[:n])
			total += int64(m)
			if werr != nil {
				return total, werr
			}
		}
		if err == io.EOF {
			return total, nil
		}
	}
}

// Problems are what could not be delivered so far, in the order in which it was met.
func (r *Reader) Problems() []Problem { return r.problems.list() }

// Bundles describes the bundles met so far; it is complete after Next returned io.EOF.
func (r *Reader) Bundles() []Info {
	infos := make([]Info, len(r.bundles))
	for i, b := range r.bundles {
		infos[i] = *b
	}
	return infos
}

// Close stops the decompressors and closes the files. The Reader is not usable afterwards.
func (r *Reader) Close() error {
	r.stopped = true
	r.inputs = nil
	if r.cur != nil {
		r.cur.finish()
		r.cur = nil
	}
	r.unwind()
	return nil
}

// unwind leaves all open archives without reading on.
func (r *Reader) unwind() {
	for i := len(r.stack) - 1; i >= 0; i-- {
		r.stack[i].w.close()
		if outer := r.stack[i].outer; outer != nil {
			outer.finish()
		}
	}
	r.stack = nil
}

// pop leaves the innermost archive and what is left of the member that it was.
func (r *Reader) pop() {
	a := r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	a.verify()
	a.w.close()
	if a.outer != nil {
		a.outer.finish()
	}
}

// spend counts bytes that came out of a decompressor.
func (r *Reader) spend(n int64) error {
	if total := r.expanded.Add(n); total > r.opts.Limits.Total {
		return &limitError{fmt.Sprintf("limit total: %d bytes after decompression, limit %d; the rest of the case is not read", total, r.opts.Limits.Total)}
	}
	return nil
}

func (r *Reader) streamOptions() streamOptions {
	return streamOptions{workers: r.opts.Workers, ratio: r.opts.Limits.Ratio, spend: r.spend}
}

// progress tells Progress about every MiB or so.
func (r *Reader) progress(force bool) {
	if r.opts.Progress == nil {
		return
	}
	if n := r.read.Load(); force && n != r.told || n-r.told >= 1<<20 {
		r.told = n
		r.opts.Progress(n)
	}
}

func (r *Reader) buffer() []byte {
	if r.scratch == nil {
		r.scratch = make([]byte, 256<<10)
	}
	return r.scratch
}

// unique returns display, or with a number before its extension-less end when the case has it already.
func (r *Reader) unique(bundle, display string) string {
	name := display
	if r.displays[name] {
		name = bundle + "/" + display
	}
	for n := 2; r.displays[name]; n++ {
		name = fmt.Sprintf("%s~%d/%s", bundle, n, display)
	}
	r.displays[name] = true
	return name
}

// problems collects Problems up to a bound, so that a hostile bundle cannot fill the memory with them.
type problems struct {
	kept    []Problem
	dropped int64
}

const maxProblems = 1000

func (p *problems) add(x Problem) {
	if len(p.kept) >= maxProblems {
		p.dropped++
		return
	}
	if len(x.What) > 1<<10 {
		x.What = strings.ToValidUTF8(x.What[:1<<10], "") + "..."
	}
	p.kept = append(p.kept, x)
}

func (p *problems) list() []Problem {
	all := append([]Problem(nil), p.kept...)
	if p.dropped > 0 {
		all = append(all, Problem{What: fmt.Sprintf("%d more problems are not listed", p.dropped)})
	}
	return all
}
