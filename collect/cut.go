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
	tail     ring
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
	for rest := p; len(rest) > 0; {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line = rest[:end+1]
		}
		c.push(line)
		rest = rest[len(line):]
	}
	return len(p), nil
}

// push adds one line to the tail, and drops the oldest ones for which there is no room any more.
func (c *cutter) push(line []byte) {
	for c.tail.n > 0 && int64(c.tail.n+len(line)) > c.keep.Tail {
		bytes, lines := c.tail.dropLine()
		c.bytes += int64(bytes)
		c.lines += int64(lines)
	}
	if int64(len(line)) > c.keep.Tail {
		c.drop(line)
		return
	}
	c.tail.push(line, int(c.keep.Tail))
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
	defer func() { c.tail = ring{} }()
	for _, part := range c.tail.parts() {
		if _, err := c.w.Write(part); err != nil {
			return err
		}
	}
	return nil
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
