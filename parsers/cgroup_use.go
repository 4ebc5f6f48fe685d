package parsers

import (
	"math"
	"strconv"

	"coldcase/fact"
)

// CgroupUse is how many processes and threads a pod's or container's cgroup holds, and how many it may. Sources:
// Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/pids.rst.
type CgroupUse struct {
	Cgroup string `cel:"cgroup" json:"cgroup"` // path below /sys/fs/cgroup
	Tasks  int64  `cel:"tasks" json:"tasks"`   // pids.current
	Limit  int64  `cel:"limit" json:"limit"`   // pids.max; -1 for none
}

// FactKind implements fact.Value.
func (CgroupUse) FactKind() fact.Kind { return "cgroup.tasks" }

// FactPlace implements fact.Placed: the pod whose UID the path holds.
func (c CgroupUse) FactPlace() fact.Place { return CgroupCounter{Cgroup: c.Cgroup}.FactPlace() }

// cgroupPairs joins the two files of a cgroup, which stand one behind the other.
type cgroupPairs struct {
	in    *Input
	first int // line of pids.current
	use   CgroupUse
}

// line takes a line of pids.current or pids.max.
func (p *cgroupPairs) line(n int, cgroup, file, text string) {
	value, err := strconv.ParseInt(text, 10, 64)
	switch {
	case file == "pids.current" && err == nil:
		p.first, p.use = n, CgroupUse{Cgroup: cgroup, Tasks: value}
	case file == "pids.max" && p.first > 0 && p.use.Cgroup == cgroup:
		if p.use.Limit = value; err != nil || value == math.MaxInt64 {
			p.use.Limit = -1 // "max"
		}
		p.in.Emit(p.first, n, p.use)
		p.first = 0
	}
}
