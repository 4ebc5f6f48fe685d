package analyze

import (
	"strings"
	"time"

	"coldcase/fact"
	"coldcase/parsers"
)

// SigkillCause says who killed a container that ended with exit code 137, as far as anything recorded it.
type SigkillCause struct {
	Container string `cel:"container" json:"container"`
	// By is oom (its memory cgroup's limit), oom-node, liveness, startup (probes), eviction, preemption, shutdown (of the
	// node), grace (it did not stop in time), stop (the kubelet was stopping it, in time), lost (137 is only assumed, the
	// runtime lost the container), or unknown: the kernel's log and the events were read and say nothing.
	By         string    `cel:"by" json:"by"`
	Words      string    `cel:"words" json:"words"`           // of what says so
	Wait       int64     `cel:"wait" json:"wait"`             // seconds from the request to stop to the end; -1 when not known
	Grace      int64     `cel:"grace" json:"grace"`           // the pod's terminationGracePeriodSeconds; 0 when not known
	Restarts   int64     `cel:"restarts" json:"restarts"`     // of the container so far
	Finished   time.Time `cel:"finished" json:"finished"`     // when it ended
	KernelFrom string    `cel:"kernelFrom" json:"kernelFrom"` // of unknown: what the kernel's log covers
	KernelTo   string    `cel:"kernelTo" json:"kernelTo"`
	EventsFrom string    `cel:"eventsFrom" json:"eventsFrom"` // of unknown: the oldest event of the case; "" without any
}

// FactKind implements fact.Value.
func (SigkillCause) FactKind() fact.Kind { return "sigkill.cause" }

var sigkillCause = derivation{
	zero: SigkillCause{},
	from: []fact.Kind{"k8s.container-state", "k8s.pod", "k8s.event"},
	// Other evidence than events may decide; open sees to containers that nothing decides.
	optional: map[fact.Kind]bool{"k8s.pod": true, "k8s.event": true},
	rows: func(s *store) []*row {
		rows, _ := deriveSigkill(s)
		return rows
	},
	open: openSigkill,
}

const killTimely = 5 * time.Second // how far a kill and the end that it caused may lie apart

// The kernel's and the runtimes' own words about kills. Sources: mm/oom_kill.c and mm/memcontrol.c of Linux 3.10 to
// 6.12; moby daemon/stop.go, containerd internal/cri/server/container_stop.go, cri-o internal/oci/runtime_oci.go.
var (
	oomOfCgroup = Selection{From: "log.kernel", Pattern: Strings{
		`oom-kill:constraint=CONSTRAINT_MEMCG,.*oom_memcg=(?P<limited>[^,]*),task_memcg=(?P<cgroup>[^,]*),task=(?P<task>.*),pid=(?P<pid>\d+)`,
		`Task in (?P<cgroup>/\S*) killed as a result of limit of (?P<limited>/\S*)`,
	}}
	oomOfNode = Selection{From: "log.kernel", Pattern: Strings{
		`oom-kill:constraint=CONSTRAINT_(?P<constraint>NONE|CPUSET|MEMORY_POLICY),.*task_memcg=(?P<cgroup>[^,]*),task=(?P<task>.*),pid=(?P<pid>\d+)`,
		`^Out of memory(?: \([^)]*\))?: Kill(?:ed)? process (?P<pid>\d+) \((?P<task>.+?)\)`,
	}}
	stopForced = Selection{From: "log.runtime", Pattern: Strings{
		`^Kill container \\*"(?P<id>[0-9a-f]{64})\\*"`,
		`Container (?P<id>[0-9a-f]{64}) failed to exit within \d+ seconds of signal \d+ - using the force`,
		`Container failed to exit within \S+ of signal \d+ - using the force.*container=(?P<id>[0-9a-f]{64})`,
		`Stopping container (?P<id>[0-9a-f]{64}) with stop signal timed out`,
	}}
)

// derivedFrom are the log records that derivations look at, whatever signatures want.
var derivedFrom = []*Selection{&oomOfCgroup, &oomOfNode, &stopForced}

// killedContainer is a container that ended with 137, and what the case holds about it.
type killedContainer struct {
	state  *row
	v      parsers.K8sContainerState
	pod    *row // nil when the pod was not collected
	grace  int64
	events []*row // of its pod
}

// deriveSigkill decides in the order of how sure the evidence is. The open ones are those about which the case lacks
// something that could have told.
func deriveSigkill(s *store) (rows []*row, undecided []*killedContainer) {
	killed := killedContainers(s)
	if len(killed) == 0 {
		return nil, nil
	}
	cgroup, node, forced := s.logs.rows(s, &oomOfCgroup), s.logs.rows(s, &oomOfNode), s.logs.rows(s, &stopForced)
	for _, k := range killed {
		cause := SigkillCause{Container: k.v.Container, Wait: -1, Grace: k.grace, Restarts: k.v.Restarts, Finished: k.v.Finished}
		by := k.byKernel(&cause, cgroup, node)
		if cause.By == "" {
			by = k.byKubelet(&cause)
		}
		if cause.By == "" {
			by = k.bySlowStop(&cause, forced)
		}
		if cause.By == "" && !k.byNobody(s, &cause) {
			undecided = append(undecided, k)
			continue
		}
		r := *k.state
		switch r.value = cause; {
		case by != nil && len(by.samples) > 0:
			r.logs = []*row{by}
		case by != nil:
			r.more = []fact.Source{by.source}
		}
		rows = append(rows, &r)
	}
	return rows, undecided
}

func killedContainers(s *store) []*killedContainer {
	pods, events := map[string]*row{}, map[string][]*row{}
	for _, r := range s.facts["k8s.pod"] {
		v := r.value.(parsers.K8sPod)
		pods[v.Namespace+"/"+v.Name] = r
	}
	for _, r := range s.facts["k8s.event"] {
		if v := r.value.(parsers.K8sEvent); v.Kind == "Pod" {
			events[v.Namespace+"/"+v.Name] = append(events[v.Namespace+"/"+v.Name], r)
		}
	}
	var out []*killedContainer
	for _, r := range s.facts["k8s.container-state"] {
		v := r.value.(parsers.K8sContainerState)
		if v.State != "terminated" || v.ExitCode != 137 {
			continue
		}
		name := v.Namespace + "/" + v.Pod
		k := &killedContainer{state: r, v: v, pod: pods[name], events: events[name]}
		if k.pod != nil {
			k.grace = k.pod.value.(parsers.K8sPod).TerminationGrace
		}
		out = append(out, k)
	}
	return out
}

// byKernel decides for memory: the state's own reason, then the kernel's lines about the container, its pod or its node.
func (k *killedContainer) byKernel(c *SigkillCause, cgroup, node []*row) *row {
	if k.v.Reason == "OOMKilled" {
		c.By, c.Words = "oom", k.v.Reason
		return nil
	}
	for _, kind := range []struct {
		by   string
		rows []*row
	}{{"oom", cgroup}, {"oom-node", node}} {
		for _, r := range kind.rows {
			if k.hitBy(r) {
				c.By = kind.by
				c.Words, _ = r.vars["message"].(string)
				return r
			}
		}
	}
	return nil
}

// hitBy reports whether a kernel's kill may have been this one: not another container's, and at that moment.
func (k *killedContainer) hitBy(r *row) bool {
	mine := podName(r.place) == k.v.Namespace+"/"+k.v.Pod
	box, _ := r.vars["container"].(string)
	if !mine && (podName(r.place) != "" || r.place.Node != "" && r.place.Node != k.state.place.Node) || box != "" && box != k.v.Container {
		return false
	}
	if cgroup, _ := r.vars["cgroup"].(string); !mine && cgroup != "" {
		return false // of a process of the host
	}
	for _, at := range r.times {
		if at.Sub(k.v.Finished).Abs() <= killTimely {
			return true
		}
	}
	return false
}

// openSigkill asks for what would decide about a subject's containers.
func openSigkill(s *store, sub Subject, known knower) []gap {
	_, undecided := deriveSigkill(s)
	for _, k := range undecided {
		name := k.v.Namespace + "/" + k.v.Pod
		if sub.Scope == "pod" && sub.Name != name {
			continue
		}
		if !k.eventsRead(s) {
			_, gaps := known("k8s.event", sub)
			return gaps
		}
		if _, _, why := k.kernelLog(s); why != "" {
			return []gap{{artifact: "node/journal-kernel", node: k.state.place.Node, reason: why}}
		}
	}
	return nil
}

// byNobody holds when the case has everything that records a kill, and nothing of it does.
func (k *killedContainer) byNobody(s *store, c *SigkillCause) bool {
	from, to, why := k.kernelLog(s)
	if why != "" || !k.eventsRead(s) {
		return false
	}
	c.By, c.KernelFrom, c.KernelTo = "unknown", stamp(from), stamp(to)
	var oldest time.Time
	for _, r := range s.facts["k8s.event"] {
		if last := r.value.(parsers.K8sEvent).Last; !last.IsZero() && (oldest.IsZero() || last.Before(oldest)) {
			oldest = last
		}
	}
	if !oldest.IsZero() {
		c.EventsFrom = stamp(oldest)
	}
	return true
}

// eventsRead reports whether the pod's events were looked at.
func (k *killedContainer) eventsRead(s *store) bool {
	sub := Subject{Scope: "pod", Name: k.v.Namespace + "/" + k.v.Pod, Node: k.state.place.Node}
	for _, artifact := range wholeOnly["k8s.event"] {
		if ok, _ := s.read(artifact, "k8s.event", sub); ok {
			return true
		}
	}
	return len(k.events) > 0
}

func stamp(t time.Time) string {
	return strings.TrimSuffix(t.UTC().Format(time.DateTime), ":00") + " UTC"
}
