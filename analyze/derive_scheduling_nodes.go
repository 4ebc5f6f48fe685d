package analyze

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// nodeSupply is what a node has to give, and what it refuses.
type nodeSupply struct {
	name          string
	unschedulable bool
	labels        map[string]string
	allocatable   map[string]float64 // cores, bytes, pieces
	requested     map[string]float64 // by the pods on it
	taints        []parsers.K8sTaint
	hostPorts     map[int64]string // taken, by "namespace/name"
	source        fact.Source
}

// podDemand is what a pod asks of its node.
type podDemand struct {
	requests    map[string]float64 // of all containers: the larger of the sum of the regular ones and of any init container
	tolerations []parsers.K8sToleration
	selector    []parsers.K8sNodeSelector
	affinity    map[int64][]parsers.K8sNodeAffinity // requirements, by term
	hostPorts   []int64
	claims      []string
}

// placement holds all nodes and pods of the case for the question whether a pod fits a node.
type placement struct {
	nodes    []*nodeSupply
	pods     map[string]*podDemand // by "namespace/name"
	allPods  bool                  // every pod of the cluster is in the case, so that requests can be summed
	initOnly map[string]bool       // "namespace/pod/container" of init containers
}

func newPlacement(s *store) *placement {
	c := &placement{pods: map[string]*podDemand{}, initOnly: map[string]bool{}}
	for _, artifact := range []string{"cluster/pods", "cluster/describe-pods"} {
		whole, _ := s.read(artifact, "k8s.pod", Subject{Scope: "cluster"})
		c.allPods = c.allPods || whole
	}
	c.readDemands(s)
	c.readNodes(s)
	return c
}

func (c *placement) pod(name string) *podDemand {
	d := c.pods[name]
	if d == nil {
		d = &podDemand{requests: map[string]float64{}, affinity: map[int64][]parsers.K8sNodeAffinity{}}
		c.pods[name] = d
	}
	return d
}

func (c *placement) readDemands(s *store) {
	for _, r := range s.facts["k8s.container"] {
		v := r.value.(parsers.K8sContainer)
		d := c.pod(v.Namespace + "/" + v.Pod)
		d.hostPorts = append(d.hostPorts, v.HostPorts...)
		if v.Init {
			c.initOnly[v.Namespace+"/"+v.Pod+"/"+v.Container] = true
		}
	}
	inits := map[string]map[string]float64{}
	for _, r := range s.facts["k8s.container-resource"] {
		v := r.value.(parsers.K8sContainerResource)
		name := v.Namespace + "/" + v.Pod
		if v.Which != "request" || v.Value < 0 {
			continue
		}
		if !c.initOnly[name+"/"+v.Container] {
			c.pod(name).requests[v.Resource] += v.Value
			continue
		}
		if inits[name] == nil {
			inits[name] = map[string]float64{}
		}
		inits[name][v.Resource] = max(inits[name][v.Resource], v.Value)
	}
	for name, most := range inits {
		for resource, value := range most {
			c.pod(name).requests[resource] = max(c.pod(name).requests[resource], value)
		}
	}
	for _, r := range s.facts["k8s.toleration"] {
		v := r.value.(parsers.K8sToleration)
		d := c.pod(v.Namespace + "/" + v.Pod)
		d.tolerations = append(d.tolerations, v)
	}
	for _, r := range s.facts["k8s.node-selector"] {
		v := r.value.(parsers.K8sNodeSelector)
		d := c.pod(v.Namespace + "/" + v.Pod)
		d.selector = append(d.selector, v)
	}
	for _, r := range s.facts["k8s.node-affinity"] {
		v := r.value.(parsers.K8sNodeAffinity)
		d := c.pod(v.Namespace + "/" + v.Pod)
		d.affinity[v.Term] = append(d.affinity[v.Term], v)
	}
	for _, r := range s.facts["k8s.volume"] {
		if v := r.value.(parsers.K8sVolume); v.Source == "persistentVolumeClaim" {
			d := c.pod(v.Namespace + "/" + v.Pod)
			d.claims = append(d.claims, v.Ref)
		}
	}
}

func (c *placement) readNodes(s *store) {
	byName := map[string]*nodeSupply{}
	for _, r := range s.facts["k8s.node"] {
		v := r.value.(parsers.K8sNode)
		byName[v.Name] = &nodeSupply{
			name: v.Name, unschedulable: v.Unschedulable, labels: v.Labels, allocatable: v.Allocatable, source: r.source,
			requested: map[string]float64{}, hostPorts: map[int64]string{},
		}
	}
	for _, r := range s.facts["k8s.taint"] {
		if v := r.value.(parsers.K8sTaint); byName[v.Node] != nil {
			byName[v.Node].taints = append(byName[v.Node].taints, v)
		}
	}
	for _, r := range s.facts["k8s.pod"] {
		v := r.value.(parsers.K8sPod)
		n := byName[v.Node]
		if n == nil || v.Phase == "Succeeded" || v.Phase == "Failed" {
			continue
		}
		n.requested["pods"]++
		d := c.pod(v.Namespace + "/" + v.Name)
		for resource, value := range d.requests {
			n.requested[resource] += value
		}
		for _, port := range d.hostPorts {
			n.hostPorts[port] = v.Namespace + "/" + v.Name
		}
	}
	for _, name := range sortedKeys(byName) {
		c.nodes = append(c.nodes, byName[name])
	}
}

// filters are the scheduler's filters that objects can repeat, in its order (since 1.12): it reports a node for the first
// that refuses it.
var filters = []string{"unschedulable", "taint", "selector", "hostport", "fit"}

// filterOf is the filter that gives a class of reasons.
func filterOf(class string) string {
	if class == "insufficient" || class == "too-many-pods" {
		return "fit"
	}
	return class
}

// firstClass is the first filter that refuses a node; "" when none does.
func (c *placement) firstClass(pod *podDemand, n *nodeSupply) string {
	for _, f := range filters {
		if f != "fit" {
			if c.objection(pod, n, f, "") != "" {
				return f
			}
			continue
		}
		refused := c.objection(pod, n, "too-many-pods", "") != ""
		for resource := range pod.requests {
			refused = refused || c.objection(pod, n, "insufficient", resource) != ""
		}
		if refused {
			return f
		}
	}
	return ""
}

// objection says in words what a node has against a pod; "" when nothing, or when the case does not tell.
func (c *placement) objection(pod *podDemand, n *nodeSupply, class, resource string) string {
	switch class {
	case "unschedulable":
		if n.unschedulable && !tolerates(pod.tolerations, parsers.K8sTaint{Key: "node.kubernetes.io/unschedulable", Effect: "NoSchedule"}) {
			return "is cordoned"
		}
	case "taint":
		var keeps []string
		for _, t := range n.taints {
			if t.Effect != "PreferNoSchedule" && !tolerates(pod.tolerations, t) {
				keeps = append(keeps, taintText(t))
			}
		}
		if len(keeps) > 0 {
			return "has " + strings.Join(keeps, " and ")
		}
	case "selector":
		return pod.mismatch(n)
	case "hostport":
		for _, port := range pod.hostPorts {
			if owner := n.hostPorts[port]; owner != "" {
				return fmt.Sprintf("has port %d taken by %s", port, owner)
			}
		}
	case "too-many-pods":
		return c.short(n, "pods", 1)
	case "insufficient":
		return c.short(n, resource, pod.requests[resource])
	}
	return ""
}

// short says how much of a resource is free by requests, when that is less than is wanted.
func (c *placement) short(n *nodeSupply, resource string, want float64) string {
	all, listed := n.allocatable[resource]
	switch {
	case want <= 0 || len(n.allocatable) == 0:
		return ""
	case !listed:
		return "has no " + resource
	case want > all:
		return "has " + amount(resource, all) + " in all"
	case !c.allPods || want <= all-n.requested[resource]:
		return ""
	case resource == "pods":
		return fmt.Sprintf("runs %d of at most %d pods", int64(n.requested[resource]), int64(all))
	}
	return fmt.Sprintf("has %s of %s free by requests", amountOf(resource, max(0, all-n.requested[resource])), amount(resource, all))
}

// tolerates follows v1.Toleration.ToleratesTaint.
func tolerates(list []parsers.K8sToleration, taint parsers.K8sTaint) bool {
	return slices.ContainsFunc(list, func(t parsers.K8sToleration) bool {
		return (t.Effect == "" || t.Effect == taint.Effect) && (t.Key == "" && t.Operator == "Exists" || t.Key == taint.Key) &&
			(t.Operator == "Exists" || t.Value == taint.Value)
	})
}

func taintText(t parsers.K8sTaint) string {
	if t.Value == "" {
		return t.Key + ":" + t.Effect
	}
	return t.Key + "=" + t.Value + ":" + t.Effect
}

// mismatch is what the pod's selector and required affinity miss in a node's labels; "" when the node fits.
func (d *podDemand) mismatch(n *nodeSupply) string {
	var missing []string
	for _, want := range d.selector {
		if have, ok := n.labels[want.Key]; !ok {
			missing = append(missing, "has no label "+want.Key)
		} else if have != want.Value {
			missing = append(missing, "has "+want.Key+"="+have)
		}
	}
	if len(missing) == 0 && len(d.affinity) > 0 {
		for _, term := range d.affinity {
			i := slices.IndexFunc(term, func(a parsers.K8sNodeAffinity) bool { return !meets(n, a) })
			if i < 0 {
				return "" // terms are alternatives
			}
			missing = append(missing, labelWords(n, term[i].Key))
		}
		sort.Strings(missing)
		missing = slices.Compact(missing)
	}
	return strings.Join(missing, " and ")
}

func labelWords(n *nodeSupply, key string) string {
	if have, ok := n.labels[key]; ok {
		return "has " + key + "=" + have
	}
	if key == "metadata.name" {
		return "has another name"
	}
	return "has no label " + key
}

// meets follows v1.NodeSelectorRequirement.
func meets(n *nodeSupply, a parsers.K8sNodeAffinity) bool {
	have, ok := n.labels[a.Key]
	if a.Key == "metadata.name" {
		have, ok = n.name, true
	}
	switch a.Operator {
	case "In":
		return ok && slices.Contains(a.Values, have)
	case "NotIn":
		return !ok || !slices.Contains(a.Values, have)
	case "Exists":
		return ok
	case "DoesNotExist":
		return !ok
	case "Gt", "Lt":
		x, err := strconv.ParseInt(have, 10, 64)
		if err != nil || len(a.Values) != 1 {
			return false
		}
		y, err := strconv.ParseInt(a.Values[0], 10, 64)
		return err == nil && (a.Operator == "Gt" && x > y || a.Operator == "Lt" && x < y)
	}
	return true
}
