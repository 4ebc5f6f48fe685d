package parsers

import (
	"regexp"

	"coldcase/fact"
)

// ContainerShim is the process that stands between containerd and a container, or a pod's sandbox with its containers.
// Source: its command line (github.com/containerd/containerd, core/runtime/v2/shim; version 1 and docker's own before it).
type ContainerShim struct {
	PID       int64  `cel:"pid" json:"pid"`
	ID        string `cel:"id" json:"id"`               // of the container or sandbox; empty when the list holds no arguments
	Short     string `cel:"short" json:"short"`         // its first 12 characters
	Namespace string `cel:"namespace" json:"namespace"` // of containerd: k8s.io, moby
	Seconds   int64  `cel:"seconds" json:"seconds"`     // since it began; -1 when the list does not tell
}

// FactKind implements fact.Value.
func (ContainerShim) FactKind() fact.Kind { return "process.shim" }

var (
	shimComm      = regexp.MustCompile(`^\[?(?:docker-)?containerd-shim`)
	shimNamespace = regexp.MustCompile(` --?namespace[ =](\S+)`)
	// shimID is the ID behind -id, at the end of a version 1's -workdir, or the first word of docker's before 17.12.
	shimID = regexp.MustCompile(` --?id[ =]([0-9a-f]{12,64})\b| --?workdir[ =]\S*/([0-9a-f]{64})\b|^\S+ ([0-9a-f]{64}) /`)
)

func shimProcess(in *Input, line int, p Process) {
	if !shimComm.MatchString(p.Comm) {
		return
	}
	s := ContainerShim{PID: p.PID, Seconds: p.Seconds}
	if m := shimID.FindStringSubmatch(p.Args); m != nil {
		s.ID = m[1] + m[2] + m[3] // one of them
		s.Short, s.Namespace = runtimeShort(s.ID), "moby"
		if ns := shimNamespace.FindStringSubmatch(p.Args); ns != nil {
			s.Namespace = ns[1]
		}
	}
	in.Emit(line, line, s)
}
