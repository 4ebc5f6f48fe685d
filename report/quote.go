package report

import (
	"slices"
	"strings"

	"coldcase/analyze"
	"coldcase/fact"
)

const (
	quotesShown = 3  // quotations of one selection that are shown at once
	mergedLines = 14 // lines of a quotation that neighbours were joined to
)

// quote is one piece of evidence, line by line, or several whose surroundings overlap.
type quote struct {
	places  []fact.Source // in one file
	Pointer string
	At      string
	Node    string // where the path does not say it
	Alike   int64  // how many others it stands for
	Lines   []quoteLine
}

// Where names the place: "node-a/dmesg.txt:118", "node-a/dmesg.txt:118, 120-122".
func (q quote) Where() string {
	spans := slices.Clone(q.places[:1])
	for _, next := range q.places[1:] {
		if last := &spans[len(spans)-1]; next.First == last.Last+1 {
			last.Last = next.Last
		} else {
			spans = append(spans, next)
		}
	}
	text := spans[0].String()
	for _, s := range spans[1:] {
		text += ", " + strings.TrimPrefix(s.String(), s.Path+":")
	}
	return text
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
		s, q := &out[at], quoteOf(e)
		if n := len(s.First); n == 0 || !s.First[n-1].join(&q) {
			s.First = append(s.First, q)
		}
	}
	for i := range out {
		if s := &out[i]; len(s.First) > quotesShown {
			s.First, s.More = s.First[:quotesShown], s.First[quotesShown:]
		}
	}
	return out
}

// join takes next into q when it follows in the same file and the lines around both meet: nobody wants to read a line
// twice.
func (q *quote) join(next *quote) bool {
	n := len(q.Lines)
	if q.places[0].Path != next.places[0].Path || q.Node != next.Node || q.Pointer != "" || next.Pointer != "" || n == 0 || len(next.Lines) == 0 {
		return false
	}
	from, last := next.Lines[0].Number, q.Lines[n-1].Number
	if q.Lines[0].Number == 0 || from < q.Lines[0].Number || from > last+1 || next.Lines[len(next.Lines)-1].Number-q.Lines[0].Number >= mergedLines {
		return false
	}
	for _, l := range next.Lines {
		switch i := l.Number - q.Lines[0].Number; {
		case i < 0 || i > len(q.Lines) || i < len(q.Lines) && q.Lines[i].Number != l.Number:
			return false // lines without numbers of their own
		case i == len(q.Lines):
			q.Lines = append(q.Lines, l)
		case !l.Context:
			q.Lines[i] = l
		}
	}
	q.places = append(q.places, next.places...)
	q.Alike += next.Alike
	return true
}

func quoteOf(e *analyze.Evidence) quote {
	where := fact.Source{Path: e.Artifact, First: e.Lines[0], Last: e.Lines[1], Packet: e.Packet}
	q := quote{places: []fact.Source{where}, Pointer: e.Pointer, At: clock(e.At), Alike: max(e.Count-1, 0)}
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
