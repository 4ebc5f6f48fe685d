package analyze

import (
	"slices"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// podMakers are the kinds of objects whose pods are named after them.
var podMakers = []string{"DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"}

// unknownPod begins the name of a pod subject of which only the UID is known.
const unknownPod = "uid "

// unknownNode is the subject of what a kubelet or runtime said about a pod of which nobody says where it is.
const unknownNode = "an unknown node"

// nowhere reports whether a row tells of a pod whose node is not known.
func nowhere(p fact.Place) bool { return p.Node == "" && podName(p) != "" }

// subjects lists what a scope's signatures are judged on, sorted by name.
func (s *store) subjects(scope string) []Subject {
	found := map[string]Subject{}
	add := func(name, node string) { found[name] = Subject{Scope: scope, Name: name, Node: node} }
	switch scope {
	case "cluster":
		add("cluster", "")
	case "node":
		for name, n := range s.nodes {
			if n.artifacts > 0 {
				add(name, name)
			}
		}
	case "pod":
		for _, r := range s.facts["k8s.pod"] {
			add(podName(r.place), r.place.Node)
		}
	case "service":
		for _, r := range s.facts["k8s.service"] {
			v := r.value.(parsers.K8sService)
			add(v.Namespace+"/"+v.Name, "")
		}
	case "ingress":
		for _, r := range s.facts["k8s.ingress"] {
			v := r.value.(parsers.K8sIngress)
			add(v.Namespace+"/"+v.Name, "")
		}
	case "capture":
		for _, r := range s.facts["pcap.capture"] {
			add(r.place.Capture, r.place.Node)
		}
	}
	out := make([]Subject, 0, len(found))
	for _, name := range sortedKeys(found) {
		out = append(out, found[name])
	}
	return out
}

// addSubjects adds subjects that only the rows of a signature name: a node seen in an event, a pod seen in a cgroup
// path. A log record that concerns a process of no pod is judged on the node.
func addSubjects(subs []Subject, scope string, rows []*row) []Subject {
	have := map[string]bool{}
	for _, s := range subs {
		have[s.Scope+" "+s.Name] = true
	}
	for _, r := range rows {
		sub := Subject{Scope: scope, Node: r.place.Node}
		switch {
		case scope == "node" && nowhere(r.place):
			sub.Name, sub.Node = unknownNode, unknownNode
		case scope == "node":
			sub.Name = r.place.Node
		case scope == "pod" && podName(r.place) != "":
			sub.Name = podName(r.place)
		case scope == "pod" && len(r.samples) > 0:
			sub.Scope, sub.Name = "node", r.place.Node
		}
		if sub.Name != "" && !have[sub.Scope+" "+sub.Name] {
			have[sub.Scope+" "+sub.Name] = true
			subs = append(subs, sub)
		}
	}
	return subs
}

// rowsOn are the rows of a selection that may be judged with a subject of a signature.
func rowsOn(sig *Signature, sel *Selection, rows []*row, sub Subject) []*row {
	var out []*row
	for _, r := range rows {
		if !sel.Anywhere && !belongs(r.place, sub) {
			continue
		}
		if sig.Scope == "pod" {
			ofPod := podName(r.place) != ""
			if sub.Scope == "node" && ofPod || sub.Scope == "pod" && !ofPod && sel.isLog() && sel.Near == "" && !sel.Anywhere {
				continue // another's record: neither a pod's on its node, nor the node's on a pod
			}
		}
		out = append(out, r)
	}
	return out
}

func podName(p fact.Place) string {
	switch {
	case p.Pod != "" && p.Namespace == "": // a table without that column
		return p.Pod
	case p.Pod != "":
		return p.Namespace + "/" + p.Pod
	case p.PodUID != "":
		return unknownPod + p.PodUID
	}
	return ""
}

// belongs reports whether a row may be judged with a subject: no statement of its place disagrees.
func belongs(p fact.Place, sub Subject) bool {
	if sub.Node == unknownNode {
		return nowhere(p)
	}
	if sub.Node != "" && (p.Unscheduled || p.Node != "" && p.Node != sub.Node) {
		return sub.Scope == "pod" && podName(p) == sub.Name
	}
	switch sub.Scope {
	case "pod":
		name := podName(p)
		return name == "" || name == sub.Name
	case "service":
		return p.Service == "" || p.Namespace+"/"+p.Service == sub.Name
	case "ingress":
		return p.Ingress == "" || p.Namespace+"/"+p.Ingress == sub.Name
	case "capture":
		return p.Capture == "" || p.Capture == sub.Name
	}
	return true
}

// related reports whether a cause on one subject can explain a symptom on another.
func (s *store) related(a, b *Finding) bool {
	cause, symptom := a.Subject, b.Subject
	switch {
	case cause.Scope == "cluster" || cause.Name == symptom.Name && cause.Scope == symptom.Scope:
		return true
	case symptom.Scope == "cluster":
		return cause.Scope != "pod" || b.concerns(cause.Name)
	case cause.Scope == "service" || cause.Scope == "ingress":
		return s.serves(cause, symptom)
	case symptom.Scope == "service" || symptom.Scope == "ingress":
		return s.serves(symptom, cause)
	case cause.Scope == "pod" && symptom.Scope == "capture": // a pod explains what a capture shows of that pod
		return slices.Contains(b.Pods, cause.Name)
	case cause.Scope == "pod" && symptom.Scope == "pod":
		return false
	}
	if cause.Node == unknownNode {
		return slices.Contains(a.Pods, symptom.Name)
	}
	return cause.Node != "" && (cause.Node == symptom.Node || slices.Contains(b.Nodes, cause.Node))
}

// concerns reports whether what a finding says of the whole cluster can be about a pod: one of those that it names, or
// one that a workload made that it names. A finding that names neither may concern any.
func (f *Finding) concerns(pod string) bool {
	if len(f.Pods) == 0 && len(f.Workloads) == 0 {
		return true
	}
	return slices.Contains(f.Pods, pod) ||
		slices.ContainsFunc(f.Workloads, func(name string) bool { return strings.HasPrefix(pod, name+"-") })
}

// workload is the "namespace/name" of the Deployment, or of what else makes pods, that a value speaks of.
func workload(v fact.Value) string {
	switch v := v.(type) {
	case parsers.K8sDeployment:
		return v.Namespace + "/" + v.Name
	case parsers.K8sEvent:
		if slices.Contains(podMakers, v.Kind) {
			return v.Namespace + "/" + v.Name
		}
	}
	return ""
}

// serves reports whether a Service has to do with a node or a pod: every node serves every Service, and a pod has to do
// with the Services that it is an endpoint of.
func (s *store) serves(service, other Subject) bool {
	if other.Scope != "pod" {
		return other.Scope != service.Scope
	}
	ns, pod, _ := strings.Cut(other.Name, "/")
	for _, r := range s.facts["k8s.endpoint"] {
		v := r.value.(parsers.K8sEndpoint)
		if v.Namespace == ns && v.TargetPod == pod && v.Namespace+"/"+v.Service == service.Name {
			return true
		}
	}
	return false
}
