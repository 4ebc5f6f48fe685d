package graph

import (
	"fmt"
	"slices"

	"coldcase/analyze"
)

// Around keeps the signatures named, what explains them and what they explain: one step each way, since all that may
// come before a common symptom is half of the graph.
func Around(sigs []*analyze.Signature, ids []string) ([]*analyze.Signature, error) {
	keep := map[string]bool{}
	for _, id := range ids {
		i := slices.IndexFunc(sigs, func(s *analyze.Signature) bool { return s.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("no signature has the id %q", id)
		}
		keep[id] = true
		for _, symptom := range sigs[i].Explains {
			keep[symptom] = true
		}
	}
	var out []*analyze.Signature
	for _, s := range sigs {
		cause := slices.ContainsFunc(s.Explains, func(symptom string) bool { return slices.Contains(ids, symptom) })
		if cause || keep[s.ID] {
			out = append(out, s)
		}
	}
	return out, nil
}
