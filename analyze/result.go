package analyze

import (
	"time"

	"coldcase/fact"
)

// SchemaVersion is the version of Result's JSON form; report/schema.json describes it.
const SchemaVersion = 1

// Severity of a finding.
type Severity string

// Severities, worst first.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Rank orders severities: higher is worse.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 3
	case Warning:
		return 2
	case Info:
		return 1
	}
	return 0
}

// Outcome is one of the three verdicts.
type Outcome string

// The three verdicts. Inconclusive is never healthy: it names what was missing.
const (
	Matched      Outcome = "matched"
	Clear        Outcome = "clear"
	Inconclusive Outcome = "inconclusive"
)

// Confidence says how much of a signature's evidence was there.
type Confidence string

// Confidence levels, strongest first.
const (
	Confirmed Confidence = "confirmed"
	Likely    Confidence = "likely"
	Possible  Confidence = "possible"
)

// Result is everything that the analysis learned, sorted and free of map order: the same case gives the same Result.
type Result struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          string       `json:"tool"` // "coldcase 0.1.0"
	Bundles       []BundleInfo `json:"bundles"`
	Nodes         []NodeInfo   `json:"nodes"`
	Pods          []PodInfo    `json:"pods"`
	// Findings are ordered for reading: roots first, worst first; symptoms follow anywhere and are linked by ID.
	Findings []Finding `json:"findings"`
	Verdicts []Verdict `json:"verdicts"`
	// Differences are what nodes of one role do not agree in; what a finding speaks of comes first.
	Differences []Difference `json:"differences"`
	Coverage    []Coverage   `json:"coverage"`
	Missing     []Missing    `json:"missing"`         // what to collect so that inconclusive verdicts can be decided
	Problems    []Problem    `json:"problems"`        // what the reader could not deliver
	Timeline    []Event      `json:"timeline"`        // dated evidence across nodes, oldest first
	Window      Window       `json:"window,omitzero"` // the time asked about
	Stats       Stats        `json:"stats"`
}

// BundleInfo is one input as it was given.
type BundleInfo struct {
	Name      string    `json:"name"`
	Layout    string    `json:"layout"`    // "coldcase", "loose"
	Container string    `json:"container"` // "tar.zst", "directory", "zip"
	Tool      string    `json:"tool,omitempty"`
	Collected time.Time `json:"collected,omitzero"`
	Aborted   bool      `json:"aborted,omitempty"` // collection or archive was cut off
}

// NodeInfo is a node at a glance.
type NodeInfo struct {
	Name      string    `json:"name"`
	Kernel    string    `json:"kernel,omitempty"`
	OS        string    `json:"os,omitempty"`
	Collected time.Time `json:"collected,omitzero"`
	Boot      time.Time `json:"boot,omitzero"`
	Worst     Severity  `json:"worst,omitempty"` // of the findings on it
	Findings  int       `json:"findings"`
	Artifacts int       `json:"artifacts"`       // read from it; 0: known only from the API server's objects
	Ready     string    `json:"ready,omitempty"` // the Ready condition as the API server saw it
}

// PodInfo is a pod at a glance. Pods that are well and have no finding are only counted, in Stats.
type PodInfo struct {
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Node      string   `json:"node,omitempty"`
	Phase     string   `json:"phase,omitempty"`
	Reason    string   `json:"reason,omitempty"` // "CrashLoopBackOff", "ContainerCreating", "OOMKilled"
	Restarts  int64    `json:"restarts,omitempty"`
	Worst     Severity `json:"worst,omitempty"`
	Findings  int      `json:"findings"`
}

// Subject is what a verdict or finding is about.
type Subject struct {
	Scope string `json:"scope"` // node, pod, service, ingress, capture, cluster
	// Name is "node-a", "namespace/pod", "namespace/service", a capture's path, or "cluster".
	Name string `json:"name"`
	Node string `json:"node,omitempty"` // the node that a pod or capture is on
}

// Finding is a signature that matched on a subject.
type Finding struct {
	ID          string     `json:"id"` // "signature@subject", unique and stable across runs
	Signature   string     `json:"signature"`
	Title       string     `json:"title"`
	Severity    Severity   `json:"severity"`
	Confidence  Confidence `json:"confidence"`
	Because     string     `json:"because,omitempty"` // why it is not confirmed
	Subject     Subject    `json:"subject"`
	Message     string     `json:"message"` // this case, in one or two sentences
	Description string     `json:"description"`
	Evidence    []Evidence `json:"evidence"`
	FirstSeen   time.Time  `json:"firstSeen,omitzero"`
	LastSeen    time.Time  `json:"lastSeen,omitzero"`
	Count       int64      `json:"count"`             // occurrences; a lower bound when AtLeast
	AtLeast     bool       `json:"atLeast,omitempty"` // the log was rate limited or cut
	Causes      []string   `json:"causes"`            // IDs of the findings that explain this one
	Symptoms    []string   `json:"symptoms"`          // IDs of the findings that this one explains
	Remediation []Step     `json:"remediation"`
	CannotProve string     `json:"cannotProve,omitempty"` // what the bundle cannot show about it
	References  []string   `json:"references,omitempty"`
	// Pods are those that its evidence speaks of, as "namespace/name".
	Pods []string `json:"pods,omitempty"`
	// Lead says why the finding lies outside the time that was asked about: it is then no cause of what lies inside.
	Lead string `json:"lead,omitempty"`
	late bool   // it began after the time asked about
	// Peers say how the other nodes stand in what the evidence speaks of: "MTU of eth0 is 1500 (node-a), 1450 (node-b)".
	Peers []string `json:"peers,omitempty"`
	// Unchecked are signatures that could explain a root and could not be decided.
	Unchecked []Unchecked `json:"unchecked,omitempty"`
	// Lasting: a snapshot shows it, so it had not ended when the bundle was made.
	Lasting bool `json:"lasting,omitempty"`
	// Nodes and Workloads ("namespace/name") are what else its evidence speaks of, to find its causes.
	Nodes     []string `json:"-"`
	Workloads []string `json:"-"`
}

// Unchecked is a possible cause of a finding that the case could neither show nor rule out.
type Unchecked struct {
	Signature string   `json:"signature"`
	Title     string   `json:"title"`
	Missing   []string `json:"missing"` // canonical artifacts that would decide it
}

// Root reports whether nothing in the case explains the finding.
func (f *Finding) Root() bool { return len(f.Causes) == 0 }

// Step is one remediation step.
type Step struct {
	Do      string `json:"do"`
	Command string `json:"command,omitempty"` // to copy; may span lines
	Risk    string `json:"risk"`              // none, low, medium, high
}

// Evidence is a quotation: what was selected, where it stands, and the text itself.
type Evidence struct {
	Selection string      `json:"selection"` // the signature's name for it
	Artifact  string      `json:"artifact"`  // path for a person
	Lines     [2]int      `json:"lines"`     // first and last, from 1; 0,0 for packets
	Packet    int         `json:"packet,omitempty"`
	Pointer   string      `json:"pointer,omitempty"`
	At        time.Time   `json:"at,omitzero"`
	Node      string      `json:"node,omitempty"`
	Text      string      `json:"text"`             // the quoted lines, or a packet's summary
	Mark      [][2]int    `json:"mark,omitempty"`   // byte ranges of Text that matched
	Before    []string    `json:"before,omitempty"` // context lines
	After     []string    `json:"after,omitempty"`
	Count     int64       `json:"count,omitempty"` // how many alike it stands for, itself included
	Source    fact.Source `json:"-"`
}

// Verdict is what one signature says about one subject. Clear verdicts of a signature whose subjects are all clear
// are folded into one with an empty subject name and Subjects set.
type Verdict struct {
	Signature string   `json:"signature"`
	Title     string   `json:"title"`
	Family    string   `json:"family,omitempty"` // what the signatures of one table have in common, as a title
	Subject   Subject  `json:"subject"`
	Outcome   Outcome  `json:"outcome"`
	Missing   []string `json:"missing,omitempty"`  // canonical artifacts, when inconclusive
	Reason    string   `json:"reason,omitempty"`   // "node/ipvsadm: missing-binary"
	Subjects  int      `json:"subjects,omitempty"` // how many subjects a folded verdict stands for
}

// Coverage is what became of one artifact.
type Coverage struct {
	Artifact     string `json:"artifact"`
	Path         string `json:"path"`
	Node         string `json:"node,omitempty"`
	Status       string `json:"status"` // the bundle's status word, or "absent" for an error text in its place
	Reason       string `json:"reason,omitempty"`
	Bytes        int64  `json:"bytes"`
	Lines        int    `json:"lines"`
	Facts        int    `json:"facts"`
	Unrecognized int    `json:"unrecognized,omitempty"` // lines that no grammar understood
	Sample       string `json:"sample,omitempty"`       // the first of them
	Parser       string `json:"parser,omitempty"`       // empty: stored, but nothing reads it
	Producer     string `json:"producer,omitempty"`     // "exec": a program printed it; "native": the collector did in its place
}

// Missing is an artifact whose absence left verdicts open.
type Missing struct {
	Artifact string   `json:"artifact"`
	Nodes    []string `json:"nodes,omitempty"` // where it lacks; empty for cluster artifacts
	Why      string   `json:"why"`             // "not collected", "timeout", "error text instead of data: ..."
	Command  string   `json:"command"`         // what would collect it
	Blocks   []string `json:"blocks"`          // signatures that stay open for lack of it
}

// Problem is something that was lost on the way in.
type Problem struct {
	Bundle string `json:"bundle"`
	Path   string `json:"path,omitempty"`
	What   string `json:"what"`
}

// Event is one dated piece of evidence on the timeline.
type Event struct {
	At      time.Time `json:"at"`
	Node    string    `json:"node,omitempty"`
	Finding string    `json:"finding"` // Finding.ID
	Text    string    `json:"text"`
	Source  string    `json:"source"` // "node-a/dmesg.txt:118"
	Count   int64     `json:"count,omitempty"`
	Until   time.Time `json:"until,omitzero"` // last occurrence, when it stands for several
}

// Stats are sizes of the case.
type Stats struct {
	Bytes      int64 `json:"bytes"` // after decompression
	Artifacts  int   `json:"artifacts"`
	Facts      int   `json:"facts"`
	LogLines   int64 `json:"logLines"`
	Signatures int   `json:"signatures"`
	Pods       int   `json:"pods"` // all pods seen, well or not
}
