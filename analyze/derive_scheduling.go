package analyze

import (
	"fmt"
	"slices"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// SchedulingReason is one reason why the scheduler finds no node for a pending pod: its own newest words, taken apart,
// beside the nodes on which the objects in the case say the same.
type SchedulingReason struct {
	// Class is taint, insufficient, too-many-pods, selector, pod-affinity, spread, volume-zone, volume-unbound,
	// volume-limit, hostport, unschedulable, condition, no-nodes or other.
	Class      string   `cel:"class" json:"class"`
	Text       string   `cel:"text" json:"text"`             // the scheduler's words
	Claimed    int64    `cel:"claimed" json:"claimed"`       // nodes that it counts for this reason; 0 when the reason is the pod's own
	Total      int64    `cel:"total" json:"total"`           // nodes that it looked at; 0 where old schedulers do not say
	Resource   string   `cel:"resource" json:"resource"`     // of insufficient: cpu, memory, nvidia.com/gpu
	Nodes      []string `cel:"nodes" json:"nodes"`           // where the case's objects agree
	Detail     string   `cel:"detail" json:"detail"`         // what they say, node by node, in words; "" when they cannot tell
	Wanted     string   `cel:"wanted" json:"wanted"`         // what the pod asks for, in words
	Preemption string   `cel:"preemption" json:"preemption"` // what the scheduler says about preemption; "" where it says nothing
}

// FactKind implements fact.Value.
func (SchedulingReason) FactKind() fact.Kind { return "sched.reason" }

var schedulingReason = derivation{
	zero: SchedulingReason{},
	from: []fact.Kind{"k8s.pod", "k8s.pod-condition", "k8s.event"},
	// The condition PodScheduled repeats the newest event, so that either will do; open sees to pods that have neither.
	optional: map[fact.Kind]bool{"k8s.event": true},
	rows:     deriveScheduling,
	open:     unsaidReasons,
}

// pendingPods are the pods that have no node yet, by "namespace/name".
func pendingPods(s *store) map[string]*row {
	pods := map[string]*row{}
	for _, r := range slices.Concat(s.facts["k8s.pod"], s.listed["k8s.pod"]) {
		if v := r.value.(parsers.K8sPod); v.Phase == "Pending" && v.Node == "" && v.Deleted.IsZero() && (!v.Table || v.Display == "Pending") {
			pods[podName(r.place)] = r
		}
	}
	return pods
}

// schedulerWords finds the newest message about each pending pod: an event, else the condition PodScheduled.
func schedulerWords(s *store, pods map[string]*row) map[string]*row {
	words := map[string]*row{}
	for _, r := range s.facts["k8s.pod-condition"] {
		v := r.value.(parsers.K8sPodCondition)
		if name := v.Namespace + "/" + v.Pod; v.Type == "PodScheduled" && v.Status == "False" && v.Message != "" && pods[name] != nil {
			words[name] = r
		}
	}
	for _, r := range s.facts["k8s.event"] {
		v := r.value.(parsers.K8sEvent)
		name := podName(r.place)
		if v.Kind != "Pod" || v.Reason != "FailedScheduling" || pods[name] == nil {
			continue
		}
		old := words[name]
		if old == nil || old.value.FactKind() != "k8s.event" || !r.last.Before(old.last) {
			words[name] = r
		}
	}
	return words
}

// unsaidReasons asks for the events when a pending pod has no message of the scheduler at all.
func unsaidReasons(s *store, sub Subject, known knower) []gap {
	pods := pendingPods(s)
	words := schedulerWords(s, pods)
	for _, name := range sortedKeys(pods) {
		if (sub.Scope != "pod" || sub.Name == name) && words[name] == nil {
			if ok, gaps := known("k8s.event", sub); !ok {
				return gaps
			}
		}
	}
	return nil
}

func deriveScheduling(s *store) []*row {
	pods := pendingPods(s)
	if len(pods) == 0 {
		return nil
	}
	words, c := schedulerWords(s, pods), newPlacement(s)
	var out []*row
	for _, name := range sortedKeys(words) {
		said := words[name]
		var message string
		switch v := said.value.(type) {
		case parsers.K8sEvent:
			message = v.Message
		case parsers.K8sPodCondition:
			message = v.Message
		}
		pod := c.pod(name)
		for _, reason := range schedulingReasons(message) {
			r := *said
			r.more = append([]fact.Source{pods[name].source}, c.explain(pod, &reason)...)
			r.value = reason
			out = append(out, &r)
		}
	}
	return out
}

const schedulingNodes = 6 // nodes that Detail names; the rest are counted

// explain fills in where the case's objects agree with the scheduler, and returns the sources of what it names.
func (c *placement) explain(pod *podDemand, reason *SchedulingReason) []fact.Source {
	reason.Wanted = c.wanted(pod, reason)
	if len(c.nodes) == 0 {
		return nil
	}
	type agreed struct {
		node  *nodeSupply
		words string
		first bool
	}
	var all []agreed
	firsts := 0
	for _, n := range c.nodes {
		words := c.objection(pod, n, reason.Class, reason.Resource)
		if words == "" {
			continue
		}
		first := c.firstClass(pod, n) == filterOf(reason.Class)
		if first {
			firsts++
		}
		all = append(all, agreed{n, words, first})
	}
	// The scheduler names for each node what its first filter found. When that gives its number, those are the nodes.
	if int64(firsts) == reason.Claimed {
		all = slices.DeleteFunc(all, func(a agreed) bool { return !a.first })
	}
	var sources []fact.Source
	var details []string
	for i, a := range all {
		reason.Nodes = append(reason.Nodes, a.node.name)
		if i < schedulingNodes {
			details = append(details, a.node.name+" "+a.words)
			sources = append(sources, a.node.source)
		}
	}
	if len(all) > schedulingNodes {
		details = append(details, fmt.Sprintf("and %d more", len(all)-schedulingNodes))
	}
	reason.Detail = strings.Join(details, ", ")
	return sources
}
