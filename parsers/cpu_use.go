package parsers

import (
	"strconv"
	"strings"
	"time"

	"coldcase/fact"
)

// CPUUse is what the processors did between two samples, in percent. Source: /proc/stat (proc(5)), as coldcase-collect
// samples it.
type CPUUse struct {
	Interval int64   `cel:"interval" json:"interval"` // 1 is the time between the first and the second sample
	CPU      int64   `cel:"cpu" json:"cpu"`           // -1: all together
	CPUs     int64   `cel:"cpus" json:"cpus"`         // how many there are
	Seconds  float64 `cel:"seconds" json:"seconds"`
	User     float64 `cel:"user" json:"user"` // with nice
	System   float64 `cel:"system" json:"system"`
	IOWait   float64 `cel:"iowait" json:"iowait"`
	SoftIRQ  float64 `cel:"softirq" json:"softirq"`
	Steal    float64 `cel:"steal" json:"steal"`
	Idle     float64 `cel:"idle" json:"idle"` // without iowait
	// The rest stands in the later sample, for all processors together; 0 for a single one.
	Load1   float64 `cel:"load1" json:"load1"`
	Running int64   `cel:"running" json:"running"`
	Blocked int64   `cel:"blocked" json:"blocked"` // tasks that wait for a disk
}

// FactKind implements fact.Value.
func (CPUUse) FactKind() fact.Kind { return "cpu.use" }

var _ = register(Parser{
	Name:      "cpu-samples",
	Doc:       "several samples of /proc/stat and /proc/loadavg, each below a line with its time (proc(5))",
	Artifacts: []string{"node/cpu-samples"},
	Facts:     []fact.Value{CPUUse{}},
	Parse:     parseCPUSamples,
})

// cpuSample is one sample: the ticks of each processor by name, and where they stand.
type cpuSample struct {
	at               time.Time
	ticks            map[string][]int64
	order            []string
	line             map[string]int
	load             float64
	running, blocked int64
}

func parseCPUSamples(in *Input) error {
	var last, now *cpuSample
	interval := int64(0)
	end := func() {
		if last != nil && now != nil {
			interval++
			emitCPUUse(in, last, now, interval)
		}
		if now != nil {
			last = now
		}
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		if t, stamp := cpuStamp(f); stamp {
			end()
			now = &cpuSample{at: t, ticks: map[string][]int64{}, line: map[string]int{}}
			in.Skip(n, n)
		} else if now != nil && now.read(n, f) {
			in.Skip(n, n)
		}
	}
	end()
	return nil
}

// cpuStamp reads "sample 1 2026-03-01T12:00:00Z", and a time alone as `date -Is` prints it.
func cpuStamp(f []string) (time.Time, bool) {
	word := f[0]
	if f[0] == "sample" && len(f) == 3 {
		word = f[2]
	}
	t, err := time.Parse(time.RFC3339Nano, word)
	return t, err == nil
}

func (s *cpuSample) read(n int, f []string) bool {
	switch {
	case f[0] == "loadavg":
		s.load, _ = strconv.ParseFloat(f[1], 64) // 0 is unknown
	case f[0] == "procs_running":
		s.running, _ = strconv.ParseInt(f[1], 10, 64)
	case f[0] == "procs_blocked":
		s.blocked, _ = strconv.ParseInt(f[1], 10, 64)
	case strings.HasPrefix(f[0], "cpu") && len(f) >= 8:
		ticks := make([]int64, 8) // user nice system idle iowait irq softirq steal
		for i := range ticks {
			if i+1 < len(f) {
				v, err := strconv.ParseInt(f[i+1], 10, 64)
				if err != nil || v > 1<<50 {
					return false
				}
				ticks[i] = v
			}
		}
		if s.ticks[f[0]] == nil {
			s.order = append(s.order, f[0])
		}
		s.ticks[f[0]], s.line[f[0]] = ticks, n
	case f[0] == "ctxt":
	default:
		return false
	}
	return true
}

func emitCPUUse(in *Input, a, b *cpuSample, interval int64) {
	cpus := int64(max(0, len(b.ticks)-1))
	for _, name := range b.order {
		before, ok := a.ticks[name]
		if !ok {
			continue
		}
		var delta [8]float64
		total := 0.0
		for i, v := range b.ticks[name] {
			delta[i] = float64(max(0, v-before[i])) // iowait may go back
			total += delta[i]
		}
		if total == 0 {
			continue
		}
		for i := range delta {
			delta[i] = float64(int64(delta[i]*1000/total+0.5)) / 10
		}
		u := CPUUse{Interval: interval, CPU: -1, CPUs: cpus, Seconds: b.at.Sub(a.at).Round(time.Millisecond).Seconds(), User: delta[0] + delta[1],
			System: delta[2], Idle: delta[3], IOWait: delta[4], SoftIRQ: delta[5] + delta[6], Steal: delta[7]}
		if cpu, err := strconv.ParseInt(strings.TrimPrefix(name, "cpu"), 10, 64); err == nil {
			u.CPU = cpu
		} else {
			u.Load1, u.Running, u.Blocked = b.load, b.running, b.blocked
		}
		in.Emit(b.line[name], b.line[name], u)
	}
}
