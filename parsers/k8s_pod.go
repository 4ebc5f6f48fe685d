package parsers

import (
	"time"

	"coldcase/fact"
)

// K8sPod is a Pod.
//
// "kubectl describe" does not print the fields marked (get); they are empty in facts that come from it.
type K8sPod struct {
	Namespace      string            `cel:"namespace" json:"namespace"`
	Name           string            `cel:"name" json:"name"`
	UID            string            `cel:"uid" json:"uid"`     // (get)
	Phase          string            `cel:"phase" json:"phase"` // Pending, Running, ...; describe hides it while the pod is deleted
	Reason         string            `cel:"reason" json:"reason"`
	Message        string            `cel:"message" json:"message"` // bounded to 1 KiB
	Node           string            `cel:"node" json:"node"`       // empty: not scheduled
	PodIP          string            `cel:"podIP" json:"podIP"`
	HostIP         string            `cel:"hostIP" json:"hostIP"`
	HostNetwork    bool              `cel:"hostNetwork" json:"hostNetwork"` // describe: the pod has its host's address
	QOS            string            `cel:"qos" json:"qos"`                 // Guaranteed, Burstable, BestEffort
	ServiceAccount string            `cel:"serviceAccount" json:"serviceAccount"`
	DNSPolicy      string            `cel:"dnsPolicy" json:"dnsPolicy"`         // (get)
	RestartPolicy  string            `cel:"restartPolicy" json:"restartPolicy"` // (get)
	SchedulerName  string            `cel:"schedulerName" json:"schedulerName"` // (get)
	PriorityClass  string            `cel:"priorityClass" json:"priorityClass"`
	Labels         map[string]string `cel:"labels" json:"labels"`
	Annotations    map[string]string `cel:"annotations" json:"annotations"` // values bounded to 256 bytes, by describe to about 140
	OwnerKind      string            `cel:"ownerKind" json:"ownerKind"`     // of the controller
	OwnerName      string            `cel:"ownerName" json:"ownerName"`
	Created        time.Time         `cel:"created" json:"created,omitzero"` // (get)
	Started        time.Time         `cel:"started" json:"started,omitzero"` // when the kubelet took it up
	Deleted        time.Time         `cel:"deleted" json:"deleted,omitzero"` // deletionTimestamp: when its grace period ends; describe: from an age
	GracePeriod    int64             `cel:"gracePeriod" json:"gracePeriod"`  // seconds, of the deletion; 0 when not deleted
	Finalizers     []string          `cel:"finalizers" json:"finalizers"`    // (get)
	Ready          bool              `cel:"ready" json:"ready"`
	Display        string            `cel:"display" json:"display"` // column STATUS of kubectl get pods
	// TerminationGrace is how long its containers may take to stop, in seconds; 0 when it is not stated. (get)
	TerminationGrace int64 `cel:"terminationGrace" json:"terminationGrace,omitempty"`
	// SchedulingGates are what must be taken away before the scheduler looks at the pod. (get)
	SchedulingGates []string `cel:"schedulingGates" json:"schedulingGates,omitempty"`
	// Restarts of all containers, as kubectl get pods counts them.
	Restarts int64 `cel:"restarts" json:"restarts,omitempty"`
	// Table is set when the pod is a line of kubectl's table, which tells of no container.
	Table bool  `cel:"table" json:"table,omitempty"`
	Shown Shown `cel:"-" json:"shown,omitempty"`
}

// FactKind implements fact.Value.
func (K8sPod) FactKind() fact.Kind { return "k8s.pod" }

// FactKnows implements fact.Partly.
func (p K8sPod) FactKnows(field string) bool { return p.Shown.knows(field) }

// FactPlace implements fact.Placed.
func (p K8sPod) FactPlace() fact.Place {
	place := k8sPodPlace(p.Namespace, p.Name, p.Node)
	place.Unscheduled = place.Unscheduled && p.FactKnows("node")
	return place
}

// K8sPodCondition is one condition of a Pod.
type K8sPodCondition struct {
	Namespace      string    `cel:"namespace" json:"namespace"`
	Pod            string    `cel:"pod" json:"pod"`
	Node           string    `cel:"node" json:"node"`
	Type           string    `cel:"type" json:"type"` // PodScheduled, Initialized, ContainersReady, Ready, ...
	Status         string    `cel:"status" json:"status"`
	Reason         string    `cel:"reason" json:"reason"`                          // not in describe
	Message        string    `cel:"message" json:"message"`                        // not in describe; bounded to 1 KiB
	LastTransition time.Time `cel:"lastTransition" json:"lastTransition,omitzero"` // not in describe
}

// FactKind implements fact.Value.
func (K8sPodCondition) FactKind() fact.Kind { return "k8s.pod-condition" }

// FactPlace implements fact.Placed.
func (c K8sPodCondition) FactPlace() fact.Place { return k8sPodPlace(c.Namespace, c.Pod, c.Node) }

func k8sPodPlace(namespace, pod, node string) fact.Place {
	return fact.Place{Namespace: namespace, Pod: pod, Node: node, Unscheduled: node == ""}
}

var k8sPodFacts = []fact.Value{
	K8sPod{}, K8sPodCondition{}, K8sContainer{}, K8sContainerState{}, K8sContainerResource{}, K8sToleration{},
	K8sNodeSelector{}, K8sNodeAffinity{}, K8sVolume{}, K8sVolumeMount{}, KubeProxySetting{},
}

var _ = register(k8sGetParser("k8s-pods", "kubectl get pods -o yaml|json (Kubernetes API, core/v1 Pod)",
	"cluster/pods", k8sPodFacts, "Pod"))

// k8sPodRef is what the facts of a pod's parts say about the pod.
type k8sPodRef struct{ namespace, name, node, uid string }

func k8sPod(e *k8sEmitter, o *k8sVal) {
	meta, spec, status := o.get("metadata"), o.get("spec"), o.get("status")
	p := K8sPod{
		Namespace: meta.str("namespace"), Name: meta.str("name"), UID: meta.str("uid"),
		Phase: status.str("phase"), Reason: status.str("reason"), Message: k8sCut(status.str("message"), 1024),
		Node: spec.str("nodeName"), PodIP: status.str("podIP"), HostIP: status.str("hostIP"), HostNetwork: spec.flag("hostNetwork"),
		QOS: status.str("qosClass"), ServiceAccount: spec.str("serviceAccountName"), DNSPolicy: spec.str("dnsPolicy"),
		RestartPolicy: spec.str("restartPolicy"), SchedulerName: spec.str("schedulerName"), PriorityClass: spec.str("priorityClassName"),
		Labels: meta.strMap("labels"), Annotations: k8sAnnotations(o),
		Created: meta.time("creationTimestamp"), Started: status.time("startTime"), Deleted: meta.time("deletionTimestamp"),
		GracePeriod: meta.num("deletionGracePeriodSeconds"), Finalizers: meta.strs("finalizers"),
		Ready: k8sConditionTrue(status, "Ready"), Display: k8sDisplay(o), TerminationGrace: spec.num("terminationGracePeriodSeconds"),
	}
	for _, owner := range meta.list("ownerReferences") {
		if owner.flag("controller") {
			p.OwnerKind, p.OwnerName = owner.str("kind"), owner.str("name")
		}
	}
	for _, c := range status.list("containerStatuses") {
		p.Restarts += c.num("restartCount")
	}
	for _, gate := range spec.list("schedulingGates") {
		p.SchedulingGates = append(p.SchedulingGates, gate.str("name"))
	}
	e.emit(meta.get("name").or(o), p)
	ref := k8sPodRef{p.Namespace, p.Name, p.Node, p.UID}
	for _, c := range status.list("conditions") {
		e.emitAt(c, c.time("lastTransitionTime"), K8sPodCondition{
			Namespace: ref.namespace, Pod: ref.name, Node: ref.node, Type: c.str("type"), Status: c.str("status"), Reason: c.str("reason"),
			Message: k8sCut(c.str("message"), 1024), LastTransition: c.time("lastTransitionTime"),
		})
	}
	for _, group := range [...][2]string{{"initContainers", "initContainerStatuses"}, {"containers", "containerStatuses"}, {"ephemeralContainers", "ephemeralContainerStatuses"}} {
		init := group[0] == "initContainers"
		for _, c := range spec.list(group[0]) {
			k8sContainer(e, ref, c, init)
		}
		for _, s := range status.list(group[1]) {
			k8sContainerStates(e, ref, s, init)
		}
	}
	k8sPodPlacement(e, ref, spec)
	k8sVolumes(e, ref, spec)
}

func k8sConditionTrue(status *k8sVal, kind string) bool {
	for _, c := range status.list("conditions") {
		if c.str("type") == kind {
			return c.str("status") == "True"
		}
	}
	return false
}
