package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// CgroupCounter is one number of a pod's or container's cgroup. Sources: Documentation/admin-guide/cgroup-v2.rst and
// cgroup-v1/memory.rst, as `grep -r` prints the files.
type CgroupCounter struct {
	Cgroup string `cel:"cgroup" json:"cgroup"` // path below /sys/fs/cgroup
	File   string `cel:"file" json:"file"`     // "memory.events", "pids.events", "cpu.stat"
	Key    string `cel:"key" json:"key"`       // "oom_kill", "max", "nr_throttled"; empty for files of one number
	Value  int64  `cel:"value" json:"value"`
}

// FactKind implements fact.Value.
func (CgroupCounter) FactKind() fact.Kind { return "cgroup.counter" }

// FactPlace implements fact.Placed: the pod whose UID the path holds.
func (c CgroupCounter) FactPlace() fact.Place {
	uid, _ := PodOfCgroup(c.Cgroup)
	return fact.Place{PodUID: uid}
}

// Counts implements Counted.
func (c CgroupCounter) Counts() []Count {
	return []Count{{Name: strings.TrimSuffix(c.File+"."+c.Key, "."), Cgroup: c.Cgroup, CPU: -1, Value: c.Value}}
}

var _ = register(Parser{
	Name:      "cgroup-events",
	Doc:       "lines PATH/FILE:TEXT of cgroup files; those that count what was refused, killed or throttled",
	Artifacts: []string{"node/cgroup-events"},
	Facts:     []fact.Value{CgroupCounter{}, CgroupUse{}},
	Parse:     parseCgroupEvents,
})

var (
	cgroupLine = regexp.MustCompile(`^(/sys/fs/cgroup/\S*|\./\S*|/\S*kubepods\S*)/([a-z]+\.[a-z._]+):(.*)$`)
	// cgroupKeys are the counters that are kept, by file.
	cgroupKeys = map[string]map[string]bool{
		"memory.events": {"max": true, "oom": true, "oom_kill": true}, "pids.events": {"max": true},
		"memory.oom_control": {"oom_kill": true}, "memory.failcnt": {"": true},
		"cpu.stat": {"nr_periods": true, "nr_throttled": true},
	}
)

func parseCgroupEvents(in *Input) error {
	pairs := cgroupPairs{in: in}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := cgroupLine.FindStringSubmatch(line)
		if m == nil {
			if strings.HasPrefix(line, "# ") || isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		in.Skip(n, n)
		key, text, pair := strings.Cut(m[3], " ")
		if !pair {
			key, text = "", m[3]
		}
		cgroup := strings.TrimPrefix(m[1], "/sys/fs/cgroup")
		pairs.line(n, cgroup, m[2], m[3])
		if v, err := strconv.ParseInt(text, 10, 64); err == nil && cgroupKeys[m[2]][key] {
			in.Emit(n, n, CgroupCounter{Cgroup: cgroup, File: m[2], Key: key, Value: v})
		}
	}
	return nil
}
