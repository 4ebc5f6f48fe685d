package parsers

import (
	"regexp"
	"strconv"
	"strings"
)

// kubectlSeen is a cell of LAST SEEN: "5m", and "5m (x12 over 3h)" of kubectl events.
var kubectlSeen = regexp.MustCompile(`^(<\w+>|\d[\da-z]*)(?: \(x(\d+) over (<\w+>|\d[\da-z]*)\))?$`)

// kubectlKinds are the kinds that events are about mostly; the table prints them in lower case.
var kubectlKinds = map[string]string{
	"replicaset": "ReplicaSet", "statefulset": "StatefulSet", "daemonset": "DaemonSet", "cronjob": "CronJob",
	"persistentvolumeclaim": "PersistentVolumeClaim", "persistentvolume": "PersistentVolume", "configmap": "ConfigMap",
	"horizontalpodautoscaler": "HorizontalPodAutoscaler", "poddisruptionbudget": "PodDisruptionBudget",
	"endpointslice": "EndpointSlice", "replicationcontroller": "ReplicationController", "ippool": "IPPool",
}

// eventRow reads an event; its message may go on in the next line.
func (t *kubectlTable) eventRow(n int, cells map[string]string) bool {
	seen := kubectlSeen.FindStringSubmatch(cells["LAST SEEN"])
	if seen == nil || cells["TYPE"] != "Normal" && cells["TYPE"] != "Warning" {
		return false
	}
	t.flushEvent()
	v := K8sEvent{
		Namespace: t.place(cells), Type: cells["TYPE"], Reason: cells["REASON"], Message: cells["MESSAGE"], Age: cells["LAST SEEN"],
		Last: t.since(seen[1]), First: t.since(k8sFirst(seen[3], cells["FIRST SEEN"])),
	}
	if v.Kind, v.Name = kubectlAbout(cells); v.Kind == "Node" {
		v.Namespace = ""
	}
	v.Component, v.Host, _ = strings.Cut(cells["SOURCE"], ", ")
	v.Shown = t.shown([]string{"kind", "name", "type", "reason", "message", "last", "age"},
		map[string]string{"SOURCE": "component", "FIRST SEEN": "first", "COUNT": "count"})
	if v.Namespace != "" || v.Kind == "Node" {
		v.Shown = append(v.Shown, "namespace")
	}
	if cells["SOURCE"] != "" || v.Kind == "Node" {
		v.Shown = append(v.Shown, "host")
	}
	if seen[2] != "" {
		v.Shown = append(v.Shown, "count", "first")
	}
	v.Count, _ = strconv.ParseInt(k8sFirst(seen[2], cells["COUNT"]), 10, 64)
	t.event, t.lines = &v, [2]int{n, n}
	return true
}

// kubectlAbout is the object that an event is about. Until kubectl 1.13 the table had the name of the event itself, which
// is the object's and a number.
func kubectlAbout(cells map[string]string) (kind, name string) {
	if cells["OBJECT"] == "" {
		name = cells["NAME"]
		if i := strings.LastIndexByte(name, '.'); i > 0 {
			name = name[:i]
		}
		return cells["KIND"], name
	}
	kind, name, ok := strings.Cut(cells["OBJECT"], "/")
	if !ok {
		return "", cells["OBJECT"]
	}
	lower := strings.ToLower(kind)
	if known := kubectlKinds[lower]; known != "" {
		return known, name
	}
	return strings.ToUpper(lower[:min(1, len(lower))]) + lower[min(1, len(lower)):], name
}

func (t *kubectlTable) flushEvent() {
	if t.event == nil {
		return
	}
	v := *t.event
	v.Message = k8sCut(strings.TrimSpace(v.Message), k8sEventBytes)
	t.in.EmitAt(t.lines[0], min(t.lines[1], t.lines[0]+k8sSpan-1), "", v.Last, v)
	t.in.Skip(t.lines[0], t.lines[1])
	t.event = nil
}
