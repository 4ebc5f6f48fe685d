package parsers

import (
	"regexp"
	"strings"
	"time"
)

// describePod makes a Pod of its description. What describe does not print is documented at the facts' fields.
func describePod(o *describeObject) *k8sVal {
	root := describeMeta(o)
	for _, s := range o.sections {
		value := describeNone(s.val)
		switch s.key {
		case "Priority Class Name", "PriorityClassName":
			root.put(s, value, "spec", "priorityClassName")
		case "Service Account":
			root.put(s, value, "spec", "serviceAccountName")
		case "Node":
			node, ip, _ := strings.Cut(value, "/")
			root.put(s, node, "spec", "nodeName")
			root.put(s, ip, "status", "hostIP")
		case "Start Time":
			root.put(s, value, "status", "startTime")
		case "Status":
			describePodStatus(o, root, s)
		case "Termination Grace Period":
			root.put(s, strings.TrimSuffix(value, "s"), "metadata", "deletionGracePeriodSeconds")
		case "Reason":
			root.put(s, value, "status", "reason")
		case "Message":
			root.put(s, value, "status", "message")
		case "IP":
			root.put(s, value, "status", "podIP")
		case "QoS Class":
			root.put(s, value, "status", "qosClass")
		case "Controlled By":
			if kind, name, ok := strings.Cut(value, "/"); ok {
				owner := root.putList(s, "metadata", "ownerReferences").putItem(s)
				owner.put(s, kind, "kind")
				owner.put(s, name, "name")
				owner.put(s, "true", "controller")
			}
		case "Init Containers":
			describeContainers(root, s, "initContainers", "initContainerStatuses")
		case "Containers":
			describeContainers(root, s, "containers", "containerStatuses")
		case "Ephemeral Containers":
			describeContainers(root, s, "ephemeralContainers", "ephemeralContainerStatuses")
		case "Conditions":
			describePodConditions(root, s)
		case "Volumes":
			describeVolumes(root, s)
		case "Node-Selectors":
			for _, l := range s.lines() {
				if key, value, ok := strings.Cut(l.text, "="); ok {
					root.putValue(l, value, "spec", "nodeSelector", key)
				}
			}
		case "Tolerations":
			describeTolerations(root, s)
		}
	}
	if ip := root.str("status", "podIP"); ip != "" && ip == root.str("status", "hostIP") {
		root.put(o.section("IP"), "true", "spec", "hostNetwork") // no other pod has its host's address
	}
	return root
}

// describeDeleting matches "Terminating (lasts 40s)", and "Terminating (expires Mon, 02 Jan 2006 ...)" before 1.10.
var describeDeleting = regexp.MustCompile(`^Terminating \((?:lasts (\S+)|expires (.*))\)$`)

func describePodStatus(o *describeObject, root *k8sVal, s *describeItem) {
	m := describeDeleting.FindStringSubmatch(s.val)
	if m == nil {
		root.put(s, describeNone(s.val), "status", "phase")
		return
	}
	deleted := k8sTime(m[2])
	if age, ok := describeAge(m[1]); ok && deleted.IsZero() {
		deleted = o.in.At.Add(-age)
	}
	root.put(s, deleted.Format(time.RFC3339Nano), "metadata", "deletionTimestamp")
}

func describePodConditions(root *k8sVal, s *describeItem) {
	for _, row := range s.flat() {
		if f := strings.Fields(row.text); len(f) == 2 && f[0] != "Type" {
			c := root.putList(s, "status", "conditions").putItem(row)
			c.put(row, f[0], "type")
			c.put(row, f[1], "status")
		}
	}
}

// describeTolerations reads "key=value:effect op=Exists for 300s". Before 1.19 kubectl left "op=Exists" out, so that a
// key without value meant Exists there and means Equal to the empty value now: the whole list shows which form it is.
func describeTolerations(root *k8sVal, s *describeItem) {
	old := true
	for _, l := range s.lines() {
		old = old && !strings.Contains(l.text, "op=")
	}
	for _, l := range s.lines() {
		item := root.putList(s, "spec", "tolerations").putItem(l)
		operator := ""
		for i, word := range strings.Fields(l.text) {
			switch op, isOp := strings.CutPrefix(word, "op="); {
			case isOp:
				operator = op
			case i == 0:
				key, effect, _ := strings.Cut(word, ":")
				key, value, _ := strings.Cut(key, "=")
				item.put(l, key, "key")
				item.put(l, value, "value")
				item.put(l, effect, "effect")
			}
		}
		if operator == "" && old && item.str("value") == "" {
			operator = "Exists"
		}
		item.put(l, operator, "operator")
	}
}

// describeVolumes reads volumes: their type stands as the API's type name, their fields as its field names.
func describeVolumes(root *k8sVal, s *describeItem) {
	for _, v := range s.kids {
		kind, _, _ := strings.Cut(v.value("Type"), " ")
		if v.key == "" || kind == "" {
			continue
		}
		volume := root.putList(s, "spec", "volumes").putItem(v)
		volume.put(v, v.key, "name")
		source := volume.add(&k8sVal{typ: k8sMap, key: describeVolumeKind(kind), first: v.n, last: v.end()})
		for _, field := range v.kids {
			if field.key != "Type" && source.get(describeLower(field.key)) == nil {
				source.put(field, describeNone(field.val), describeLower(field.key))
			}
		}
	}
}

// describeVolumeKind is the API's name of a volume source that describe calls by its type.
func describeVolumeKind(kind string) string {
	switch kind {
	case "EphemeralVolume":
		return "ephemeral"
	case "NFS", "CSI", "RBD", "FC", "ISCSI", "CephFS":
		return strings.ToLower(kind)
	case "AWSElasticBlockStore":
		return "awsElasticBlockStore"
	case "GCEPersistentDisk":
		return "gcePersistentDisk"
	}
	return describeLower(kind)
}

func describeLower(key string) string {
	if key == "PDName" {
		return "pdName"
	}
	if key == "" {
		return ""
	}
	return strings.ToLower(key[:1]) + key[1:]
}
