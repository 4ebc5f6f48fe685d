package parsers

import (
	"regexp"
	"strings"
)

// describeNode makes a Node of its description, and emits its Lease.
func describeNode(o *describeObject) *k8sVal {
	root := describeMeta(o)
	for _, s := range o.sections {
		switch s.key {
		case "Unschedulable":
			root.put(s, s.val, "spec", "unschedulable")
		case "PodCIDR":
			root.put(s, s.val, "spec", "podCIDR")
		case "PodCIDRs":
			for _, cidr := range strings.Split(s.val, ",") {
				root.putList(s, "spec", "podCIDRs").putText(s, cidr)
			}
		case "Taints":
			describeTaints(root, s)
		case "Conditions":
			describeNodeConditions(root, s)
		case "Addresses":
			for _, a := range s.kids {
				address := root.putList(s, "status", "addresses").putItem(a)
				address.put(a, a.key, "type")
				address.put(a, a.val, "address")
			}
		case "Capacity", "Allocatable":
			for _, q := range s.kids {
				root.put(q, q.val, "status", strings.ToLower(s.key), q.key)
			}
		case "System Info":
			for key, field := range map[string]string{
				"Kernel Version": "kernelVersion", "OS Image": "osImage", "Architecture": "architecture",
				"Container Runtime Version": "containerRuntimeVersion", "Kubelet Version": "kubeletVersion", "Kube-Proxy Version": "kubeProxyVersion",
			} {
				root.put(s.kid(key), s.value(key), "status", "nodeInfo", field)
			}
		case "Lease":
			describeLease(o, s)
		}
	}
	return root
}

// describeTaints reads "key=value:effect" lines.
func describeTaints(root *k8sVal, s *describeItem) {
	for _, l := range s.lines() {
		key, effect, ok := strings.Cut(l.text, ":")
		if !ok {
			continue
		}
		key, value, _ := strings.Cut(key, "=")
		taint := root.putList(s, "spec", "taints").putItem(l)
		taint.put(l, key, "key")
		taint.put(l, value, "value")
		taint.put(l, effect, "effect")
	}
}

// describeNodeCondition matches a row: type, status, heartbeat, transition, reason, message.
var describeNodeCondition = regexp.MustCompile(`^(\S+)\s+(\S+)\s+(\w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4})\s+(\w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4})\s*(\S*)\s*(.*)$`)

func describeNodeConditions(root *k8sVal, s *describeItem) {
	for _, row := range s.flat() {
		m := describeNodeCondition.FindStringSubmatch(row.text)
		if m == nil {
			continue
		}
		c := root.putList(s, "status", "conditions").putItem(row)
		for i, field := range [...]string{"type", "status", "lastHeartbeatTime", "lastTransitionTime", "reason", "message"} {
			c.put(row, m[i+1], field)
		}
	}
}

func describeLease(o *describeObject, s *describeItem) {
	name := o.section("Name")
	renew := s.kid("RenewTime")
	if renew == nil || name == nil {
		return // "Failed to get lease"
	}
	o.in.Emit(renew.n, renew.n, K8sLease{
		Namespace: k8sNodeLeases, Name: name.val, Holder: s.value("HolderIdentity"), Renew: k8sTime(renew.val),
	})
}
