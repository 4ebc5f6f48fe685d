package parsers

import (
	"strings"
	"time"

	"coldcase/fact"
)

// K8sEvent is an Event: how often and when something happened to an object.
type K8sEvent struct {
	Namespace string    `cel:"namespace" json:"namespace"` // of the object; empty for a Node
	Kind      string    `cel:"kind" json:"kind"`           // of the object: Pod, Node, Service, ...
	Name      string    `cel:"name" json:"name"`           // of the object
	UID       string    `cel:"uid" json:"uid"`             // of the object; not in describe
	Type      string    `cel:"type" json:"type"`           // Normal, Warning
	Reason    string    `cel:"reason" json:"reason"`
	Message   string    `cel:"message" json:"message"` // bounded to 4 KiB
	Count     int64     `cel:"count" json:"count"`
	First     time.Time `cel:"first" json:"first,omitzero"` // describe: the collection's time less the printed age, as exact as that is
	Last      time.Time `cel:"last" json:"last,omitzero"`
	Component string    `cel:"component" json:"component"` // kubelet, default-scheduler, ...
	Host      string    `cel:"host" json:"host"`           // node that reported it; describe prints it before 1.23 only
	Age       string    `cel:"age" json:"age"`             // as describe and tables print it; empty in get
	Shown     Shown     `cel:"-" json:"shown,omitempty"`
}

// FactKind implements fact.Value.
func (K8sEvent) FactKind() fact.Kind { return "k8s.event" }

// FactKnows implements fact.Partly.
func (e K8sEvent) FactKnows(field string) bool { return e.Shown.knows(field) }

// FactPlace implements fact.Placed.
func (e K8sEvent) FactPlace() fact.Place {
	place := fact.Place{Namespace: e.Namespace, Node: e.Host}
	switch e.Kind {
	case "Pod":
		place.Pod, place.Unscheduled = e.Name, e.Host == ""
	case "Node":
		place.Node = e.Name
	case "Service", "Endpoints":
		place.Service = e.Name
	case "Ingress":
		place.Ingress = e.Name
	}
	return place
}

var _ = register(k8sGetParser("k8s-events", "kubectl get events -o yaml|json (Kubernetes API, core/v1 and events.k8s.io/v1 Event)",
	"cluster/events", []fact.Value{K8sEvent{}}, "Event"))

const k8sEventBytes = 4096

// k8sEvent reads both forms of the API: core/v1 says involvedObject, message, source and lastTimestamp where
// events.k8s.io says regarding, note, deprecatedSource and deprecatedLastTimestamp; newer reporters use eventTime and series.
func k8sEvent(e *k8sEmitter, o *k8sVal) {
	object, source := o.get("involvedObject").or(o.get("regarding")), o.get("source")
	if old := o.get("deprecatedSource"); old != nil {
		source = old
	}
	v := K8sEvent{
		Namespace: object.str("namespace"), Kind: object.str("kind"), Name: object.str("name"), UID: object.str("uid"),
		Type: o.str("type"), Reason: o.str("reason"), Message: k8sCut(strings.TrimSpace(k8sFirst(o.str("message"), o.str("note"))), k8sEventBytes),
		Component: k8sFirst(source.str("component"), o.str("reportingController"), o.str("reportingComponent")), Host: source.str("host"),
		Count: max(1, o.num("count"), o.num("deprecatedCount"), o.num("series", "count")),
		First: k8sFirstTime(o.time("firstTimestamp"), o.time("deprecatedFirstTimestamp"), o.time("eventTime")),
		Last: k8sFirstTime(o.time("series", "lastObservedTime"), o.time("lastTimestamp"), o.time("deprecatedLastTimestamp"),
			o.time("eventTime"), o.time("metadata", "creationTimestamp")),
	}
	if v.First.IsZero() {
		v.First = v.Last
	}
	if v.Host == "" && v.Component == "kubelet" {
		v.Host = o.str("reportingInstance")
	}
	at := o.get("message").or(o.get("note")).or(o.get("reason")).or(o)
	e.emitAt(at, v.Last, v)
}

func k8sFirst(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func k8sFirstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
