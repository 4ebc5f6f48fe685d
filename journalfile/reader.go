package journalfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Bounds of what is held and written.
const (
	DefaultHold = 32 << 20  // bytes of field values
	maxValue    = 512 << 10 // bytes of one field's value
	maxEntry    = 1 << 20   // bytes of text of one entry
	outPiece    = 64 << 10  // text is made in pieces of about this size
	freeText    = 64 << 20  // bytes of text that any file may become
	maxRatio    = 100       // bytes of text per byte of the file beyond that
)

// Options steer a Reader.
type Options struct {
	All    bool     // write all fields; else only those that tell what was logged, when and by whom
	Fields []string // instead of those, when not nil
	Hold   int64    // bytes of field values held at once; 0 is DefaultHold
}

// Stats tell what became of a file. They are final when Read has returned io.EOF.
type Stats struct {
	Entries  int64
	Promised int64 // entries that the file's header counts
	Online   bool  // the file was being written to, or was not closed
	Cut      int64 // values and entries that were longer than a limit
	Evicted  int64 // values let go before their last use, because too many were held
	Bad      int64 // values that could not be decompressed, entries that cannot be
	Lost     int64 // bytes between objects that are no object: damage
	Stopped  string
}

// Damage says in one line what is missing of the file's entries, "" when nothing is.
func (s Stats) Damage() string {
	switch {
	case s.Stopped != "":
		return s.Stopped
	case s.Entries < s.Promised:
		return fmt.Sprintf("%d of %d entries were found", s.Entries, s.Promised)
	case s.Lost > 0:
		return fmt.Sprintf("%d bytes between entries are damaged", s.Lost)
	case s.Bad > 0:
		return fmt.Sprintf("%d damaged values or entries", s.Bad)
	case s.Evicted > 0:
		return fmt.Sprintf("%d field values did not fit into memory", s.Evicted)
	}
	return ""
}

// FormatError says why a file is not read at all.
type FormatError struct{ What string }

// Error implements error.
func (e *FormatError) Error() string { return "journal file: " + e.What }

// Reader reads a journal file as text.
type Reader struct {
	in     *bufio.Reader
	opts   Options
	head   header
	at     uint64 // offset of the next unread byte
	out    []byte
	taken  int // bytes of out that were read
	total  uint64
	wanted map[string]bool
	each   func(*Entry) error // takes entries instead of their text
	entry  Entry
	values *values
	unpack unpacker
	packed []byte
	gap    int64 // bytes since the last object that are no object and not zero
	lost   bool  // looking for the next object
	stats  Stats
	err    error
}

// NewReader returns a Reader of the text that `journalctl -o export` would print of one journal file. Its memory is
// bounded by Options.Hold and about 24 MiB besides. Read fails with a *FormatError for what is no journal file and for
// files of a later format; a file that is damaged or cut off ends with io.EOF, and Stats tells what is missing.
func NewReader(r io.Reader, o Options) *Reader {
	if o.Hold <= 0 {
		o.Hold = DefaultHold
	}
	x := &Reader{in: bufio.NewReaderSize(r, 128<<10), opts: o, wanted: wanted, values: newValues(o.Hold)}
	if o.Fields != nil {
		x.wanted = make(map[string]bool, len(o.Fields))
		for _, name := range o.Fields {
			x.wanted[name] = true
		}
	}
	return x
}

// Export writes a journal file's text to w.
func Export(w io.Writer, r io.Reader, o Options) (Stats, error) {
	x := NewReader(r, o)
	_, err := io.Copy(w, x)
	return x.Stats(), err
}

// Stats tell what was read so far.
func (x *Reader) Stats() Stats {
	s := x.stats
	s.Evicted = x.values.evicted
	return s
}

// Read returns text, in whole entries where p has room.
func (x *Reader) Read(p []byte) (int, error) {
	if x.taken == len(x.out) {
		x.out, x.taken = x.out[:0], 0
		for x.err == nil && len(x.out) < outPiece {
			x.err = x.step()
		}
		if x.err != nil {
			x.unpack.close()
		}
		x.total += uint64(len(x.out))
	}
	if x.taken == len(x.out) && len(p) > 0 {
		return 0, x.err
	}
	n := copy(p, x.out[x.taken:])
	x.taken += n
	return n, nil
}

// step reads the file's header or one object.
func (x *Reader) step() error {
	if x.at == 0 {
		return x.begin()
	}
	if x.total > freeText+maxRatio*x.at {
		x.stats.Stopped = "its text is a hundred times larger than the file; the rest is not read"
		return io.EOF
	}
	b, err := x.in.Peek(objectHeader)
	if err != nil {
		return x.end(err)
	}
	o, ok := parseObject(b, x.head.compact(), x.lost)
	if !ok {
		return x.search(b)
	}
	x.stats.Lost += x.gap
	x.gap, x.lost = 0, false
	start := x.at
	switch o.kind {
	case typeData:
		err = x.data(o)
	case typeEntry:
		err = x.readEntry(o)
	}
	if err == nil {
		err = x.skip((start + o.size + 7) &^ 7)
	}
	if err != nil {
		return x.end(err)
	}
	return nil
}

// search goes on by one word where no object is.
func (x *Reader) search(b []byte) error {
	x.lost = true
	if !bytes.Equal(b[:8], make([]byte, 8)) || x.gap > 0 {
		x.gap += 8
	}
	return x.skip(x.at + 8)
}

// end turns the end of the input, wherever it comes, into io.EOF.
func (x *Reader) end(err error) error {
	x.stats.Lost += x.gap
	x.gap = 0
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// skip moves on to an offset.
func (x *Reader) skip(to uint64) error {
	if to <= x.at {
		return nil
	}
	n, err := x.in.Discard(int(to - x.at))
	x.at += uint64(n)
	return err
}

// begin reads the file's header.
func (x *Reader) begin() error {
	b, err := x.in.Peek(headerMin)
	if !IsJournal(b) {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return &FormatError{"it does not begin with " + Magic}
	}
	if err != nil {
		x.stats.Stopped = "it ends within its header"
		return x.end(err)
	}
	x.head = parseHeader(b)
	x.stats.Online, x.stats.Promised = x.head.state == 1, int64(min(x.head.entries, 1<<40))
	if unknown := x.head.incompatible &^ incompatibleKnown; unknown != 0 {
		return &FormatError{fmt.Sprintf("it is of a later version (incompatible flags %#x)", unknown)}
	}
	if x.head.size < headerMin || x.head.size > headerMax {
		return &FormatError{fmt.Sprintf("its header says it has %d bytes", x.head.size)}
	}
	if err := x.skip((x.head.size + 7) &^ 7); err != nil {
		return x.end(err)
	}
	return nil
}
