package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// PressureStall is one line of a pressure file: the share of time in which tasks waited for a resource.
// Source: Documentation/accounting/psi.rst; Linux has it since 4.20.
type PressureStall struct {
	Resource string  `cel:"resource" json:"resource"` // cpu, io, memory, irq
	Full     bool    `cel:"full" json:"full"`         // all tasks waited at once; else some did
	Avg10    float64 `cel:"avg10" json:"avg10"`       // percent, of the last 10 seconds
	Avg60    float64 `cel:"avg60" json:"avg60"`
	Avg300   float64 `cel:"avg300" json:"avg300"`
	Total    int64   `cel:"total" json:"total"` // microseconds since boot
}

// FactKind implements fact.Value.
func (PressureStall) FactKind() fact.Kind { return "pressure.stall" }

// Counts implements Counted.
func (p PressureStall) Counts() []Count {
	name := p.Resource + ".some"
	if p.Full {
		name = p.Resource + ".full"
	}
	return []Count{{Name: name, CPU: -1, Value: p.Total}}
}

var _ = register(Parser{
	Name:      "pressure",
	Doc:       "/proc/pressure/cpu, io and memory (Documentation/accounting/psi.rst)",
	Artifacts: []string{"node/pressure-cpu", "node/pressure-io", "node/pressure-memory"},
	Facts:     []fact.Value{PressureStall{}},
	Parse:     parsePressure,
})

var pressureLine = regexp.MustCompile(`^(some|full) avg10=(\d+\.\d+) avg60=(\d+\.\d+) avg300=(\d+\.\d+) total=(\d+)$`)

func parsePressure(in *Input) error {
	name, _ := artifactParts(in.Artifact)
	resource := strings.TrimPrefix(name, "node/pressure-")
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := pressureLine.FindStringSubmatch(line)
		if m == nil {
			if isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		p := PressureStall{Resource: resource, Full: m[1] == "full"}
		for i, to := range []*float64{&p.Avg10, &p.Avg60, &p.Avg300} {
			*to, _ = strconv.ParseFloat(m[i+2], 64) // the expression lets only digits pass
		}
		total, err := strconv.ParseInt(m[5], 10, 64)
		if p.Total = total; err == nil {
			in.Emit(n, n, p)
		}
	}
	return nil
}
