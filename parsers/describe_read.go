package parsers

import (
	"strings"
)

// describeHead is true for the keys that start a section at the left edge. Other text there is the continuation of a
// message, or a section that coldcase does not know.
func describeHead(key string) bool {
	switch key {
	case "Name", "Namespace", "Labels", "Annotations", "Events", "Status", "Reason", "Message", "Conditions", "Type", // several kinds
		"Priority", "Priority Class Name", "PriorityClassName", "Runtime Class Name", "Service Account", "Node", "Start Time", "Security Policy",
		"Termination Grace Period", "SeccompProfile", "LocalhostProfile", "IP", "IPs", "Controlled By", "Created By", "Controllers",
		"NominatedNodeName", "Resources", "Init Containers", "Containers", "Ephemeral Containers", "Readiness Gates", "Volumes", "QoS Class",
		"Node-Selectors", "Tolerations", "Topology Spread Constraints", "Resource Claims", // Pod
		"Roles", "CreationTimestamp", "Taints", "Unschedulable", "Lease", "Addresses", "Capacity", "Allocatable", "System Info", "PodCIDR", "PodCIDRs",
		"ProviderID", "ExternalID", "Non-terminated Pods", "Allocated resources", "Pods", "Features", // Node
		"Selector", "IP Family Policy", "IP Families", "IP Family", "IPFamily", "External IPs", "Desired LoadBalancer IP", "External Name",
		"LoadBalancer Ingress", "LoadBalancer IP", "Port", "TargetPort", "NodePort", "Endpoints", "Session Affinity", "External Traffic Policy",
		"Internal Traffic Policy", "HealthCheck NodePort", "LoadBalancer Source Ranges", "Traffic Distribution", "Topology", // Service
		"Address", "Ingress Class", "Default backend", "TLS", "Rules", // Ingress
		"Subsets": // Endpoints
		return true
	}
	return false
}

// read cuts an object into sections and trees below them. Lines of known sections are marked as understood.
func (o *describeObject) read() {
	var stack []*describeItem
	for n := o.first; n <= o.last; n++ {
		line := strings.TrimRight(string(o.in.Text.Line(n)), " \t")
		if line == "" {
			continue
		}
		item := describeLine(n, line)
		if item.indent == 0 {
			if !describeHead(item.key) {
				stack = nil // a section that is not known: neither it nor what is below it is understood
				continue
			}
			// kubectl before 1.19 forgot the line end when all annotations were hidden: "Annotations:  Selector:  app=web".
			if glued := describeLine(n, item.val); item.key == "Annotations" && describeHead(glued.key) {
				item.val, item = "", glued
			}
			o.sections, stack = append(o.sections, item), []*describeItem{item}
			o.in.Skip(n, n)
			if item.key == "Events" {
				o.readEvents(n + 1)
				return
			}
		} else {
			for len(stack) > 1 && stack[len(stack)-1].indent >= item.indent {
				stack = stack[:len(stack)-1]
			}
			if len(stack) == 0 {
				continue
			}
			parent := stack[len(stack)-1]
			parent.kids, stack = append(parent.kids, item), append(stack, item)
			o.in.Skip(n, n)
		}
		if item.key == "Message" && (item.indent == 0 || describeIsState(stack)) {
			n = o.readMessage(item)
		}
	}
}

// describeIsState is true when the last item of the stack belongs to a container's state.
func describeIsState(stack []*describeItem) bool {
	return len(stack) > 1 && strings.HasSuffix(stack[len(stack)-2].key, "State")
}

const describeMessageLines = 200 // a termination message has at most 4 KiB, or 80 lines of log

// readMessage takes the lines of a message that has several: they begin at the left edge, or anywhere. The message
// of a container ends at its exit code, that of a pod at the next section.
func (o *describeObject) readMessage(item *describeItem) int {
	for n := item.n + 1; n <= min(o.last, item.n+describeMessageLines); n++ {
		next := describeLine(n, strings.TrimRight(string(o.in.Text.Line(n)), " \t"))
		ends := next.key == "Exit Code"
		if item.indent == 0 {
			ends = describeHead(next.key)
		}
		if next.indent != item.indent || !ends {
			continue
		}
		for more := item.n + 1; more < n; more++ {
			item.val += "\n" + string(o.in.Text.Line(more))
			item.last = more
		}
		o.in.Skip(item.n, item.last)
		return item.last
	}
	return item.n
}

func (o *describeObject) readEvents(from int) {
	for n := from; n <= o.last; n++ {
		line := strings.TrimRight(string(o.in.Text.Line(n)), " \t")
		if line != "" {
			o.events = append(o.events, describeLine(n, line))
		}
	}
}

// section is the first section with a key, or nil.
func (o *describeObject) section(key string) *describeItem {
	for _, s := range o.sections {
		if s.key == key {
			return s
		}
	}
	return nil
}

// value is the value of a section, without "<none>" and its like.
func (o *describeObject) value(key string) string {
	if s := o.section(key); s != nil {
		return describeNone(s.val)
	}
	return ""
}

// describeMaxKeys bounds the maps of one object: looking a key up walks them, and real ones have below a hundred.
const describeMaxKeys = 1024

// put sets the scalar at path, making the maps on the way.
func (v *k8sVal) put(at *describeItem, text string, path ...string) {
	if at == nil || text == "" {
		return
	}
	for i, key := range path {
		kid := v.get(key)
		if kid == nil {
			if len(v.kids) >= describeMaxKeys {
				return
			}
			kid = v.add(&k8sVal{typ: k8sMap, key: key, first: at.n, last: at.last})
		}
		kid.last = max(kid.last, at.last)
		if v = kid; i == len(path)-1 {
			kid.typ, kid.text = k8sScalar, text
		}
	}
}

// putList makes sure of a list at path.
func (v *k8sVal) putList(at *describeItem, path ...string) *k8sVal {
	for i, key := range path {
		kid := v.get(key)
		if kid == nil {
			kid = v.add(&k8sVal{typ: k8sMap, key: key, first: at.n, last: at.last})
		}
		if v = kid; i == len(path)-1 {
			kid.typ = k8sList
		}
	}
	return v
}

// putItem appends a map to a list; it stands on the item's lines.
func (v *k8sVal) putItem(at *describeItem) *k8sVal {
	return v.add(&k8sVal{typ: k8sMap, first: at.n, last: at.end()})
}

// putText appends a scalar to a list.
func (v *k8sVal) putText(at *describeItem, text string) {
	v.add(&k8sVal{typ: k8sScalar, text: text, first: at.n, last: at.last})
}

// lines are the values of a section that lists one per line, the first beside its key: labels, taints, tolerations.
func (i *describeItem) lines() []*describeItem {
	if i == nil {
		return nil
	}
	var all []*describeItem
	if describeNone(i.val) != "" {
		all = append(all, &describeItem{n: i.n, last: i.last, text: i.val})
	}
	return append(all, i.flat()...)
}

// describeMeta fills in what all kinds print alike.
func describeMeta(o *describeObject) *k8sVal {
	root := &k8sVal{typ: k8sMap, first: o.first, last: o.last}
	root.put(o.section("Name"), o.value("Name"), "metadata", "name")
	root.put(o.section("Namespace"), o.value("Namespace"), "metadata", "namespace")
	for _, l := range o.section("Labels").lines() {
		if key, value, ok := strings.Cut(l.text, "="); ok {
			root.putValue(l, value, "metadata", "labels", key)
		}
	}
	describeAnnotations(root, o.section("Annotations"))
	return root
}

// putValue is put for values that may be empty.
func (v *k8sVal) putValue(at *describeItem, text string, path ...string) {
	v.put(at, text+" ", path...)
	if kid := v.get(path...); kid != nil {
		kid.text = text
	}
}

// describeAnnotations reads "key: value" lines; long values and those with line ends stand below their key.
func describeAnnotations(root *k8sVal, s *describeItem) {
	if s == nil || s.val == "<none>" {
		return
	}
	column, key, value := s.col, "", ""
	var at *describeItem
	flush := func() {
		if key != "" {
			root.putValue(at, value, "metadata", "annotations", key)
		}
		key = ""
	}
	start := func(i *describeItem, text string) {
		flush()
		var ok bool
		if key, value, ok = strings.Cut(text, ": "); !ok {
			if key, value, ok = strings.Cut(text, "="); !ok { // the form of kubectl before 1.11
				key = strings.TrimSuffix(text, ":")
			}
		}
		at, value = &describeItem{n: i.n, last: i.n}, strings.TrimSpace(value)
	}
	if s.val != "" {
		start(s, s.val)
	} else if len(s.kids) > 0 {
		column = s.kids[0].indent
	}
	for _, l := range s.flat() {
		switch {
		case l.indent <= column:
			start(l, l.text)
		case key != "" && value == "":
			value, at.last = l.text, l.n
		case key != "" && len(value) <= k8sAnnotationBytes:
			value, at.last = value+"\n"+strings.Repeat(" ", max(0, l.indent-column-2))+l.text, l.n
		}
	}
	flush()
}
