package analyze

import (
	"fmt"
	"sync"

	"coldcase/analyze/logscan"
	"coldcase/fact"
)

// Set is signatures made ready: their log patterns in one matcher, their conditions compiled when first needed. It may
// serve several analyses, at the same time too.
type Set struct {
	sigs     []*Signature
	patterns []logPattern
	byKey    map[string]int // "kind\x00expression" -> pattern
	matcher  *logscan.Matcher
	compiler func() (*compiler, error)

	mu       sync.Mutex
	programs map[string]*program
	makers   sync.Map // fact.Kind -> []string, see producers
}

// logPattern is one expression of any signature; signatures that say the same share it.
type logPattern struct {
	expr string
	kind fact.Kind
}

// NewSet prepares signatures. It fails when a log pattern cannot be searched for.
func NewSet(sigs []*Signature) (*Set, error) {
	s := &Set{
		sigs: sigs, byKey: map[string]int{}, programs: map[string]*program{},
		compiler: sync.OnceValues(func() (*compiler, error) { return newCompiler(zeroFacts(parserFacts())) }),
	}
	s.want(&suppressed)
	for _, sel := range derivedFrom {
		s.want(sel)
	}
	for _, sig := range sigs {
		for i := range sig.Select {
			s.want(&sig.Select[i])
		}
	}
	pats := make([]logscan.Pattern, len(s.patterns))
	for i, p := range s.patterns {
		pats[i] = logscan.Pattern{Expr: p.expr, Sources: logSources(p.kind)}
	}
	m, err := logscan.New(pats)
	if err != nil {
		return nil, fmt.Errorf("log patterns: %w", err)
	}
	s.matcher = m
	return s, nil
}

// want adds the patterns of a selection, once each.
func (s *Set) want(sel *Selection) {
	if !sel.isLog() {
		return
	}
	for _, expr := range sel.Pattern {
		key := string(sel.From) + "\x00" + expr
		if _, ok := s.byKey[key]; ok {
			continue
		}
		s.byKey[key] = len(s.patterns)
		s.patterns = append(s.patterns, logPattern{expr: expr, kind: sel.From})
	}
}

// producers is the function of that name, remembered: it is asked for every signature and subject.
func (s *Set) producers(kind fact.Kind) []string {
	if names, ok := s.makers.Load(kind); ok {
		return names.([]string)
	}
	names := producers(kind)
	s.makers.Store(kind, names)
	return names
}

// program compiles a signature, once.
func (s *Set) program(sig *Signature) (*program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.programs[sig.ID]; ok {
		return p, nil
	}
	c, err := s.compiler()
	if err != nil {
		return nil, err
	}
	p, err := c.compile(sig)
	if err != nil {
		return nil, err
	}
	s.programs[sig.ID] = p
	return p, nil
}
