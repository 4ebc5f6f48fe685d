package collect

import (
	"bytes"
	"fmt"
	"io"
)

// Keep says which part of an artifact survives when it is larger than its limit. The zero value keeps the default
// amount of head and newest tail.
type Keep struct {
	Head int64 // bytes from the start
	Tail int64 // newest bytes; 0 with a Head keeps the start only
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

func (k Keep) orDefault() Keep {
	if k.Head == 0 && k.Tail == 0 {
		return Keep{Head: 4 * mib, Tail: 4 * mib}
	}
	return k
}

// cutter passes whole lines on and keeps the head and the newest tail of what is too large. Where lines were left
// out it writes a marker line with their exact number.
type cutter struct {
	w        io.Writer
	keep     Keep
	headDone bool
	headUsed int64
	tail     []byte
	start    int // first byte of tail that still counts
	bytes    int64
	lines    int64
	skipped  int64 // bytes before the first line that the caller left out without reading them
}

// Write takes one or more whole lines, or a piece of a very long one.
func (c *cutter) Write(p []byte) (int, error) {
	if !c.headDone {
		if c.headUsed+int64(len(p)) <= c.keep.Head {
			c.headUsed += int64(len(p))
			return c.w.Write(p)
		}
		c.headDone = true
	}
	if c.keep.Tail == 0 {
		c.drop(p)
		return len(p), nil
	}
	c.tail = append(c.tail, p...)
	for int64(len(c.tail)-c.start) > c.keep.Tail {
		c.evictLine()
	}
	if int64(c.start) > c.keep.Tail {
		c.tail = append(c.tail[:0], c.tail[c.start:]...)
		c.start = 0
	}
	return len(p), nil
}

func (c *cutter) evictLine() {
	end := len(c.tail)
	if n := bytes.IndexByte(c.tail[c.start:], '\n'); n >= 0 {
		end = c.start + n + 1
	}
	c.drop(c.tail[c.start:end])
	c.start = end
}

func (c *cutter) drop(p []byte) {
	c.bytes += int64(len(p))
	c.lines += int64(bytes.Count(p, []byte{'\n'}))
}

// finish writes the marker and the tail.
func (c *cutter) finish() error {
	if marker := c.marker(); marker != "" {
		if _, err := io.WriteString(c.w, marker); err != nil {
			return err
		}
	}
	_, err := c.w.Write(c.tail[c.start:])
	c.tail, c.start = nil, 0
	return err
}

func (c *cutter) marker() string {
	switch {
	case c.skipped > 0 && c.lines == 0:
		return fmt.Sprintf("[coldcase: %d bytes dropped here]\n", c.skipped+c.bytes)
	case c.skipped > 0:
		return fmt.Sprintf("[coldcase: %d bytes, more than %d lines dropped here]\n", c.skipped+c.bytes, c.lines)
	case c.bytes > 0:
		return fmt.Sprintf("[coldcase: %d bytes, %d lines dropped here]\n", c.bytes, c.lines)
	}
	return ""
}

// truncation describes what was left out, for the index; "" when nothing was.
func (c *cutter) truncation() string {
	where := "middle"
	if c.headUsed == 0 {
		where = "oldest"
	}
	if c.keep.Tail == 0 {
		where = "newest"
	}
	switch {
	case c.skipped > 0:
		return fmt.Sprintf("%s %d bytes", where, c.skipped+c.bytes)
	case c.bytes > 0:
		return fmt.Sprintf("%s %d bytes, %d lines", where, c.bytes, c.lines)
	}
	return ""
}
