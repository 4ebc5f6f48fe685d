package logscan

import (
	"bytes"

	"coldcase/parsers"
)

// Records per block whose writer is looked at besides those that are taken apart anyway: more in a log's first block, so
// that a short log is known whole.
const (
	writersFirst = 512
	writersMore  = 32
)

// writers notes who wrote records spread evenly over a block. A program that writes little may be overlooked: then it
// counts as one whose log is not there.
func (s *scan) writers(b *block) {
	if s.program != "" || s.format.Name == "plain" {
		return
	}
	text := b.buf[b.lead:b.end]
	samples := writersMore
	if b.first {
		samples = writersFirst
	}
	step := max(1, len(text)/samples)
	for at := 0; at < len(text); {
		begin, end := s.recordAt(text, at)
		var rec parsers.Record
		if s.format.Parse(&s.ctx, bytes.TrimSuffix(text[begin:end], []byte{'\r'}), &rec) {
			b.wrote(parsers.LogSource(s.ctx.Artifact, s.program, &rec))
		}
		at = max(at+step, end+1)
	}
}

// recordAt finds the bounds of the record around an offset.
func (s *scan) recordAt(text []byte, at int) (begin, end int) {
	sep := []byte{'\n'}
	if s.format.Multiline {
		sep = entryStart
	}
	begin, end = 0, len(text)
	if p := bytes.LastIndex(text[:at], sep); p >= 0 {
		begin = p + len(sep)
	}
	if s.format.Multiline && begin > 0 {
		begin -= len("__CURSOR=")
	}
	if p := bytes.Index(text[at:], sep); p >= 0 {
		end = at + p
	}
	return begin, end
}

func (f *found) wrote(source string) {
	if f.sources == nil {
		f.sources = map[string]bool{}
	}
	f.sources[source] = true
}
