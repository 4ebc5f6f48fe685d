package parsers

import (
	"bytes"
	"time"

	"coldcase/fact"
)

// Input is one artifact in front of its parser: its lines, numbered, and the places to put what was learned.
//
// Every line ends as emitted, skipped or unrecognised. Lines that the parser neither names in Emit nor in Skip
// count as unrecognised, so that a grammar which drifted away shows in the coverage report.
type Input struct {
	Artifact string    // canonical name, with its instance part: "node/ethtool-k/eth0"
	Path     string    // path for a person; parsers may take an object's name from it when the text has none
	Node     string    // node the artifact belongs to; empty for cluster artifacts
	At       time.Time // when it was collected; the anchor for ages and for stamps without a year
	Text     *fact.Text

	next   int // last line that Scan returned
	used   []uint8
	facts  []fact.Fact
	absent string
	part   string
}

const (
	lineSkipped = 1
	lineEmitted = 2
)

// NewInput prepares an artifact for parsing.
func NewInput(artifact, path, node string, at time.Time, text []byte) *Input {
	t := fact.NewText(text)
	return &Input{Artifact: artifact, Path: path, Node: node, At: at, Text: t, used: make([]uint8, t.Lines()+1)}
}

// Scan moves to the next line: its number, counted from 1, and its text without line ending and trailing blanks.
// The text is shared: it must not be changed. ok is false after the last line.
func (in *Input) Scan() (n int, line string, ok bool) {
	if in.next >= in.Text.Lines() {
		return 0, "", false
	}
	in.next++
	return in.next, string(bytes.TrimRight(in.Text.Line(in.next), " \t")), true
}

// Peek is the line that Scan would return next; "" at the end.
func (in *Input) Peek() string { return string(bytes.TrimRight(in.Text.Line(in.next+1), " \t")) }

// Emit records a fact learned from lines first to last, inclusive. Lines out of range are clipped.
func (in *Input) Emit(first, last int, v fact.Value) {
	in.EmitAt(first, last, "", time.Time{}, v)
}

// EmitAt is Emit with a JSON pointer (or "") and the time when the fact happened (or zero: the time of collection).
func (in *Input) EmitAt(first, last int, pointer string, at time.Time, v fact.Value) {
	first, last = max(1, first), min(last, in.Text.Lines())
	for n := first; n <= last; n++ {
		in.used[n] = lineEmitted
	}
	in.add(fact.Source{First: first, Last: max(first, last), Pointer: pointer, Text: in.Text}, at, v)
}

// EmitPacket records a fact learned from a capture; packet counts from 1.
func (in *Input) EmitPacket(packet int, at time.Time, v fact.Value) {
	in.add(fact.Source{Packet: packet}, at, v)
}

func (in *Input) add(src fact.Source, at time.Time, v fact.Value) {
	src.Artifact, src.Path = in.Artifact, in.Path
	f := fact.Fact{Kind: v.FactKind(), At: at, Source: src, Value: v}
	if f.At.IsZero() {
		f.At = in.At
	}
	f.Place.Node = in.Node
	if p, ok := v.(fact.Placed); ok {
		node := f.Place.Node
		f.Place = p.FactPlace()
		if f.Place.Node == "" && !f.Place.Unscheduled {
			f.Place.Node = node
		}
	}
	in.facts = append(in.facts, f)
}

// Skip marks lines first to last as understood and without a fact: headers, blank lines, comments.
func (in *Input) Skip(first, last int) {
	for n := max(1, first); n <= last && n < len(in.used); n++ {
		if in.used[n] == 0 {
			in.used[n] = lineSkipped
		}
	}
}

// Unrecognized marks a line as not understood, even when a fact was emitted over a span that holds it.
func (in *Input) Unrecognized(n int) {
	if n >= 1 && n < len(in.used) {
		in.used[n] = 0
	}
}

// Absent says that the artifact holds no data but the reason why there is none, such as "bash: ipvsadm: command
// not found". Absent is not empty: nothing may be concluded from it.
func (in *Input) Absent(reason string) {
	if in.absent == "" {
		in.absent = reason
	}
}

// Partial says that the artifact holds a part of what it should, and why the parser thinks so. What is in it counts;
// what is not in it proves nothing.
func (in *Input) Partial(reason string) {
	if in.part == "" {
		in.part = reason
	}
}

// Outcome is what became of an artifact.
type Outcome struct {
	Facts        []fact.Fact
	Absent       string // not empty: the artifact holds an error text instead of data
	Partial      string // not empty: the artifact is a part of what it should be
	Lines        int    // all lines
	Unrecognized int    // lines that were neither emitted nor skipped; blank lines never count
	Samples      []int  // numbers of the first unrecognised lines, at most 5
	Err          error  // nothing of it could be understood
}

// Run parses an artifact. It never panics: a parser that does is reported as the artifact's error.
func Run(p Parser, in *Input) (out Outcome) {
	defer func() {
		if r := recover(); r != nil {
			out = in.outcome()
			out.Err = panicError(p.Name, r)
		}
	}()
	if reason := collectionError(in); reason != "" && !p.Errors {
		in.Absent(reason)
		return in.outcome()
	}
	err := p.Parse(in)
	out = in.outcome()
	out.Err = err
	return out
}

func (in *Input) outcome() Outcome {
	out := Outcome{Facts: in.facts, Absent: in.absent, Partial: in.part, Lines: in.Text.Lines()}
	for n := 1; n <= in.Text.Lines(); n++ {
		if in.used[n] != 0 || len(bytes.TrimSpace(in.Text.Line(n))) == 0 {
			continue
		}
		out.Unrecognized++
		if len(out.Samples) < 5 {
			out.Samples = append(out.Samples, n)
		}
	}
	return out
}
