package parsers

import (
	"strconv"
	"strings"

	"coldcase/fact"
)

// VmstatCounter is one line of /proc/vmstat. Names that begin with nr_ are gauges in pages, but for a few; all others
// count since boot. Source: mm/vmstat.c (vmstat_text).
type VmstatCounter struct {
	Name  string `cel:"name" json:"name"` // "allocstall_normal", "compact_fail", "oom_kill"
	Value int64  `cel:"value" json:"value"`
}

// FactKind implements fact.Value.
func (VmstatCounter) FactKind() fact.Kind { return "vmstat.counter" }

// Counts implements Counted.
func (c VmstatCounter) Counts() []Count {
	if strings.HasPrefix(c.Name, "nr_") && c.Name != "nr_dirtied" && c.Name != "nr_written" {
		return nil
	}
	return []Count{{Name: c.Name, CPU: -1, Value: c.Value}}
}

var _ = register(Parser{
	Name:      "vmstat",
	Doc:       "/proc/vmstat (proc(5), mm/vmstat.c)",
	Artifacts: []string{"node/vmstat"},
	Facts:     []fact.Value{VmstatCounter{}},
	Parse:     parseVmstat,
})

func parseVmstat(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		name, text, _ := strings.Cut(line, " ")
		value, err := strconv.ParseInt(text, 10, 64)
		if name != "" && err == nil {
			in.Emit(n, n, VmstatCounter{Name: name, Value: value})
		} else if isPrompt(line) {
			in.Skip(n, n)
		}
	}
	return nil
}
