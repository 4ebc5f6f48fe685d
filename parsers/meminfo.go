package parsers

import (
	"regexp"
	"strconv"

	"coldcase/fact"
)

// MeminfoValue is one line of /proc/meminfo. Source: Documentation/filesystems/proc.rst, "meminfo".
type MeminfoValue struct {
	Name string `cel:"name" json:"name"` // "MemAvailable", "HugePages_Total"
	KB   int64  `cel:"kb" json:"kb"`     // KiB; a plain count when Unit is empty
	Unit string `cel:"unit" json:"unit"` // "kB", or empty for counts such as HugePages_Total
}

// FactKind implements fact.Value.
func (MeminfoValue) FactKind() fact.Kind { return "meminfo.value" }

var _ = register(Parser{
	Name:      "meminfo",
	Doc:       "/proc/meminfo, memory in use by purpose (Documentation/filesystems/proc.rst)",
	Artifacts: []string{"node/meminfo"},
	Facts:     []fact.Value{MeminfoValue{}},
	Parse:     parseMeminfo,
})

var meminfoLine = regexp.MustCompile(`^\s*([A-Z][\w()]*):\s+(\d+)(?:\s+(kB))?$`)

func parseMeminfo(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := meminfoLine.FindStringSubmatch(line)
		if m == nil {
			if isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		value, err := strconv.ParseInt(m[2], 10, 64)
		if err != nil {
			continue
		}
		in.Emit(n, n, MeminfoValue{Name: m[1], KB: value, Unit: m[3]})
	}
	return nil
}
