//go:build linux

package collect

import (
	"io"
	"sync"
)

// sink takes an artifact's raw bytes from a program or file: it edits them line by line, redacts, cuts, and passes
// them on to the archive. Once closed it refuses bytes, so that an abandoned child cannot write into the archive.
type sink struct {
	mu     sync.Mutex
	chain  io.Writer
	lines  []*lineWriter // in the order of the stream
	cut    *cutter
	seen   int64
	err    error
	closed bool
}

// newText makes a sink for text. Editors mask what the artifact must not hold; the redactor always comes last.
func newText(w io.Writer, keep Keep, editors ...lineEditor) *sink {
	s := &sink{cut: &cutter{w: w, keep: keep.orDefault()}}
	s.chain = s.cut
	editors = append(editors, &redactor{})
	for i := len(editors) - 1; i >= 0; i-- {
		l := &lineWriter{editor: editors[i], w: s.chain}
		s.lines = append([]*lineWriter{l}, s.lines...)
		s.chain = l
	}
	return s
}

// newBinary makes a sink for a capture: the start is kept, byte for byte.
func newBinary(w io.Writer, keep Keep) *sink {
	s := &sink{cut: &cutter{w: w, keep: Keep{Head: keep.orDefault().Head}}}
	s.chain = s.cut
	return s
}

// Write implements io.Writer.
func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.err != nil {
		return 0, io.ErrClosedPipe
	}
	s.seen += int64(len(p))
	if _, err := s.chain.Write(p); err != nil {
		s.err = err
		return 0, err
	}
	return len(p), nil
}

// skip counts bytes that were left out before the first line without being read.
func (s *sink) skip(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen += n
	s.cut.skipped += n
}

// close writes what is still held back and returns how much came in and what was left out. The error is the
// archive's: it cannot be written any more.
func (s *sink) close() (seen int64, truncation string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, l := range s.lines {
		if s.err == nil {
			s.err = l.flush()
		}
	}
	if s.err == nil {
		s.err = s.cut.finish()
	}
	return s.seen, s.cut.truncation(), s.err
}

// count is how many bytes came in so far.
func (s *sink) count() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}
