package parsers

import (
	"slices"
	"strings"
)

// nodeStates are the words of a node's column STATUS: printNode says Ready when that condition is True, NotReady when it
// is False or Unknown, and Unknown when there is none.
var nodeStates = []string{"Ready", "NotReady", "Unknown", "SchedulingDisabled"}

func (t *kubectlTable) nodeRow(n int, cells map[string]string) bool {
	name, isNode := kubectlObject(cells["NAME"], "node")
	states := strings.Split(cells["STATUS"], ",")
	if !isNode || slices.ContainsFunc(states, func(s string) bool { return !slices.Contains(nodeStates, s) }) {
		return false
	}
	v := K8sNode{
		Name: name, KubeletVersion: cells["VERSION"], InternalIP: kubectlNone(cells["INTERNAL-IP"]), ExternalIP: kubectlNone(cells["EXTERNAL-IP"]),
		OSImage: kubectlNone(cells["OS-IMAGE"]), Kernel: kubectlNone(cells["KERNEL-VERSION"]), Runtime: kubectlNone(cells["CONTAINER-RUNTIME"]),
		Unschedulable: slices.Contains(states, "SchedulingDisabled"), Labels: kubectlLabels(cells["LABELS"]),
		CapacityCPU: -1, CapacityMemory: -1, AllocatableCPU: -1, AllocatableMemory: -1, AllocatablePods: -1,
	}
	if roles := kubectlNone(cells["ROLES"]); roles != "" {
		v.Roles = strings.Split(roles, ",")
	}
	v.Shown = t.shown([]string{"name", "unschedulable"}, map[string]string{
		"ROLES": "roles", "VERSION": "kubeletVersion", "INTERNAL-IP": "internalIP", "EXTERNAL-IP": "externalIP", "OS-IMAGE": "osImage",
		"KERNEL-VERSION": "kernel", "CONTAINER-RUNTIME": "runtime", "LABELS": "labels",
	})
	t.in.Emit(n, n, v)
	status := map[string]string{"Ready": "True", "NotReady": "NotReady"}[states[0]]
	if status != "" {
		t.in.Emit(n, n, K8sNodeCondition{Node: name, Type: "Ready", Status: status, Shown: Shown{"node", "type", "status"}})
	}
	return true
}
