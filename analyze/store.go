package analyze

import (
	"slices"
	"sort"
	"strings"
	"time"

	"coldcase/bundle"
	"coldcase/fact"
	"coldcase/parsers"
)

// store holds everything that the one pass over the bundle brought.
type store struct {
	set      *Set
	facts    map[fact.Kind][]*row
	second   map[fact.Kind][]*row // of the second samples of counters
	listed   map[fact.Kind][]*row // rows that a table tells a part of, which derivations do not take for the whole
	started  map[string]time.Time // when artifacts were begun, by path, where the bundle tells
	logs     *logStore
	coverage []Coverage
	seen     []seenArtifact
	nodes    map[string]*nodeState // nodes with artifacts
	podByUID map[string]fact.Place
	podNode  map[string]string // "namespace/pod" -> node
	podSpace map[string]string // pod -> namespace; "" where several have one of that name
	boxes    map[string]container
	bytes    int64
	lines    int64
}

// container is what a container ID belongs to.
type container struct {
	place fact.Place
	name  string
}

// nodeState is what is known of a node besides its facts.
type nodeState struct {
	artifacts int
	collected time.Time
	boot      time.Time
	manifest  bundle.NodeID
}

// seenArtifact is one artifact for the question whether a kind of fact was looked for.
type seenArtifact struct {
	artifact string // canonical, without instance part
	name     string // canonical, with it
	place    fact.Place
	whole    bool   // nothing of it is missing
	part     string // why it proves no absence although it was read whole: there is more elsewhere
	reason   string // why it says nothing, when it does
	pods     map[string]bool
	sources  map[string]bool // of a log: who wrote in it
}

func newStore(set *Set) *store {
	return &store{
		set:      set,
		logs:     newLogStore(set),
		facts:    map[fact.Kind][]*row{},
		second:   map[fact.Kind][]*row{},
		listed:   map[fact.Kind][]*row{},
		started:  map[string]time.Time{},
		nodes:    map[string]*nodeState{},
		podByUID: map[string]fact.Place{},
		podNode:  map[string]string{},
		podSpace: map[string]string{},
		boxes:    map[string]container{},
	}
}

// snapshot lists kinds whose time is that of collection: they say how things stood, not when they came about.
// Kinds not listed carry their own time.
var datedKinds = map[fact.Kind]bool{
	"k8s.event": true, "pcap.syn-unanswered": true, "pcap.syn-refused": true, "pcap.dns-unanswered": true, "pcap.frag-needed": true,
	"k8s.container-state": true,
}

func (s *store) addFact(f fact.Fact, taken time.Time) {
	r := &row{place: f.Place, taken: taken, at: f.At, last: f.At, dated: datedKinds[f.Kind] && !f.At.IsZero(), count: 1, value: f.Value, source: f.Source}
	switch v := f.Value.(type) {
	case parsers.K8sEvent:
		r.count, r.atLeast = max(1, v.Count), !v.FactKnows("count")
		if !v.First.IsZero() {
			r.at = v.First
		}
	case parsers.K8sContainerState:
		r.dated = !v.Finished.IsZero() || !v.Started.IsZero()
		if r.at = v.Finished; r.at.IsZero() {
			r.at = v.Started
		}
		r.last = r.at
		s.boxes[v.ContainerID] = container{f.Place, v.Container}
	case parsers.K8sPod:
		s.addPod(v, f.Place)
	}
	s.facts[f.Kind] = append(s.facts[f.Kind], r)
}

// finish resolves what needs the whole case, and sorts: from here on nothing depends on the order of reading.
func (s *store) finish() {
	for kind, rows := range s.facts {
		for _, r := range rows {
			s.resolve(&r.place)
		}
		sortRows(rows)
		rows, s.second[kind] = dedupe(kind, rows), secondSamples(rows)
		s.facts[kind], s.listed[kind] = wholeRows(kind, rows)
	}
	for i := range s.seen {
		s.resolve(&s.seen[i].place)
	}
	sort.SliceStable(s.seen, func(i, j int) bool {
		return s.seen[i].artifact < s.seen[j].artifact || s.seen[i].artifact == s.seen[j].artifact && s.seen[i].place.Node < s.seen[j].place.Node
	})
	for kind, rows := range derive(s) {
		sortRows(rows)
		s.facts[kind] = rows
	}
	for kind, rows := range s.listed {
		s.facts[kind] = append(s.facts[kind], rows...)
		sortRows(s.facts[kind])
	}
	sort.SliceStable(s.coverage, func(i, j int) bool { return s.coverage[i].Path < s.coverage[j].Path })
}

// resolve names a pod that is only known by its UID, the namespace of one that stands in a table without it, and the node.
func (s *store) resolve(p *fact.Place) {
	if p.Pod != "" && p.Namespace == "" {
		p.Namespace = s.podSpace[p.Pod]
	}
	if p.Pod == "" && p.PodUID != "" {
		if known, ok := s.podByUID[p.PodUID]; ok {
			node := p.Node
			*p = known
			if node != "" {
				p.Node = node
			}
		}
	}
	if p.Pod != "" && p.Node == "" {
		p.Node = s.podNode[p.Namespace+"/"+p.Pod]
		p.Unscheduled = p.Unscheduled && p.Node == "" // an event of a controller does not say where its pod is
	}
}

func (s *store) node(name string) *nodeState {
	n, ok := s.nodes[name]
	if !ok {
		n = &nodeState{}
		s.nodes[name] = n
	}
	return n
}

// logProducers are the artifacts that can hold records of a log source.
var logProducers = map[string][]string{
	"log.kernel":     {"node/dmesg", "node/journal-kernel", "node/journal", "node/journal-file", "node/syslog"},
	"log.kubelet":    {"node/journal-kubelet", "node/kubelet-log", "node/journal", "node/journal-file", "node/syslog"},
	"log.runtime":    {"node/journal-runtime", "node/journal", "node/journal-file", "node/syslog"},
	"log.kube-proxy": {"node/kube-proxy-log", "node/container-log", "cluster/pod-log", "node/journal", "node/journal-file", "node/syslog"},
	"log.container":  {"node/container-log", "cluster/pod-log"},
	"log.system":     {"node/journal", "node/journal-file", "node/syslog"},
	"log.any":        {"node/journal", "node/journal-file", "node/syslog", "node/dmesg"},

	"log.etcd":               programLogs,
	"log.apiserver":          programLogs,
	"log.controller-manager": programLogs,
	"log.scheduler":          programLogs,
	"log.coredns":            programLogs,
	"log.cni":                programLogs,
	"log.ingress":            programLogs,
}

// programLogs can hold the records of any program of the cluster, which runs in a pod or as a service. They count only
// where that program is among the writers.
var programLogs = []string{"node/container-log", "cluster/pod-log", "node/journal", "node/journal-file", "node/syslog"}

// fewNodes are the log sources whose programs run on some nodes only: one log of them is all that a case need have.
var fewNodes = map[fact.Kind]bool{
	"log.etcd": true, "log.apiserver": true, "log.controller-manager": true, "log.scheduler": true, "log.coredns": true, "log.ingress": true,
}

// ofProgram reports whether a kind is the log of one program of the cluster.
func ofProgram(kind fact.Kind) bool {
	return kind == "log.kube-proxy" || kind == "log.cni" || fewNodes[kind]
}

// wholeOnly names the artifacts that hold all facts of a kind, where others hold some: kube-proxy's flags are not its
// configuration, and a description has the events of its own objects.
var wholeOnly = map[fact.Kind][]string{
	"kube-proxy.setting": {"cluster/configmaps"},
	"k8s.event":          {"cluster/events", "cluster/describe-pods", "cluster/describe-pod"},
	"iptables.table":     {"node/iptables-save", "node/iptables-nft-save"},
	"iptables.chain":     {"node/iptables-save", "node/iptables-nft-save"},
	"iptables.rule":      {"node/iptables-save", "node/iptables-nft-save"},
	"df.filesystem":      {"node/df"},
	"df.inodes":          {"node/df-inodes"},
}

// together names the artifacts that hold all facts of a kind only when all of them were read: a setting may stand in the
// kubelet's file or on its command line, and each resource's pressure has a file of its own.
var together = map[fact.Kind][]string{
	"kubelet.setting": {"node/kubelet-config", "node/kubelet-cmdline"},
	"pressure.stall":  {"node/pressure-cpu", "node/pressure-io", "node/pressure-memory"},
}

// producers lists the artifacts that can yield a kind, the best first.
func producers(kind fact.Kind) []string {
	if p, ok := logProducers[string(kind)]; ok {
		return p
	}
	if p, ok := wholeOnly[kind]; ok {
		return p
	}
	if d, ok := derivations[kind]; ok {
		var all []string
		for _, from := range d.from {
			all = append(all, producers(from)...)
		}
		return all
	}
	names := slices.DeleteFunc(parsers.Producers(kind), ofTable)
	sort.SliceStable(names, func(i, j int) bool { return preference(names[i]) < preference(names[j]) })
	return names
}

// preference puts the artifact first that a person should collect: objects before their description, and lists before
// single objects.
func preference(artifact string) int {
	switch {
	case ofTable(artifact):
		return 3
	case single[artifact]:
		return 2
	case strings.Contains(artifact, "/describe-"):
		return 1
	}
	return 0
}

// single are artifacts that hold one object of many: they say nothing about the others.
var single = map[string]bool{"cluster/object": true, "cluster/describe-pod": true}

// known reports whether a kind was looked for on a subject's node, or in the cluster, by an artifact that is whole.
// When it was not, missing names the artifacts that would have told and why they do not.
func (s *store) known(kind fact.Kind, sub Subject) (ok bool, missing []gap) {
	if d, derived := derivations[kind]; derived {
		for _, from := range d.from {
			if k, gaps := s.known(from, sub); !k && !d.optional[from] {
				missing = append(missing, gaps...)
			}
		}
		if d.open != nil && len(missing) == 0 {
			missing = d.open(s, sub, s.known)
		}
		return len(missing) == 0, missing
	}
	if all := together[kind]; len(all) > 0 {
		for _, name := range all {
			if ok, reason := s.read(name, kind, sub); !ok {
				missing = append(missing, gap{artifact: name, node: nodeOf(name, sub), reason: reason})
			}
		}
		return len(missing) == 0, missing
	}
	names := s.set.producers(kind)
	for _, name := range names {
		if ok, _ := s.read(name, kind, sub); ok {
			return true, nil
		}
	}
	return false, s.bestGap(names, kind, sub)
}

// bestGap names one artifact of those that would have told: the first that was tried and failed, else the first.
func (s *store) bestGap(names []string, kind fact.Kind, sub Subject) []gap {
	for _, name := range names {
		if _, reason := s.read(name, kind, sub); reason != notCollected {
			return []gap{{artifact: name, node: nodeOf(name, sub), reason: reason}}
		}
	}
	for _, name := range names {
		return []gap{{artifact: name, node: nodeOf(name, sub), reason: notCollected}}
	}
	return nil
}

// anything reports whether there is a fact of a kind, or an artifact that could have held one was read.
func (s *store) anything(kind fact.Kind) bool {
	if len(s.facts[kind]) > 0 || s.logs.matched[kind] {
		return true
	}
	for _, name := range s.set.producers(kind) {
		for _, a := range s.seenOf(name) {
			if a.reason == "" {
				return true
			}
		}
	}
	return false
}

// seenOf are the artifacts of one canonical name.
func (s *store) seenOf(artifact string) []seenArtifact {
	from := sort.Search(len(s.seen), func(i int) bool { return s.seen[i].artifact >= artifact })
	to := from
	for to < len(s.seen) && s.seen[to].artifact == artifact {
		to++
	}
	return s.seen[from:to]
}

// gap is an artifact that would have told.
type gap struct{ artifact, node, reason string }

const notCollected = "not collected"

func nodeOf(artifact string, sub Subject) string {
	if strings.HasPrefix(artifact, "cluster/") {
		return ""
	}
	return sub.Node
}

// read reports whether an artifact was read whole, for the subject's node when it is a node's artifact.
func (s *store) read(artifact string, kind fact.Kind, sub Subject) (bool, string) {
	perNode := map[string]bool{}
	reason := notCollected
	seen := s.seenOf(artifact)
	for i := range seen {
		a := &seen[i]
		if !a.covers(kind, sub) {
			continue
		}
		if a.whole {
			perNode[a.place.Node] = true
		} else if a.reason != "" {
			reason = a.reason
		}
	}
	if strings.HasPrefix(artifact, "cluster/") || sub.Node != "" || fewNodes[kind] {
		return len(perNode) > 0, reason
	}
	for name, n := range s.nodes { // a subject of the whole cluster needs every collected node
		if n.artifacts > 0 && !perNode[name] {
			return false, reason
		}
	}
	return len(perNode) > 0, reason
}

func (a *seenArtifact) covers(kind fact.Kind, sub Subject) bool {
	switch {
	case sub.Node != "" && a.place.Node != "" && a.place.Node != sub.Node:
		return false
	case strings.HasPrefix(a.artifact, "capture/") && sub.Scope == "capture":
		return a.place.Capture == sub.Name
	case kind == "k8s.event" && a.artifact == "cluster/describe-pods":
		return sub.Scope == "pod"
	case single[a.artifact]:
		return sub.Scope == "pod" && a.pods[sub.Name]
	case !a.whole && len(a.sources) == 0 && a.place.Pod == "": // nothing of it was there: the reason holds for all that it could be
		return true
	case ofProgram(kind):
		return a.sources[strings.TrimPrefix(string(kind), "log.")]
	case kind == "log.container" && sub.Scope == "pod":
		return a.place.Namespace+"/"+a.place.Pod == sub.Name
	}
	return true
}
