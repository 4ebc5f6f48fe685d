package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// peekSize is how much of an entry is looked at to recognise it.
const peekSize = 64 << 10

// current is the artifact that is being read: its parts joined, its compression undone, its size bounded.
type current struct {
	a       *archive
	name    string  // of the first part
	m       *member // the present part
	entry   *Entry
	part    int
	multi   bool    // more parts may follow
	ours    bool    // its members carry our records
	stated  int     // parts that the last member states
	sealed  string  // "age" when the file was encrypted
	locked  bool    // it is encrypted and stays so
	stream  *stream // undoes the compression of a compressed file, else nil
	body    *peeker
	recoded bool // from UTF-16
	kept    int64
	damaged bool
	tainted bool // bytes came from a damaged frame
	cut     bool // by the limit of an entry's size
	over    bool // no more bytes are delivered
	ended   bool
	altered bool       // its bytes are not those that its records state
	whole   bool       // all its bytes were read
	raw     int64      // stored bytes read so far
	sum     hash.Hash  // over the stored bytes, where the container has no sum of its own that comes before them
	last    IndexEntry // the records of the last member
}

func newCurrent(a *archive, m *member) *current {
	_, part := splitPart(m.name)
	c := &current{a: a, name: m.name, m: m, part: part}
	stated := m.records != nil || a.home(m.name) != nil
	if a.r.opts.Verify && (stated || a.caseOf != nil) || stated && !strings.HasPrefix(a.info.Container, "tar.zst") {
		// A zstd frame of ours is checked before its bytes come; gzip tells at the end, tar and folders never.
		c.sum = sha256.New()
	}
	c.begin(m)
	if m.records == nil {
		c.multi = part == 1 && a.home(m.name) != nil && !a.records
	}
	raw := &peeker{r: (*joined)(c)}
	if a.r.head == nil {
		a.r.head = make([]byte, 0, peekSize)
	}
	raw.buf = a.r.head[:0]
	raw.peek(peekSize)
	c.body = raw
	if a.home(m.name) == nil && isAge(raw.peek(len(ageMagic))) {
		plain, err := a.r.unseal(raw, a.info.Name+"/"+m.name)
		if err != nil {
			a.r.problems.add(Problem{Bundle: a.info.Name, Path: m.name, What: err.Error(), kind: diffLocked})
			c.locked = true
			return c
		}
		raw, c.body, c.sealed = plain, plain, "age"
	}
	if compression(raw.peek(10)) == "" {
		c.recode()
		return c
	}
	// What was peeked lies in the shared buffer; the decompressed head needs one of its own.
	o := a.r.streamOptions()
	o.workers = 1 // the members around it are read by this goroutine alone
	s, err := decompress(raw, o)
	if err != nil {
		a.problem(m.name, err.Error()+"; delivered as it is")
		return c
	}
	c.stream, c.body = s, s.peeker
	c.recode()
	return c
}

// recode makes UTF-8 of a foreign text in UTF-16.
func (c *current) recode() {
	if order := utf16Order(c.body.peek(2)); order != nil && c.a.home(c.name) == nil {
		c.recoded, c.body = true, &peeker{r: newUTF16Reader(c.body, order)}
	}
}

// begin takes the records of a part.
func (c *current) begin(m *member) {
	c.m = m
	if m.records == nil {
		return
	}
	c.ours = true
	var e IndexEntry
	last, parts := readRecords(m.records, &e)
	c.multi, c.last = !last, e
	if last {
		c.stated = parts
	}
}

// joined reads the parts of an artifact as one.
type joined current

// Read implements io.Reader.
func (j *joined) Read(b []byte) (int, error) {
	c := (*current)(j)
	for {
		if c.whole {
			return 0, io.EOF // the walk has moved on; the member's reader is not ours any more
		}
		n, err := c.m.body.Read(b)
		c.raw += int64(n)
		if c.sum != nil {
			c.sum.Write(b[:n])
		}
		if c.a.w.suspect != nil && c.a.w.suspect() {
			c.tainted = true
		}
		if n > 0 {
			if err != nil && err != io.EOF {
				c.broken(err)
			}
			return n, nil
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			if c.broken(err) {
				continue
			}
		}
		if !c.multi || !c.advance() {
			c.whole = true
			return 0, io.EOF
		}
	}
}

// broken notes an error in a part and reports whether the same part goes on behind it.
func (c *current) broken(err error) bool {
	c.damaged = true
	gap := (*gapError)(nil)
	isGap := errors.As(err, &gap)
	if !(errors.Is(err, io.ErrUnexpectedEOF) && c.a.w.kind == "tar") && c.a.told != err {
		c.a.problem(c.name, err.Error())
		c.a.told = err
	}
	if isGap && c.a.w.kind == "file" {
		c.a.told = nil
		return true
	}
	// Other members end here; the walk tells whether there are more.
	c.m.body = strings.NewReader("")
	return false
}

// advance moves to the artifact's next part, if the next member is one.
func (c *current) advance() bool {
	base, _ := splitPart(c.m.name)
	next := c.a.nextMember()
	if next == nil {
		return false
	}
	nextBase, part := splitPart(next.name)
	if nextBase != base || part <= c.part || (next.records != nil) != c.ours {
		c.a.ahead = next
		return false
	}
	if part != c.part+1 {
		c.damaged = true
	}
	c.part = part
	multi := c.multi
	c.begin(next)
	if !c.ours {
		c.multi = multi
	}
	return true
}

// Read delivers bytes up to the limits.
func (c *current) Read(b []byte) (int, error) {
	if c.over {
		c.settle()
		return 0, io.EOF
	}
	limits := &c.a.r.opts.Limits
	if left := limits.EntrySize - c.kept; int64(len(b)) > left {
		if left <= 0 {
			return c.atLimit(b)
		}
		b = b[:left]
	}
	for {
		n, err := c.body.Read(b)
		if c.stream != nil && c.stream.suspect != nil && c.stream.suspect() {
			c.tainted = true
		}
		c.kept += int64(n)
		c.a.r.delivered += int64(n)
		if c.a.r.delivered > limits.Total {
			c.a.problem(c.name, fmt.Sprintf("limit total: %d bytes delivered; the rest of the case is not read", limits.Total))
			c.a.r.stopped, c.over, c.damaged = true, true, true
			return n, nil
		}
		if err != nil && !c.unpackError(err) {
			c.over = true
		}
		if n > 0 {
			return n, nil
		}
		if c.over {
			c.settle()
			return 0, io.EOF
		}
	}
}

// unpackError notes an error of the decompression and reports whether reading goes on.
func (c *current) unpackError(err error) bool {
	if err == io.EOF {
		return false
	}
	gap := (*gapError)(nil)
	goesOn := errors.As(err, &gap)
	if !c.damaged || goesOn {
		what := err.Error()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			what = "the compressed file ends early"
		}
		c.a.problem(c.name, what)
	}
	c.damaged = true
	return goesOn
}

// atLimit ends an entry that has as many bytes as an entry may have, unless it is at its end anyway.
func (c *current) atLimit(b []byte) (int, error) {
	c.over = true
	if more := c.body.peek(1); len(more) > 0 {
		c.a.problem(c.name, fmt.Sprintf("limit entry-size: kept the first %d bytes", c.kept))
		c.cut = true
	}
	return c.Read(b[:0])
}

// finish skips what is left and closes the entry's books.
func (c *current) finish() {
	if c.ended {
		return
	}
	if c.stream != nil {
		c.stream.close() // first: it may read ahead on a goroutine of its own
	}
	// The last part's records are wanted even when the bytes are not.
	for !c.whole && !c.a.r.stopped {
		if _, err := (*joined)(c).Read(c.a.r.buffer()); err != nil {
			break
		}
	}
	c.over = true
	c.settle()
	c.ended = true
	c.a.note(c)
}

// settle makes the entry's status final.
func (c *current) settle() {
	e := c.entry
	if e == nil || c.ended {
		return
	}
	if c.ours {
		keep := e.IndexEntry
		e.IndexEntry = c.last
		e.Path = keep.Path
		switch {
		case c.multi:
			e.Status = StatusAborted
			e.Error = "the collector was stopped while it ran"
		case c.stated != c.part:
			c.damaged = true
		}
	}
	c.verify()
	if c.cut {
		e.Status = StatusTruncated
		e.Truncation = fmt.Sprintf("everything after %d bytes: limit of the reader", c.kept)
	}
	if c.damaged || c.tainted {
		e.Status = StatusDamaged
		if e.Error == "" {
			e.Error = "the archive lost part of it"
		}
	}
	if e.BytesStored == 0 {
		e.BytesStored = c.kept
	}
	e.BytesSeen = max(e.BytesSeen, e.BytesStored)
}

// verify compares the artifact's hash with the stated one.
func (c *current) verify() {
	if c.sum == nil || !c.whole || c.damaged || c.tainted || c.ours && c.multi || c.entry.SHA256 == "" {
		return
	}
	if got := hex.EncodeToString(c.sum.Sum(nil)); got != c.entry.SHA256 {
		c.a.r.problems.add(Problem{Bundle: c.a.info.Name, Path: c.name, What: fmt.Sprintf("its SHA-256 is %s, stated is %q", got, c.entry.SHA256), kind: DiffAltered})
		c.damaged, c.altered = true, true
	}
}

// suspect reports whether the bytes read so far include some of a damaged frame, and forgets it.
func (c *current) suspect() bool {
	t := c.tainted
	if c.stream != nil && c.stream.suspect != nil {
		t = c.stream.suspect() || t
	}
	c.tainted = false
	return t
}
