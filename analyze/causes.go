package analyze

import (
	"sort"
	"time"
)

// clockSlack is how much later than its symptom a cause may seem to begin: clocks differ, and logs round.
const clockSlack = 5 * time.Minute

// link joins findings into chains along the explains edges, for related subjects and in a possible order of time.
// Where a chain A > B > C exists, C hangs below B alone.
func link(s *store, findings []Finding, sigs map[string]*Signature) {
	bySig := map[string][]int{}
	for i := range findings {
		bySig[findings[i].Signature] = append(bySig[findings[i].Signature], i)
	}
	effects := make([][]int, len(findings))
	for i := range findings {
		for _, to := range sigs[findings[i].Signature].Explains {
			for _, k := range bySig[to] {
				if k != i && s.related(&findings[i], &findings[k]) && inOrder(&findings[i], &findings[k]) {
					effects[i] = append(effects[i], k)
				}
			}
		}
	}
	for i := range findings {
		for _, k := range effects[i] {
			if viaAnother(effects, i, k) {
				continue
			}
			findings[i].Symptoms = append(findings[i].Symptoms, findings[k].ID)
			findings[k].Causes = append(findings[k].Causes, findings[i].ID)
		}
	}
	for i := range findings {
		sort.Strings(findings[i].Symptoms)
		sort.Strings(findings[i].Causes)
	}
}

// inOrder refuses a cause that began after its symptom was last seen, and one that was over before the time asked about
// for a symptom that is dated inside it.
func inOrder(cause, symptom *Finding) bool {
	if cause.Lead != "" && symptom.Lead == "" && !symptom.FirstSeen.IsZero() {
		return false
	}
	if cause.FirstSeen.IsZero() || symptom.LastSeen.IsZero() {
		return true
	}
	return !cause.FirstSeen.After(symptom.LastSeen.Add(clockSlack))
}

// viaAnother reports whether to is also reached from from by a longer way. Explains edges form no cycle.
func viaAnother(effects [][]int, from, to int) bool {
	var reaches func(at int) bool
	reaches = func(at int) bool {
		for _, next := range effects[at] {
			if next == to || reaches(next) {
				return true
			}
		}
		return false
	}
	for _, next := range effects[from] {
		if next != to && reaches(next) {
			return true
		}
	}
	return false
}

// order sorts findings for reading: roots first, leads after the others, the worst first (a cause is as bad as what it
// causes), then by how much they explain, their own severity, the surest first, then by age and name.
func order(findings []Finding) {
	weight, worst := explained(findings)
	sort.SliceStable(findings, func(i, j int) bool {
		a, b := &findings[i], &findings[j]
		switch {
		case a.Root() != b.Root():
			return a.Root()
		case (a.Lead == "") != (b.Lead == ""):
			return a.Lead == ""
		case worst[a.ID] != worst[b.ID]:
			return worst[a.ID] > worst[b.ID]
		case weight[a.ID] != weight[b.ID]:
			return weight[a.ID] > weight[b.ID]
		case a.Severity != b.Severity:
			return a.Severity.Rank() > b.Severity.Rank()
		case a.Confidence.rank() != b.Confidence.rank():
			return a.Confidence.rank() > b.Confidence.rank()
		case !a.FirstSeen.Equal(b.FirstSeen) && !a.FirstSeen.IsZero() && !b.FirstSeen.IsZero():
			return a.FirstSeen.Before(b.FirstSeen)
		}
		return a.ID < b.ID
	})
}

func (c Confidence) rank() int {
	switch c {
	case Confirmed:
		return 3
	case Likely:
		return 2
	}
	return 1
}

// explained counts the findings below each finding, and ranks the worst of them and itself. What explains something that
// lasts is no mere lead, however long ago it ended; but when it began late, so did what it explains.
func explained(findings []Finding) (weight, worst map[string]int) {
	byID := map[string]*Finding{}
	for i := range findings {
		byID[findings[i].ID] = &findings[i]
	}
	weight, worst = map[string]int{}, map[string]int{}
	for i := range findings {
		below := map[string]bool{}
		var visit func(f *Finding)
		visit = func(f *Finding) {
			for _, id := range f.Symptoms {
				if !below[id] {
					below[id] = true
					visit(byID[id])
				}
			}
		}
		visit(&findings[i])
		weight[findings[i].ID], worst[findings[i].ID] = len(below), findings[i].Severity.Rank()
		for id := range below {
			worst[findings[i].ID] = max(worst[findings[i].ID], byID[id].Severity.Rank())
			if byID[id].Lead == "" && !findings[i].late {
				findings[i].Lead = ""
			}
		}
	}
	return weight, worst
}
