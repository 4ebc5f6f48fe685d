package parsers

import (
	"regexp"
	"strconv"

	"coldcase/fact"
)

// ContainerdTask is a running or ended process tree as containerd knows it. Source: ctr tasks ls
// (github.com/containerd/containerd, cmd/ctr/commands/tasks/list.go).
type ContainerdTask struct {
	ID     string `cel:"id" json:"id"`       // of its container
	Short  string `cel:"short" json:"short"` // its first 12 characters
	PID    int64  `cel:"pid" json:"pid"`     // of the first process; 0 when it has ended
	Status string `cel:"status" json:"status"`
}

// FactKind implements fact.Value.
func (ContainerdTask) FactKind() fact.Kind { return "containerd.task" }

var _ = register(Parser{
	Name:      "ctr-tasks",
	Doc:       "ctr -n moby tasks ls, docker-container-ctr (containerd)",
	Artifacts: []string{"node/ctr-tasks"},
	Facts:     []fact.Value{ContainerdTask{}},
	Parse:     parseCtrTasks,
})

var (
	ctrTask   = regexp.MustCompile(`^(\S+)\s+(\d+)\s+(RUNNING|STOPPED|CREATED|PAUSED|PAUSING|UNKNOWN)$`)
	ctrHeader = regexp.MustCompile(`^TASK\s+PID\s+STATUS`)
)

func parseCtrTasks(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if ctrHeader.MatchString(line) || isPrompt(line) {
			in.Skip(n, n)
			continue
		}
		if m := ctrTask.FindStringSubmatch(line); m != nil {
			pid, _ := strconv.ParseInt(m[2], 10, 64)
			in.Emit(n, n, ContainerdTask{ID: m[1], Short: runtimeShort(m[1]), PID: pid, Status: m[3]})
		}
	}
	return nil
}
