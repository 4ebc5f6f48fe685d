//go:build linux

package collect

import (
	"context"
	"path"
	"strings"
	"time"
)

// second is what is known about the second sample of the counters.
type second struct {
	first time.Time // when the last of the first samples was taken; zero while some are missing
	taken bool
}

// takeSecond takes the counters again as soon as the interval has passed since the first time. At the end of the
// plan it waits for that.
func (s *session) takeSecond(ctx context.Context, wait bool) {
	if s.opts.Interval <= 0 || s.opts.NoNode || s.second.taken || s.fatal != nil {
		return
	}
	if s.second.first.IsZero() && (wait || s.sampledAll()) {
		s.second.first = time.Now()
	}
	if s.second.first.IsZero() || !s.planned() {
		return
	}
	left := s.opts.Interval - time.Since(s.second.first)
	if left > 0 && !wait {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(left):
	}
	s.second.taken = true
	for _, a := range Artifacts() {
		if reason, _ := s.opts.excludes(a); !a.Twice || reason != "" || s.fatal != nil {
			continue // what is not wanted was listed once
		}
		a.again = true
		s.collect(ctx, a)
	}
}

// sampledAll reports whether every counter was taken once.
func (s *session) sampledAll() bool {
	done := map[string]bool{}
	for _, e := range s.entries {
		done[e.Artifact] = true
		if parts := strings.SplitN(e.Artifact, "/", 3); len(parts) == 3 {
			done[parts[0]+"/"+parts[1]] = true
		}
	}
	for _, a := range Artifacts() {
		if a.Twice && !done[a.Name] {
			return false
		}
	}
	return true
}

// planned reports whether any counter is wanted at all, so that nobody waits for nothing.
func (s *session) planned() bool {
	for _, a := range Artifacts() {
		if reason, _ := s.opts.excludes(a); a.Twice && reason == "" {
			return true
		}
	}
	return false
}

// sampled is the name and path of an entry, which differ for the second sample: "node/nstat/second" in
// "node/nstat.second.txt".
func (a Artifact) sampled(name, file string) (string, string) {
	if !a.again {
		return name, file
	}
	ext := path.Ext(file)
	return name + "/second", strings.TrimSuffix(file, ext) + ".second" + ext
}
