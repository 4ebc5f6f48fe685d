package parsers

import (
	"strings"
	"unicode/utf8"
)

// runtimeTable reads tables as docker and crictl print them: columns begin below the words of the header.
type runtimeTable struct {
	names  []string
	starts []int // in characters: an ellipsis in a cell is one
}

// runtimeHeader finds the known names in a header line, in their order; ok is false when the first is not at its beginning.
func runtimeHeader(line string, known []string) (t runtimeTable, ok bool) {
	at := 0
	for _, name := range known {
		i := strings.Index(line[at:], name)
		if i < 0 {
			continue
		}
		t.names = append(t.names, name)
		t.starts = append(t.starts, utf8.RuneCountInString(line[:at+i]))
		at += i + len(name)
	}
	return t, len(t.starts) > 1 && t.starts[0] == 0 && t.names[0] == known[0]
}

// row cuts a line at the columns. It is nil when the line has no second column, as an error text has none.
func (t runtimeTable) row(line string) map[string]string {
	chars := []rune(line)
	if len(t.starts) < 2 || len(chars) <= t.starts[1] {
		return nil
	}
	cells := map[string]string{}
	for i, name := range t.names {
		end := len(chars)
		if i+1 < len(t.starts) {
			end = min(end, t.starts[i+1])
		}
		if t.starts[i] < end {
			cells[name] = strings.TrimSpace(string(chars[t.starts[i]:end]))
		}
	}
	return cells
}

// runtimeShort is the beginning of an ID that every tool shows.
func runtimeShort(id string) string { return id[:min(len(id), 12)] }

// parseRuntimeTable walks a table and hands each row's cells to emit.
func parseRuntimeTable(in *Input, known []string, emit func(n int, cells map[string]string)) error {
	var table runtimeTable
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if t, header := runtimeHeader(line, known); header {
			table = t
			in.Skip(n, n)
			continue
		}
		if isPrompt(line) {
			in.Skip(n, n)
			continue
		}
		if cells := table.row(line); cells != nil {
			emit(n, cells)
		}
	}
	return nil
}
