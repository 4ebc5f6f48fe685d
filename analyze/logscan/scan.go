package logscan

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"runtime"
	"time"

	"coldcase/parsers"
)

const (
	maxLine    = 1 << 20 // bytes of a line that are searched
	contextMax = 4 << 10 // bytes around a line that context is taken from
	leadLen    = contextMax + 1
	blockLen   = leadLen + maxLine + contextMax
	maxWorkers = 8
	hitsPiece  = 64
)

// entryStart is where an entry of a journal export begins, after the empty line that ends the one before.
var entryStart = []byte("\n\n__CURSOR=")

// block is a piece of the log: buf[:lead] repeats the end of the piece before, buf[lead:end] is to be searched, and
// buf[end:filled] belongs to the next piece. The pieces begin and end at lines, or at records of several lines.
type block struct {
	buf               []byte
	lead, end, filled int
	first, last       bool // of the log
	origin            bool // buf[0] is the log's first byte
	cut               bool // the piece is the beginning of a line, or record, that is longer than a block
	done              chan struct{}
	found
}

// found is what a worker learned from a block. Line numbers count from the block's beginning.
type found struct {
	hits       [][]Hit // in pieces of hitsPiece, so that none is copied as they grow
	newlines   int64
	candidates int64
	sources    map[string]bool
	firstTime  time.Time
	lastTime   time.Time
	boot       time.Time
}

type scan struct {
	m        *Matcher
	ctx      parsers.LogContext
	program  string // as parsers.LogProgram returns it
	emit     func(*Hit) error
	format   parsers.LogFormat
	stats    Stats
	boot     time.Time // as far as delivered blocks tell
	open     bool      // the last searched byte was no newline
	skipping bool      // the rest of a line that was cut is to be dropped
}

func newScan(m *Matcher, ctx *parsers.LogContext, path string, emit func(*Hit) error) *scan {
	s := &scan{m: m, ctx: *ctx, program: parsers.LogProgram(ctx.Artifact, path), emit: emit, boot: ctx.Boot}
	if s.ctx.Zone == nil {
		s.ctx.Zone = time.UTC
	}
	s.stats.Boot = ctx.Boot
	s.stats.Sources = map[string]bool{}
	if s.program != "" {
		s.stats.Sources[s.program] = true
	}
	return s
}

// run reads blocks one after the other, has them searched by other goroutines, and delivers what they found in order.
func (s *scan) run(r io.Reader) error {
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	var queue []*block
	var readErr, emitErr error
	next := s.take()
	next.first, next.origin = true, true
	for more := true; more && emitErr == nil; {
		b := next
		readErr = s.fill(r, b)
		more = readErr == nil
		if b.first {
			s.format, _ = parsers.DetectLog(b.buf[:b.filled])
			s.stats.Format = s.format.Name
		}
		s.bound(b, more)
		if next = nil; more {
			next = s.take()
			s.carry(b, next)
		}
		if workers == 1 || !more && len(queue) == 0 {
			s.search(b)
		} else {
			b.done = make(chan struct{})
			go func() {
				defer close(b.done)
				s.search(b)
			}()
		}
		for queue = append(queue, b); len(queue) > 0 && (workers == 1 || len(queue) > workers); queue = queue[1:] {
			emitErr = errors.Join(emitErr, s.deliver(queue[0], emitErr == nil))
		}
	}
	for _, b := range queue {
		emitErr = errors.Join(emitErr, s.deliver(b, emitErr == nil))
	}
	if next != nil {
		s.m.blocks.Put(next)
	}
	if s.open {
		s.stats.Lines++
	}
	s.stats.Boot = s.boot
	if readErr == io.EOF {
		readErr = nil
	}
	return errors.Join(emitErr, readErr)
}

func (s *scan) take() *block {
	b := s.m.blocks.Get().(*block)
	if b.buf == nil {
		b.buf = make([]byte, blockLen)
	}
	*b = block{buf: b.buf}
	return b
}

// fill reads until the block is full. It returns io.EOF at the end of the log.
func (s *scan) fill(r io.Reader, b *block) error {
	for {
		n, err := io.ReadFull(r, b.buf[b.filled:])
		b.filled += n
		s.stats.Bytes += int64(n)
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		if !s.skipping {
			return err
		}
		if end := bytes.IndexByte(b.buf[:b.filled], '\n'); end >= 0 {
			b.filled = copy(b.buf, b.buf[end+1:b.filled])
			s.skipping = false
		} else {
			b.filled = 0
		}
		if err != nil {
			return err
		}
	}
}

// bound decides where the searched part of a filled block ends.
func (s *scan) bound(b *block, more bool) {
	b.last = !more
	if !more {
		b.end = b.filled
		return
	}
	limit := b.filled - contextMax
	if s.format.Multiline {
		if at := bytes.LastIndex(b.buf[b.lead:limit], entryStart); at >= 0 {
			b.end = b.lead + at + 2
			return
		}
	} else if at := bytes.LastIndexByte(b.buf[b.lead:limit], '\n'); at >= 0 {
		b.end = b.lead + at + 1
		return
	}
	b.end, b.cut = b.lead+maxLine, true
	s.stats.TooLong++
}

// carry gives the next block what it needs of this one: the lines before it, and the bytes that are not searched yet.
func (s *scan) carry(b, next *block) {
	from := b.end
	if s.skipping = b.cut; !b.cut {
		from = max(0, b.end-leadLen)
	}
	next.lead = b.end - from
	next.filled = copy(next.buf, b.buf[from:b.filled])
	next.origin = b.origin && from == 0
}

// deliver waits for a block, emits its hits when wanted, and gives the block back.
func (s *scan) deliver(b *block, wanted bool) error {
	if b.done != nil {
		<-b.done
	}
	var err error
	if !b.boot.IsZero() && s.ctx.Boot.IsZero() {
		s.boot = b.boot
	}
	for _, piece := range b.hits {
		for i := range piece {
			h := &piece[i]
			h.Line += s.stats.Lines
			if h.Record.Time.IsZero() && h.Record.HasMono && !s.boot.IsZero() {
				h.Record.Time = s.boot.Add(h.Record.Mono)
			}
			if wanted && err == nil {
				err = s.emit(h)
			}
		}
	}
	s.stats.Lines += b.newlines
	s.stats.Candidates += b.candidates
	maps.Copy(s.stats.Sources, b.sources)
	s.stats.date(b.firstTime)
	s.stats.date(b.lastTime)
	if b.end > b.lead {
		s.open = !b.cut && b.buf[b.end-1] != '\n'
	}
	*b = block{buf: b.buf}
	s.m.blocks.Put(b)
	return err
}

func (f *found) add(h Hit) {
	n := len(f.hits)
	if n == 0 || len(f.hits[n-1]) == hitsPiece {
		f.hits = append(f.hits, make([]Hit, 0, hitsPiece))
		n++
	}
	f.hits[n-1] = append(f.hits[n-1], h)
}

func (st *Stats) date(t time.Time) {
	if t.IsZero() {
		return
	}
	if st.First.IsZero() || t.Before(st.First) {
		st.First = t
	}
	if t.After(st.Last) {
		st.Last = t
	}
}
