package analyze

import (
	"sort"
	"time"

	"coldcase/fact"
)

// row is one item of a selection: a fact, or a group of log records that agree in every captured value.
type row struct {
	place   fact.Place
	at      time.Time // when it happened or was sampled; zero when unknown
	dated   bool      // at comes from the evidence itself, not from the time of collection
	taken   time.Time // when its artifact was collected
	last    time.Time // of the last occurrence; at for single facts
	count   int64     // occurrences
	atLeast bool      // count is a lower bound
	times   []time.Time
	monos   []time.Duration // since boot, of occurrences that have no other time
	value   fact.Value
	vars    map[string]any // captures and log fields, typed
	source  fact.Source
	more    []fact.Source // further sources of a derived fact
	logs    []*row        // log records that it was derived from
	samples []sample      // of a log group: the first ones and the last
}

// sample is one log line that a row stands for.
type sample struct {
	at     time.Time
	mono   time.Duration
	source fact.Source
	raw    string
	mark   [2]int // byte range of raw that matched; 0,0 when the text was unwrapped first
	before []string
	after  []string
}

// sortRows orders rows by where their evidence stands, so that nothing depends on the order of reading.
func sortRows(rows []*row) {
	sort.SliceStable(rows, func(i, j int) bool { return lessSource(rows[i].source, rows[j].source) })
}

func lessSource(a, b fact.Source) bool {
	switch {
	case a.Path != b.Path:
		return a.Path < b.Path
	case a.First != b.First:
		return a.First < b.First
	case a.Packet != b.Packet:
		return a.Packet < b.Packet
	case a.Last != b.Last:
		return a.Last < b.Last
	}
	return a.Pointer < b.Pointer
}
