//go:build linux

package collect

import (
	"context"
	"sort"
	"time"
)

// Privacy says what kind of data an artifact may hold, for people who must agree before it leaves the node.
type Privacy string

// The privacy classes, from the least to the most sensitive.
const (
	PrivacySystem    Privacy = "system"    // kernel, hardware and program facts
	PrivacyAddresses Privacy = "addresses" // IP and MAC addresses, host names
	PrivacyWorkload  Privacy = "workload"  // names and settings of what runs
	PrivacyLogs      Privacy = "logs"      // free text that programs wrote
	PrivacyTraffic   Privacy = "traffic"   // packets
)

// Groups in the order of collection: what changes fastest and costs least comes first.
var groupOrder = map[string]int{
	"memory": 1, "kernel": 2, "network": 3, "firewall": 4, "disk": 5, "kubelet": 6, "podnet": 7, "logs": 8, "containers": 9, "cluster": 10, "capture": 11,
}

// Groups returns the names of the groups, in the order of collection.
func Groups() []string {
	names := make([]string, 0, len(groupOrder))
	for name := range groupOrder {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return groupOrder[names[i]] < groupOrder[names[j]] })
	return names
}

// Artifact describes one thing to gather. Argv, Files or Gather, which may use them, says how; Native stands in when no
// program of Argv is on the node, or none can be started.
type Artifact struct {
	Name    string        // canonical name in the bundle package's table
	Path    string        // in the archive; instances add to it
	Group   string        // one of Groups
	Privacy Privacy       // what it may hold
	Timeout time.Duration // 0 is 10 s
	Keep    Keep          // what survives when it is too large

	Argv  [][]string // variants; the first whose program is on the node runs
	Files []string   // candidates; the first that exists is read
	Twice bool       // counters, which are taken again when Options.Interval has passed
	again bool       // this is the second time
	// Needs returns why this node cannot have the artifact, or "". It is asked before anything runs.
	Needs func(*host) string
	// Native produces what the program would have printed.
	Native func(context.Context, *host, *sink) error
	// NativeNeeds is Needs for Native. An artifact that has it is gathered natively where Needs refuses the program.
	NativeNeeds func(*host) string
	// Gather writes any number of entries itself.
	Gather func(context.Context, *session, Artifact)
	// What describes Gather for the plan: the files and commands that it reads and runs.
	What []string
	// Binary artifacts are kept byte for byte: they have no lines, and nothing in them can be redacted.
	Binary bool
}

func (a Artifact) timeout() time.Duration {
	if a.Timeout == 0 {
		return 10 * time.Second
	}
	return a.Timeout
}

var registry []Artifact

// register adds an artifact to the plan. It has a hundred callers, so its body is not copied to each.
//
//go:noinline
func register(a Artifact) Artifact {
	registry = append(registry, a)
	return a
}

// Artifacts returns everything that is gathered, in the order of collection.
func Artifacts() []Artifact {
	all := append([]Artifact(nil), registry...)
	sort.SliceStable(all, func(i, j int) bool {
		if a, b := groupOrder[all[i].Group], groupOrder[all[j].Group]; a != b {
			return a < b
		}
		return all[i].Name < all[j].Name
	})
	return all
}
