// Package logscan finds the lines of logs that any of many patterns matches.
//
// All patterns share one pass over the raw bytes: a filter finds texts that a match must hold, only lines with such a
// text are cut out and taken apart, and only the patterns whose text was found are tried on the line's message. The cost
// hardly depends on the number of patterns. The package judges nothing, keeps no line, and knows no signature.
package logscan

import (
	"fmt"
	"io"
	"regexp"
	"sync"
	"time"

	"coldcase/parsers"
)

const (
	maxRaw     = 4 << 10 // bytes of Hit.Raw
	maxContext = 512     // bytes of a context line
	contextLen = 2       // context lines on either side
)

// Pattern is one RE2 expression, which is matched against the message of a record: the innermost text, without stamps,
// host, program and klog header, and with all escapes undone. klog's structured lines, logrus text and JSON logs share one
// shape, "text" key="value" number=4; a text alone stands without quotes. The prefilter sees raw lines: it relies on
// letters, digits and most punctuation being written as they are, which holds for what log libraries write.
type Pattern struct {
	Expr    string
	Sources []string // classes that parsers.LogSource returns; empty: any
}

// Matcher finds many patterns at once. It may be used by several goroutines at the same time.
type Matcher struct {
	patterns  []compiled
	filter    *filter
	byLiteral [][]int32 // patterns by literal
	binary    int32     // first literal that marks a message written as numbers
	blocks    sync.Pool
}

// compiled is a pattern whose expression is compiled when its literal is found for the first time: of many patterns, a
// log has the literals of few.
type compiled struct {
	re      func() *regexp.Regexp
	sources []string
}

// binaryMarks stand in a line of the journal's JSON whose message is written as an array of numbers. No literal of a
// pattern can be seen in it before it is decoded.
var binaryMarks = []string{`"MESSAGE":[`, `"MESSAGE" : [`}

// New prepares the search. Patterns may repeat. An error names the index of the pattern that cannot be used and why: it
// does not compile, or Literals refuses it.
func New(patterns []Pattern) (*Matcher, error) {
	m := &Matcher{}
	index := map[string]int32{}
	var literals []string
	for i, p := range patterns {
		lits, err := Literals(p.Expr) // this also tells whether the expression parses
		if err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i, err)
		}
		re := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(p.Expr) })
		m.patterns = append(m.patterns, compiled{re: re, sources: p.Sources})
		for _, lit := range lits {
			n, known := index[lit]
			if !known {
				n = int32(len(literals))
				index[lit] = n
				literals = append(literals, lit)
				m.byLiteral = append(m.byLiteral, nil)
			}
			m.byLiteral[n] = append(m.byLiteral[n], int32(i))
		}
	}
	m.binary = int32(len(literals))
	m.filter = newFilter(append(literals, binaryMarks...))
	m.blocks.New = func() any { return new(block) }
	return m, nil
}

// GroupNames lists the names of a pattern's groups in order, "" for an unnamed one, without the whole match.
func (m *Matcher) GroupNames(pattern int) []string { return m.patterns[pattern].re().SubexpNames()[1:] }

// Hit is a record that a pattern matches.
type Hit struct {
	Pattern int            // index into the patterns given to New
	Line    int64          // from 1; in a journal export the line of the MESSAGE field
	Record  parsers.Record // its Message is a copy
	Raw     string         // the line as written, cut at 4 KiB; in a journal export the MESSAGE field
	Groups  []int          // pairs of offsets into Record.Message, as regexp.FindSubmatchIndex returns them
	Before  []string       // up to 2 raw lines before it, each cut at 512 bytes; lines more than 4 KiB away are left out
	After   []string       // up to 2 raw lines after it
	Source  string         // class of the writer, as parsers.LogSource returns it
}

// Stats are what a scan saw.
type Stats struct {
	Lines      int64
	Bytes      int64
	Format     string          // name of the log format
	Candidates int64           // records that were taken apart
	TooLong    int64           // lines longer than 1 MiB, of which only the beginning was searched
	First      time.Time       // earlier one of the first and the last dated line, zero without any
	Last       time.Time       // later one
	Sources    map[string]bool // who wrote some of the records that were looked at, as parsers.LogSource returns it
	Boot       time.Time       // wall time of kernel time zero: of the context, else from the last dated kernel line that tells it
}

// Scan searches a log. It calls emit for every match, ordered by line and then by pattern, from the calling goroutine;
// an error of emit ends the scan and is returned. ctx.Artifact and path decide the class of each record. When r fails,
// everything before is searched and the error is returned. Memory is a few blocks of 1 MiB, whatever the log's size.
func (m *Matcher) Scan(r io.Reader, ctx *parsers.LogContext, path string, emit func(*Hit) error) (Stats, error) {
	s := newScan(m, ctx, path, emit)
	err := s.run(r)
	return s.stats, err
}
