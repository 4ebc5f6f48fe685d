package parsers

import (
	"strconv"
	"strings"

	"coldcase/fact"
)

// SoftnetCPU holds what one CPU did with received packets since boot.
// Source: /proc/net/softnet_stat (net/core/net-procfs.c, softnet_seq_show): hexadecimal columns, of which Linux 3.10 has
// ten, 4.x eleven, 5.10 and later thirteen and more. The first three never changed their meaning.
type SoftnetCPU struct {
	CPU       int64 `cel:"cpu" json:"cpu"`             // by its own column, which Linux has since 5.10, else by line
	Processed int64 `cel:"processed" json:"processed"` // packets
	Dropped   int64 `cel:"dropped" json:"dropped"`     // packets for which netdev_max_backlog left no room
	Squeezed  int64 `cel:"squeezed" json:"squeezed"`   // times that netdev_budget ended the work with packets left over
}

// FactKind implements fact.Value.
func (SoftnetCPU) FactKind() fact.Kind { return "softnet.cpu" }

// Counts implements Counted.
func (c SoftnetCPU) Counts() []Count {
	return []Count{
		{Name: "processed", CPU: c.CPU, Value: c.Processed}, {Name: "dropped", CPU: c.CPU, Value: c.Dropped},
		{Name: "squeezed", CPU: c.CPU, Value: c.Squeezed},
	}
}

var _ = register(Parser{
	Name:      "softnet-stat",
	Doc:       "/proc/net/softnet_stat (net/core/net-procfs.c)",
	Artifacts: []string{"node/softnet-stat"},
	Facts:     []fact.Value{SoftnetCPU{}},
	Parse:     parseSoftnet,
})

// softnetCPUColumn holds the CPU's number since Linux 5.10.
const softnetCPUColumn = 12

func parseSoftnet(in *Input) error {
	line := int64(0)
	for n, text, ok := in.Scan(); ok; n, text, ok = in.Scan() {
		columns := strings.Fields(text)
		if len(columns) < 9 {
			if isPrompt(text) {
				in.Skip(n, n)
			}
			continue
		}
		values, ok := hexColumns(columns)
		if !ok {
			continue
		}
		cpu := line
		if len(values) > softnetCPUColumn {
			cpu = values[softnetCPUColumn]
		}
		in.Emit(n, n, SoftnetCPU{CPU: cpu, Processed: values[0], Dropped: values[1], Squeezed: values[2]})
		line++
	}
	return nil
}

func hexColumns(columns []string) ([]int64, bool) {
	values := make([]int64, len(columns))
	for i, c := range columns {
		v, err := strconv.ParseInt(c, 16, 64)
		if err != nil || len(c) != 8 {
			return nil, false
		}
		values[i] = v
	}
	return values, true
}
