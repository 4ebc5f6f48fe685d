package parsers

import (
	"strings"
	"time"

	"coldcase/fact"
)

// K8sContainerState is what a container does (Last false), or did before its last restart (Last true).
type K8sContainerState struct {
	Namespace   string    `cel:"namespace" json:"namespace"`
	Pod         string    `cel:"pod" json:"pod"`
	Node        string    `cel:"node" json:"node"`
	PodUID      string    `cel:"podUID" json:"podUID"` // not in describe
	Container   string    `cel:"container" json:"container"`
	ContainerID string    `cel:"containerID" json:"containerID"` // without "docker://"; of the last container not in describe
	Init        bool      `cel:"init" json:"init"`
	Last        bool      `cel:"last" json:"last"`
	State       string    `cel:"state" json:"state"`       // waiting, running, terminated
	Reason      string    `cel:"reason" json:"reason"`     // CrashLoopBackOff, OOMKilled, ContainerCreating, ...
	Message     string    `cel:"message" json:"message"`   // bounded to 1 KiB; of a waiting container not in describe
	ExitCode    int64     `cel:"exitCode" json:"exitCode"` // -1 when not terminated
	Signal      int64     `cel:"signal" json:"signal"`
	Started     time.Time `cel:"started" json:"started,omitzero"`
	Finished    time.Time `cel:"finished" json:"finished,omitzero"`
	Ready       bool      `cel:"ready" json:"ready"`       // of the container now
	Restarts    int64     `cel:"restarts" json:"restarts"` // of the container so far
}

// FactKind implements fact.Value.
func (K8sContainerState) FactKind() fact.Kind { return "k8s.container-state" }

// FactPlace implements fact.Placed.
func (s K8sContainerState) FactPlace() fact.Place {
	place := k8sPodPlace(s.Namespace, s.Pod, s.Node)
	place.PodUID = s.PodUID
	return place
}

// k8sContainerStates makes the facts of one container's status. A terminated state is dated when the container ended.
func k8sContainerStates(e *k8sEmitter, ref k8sPodRef, s *k8sVal, init bool) {
	base := K8sContainerState{
		Namespace: ref.namespace, Pod: ref.name, Node: ref.node, PodUID: ref.uid, Container: s.str("name"), Init: init,
		ContainerID: k8sContainerID(s.str("containerID")), Ready: s.flag("ready"), Restarts: s.num("restartCount"),
	}
	now := s.get("state")
	k8sEmitState(e, now.or(s.get("name")).or(s), k8sState(base, now))
	if last := s.get("lastState"); len(last.entries()) > 0 {
		base.Last = true
		base.ContainerID = k8sContainerID(last.str("terminated", "containerID"))
		k8sEmitState(e, last, k8sState(base, last))
	}
}

// k8sEmitState quotes the whole state, or of a long one the lines around its reason.
func k8sEmitState(e *k8sEmitter, at *k8sVal, v K8sContainerState) {
	first, last := at.first, at.last
	if reason := at.get(v.State, "reason"); reason != nil && reason.first >= first+k8sSpan {
		first = reason.first - k8sSpan/2
	}
	e.emitLines(at, first, last, v.Finished, v)
}

// k8sState fills in one state. A state that says nothing is waiting, as the API defines it.
func k8sState(v K8sContainerState, state *k8sVal) K8sContainerState {
	v.State, v.ExitCode = "waiting", -1
	for _, kind := range [...]string{"waiting", "running", "terminated"} {
		s := state.get(kind)
		if s == nil {
			continue
		}
		v.State, v.Reason, v.Message = kind, s.str("reason"), k8sCut(s.str("message"), 1024)
		v.Started, v.Finished, v.Signal = s.time("startedAt"), s.time("finishedAt"), s.num("signal")
		if kind == "terminated" {
			v.ExitCode = s.num("exitCode")
		}
	}
	return v
}

func k8sContainerID(id string) string {
	if _, bare, ok := strings.Cut(id, "://"); ok {
		return bare
	}
	return id
}
