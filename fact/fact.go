// Package fact holds the currency of coldcase: typed facts and the exact place that each was read from.
//
// Parsers make facts, the analysis judges them, a report quotes them. This package knows no artifact grammar
// and decides nothing.
package fact

import (
	"strconv"
	"time"
)

// Kind names a sort of fact, in dotted lower case: "buddyinfo.zone", "k8s.pod", "log.kernel".
type Kind string

// Value is what a parser learned from a few lines: a plain struct whose exported fields carry a `cel:"name"` tag.
// Its field types are int64, float64, string, bool, time.Time, time.Duration, and slices, maps or structs of these.
// Addresses are canonical text, as netip prints them, so that conditions and JSON read them without conversion.
type Value interface {
	// FactKind is a constant of the type: it must not depend on the value's content.
	FactKind() Kind
}

// Placed is a Value that belongs to a Kubernetes object or to a node other than the one its artifact came from.
type Placed interface {
	Value
	FactPlace() Place
}

// Partly is a Value that may come from something which shows only some of its fields, such as a table of kubectl.
type Partly interface {
	Value
	// FactKnows reports whether the field with this cel tag was there to be read. Others hold zero values that mean nothing.
	FactKnows(field string) bool
}

// Summarized is a Value that can say itself in one line, where there is no text to quote.
type Summarized interface {
	Value
	FactSummary() string
}

// Place says what a fact is about. An empty field means "no statement", not "none".
type Place struct {
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Pod       string `json:"pod,omitempty"`     // pod name, with Namespace
	PodUID    string `json:"podUID,omitempty"`  // set where only the UID is known
	Service   string `json:"service,omitempty"` // service name, with Namespace
	Ingress   string `json:"ingress,omitempty"` // ingress name, with Namespace
	Capture   string `json:"capture,omitempty"` // path of the capture inside the bundle
	// Unscheduled marks a pod fact whose pod is on no node: it belongs to no node's subject.
	Unscheduled bool `json:"-"`
}

// Fact is one value with its provenance. A parser supplies Value and Source's span; the driver fills the rest.
type Fact struct {
	Kind   Kind      `json:"kind"`
	Place  Place     `json:"place"`
	At     time.Time `json:"at,omitzero"` // when it happened or was sampled; zero when unknown
	Source Source    `json:"source"`
	Value  Value     `json:"value"`
}

// Source is where a fact was read: the artifact's path inside the case, and a span within it.
// Lines count from 1 and Last is inclusive; for captures Packet counts from 1 and lines are 0.
type Source struct {
	Artifact string `json:"artifact"`          // canonical artifact name, "node/buddyinfo"
	Path     string `json:"path"`              // path for a person, "node-a/buddyinfo.txt"
	First    int    `json:"first,omitempty"`   // first line of the span
	Last     int    `json:"last,omitempty"`    // last line of the span
	Packet   int    `json:"packet,omitempty"`  // packet number in a capture
	Pointer  string `json:"pointer,omitempty"` // JSON pointer into a Kubernetes object list
	// Text is the artifact that the span lies in, shared by all facts of one artifact; nil for captures and logs.
	Text *Text `json:"-"`
}

// String prints the source as a person types it into an editor: "node-a/dmesg.txt:118".
func (s Source) String() string {
	switch {
	case s.Packet > 0:
		return s.Path + "#" + strconv.Itoa(s.Packet)
	case s.First > 0 && s.Last > s.First:
		return s.Path + ":" + strconv.Itoa(s.First) + "-" + strconv.Itoa(s.Last)
	case s.First > 0:
		return s.Path + ":" + strconv.Itoa(s.First)
	}
	return s.Path
}
