package collect

import (
	"bytes"
	"io"
)

// maxLine bounds how much of one line is held; a longer line is handed on in pieces.
const maxLine = 256 << 10

// lineEditor sees one line, or a piece of a very long one, with its line ending, and writes what replaces it.
// first is false for the later pieces of a line.
type lineEditor interface {
	edit(line []byte, first bool, w io.Writer) error
}

// byLine edits whole lines: what line makes of a line replaces it, nil drops it. Later pieces of a line share the fate of
// its first: they stay when it stayed as it was, else they go.
type byLine struct {
	line    func(line []byte) []byte
	changed bool
}

func (b *byLine) edit(line []byte, first bool, w io.Writer) error {
	if first {
		out := b.line(line)
		b.changed = !bytes.Equal(out, line)
		line = out
	} else if b.changed {
		return nil
	}
	_, err := w.Write(line)
	return err
}

// lineWriter cuts a stream into lines for an editor.
type lineWriter struct {
	editor lineEditor
	w      io.Writer
	buf    []byte
	inside bool // the buffer continues a line whose first piece was handed on
}

// Write implements io.Writer.
func (l *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			l.buf = append(l.buf, p...)
			return n, l.cutLong()
		}
		line := p[:end+1]
		if len(l.buf) > 0 {
			l.buf = append(l.buf, line...)
			line = l.buf
		}
		if err := l.editor.edit(line, !l.inside, l.w); err != nil {
			return 0, err
		}
		l.buf, l.inside = l.buf[:0], false
		p = p[end+1:]
	}
	return n, nil
}

// cutLong hands on the start of an over-long line, cut at a blank where there is one, so that a secret is less
// likely to be cut in two.
func (l *lineWriter) cutLong() error {
	for len(l.buf) > maxLine {
		cut := bytes.LastIndexAny(l.buf[:maxLine], " \t,\"'") + 1
		if cut == 0 {
			cut = maxLine
		}
		if err := l.editor.edit(l.buf[:cut], !l.inside, l.w); err != nil {
			return err
		}
		l.inside = true
		l.buf = append(l.buf[:0], l.buf[cut:]...)
	}
	return nil
}

// flush hands on a last line without line ending.
func (l *lineWriter) flush() error {
	if len(l.buf) == 0 {
		return nil
	}
	err := l.editor.edit(l.buf, !l.inside, l.w)
	l.buf, l.inside = nil, false
	return err
}
