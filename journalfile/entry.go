package journalfile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// Entry is one entry of a journal file. It and what it returns are valid until the function that got it returns.
type Entry struct {
	entry
	fields []*value
}

// Time is when journald received the entry.
func (e *Entry) Time() time.Time { return time.UnixMicro(int64(e.realtime)) }

// Boot is the ID of the boot that the entry was written in: 32 hexadecimal digits.
func (e *Entry) Boot() string { return hex.EncodeToString(e.boot) }

// Get returns the first value of a field; nil when the entry has none, or the field is not wanted.
func (e *Entry) Get(name string) []byte {
	for _, v := range e.fields {
		if v.name == len(name) && string(v.data[:v.name]) == name {
			return v.data[v.name+1:]
		}
	}
	return nil
}

// Has reports whether one of a field's values is value.
func (e *Entry) Has(name, value string) bool {
	for _, v := range e.fields {
		if v.name == len(name) && string(v.data[:v.name]) == name && string(v.data[v.name+1:]) == value {
			return true
		}
	}
	return false
}

// Each hands a journal file's entries to f, in the order in which they were written, until f returns an error. Memory
// and errors are those of NewReader.
func Each(r io.Reader, o Options, f func(*Entry) error) (Stats, error) {
	x := NewReader(r, o)
	x.each = f
	defer x.unpack.close()
	for {
		if err := x.step(); errors.Is(err, io.EOF) {
			return x.Stats(), nil
		} else if err != nil {
			return x.Stats(), err
		}
	}
}

// Info is what a file's header says of its entries.
type Info struct {
	Entries int64
	Last    time.Time // of the last entry; zero when there is none
}

// ReadInfo reads a journal file's header. It fails with a *FormatError for what is no journal file.
func ReadInfo(r io.Reader) (Info, error) {
	b := make([]byte, headerMin)
	if n, err := io.ReadFull(r, b); err != nil {
		if !IsJournal(b[:n]) {
			return Info{}, &FormatError{"it does not begin with " + Magic}
		}
		return Info{}, &FormatError{fmt.Sprintf("it ends within its header: %v", err)}
	}
	if !IsJournal(b) {
		return Info{}, &FormatError{"it does not begin with " + Magic}
	}
	h := parseHeader(b)
	info := Info{Entries: int64(min(h.entries, 1<<40))}
	if h.last > 0 && h.last < 1<<55 {
		info.Last = time.UnixMicro(int64(h.last))
	}
	return info, nil
}
