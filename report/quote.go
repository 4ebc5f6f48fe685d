package report

import (
	"strings"

	"coldcase/analyze"
	"coldcase/fact"
)

// quotesShown is how many quotations of one selection are shown at once.
const quotesShown = 3

// quote is one piece of evidence, line by line.
type quote struct {
	Where   string // "node-a/dmesg.txt:118"
	Pointer string
	At      string
	Node    string // where the path does not say it
	Alike   int64  // how many others it stands for
	Lines   []quoteLine
}

// quoteLine is a line of a quotation; Number is 0 where lines have none.
type quoteLine struct {
	Number   int
	Context  bool // around the quotation, not part of it
	Segments []segment
}

type segment struct {
	Text string
	Mark bool
}

// selection is the quotations that one selection of the signature made.
type selection struct {
	Name  string
	First []quote
	More  []quote
}

func selections(evidence []analyze.Evidence) []selection {
	var out []selection
	place := map[string]int{}
	for i := range evidence {
		e := &evidence[i]
		at, ok := place[e.Selection]
		if !ok {
			at = len(out)
			place[e.Selection] = at
			out = append(out, selection{Name: e.Selection})
		}
		if s := &out[at]; len(s.First) < quotesShown {
			s.First = append(s.First, quoteOf(e))
		} else {
			s.More = append(s.More, quoteOf(e))
		}
	}
	return out
}

func quoteOf(e *analyze.Evidence) quote {
	where := fact.Source{Path: e.Artifact, First: e.Lines[0], Last: e.Lines[1], Packet: e.Packet}
	q := quote{Where: where.String(), Pointer: e.Pointer, At: clock(e.At), Alike: max(e.Count-1, 0)}
	if e.Node != "" && !strings.Contains(e.Artifact, e.Node) {
		q.Node = e.Node
	}
	first := e.Lines[0]
	for i, text := range e.Before {
		number := 0
		if n := first - len(e.Before) + i; first > 0 && n > 0 {
			number = n
		}
		q.Lines = append(q.Lines, quoteLine{Number: number, Context: true, Segments: []segment{{Text: strings.ReplaceAll(text, "\n", "␊")}}})
	}
	offset := 0
	for i, text := range strings.Split(strings.TrimSuffix(e.Text, "\n"), "\n") {
		number := 0
		if first > 0 && first+i <= max(e.Lines[1], first) {
			number = first + i
		}
		q.Lines = append(q.Lines, quoteLine{Number: number, Segments: segments(text, offset, e.Mark)})
		offset += len(text) + 1
	}
	for i, text := range e.After {
		number := 0
		if last := max(e.Lines[1], first); last > 0 {
			number = last + 1 + i
		}
		q.Lines = append(q.Lines, quoteLine{Number: number, Context: true, Segments: []segment{{Text: strings.ReplaceAll(text, "\n", "␊")}}})
	}
	return q
}

// segments cuts the line that starts at byte offset of its text where marks begin and end. Marks are sorted and apart.
func segments(line string, offset int, marks [][2]int) []segment {
	var out []segment
	at := 0
	for _, m := range marks {
		from, to := max(m[0]-offset, at), min(m[1]-offset, len(line))
		if from >= to {
			continue
		}
		if from > at {
			out = append(out, segment{Text: line[at:from]})
		}
		out = append(out, segment{Text: line[from:to], Mark: true})
		at = to
	}
	if at < len(line) || len(out) == 0 {
		out = append(out, segment{Text: line[at:]})
	}
	return out
}

// selectionName is a selection's name for a person.
func selectionName(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "_", " "), "-", " ")
}
