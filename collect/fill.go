//go:build linux

package collect

import "time"

// How old what is held back by an encryption may get: between artifacts, in front of a program, and in front of what
// takes several steps or samples. Each time costs up to a chunk of padding.
const (
	fillEvery   = time.Second
	fillProgram = 200 * time.Millisecond
	fillSteps   = 20 * time.Millisecond
)

// fillBefore pushes on what was gathered in front of an artifact that may take long.
func (s *session) fillBefore(a Artifact) {
	switch {
	case a.Gather != nil:
		s.fill(fillSteps)
	case len(a.Argv) > 0:
		s.fill(fillProgram)
	}
}

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
