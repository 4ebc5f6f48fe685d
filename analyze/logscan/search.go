package logscan

import (
	"bytes"
	"slices"
	"time"

	"coldcase/parsers"
)

const (
	lookBack  = 20       // lines before an undated one that may lend it their time
	datedEnds = 8        // lines at the ends of a block that are tried for a time
	bootTail  = 16 << 10 // bytes at the end of a block that are tried for a kernel line
)

// search looks through one block. It runs beside the reader and other searches; the scan is only read.
func (s *scan) search(b *block) {
	c := candidate{s: s, b: b, counted: b.lead}
	text := b.buf[b.lead:b.end]
	s.m.filter.find(text, func(literal int32, at int) {
		at += b.lead
		if at >= c.end {
			c.judge()
			c.open(at)
		}
		c.add(literal)
	})
	c.judge()
	b.newlines = c.lines + count(b.buf[c.counted:b.end])
	if b.cut {
		b.newlines++
	}
	s.dates(b)
	s.writers(b)
}

// candidate is the record that holds the literals found last.
type candidate struct {
	s          *scan
	b          *block
	start, end int // in the block; the record's end is exclusive and without its newline
	patterns   []int32
	binary     bool
	counted    int   // offset up to which newlines are counted
	lines      int64 // newlines before counted
}

// open finds the bounds of the record around an offset.
func (c *candidate) open(at int) {
	buf, from := c.b.buf[:c.b.end], c.b.lead
	c.patterns, c.binary = c.patterns[:0], false
	if c.s.format.Multiline {
		c.start, c.end = from, len(buf)
		if p := bytes.LastIndex(buf[from:at], entryStart); p >= 0 {
			c.start = from + p + 2
		}
		if p := bytes.Index(buf[at:], entryStart); p >= 0 {
			c.end = at + p + 1
		}
		return
	}
	c.start = from + bytes.LastIndexByte(buf[from:at], '\n') + 1
	c.end = len(buf)
	if p := bytes.IndexByte(buf[at:], '\n'); p >= 0 {
		c.end = at + p
	}
}

func (c *candidate) add(literal int32) {
	if literal >= c.s.m.binary {
		c.binary = true
		return
	}
	c.patterns = append(c.patterns, c.s.m.byLiteral[literal]...)
}

// judge takes the record apart and tries the patterns whose literals it holds.
func (c *candidate) judge() {
	if len(c.patterns) == 0 && !c.binary {
		return
	}
	c.b.candidates++
	var rec parsers.Record
	raw, at := c.s.parse(c.b, c.start, c.end, &rec)
	if c.binary {
		c.s.m.filter.find(rec.Message, func(literal int32, _ int) {
			if literal < c.s.m.binary {
				c.patterns = append(c.patterns, c.s.m.byLiteral[literal]...)
			}
		})
	}
	slices.Sort(c.patterns)
	c.patterns = slices.Compact(c.patterns)
	source := parsers.LogSource(c.s.ctx.Artifact, c.s.program, &rec)
	if rec.Kernel && rec.HasMono && !rec.Time.IsZero() {
		c.b.boot = rec.Time.Add(-rec.Mono)
	}
	var message []byte
	for _, p := range c.patterns {
		pattern := &c.s.m.patterns[p]
		if len(pattern.sources) > 0 && !slices.Contains(pattern.sources, source) {
			continue
		}
		groups := pattern.re().FindSubmatchIndex(rec.Message)
		if groups == nil {
			continue
		}
		if message == nil {
			message = bytes.Clone(rec.Message)
			c.lines += count(c.b.buf[c.counted:at])
			c.counted = at
		}
		c.b.wrote(source)
		h := Hit{Pattern: int(p), Line: c.lines + 1, Record: rec, Raw: string(cutTo(raw, maxRaw)), Groups: groups, Source: source}
		h.Record.Message = message
		h.Before, h.After = c.s.before(c.b, c.start), c.s.after(c.b, c.end)
		c.b.add(h)
	}
}

// parse takes the record in buf[start:end] apart. raw is the line that shows its message, and at that line's offset in
// the block.
func (s *scan) parse(b *block, start, end int, rec *parsers.Record) (raw []byte, at int) {
	raw = bytes.TrimSuffix(b.buf[start:end], []byte{'\r'})
	fits := parsers.ParseLog(&s.format, &s.ctx, raw, rec)
	if s.format.Multiline {
		offset, length := parsers.ExportMessage(raw)
		line := bytes.LastIndexByte(raw[:offset], '\n') + 1
		if offset-line == len("MESSAGE=") {
			return raw[line : offset+length], start + line
		}
		return raw[offset : offset+length], start + offset
	}
	if !fits && rec.Time.IsZero() {
		s.inherit(b, start, rec)
	}
	return raw, start
}

// inherit dates a line that its format does not know from the last line before it that it knows: stack traces and other
// texts of several lines. An indented line also has the writer of that line.
func (s *scan) inherit(b *block, start int, rec *parsers.Record) {
	indented := start < b.end && (b.buf[start] == ' ' || b.buf[start] == '\t')
	for end, n := start, 0; n < lookBack; n++ {
		begin, ok := lineBefore(b, end, start)
		if !ok {
			return
		}
		var other parsers.Record
		if line := bytes.TrimRight(b.buf[begin:end], "\r\n"); s.format.Parse(&s.ctx, line, &other) && !other.Time.IsZero() {
			rec.Time = other.Time
			if indented {
				rec.Host, rec.Ident, rec.Stream, rec.Kernel = other.Host, other.Ident, other.Stream, other.Kernel
			}
			return
		}
		end = begin
	}
}

// lineBefore finds the start of the line that ends at end, which must not lie more than contextMax before origin.
func lineBefore(b *block, end, origin int) (int, bool) {
	if end <= 0 {
		return 0, false
	}
	low := max(0, origin-leadLen)
	begin := low + bytes.LastIndexByte(b.buf[low:end-1], '\n') + 1
	if begin == low && !(low == 0 && b.origin) {
		return 0, false
	}
	return begin, true
}

// before quotes the lines, or messages of entries, before an offset.
func (s *scan) before(b *block, start int) []string {
	var out []string
	if s.format.Multiline {
		low := max(0, start-contextMax)
		for end := start; len(out) < contextLen && end > low; {
			p := bytes.LastIndex(b.buf[low:end-1], entryStart)
			if p < 0 {
				break
			}
			entry := b.buf[low+p+2 : end]
			offset, length := parsers.ExportMessage(entry)
			out = append(out, string(cutTo(entry[offset:offset+length], maxContext)))
			end = low + p + 2
		}
	} else {
		for end := start; len(out) < contextLen; {
			begin, ok := lineBefore(b, end, start)
			if !ok {
				break
			}
			out = append(out, string(cutTo(bytes.TrimRight(b.buf[begin:end], "\r\n"), maxContext)))
			end = begin
		}
	}
	slices.Reverse(out)
	return out
}

// after quotes the lines, or messages of entries, after the end of a record.
func (s *scan) after(b *block, end int) []string {
	var out []string
	if b.cut || end >= b.filled {
		return nil
	}
	rest := b.buf[end+1 : min(end+1+contextMax, b.filled)]
	whole := end+1+len(rest) == b.filled && b.last
	sep := []byte{'\n'}
	if s.format.Multiline {
		rest, sep = bytes.TrimPrefix(rest, sep), entryStart
	}
	for len(rest) > 0 && len(out) < contextLen {
		line, next, ended := bytes.Cut(rest, sep)
		if s.format.Multiline {
			offset, length := parsers.ExportMessage(line)
			line = line[offset : offset+length]
		}
		if !ended && !whole && len(line) < maxContext {
			break
		}
		out = append(out, string(cutTo(bytes.TrimRight(line, "\r\n"), maxContext)))
		rest = next
	}
	return out
}

// dates notes the first and the last time of a block, and what its last kernel line tells about the boot.
func (s *scan) dates(b *block) {
	var rec parsers.Record
	if s.format.Name == "plain" || s.format.Multiline && b.cut {
		return
	}
	text := b.buf[b.lead:b.end]
	if b.first {
		b.firstTime = s.firstDate(text)
	}
	for end, n := len(text), 0; end > 0 && n < datedEnds; n++ {
		begin := recordStart(text[:end], s.format.Multiline)
		if s.format.Parse(&s.ctx, bytes.TrimRight(text[begin:end], "\n"), &rec) && !rec.Time.IsZero() {
			b.lastTime = rec.Time
			break
		}
		end = begin
	}
	if s.ctx.Boot.IsZero() && !s.format.Multiline {
		if t := s.kernelBoot(text[max(0, len(text)-bootTail):]); !t.IsZero() {
			b.boot = t
		}
	}
}

func recordStart(text []byte, multiline bool) int {
	if multiline {
		if p := bytes.LastIndex(text[:len(text)-1], entryStart); p >= 0 {
			return p + 2
		}
		return 0
	}
	return bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
}

func (s *scan) firstDate(text []byte) time.Time {
	var rec parsers.Record
	sep := []byte{'\n'}
	if s.format.Multiline {
		sep = entryStart
	}
	for n := 0; n < 8*datedEnds && len(text) > 0; n++ {
		line, rest, _ := bytes.Cut(text, sep)
		if s.format.Parse(&s.ctx, line, &rec) && !rec.Time.IsZero() {
			return rec.Time
		}
		text = rest
	}
	return time.Time{}
}

// kernelBoot reads the boot time from the last line that carries both a wall time and the kernel's own stamp.
func (s *scan) kernelBoot(text []byte) time.Time {
	for n := 0; n < datedEnds; n++ {
		at := bytes.LastIndex(text, []byte("kernel: ["))
		if at < 0 {
			break
		}
		begin := bytes.LastIndexByte(text[:at], '\n') + 1
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at
		}
		var rec parsers.Record
		if s.format.Parse(&s.ctx, text[begin:at+end], &rec) && rec.Kernel && rec.HasMono && !rec.Time.IsZero() {
			return rec.Time.Add(-rec.Mono)
		}
		text = text[:begin]
	}
	return time.Time{}
}

func count(b []byte) int64 { return int64(bytes.Count(b, []byte{'\n'})) }

func cutTo(b []byte, n int) []byte {
	if len(b) > n {
		return b[:n]
	}
	return b
}
