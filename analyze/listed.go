package analyze

import (
	"coldcase/bundle"
	"coldcase/fact"
	"coldcase/parsers"
)

// wholeRows tells rows that know everything of their object from those of a table. What derivations ask of an event, every
// table shows.
func wholeRows(kind fact.Kind, rows []*row) (whole, listed []*row) {
	for _, r := range rows {
		if kind != "k8s.event" && ofTable(r.source.Artifact) {
			listed = append(listed, r)
		} else {
			whole = append(whole, r)
		}
	}
	return whole, listed
}

// ofTable reports whether an artifact shows only some fields of its objects, so that it proves what is in it, and never
// that something is not.
func ofTable(artifact string) bool { return bundle.ArtifactBase(artifact) == "cluster/kubectl-output" }

// onlyTable is why a table leaves a verdict open.
const onlyTable = "only a table of it was collected, which leaves out what is asked"

// addPod remembers where a pod is, for what names it in another way.
func (s *store) addPod(p parsers.K8sPod, place fact.Place) {
	if p.UID != "" {
		s.podByUID[p.UID] = place
	}
	if hash := p.Annotations["kubernetes.io/config.hash"]; hash != "" { // static pods: the kubelet names cgroups by it
		s.podByUID[hash] = place
	}
	if name := p.Namespace + "/" + p.Name; p.FactKnows("node") && s.podNode[name] == "" {
		s.podNode[name] = p.Node
	}
	if space, seen := s.podSpace[p.Name]; p.Namespace != "" {
		if seen && space != p.Namespace {
			s.podSpace[p.Name] = ""
		} else {
			s.podSpace[p.Name] = p.Namespace
		}
	}
}

// addLogPod takes a pod's UID from the path of its log, where no Pod object tells it.
func (s *store) addLogPod(place fact.Place) {
	if _, known := s.podByUID[place.PodUID]; place.PodUID != "" && !known {
		s.podByUID[place.PodUID] = fact.Place{Node: place.Node, Namespace: place.Namespace, Pod: place.Pod}
	}
}
