package analyze

import (
	"strings"

	"coldcase/bundle"
	"coldcase/fact"
)

// forms orders the artifacts that say the same in several forms, the best first: a node's facts of such a kind are taken
// from the first of them that has any.
var forms = map[fact.Kind][]string{
	"ipvs.table":      {"node/ipvsadm", "node/ipvsadm-save", "node/proc-ip_vs"},
	"ipvs.service":    {"node/ipvsadm", "node/ipvsadm-save", "node/proc-ip_vs"},
	"ipvs.server":     {"node/ipvsadm", "node/ipvsadm-save", "node/proc-ip_vs"},
	"ip.link":         {"node/ip-link", "node/ip-addr"},
	"netstat.counter": {"node/nstat", "node/netstat-s"},
}

// dedupe keeps each thing once where several artifacts tell it: a pod that was listed and described, a cluster whose
// objects came with every node's bundle, a table in two forms. Facts about one object come from one artifact, the best and
// newest, so that counts are right and evidence is not repeated.
func dedupe(kind fact.Kind, rows []*row) []*row {
	rows = firstSamples(rows)
	order, several := forms[kind]
	if !several && !strings.HasPrefix(string(kind), "k8s.") {
		return rows
	}
	best := map[fact.Place]*row{}
	for _, r := range rows {
		key := about(r.place, several)
		if b, ok := best[key]; !ok || better(r, b, order) {
			best[key] = r
		}
	}
	var out []*row
	for _, r := range rows {
		if best[about(r.place, several)].source.Path == r.source.Path {
			out = append(out, r)
		}
	}
	return out
}

// secondSample ends the name of an artifact that the collector took again for the sake of rates.
const secondSample = "/second"

// firstSamples leaves out what the second sample of a counter tells wherever the first one is there too, so that no
// counter counts twice and evidence is of one instant.
func firstSamples(rows []*row) []*row {
	first := map[string]bool{}
	second := false
	for _, r := range rows {
		if strings.HasSuffix(r.source.Artifact, secondSample) {
			second = true
		} else {
			first[r.place.Node+"\x00"+r.source.Artifact] = true
		}
	}
	if !second {
		return rows
	}
	var out []*row
	for _, r := range rows {
		name, again := strings.CutSuffix(r.source.Artifact, secondSample)
		if !again || !first[r.place.Node+"\x00"+name] {
			out = append(out, r)
		}
	}
	return out
}

// about is the object that a row tells of.
func about(p fact.Place, ofNode bool) fact.Place {
	switch {
	case ofNode:
		return fact.Place{Node: p.Node}
	case p.Pod != "" || p.Service != "" || p.Ingress != "":
		p.Node, p.PodUID, p.Unscheduled = "", "", false
	}
	return p
}

// better orders the artifacts that tell of one object: by form, then by age, then by name.
func better(a, b *row, order []string) bool {
	if x, y := rank(a, order), rank(b, order); x != y {
		return x < y
	}
	if !a.taken.Equal(b.taken) {
		return a.taken.After(b.taken)
	}
	return a.source.Path < b.source.Path
}

func rank(r *row, order []string) int {
	name := bundle.ArtifactBase(r.source.Artifact)
	for i, form := range order {
		if form == name {
			return i
		}
	}
	return preference(name)
}
