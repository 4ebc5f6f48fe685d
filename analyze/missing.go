package analyze

import (
	"sort"

	"coldcase/bundle"
	"coldcase/fact"
)

// gapList gathers the artifacts that left verdicts open.
type gapList struct{ byKey map[string]*Missing }

func newGapList() *gapList { return &gapList{byKey: map[string]*Missing{}} }

func (l *gapList) add(signature string, gaps []gap) {
	for _, g := range gaps {
		key := g.artifact + "\x00" + g.reason
		m := l.byKey[key]
		if m == nil {
			m = &Missing{Artifact: g.artifact, Why: g.reason}
			if a, ok := bundle.LookupArtifact(g.artifact); ok {
				m.Command = a.Command
			}
			l.byKey[key] = m
		}
		if g.node != "" {
			m.Nodes = appendNew(m.Nodes, g.node)
		}
		m.Blocks = appendNew(m.Blocks, signature)
	}
}

// list is sorted: what blocks the most comes first.
func (l *gapList) list() []Missing {
	out := make([]Missing, 0, len(l.byKey))
	for _, key := range sortedKeys(l.byKey) {
		m := l.byKey[key]
		sort.Strings(m.Nodes)
		sort.Strings(m.Blocks)
		out = append(out, *m)
	}
	sort.SliceStable(out, func(i, j int) bool { return len(out[i].Blocks) > len(out[j].Blocks) })
	return out
}

func appendNew(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// subjectKind is the kind of fact that names a scope's subjects.
func subjectKind(scope string) fact.Kind {
	switch scope {
	case "pod":
		return "k8s.pod"
	case "service":
		return "k8s.service"
	case "ingress":
		return "k8s.ingress"
	case "capture":
		return "pcap.capture"
	}
	return "uname" // every node says its kernel: a case without nodes has not one node's artifact
}
