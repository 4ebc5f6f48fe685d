package parsers

import (
	"strconv"
	"strings"

	"coldcase/fact"
)

// CgroupController is one line of /proc/cgroups. Source: kernel/cgroup/cgroup-v1.c (proc_cgroupstats_show).
type CgroupController struct {
	Name    string `cel:"name" json:"name"`     // memory, pids, cpu, ...
	Groups  int64  `cel:"groups" json:"groups"` // control groups that it has, those that are only waiting to be freed among them
	Enabled bool   `cel:"enabled" json:"enabled"`
}

// FactKind implements fact.Value.
func (CgroupController) FactKind() fact.Kind { return "cgroup.controller" }

var _ = register(Parser{
	Name:      "cgroup-controllers",
	Doc:       "/proc/cgroups (cgroups(7))",
	Artifacts: []string{"node/proc-cgroups"},
	Facts:     []fact.Value{CgroupController{}},
	Parse:     parseCgroupControllers,
})

func parseCgroupControllers(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		f := strings.Fields(line)
		if strings.HasPrefix(line, "#") || isPrompt(line) {
			in.Skip(n, n)
			continue
		}
		if len(f) != 4 {
			continue
		}
		groups, err := strconv.ParseInt(f[2], 10, 64)
		if err == nil && (f[3] == "0" || f[3] == "1") {
			in.Emit(n, n, CgroupController{Name: f[0], Groups: groups, Enabled: f[3] == "1"})
		}
	}
	return nil
}
