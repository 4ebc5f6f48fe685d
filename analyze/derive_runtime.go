package analyze

import (
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// RuntimeDesync is a container that docker takes for running and its containerd does not run.
type RuntimeDesync struct {
	Name   string `cel:"name" json:"name"`     // "namespace/pod (container)", or docker's name of it
	Status string `cel:"status" json:"status"` // what docker says: "Up 2 hours"
	Task   string `cel:"task" json:"task"`     // what containerd says: STOPPED, or nothing when it has no such task
}

// FactKind implements fact.Value.
func (RuntimeDesync) FactKind() fact.Kind { return "runtime.desync" }

var runtimeDesync = derivation{
	zero: RuntimeDesync{},
	from: []fact.Kind{"docker.container", "containerd.task"},
	rows: deriveDesync,
}

// deriveDesync compares the two lists of each node. A node whose list of tasks is empty says nothing: it may be the list
// of another namespace. Containers that started seconds ago may be in one list only.
func deriveDesync(s *store) []*row {
	tasks := map[string]map[string]*row{}
	for _, r := range s.facts["containerd.task"] {
		if tasks[r.place.Node] == nil {
			tasks[r.place.Node] = map[string]*row{}
		}
		tasks[r.place.Node][r.value.(parsers.ContainerdTask).Short] = r
	}
	var out []*row
	for _, r := range s.facts["docker.container"] {
		c, known := r.value.(parsers.DockerContainer), tasks[r.place.Node]
		if c.State != "running" || strings.Contains(c.Status, "second") || known == nil {
			continue
		}
		v := RuntimeDesync{Name: c.Name, Status: c.Status}
		if c.Pod != "" {
			v.Name = c.Pod + " (" + c.Container + ")"
		}
		d := *r
		if task := known[c.Short]; task != nil {
			if v.Task = task.value.(parsers.ContainerdTask).Status; v.Task != "STOPPED" {
				continue
			}
			d.more = []fact.Source{task.source}
		}
		d.value = v
		out = append(out, &d)
	}
	return out
}
