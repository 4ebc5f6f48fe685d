package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// topProcesses is how many processes are kept of each sample.
const topProcesses = 10

// TopSample is the head of one sample. Source: top(1) of procps 3.2, 3.3 and 4 in batch mode. The first sample of a run
// shows averages since boot.
type TopSample struct {
	Sample  int64   `cel:"sample" json:"sample"` // from 1
	Load1   float64 `cel:"load1" json:"load1"`
	Load5   float64 `cel:"load5" json:"load5"`
	Load15  float64 `cel:"load15" json:"load15"`
	User    float64 `cel:"user" json:"user"` // percent, with nice
	System  float64 `cel:"system" json:"system"`
	Idle    float64 `cel:"idle" json:"idle"` // without iowait
	IOWait  float64 `cel:"iowait" json:"iowait"`
	SoftIRQ float64 `cel:"softirq" json:"softirq"`
	Steal   float64 `cel:"steal" json:"steal"`
	CPUs    int64   `cel:"cpus" json:"cpus"` // lines of single processors (key 1); 0 when they are summed up
	// MaxIOWait is the highest iowait of a single processor, or that of all where they are summed up.
	MaxIOWait float64 `cel:"maxIOWait" json:"maxIOWait"`
	Zombie    int64   `cel:"zombie" json:"zombie"`
}

// FactKind implements fact.Value.
func (TopSample) FactKind() fact.Kind { return "top.sample" }

// TopProcess is one of the first processes of a sample.
type TopProcess struct {
	Sample  int64   `cel:"sample" json:"sample"`
	PID     int64   `cel:"pid" json:"pid"`
	User    string  `cel:"user" json:"user"`
	State   string  `cel:"state" json:"state"`
	CPU     float64 `cel:"cpu" json:"cpu"` // percent of one processor
	Memory  float64 `cel:"memory" json:"memory"`
	Command string  `cel:"command" json:"command"`
}

// FactKind implements fact.Value.
func (TopProcess) FactKind() fact.Kind { return "top.process" }

var _ = register(Parser{
	Name:      "top",
	Doc:       "top -b -n N of procps (top(1))",
	Artifacts: []string{"node/top"},
	Facts:     []fact.Value{TopSample{}, TopProcess{}},
	Parse:     parseTop,
})

var (
	topHead  = regexp.MustCompile(`^top - .*load average: ([\d.]+), ([\d.]+), ([\d.]+)`)
	topCPU   = regexp.MustCompile(`^%?Cpu(\d*|\(s\)) ?\s*: `)
	topShare = regexp.MustCompile(`([\d.]+)[ %](us|sy|ni|id|wa|hi|si|st)\b`)
	topTasks = regexp.MustCompile(`^(?:Tasks|Threads):.*?(\d+) zombie`)
	topOther = regexp.MustCompile(`^(?:Mem|Swap|(?:[KMGT]iB|KiB) (?:Mem|Swap))\s*:`)
)

// topReader holds the sample that is being read.
type topReader struct {
	in        *Input
	sample    TopSample
	head      int
	last      int
	cpuLines  int
	columns   []string
	processes int
}

func parseTop(in *Input) error {
	r := &topReader{in: in}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		line = strings.TrimSpace(line)
		if m := topHead.FindStringSubmatch(line); m != nil {
			r.end()
			r.begin(n, m)
		} else if r.head > 0 {
			r.line(n, line)
		} else if isPrompt(line) {
			in.Skip(n, n)
		}
	}
	r.end()
	return nil
}

func (r *topReader) begin(n int, m []string) {
	r.sample = TopSample{Sample: r.sample.Sample + 1}
	r.sample.Load1, _ = strconv.ParseFloat(m[1], 64) // digits and dots; 0 is unknown
	r.sample.Load5, _ = strconv.ParseFloat(m[2], 64)
	r.sample.Load15, _ = strconv.ParseFloat(m[3], 64)
	r.head, r.last, r.cpuLines, r.columns, r.processes = n, n, 0, nil, 0
	r.in.Skip(n, n)
}

func (r *topReader) line(n int, line string) {
	f := strings.Fields(line)
	switch m := topTasks.FindStringSubmatch(line); {
	case m != nil:
		r.sample.Zombie, _ = strconv.ParseInt(m[1], 10, 64)
	case topCPU.MatchString(line):
		r.cpus(line, topCPU.FindStringSubmatch(line)[1])
		r.last = n
	case topOther.MatchString(line), isPrompt(line):
	case len(f) > 6 && (f[0] == "PID" || f[1] == "PID"):
		r.columns = f
	case r.columns != nil:
		if p, ok := r.process(f); ok && r.processes < topProcesses {
			r.processes++
			r.in.Emit(n, n, p)
		} else if !ok {
			return
		}
	default:
		return
	}
	r.in.Skip(n, n)
}

// cpus adds a line of one processor, or of all, to the sample. With key 1 the sample holds the mean.
func (r *topReader) cpus(line, which string) {
	var use TopSample
	for _, m := range topShare.FindAllStringSubmatch(line, -1) {
		v, _ := strconv.ParseFloat(m[1], 64) // 0 is unknown
		switch m[2] {
		case "us", "ni":
			use.User += v
		case "sy":
			use.System = v
		case "id":
			use.Idle = v
		case "wa":
			use.IOWait = v
		case "si", "hi":
			use.SoftIRQ += v
		case "st":
			use.Steal = v
		}
	}
	s := &r.sample
	k := float64(r.cpuLines)
	for _, pair := range [][2]*float64{{&s.User, &use.User}, {&s.System, &use.System}, {&s.Idle, &use.Idle}, {&s.IOWait, &use.IOWait},
		{&s.SoftIRQ, &use.SoftIRQ}, {&s.Steal, &use.Steal}} {
		*pair[0] = (*pair[0]*k + *pair[1]) / (k + 1)
	}
	s.MaxIOWait = max(s.MaxIOWait, use.IOWait)
	if r.cpuLines++; which != "(s)" && which != "" {
		s.CPUs++
	}
}

func (r *topReader) process(f []string) (TopProcess, bool) {
	p := TopProcess{Sample: r.sample.Sample}
	if len(f) < len(r.columns) {
		return p, false
	}
	for i, name := range r.columns {
		switch name {
		case "PID":
			p.PID, _ = strconv.ParseInt(f[i], 10, 64) // 0 is none
		case "USER":
			p.User = f[i]
		case "S":
			p.State = f[i]
		case "%CPU":
			p.CPU, _ = strconv.ParseFloat(f[i], 64)
		case "%MEM":
			p.Memory, _ = strconv.ParseFloat(f[i], 64)
		case "COMMAND", "CMD":
			p.Command = strings.Join(f[i:], " ")
		}
	}
	return p, p.PID > 0
}

func (r *topReader) end() {
	if r.head > 0 && r.cpuLines > 0 {
		s := r.sample
		for _, v := range []*float64{&s.User, &s.System, &s.Idle, &s.IOWait, &s.SoftIRQ, &s.Steal} {
			*v = float64(int64(*v*10+0.5)) / 10
		}
		r.in.Emit(r.head, r.last, s)
	}
	r.head = 0
}
