//go:build linux

package collect

import "strings"

// PlanItem is one artifact of the plan: what would be run or read for it.
type PlanItem struct {
	Artifact string   `json:"artifact"`
	Group    string   `json:"group"`
	Privacy  Privacy  `json:"privacy"`
	What     []string `json:"what"` // commands and files
	Seconds  int      `json:"seconds"`
}

// Plan lists everything that a collection runs and reads, for people who must agree to it first.
func Plan() []PlanItem {
	var items []PlanItem
	for _, a := range Artifacts() {
		items = append(items, PlanItem{Artifact: a.Name, Group: a.Group, Privacy: a.Privacy, What: a.what(), Seconds: int(a.timeout().Seconds())})
	}
	return items
}

func (a Artifact) what() []string {
	if len(a.What) > 0 {
		return a.What
	}
	var what []string
	for _, argv := range a.Argv {
		what = append(what, strings.Join(argv, " "))
	}
	return append(what, a.Files...)
}

// ThisNode is the name that a collection on this machine would carry, when given is "".
func ThisNode(given string) string {
	return manifest(newHost(""), Options{Node: given}).Node.Name
}
