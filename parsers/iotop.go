package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// iotopProcesses is how many processes are kept of each sample.
const iotopProcesses = 15

// IotopProcess is a process or thread that reads or writes. Source: iotop(8) in batch mode.
type IotopProcess struct {
	Sample      int64   `cel:"sample" json:"sample"` // from 1
	PID         int64   `cel:"pid" json:"pid"`       // of the thread, without -P
	User        string  `cel:"user" json:"user"`
	Accumulated bool    `cel:"accumulated" json:"accumulated"` // sums since iotop began (-a), else per second
	ReadKB      float64 `cel:"readKB" json:"readKB"`           // KiB
	WriteKB     float64 `cel:"writeKB" json:"writeKB"`         // KiB
	IO          float64 `cel:"io" json:"io"`                   // percent of its time that it waited for a disk; 0 when the kernel does not count it
	Command     string  `cel:"command" json:"command"`
	// Kernel is set for the kernel's own threads, which write what others left to them.
	Kernel bool `cel:"kernel" json:"kernel"`
}

// FactKind implements fact.Value.
func (IotopProcess) FactKind() fact.Kind { return "iotop.process" }

var _ = register(Parser{
	Name:      "iotop",
	Doc:       "iotop -b, also with -o, -P and -a (iotop(8))",
	Artifacts: []string{"node/iotop"},
	Facts:     []fact.Value{IotopProcess{}},
	Parse:     parseIotop,
})

var (
	iotopTotal = regexp.MustCompile(`^(?:\d\d:\d\d:\d\d )?(?:Total|Actual|Current) DISK READ`)
	iotopHead  = regexp.MustCompile(`^\s*(?:TIME\s+)?(?:TID|PID)\s+PRIO\s+USER`)
	iotopLine  = regexp.MustCompile(`^(?:\d\d:\d\d:\d\d )?\s*(\d+)\s+(\S+)\s+(\S+)\s+([\d.]+) ([BKMG])(/s)?\s+([\d.]+) ([BKMG])(?:/s)?\s+(?:(?:[\d.]+ %\s+|\?unavailable\?\s+)?([\d.]+) %|\?unavailable\?)\s+(\S.*)$`)
	iotopUnits = map[string]float64{"B": 1.0 / 1024, "K": 1, "M": 1024, "G": 1024 * 1024}
)

func parseIotop(in *Input) error {
	sample, kept := int64(0), 0
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		switch m := iotopLine.FindStringSubmatch(line); {
		case m != nil && sample > 0:
			if kept++; kept <= iotopProcesses {
				in.Emit(n, n, iotopProcess(sample, m))
			} else {
				in.Skip(n, n)
			}
		case iotopTotal.MatchString(line):
			if strings.Contains(line, "Total") {
				sample, kept = sample+1, 0
			}
			in.Skip(n, n)
		case iotopHead.MatchString(line), isPrompt(line):
			in.Skip(n, n)
		}
	}
	return nil
}

func iotopProcess(sample int64, m []string) IotopProcess {
	p := IotopProcess{Sample: sample, User: m[3], Accumulated: m[6] == "", Command: m[10], Kernel: strings.HasPrefix(m[10], "[")}
	p.PID, _ = strconv.ParseInt(m[1], 10, 64) // the expression lets only digits and dots pass
	read, _ := strconv.ParseFloat(m[4], 64)
	write, _ := strconv.ParseFloat(m[7], 64)
	p.IO, _ = strconv.ParseFloat(m[9], 64)
	p.ReadKB, p.WriteKB = read*iotopUnits[m[5]], write*iotopUnits[m[8]]
	return p
}
