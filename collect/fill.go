//go:build linux

package collect

import "time"

// How old what is held back by an encryption may get: between artifacts, and in front of one that may take long. Each
// time costs up to a chunk of padding.
const (
	fillEvery  = time.Second
	fillBefore = 200 * time.Millisecond
)

// fill pushes the artifacts that were ended through an encryption, when that was last done so long ago.
func (s *session) fill(after time.Duration) {
	if s.opts.Chunk == 0 || s.fatal != nil || time.Since(s.filled) < after {
		return
	}
	if err := s.w.Fill(s.opts.Chunk); err != nil {
		s.fatal = err
	}
	s.filled = time.Now()
}
