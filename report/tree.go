package report

import "coldcase/analyze"

// maxDepth bounds how deep symptoms nest: what lies deeper hangs beside its cause, which it links to.
const maxDepth = 6

// node is a finding's place in the tree that is shown: below the first of its causes.
type node struct {
	finding      *analyze.Finding
	index        int // position in Result.Findings
	depth        int // 0 for a root
	symptoms     []*node
	otherCauses  []int // findings that explain it, besides the one that it hangs below
	alsoExplains []int // findings that it explains but that hang below another cause
	explains     int   // all findings that follow from it, directly or not
}

// forest is the findings as trees of cause and symptom. Every finding is in it exactly once.
type forest struct {
	roots []*node
	nodes []*node // by position in Result.Findings
	byID  map[string]int
}

func grow(findings []analyze.Finding) *forest {
	f := &forest{byID: make(map[string]int, len(findings))}
	for i := range findings {
		f.nodes = append(f.nodes, &node{finding: &findings[i], index: i})
		if _, dup := f.byID[findings[i].ID]; !dup {
			f.byID[findings[i].ID] = i
		}
	}
	causes := make([][]int, len(findings))
	parent := make([]int, len(findings))
	for i := range findings {
		causes[i] = f.known(i)
		parent[i] = -1
		if len(causes[i]) > 0 {
			parent[i] = causes[i][0]
		}
	}
	cutCycles(parent)
	f.hang(parent)
	f.link(parent, causes)
	f.count(causes)
	return f
}

// known lists the causes of finding i that are in the report, each once.
func (f *forest) known(i int) []int {
	var out []int
	seen := map[int]bool{i: true}
	for _, id := range f.nodes[i].finding.Causes {
		if c, ok := f.byID[id]; ok && !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}

// cutCycles makes a root of the first finding of every ring of causes.
func cutCycles(parent []int) {
	done := make([]bool, len(parent)) // leads to a root
	for i := range parent {
		onPath := map[int]bool{}
		j := i
		for j >= 0 && !done[j] && !onPath[j] {
			onPath[j] = true
			j = parent[j]
		}
		if j >= 0 && !done[j] {
			first := j
			for k := parent[j]; k != j; k = parent[k] {
				first = min(first, k)
			}
			parent[first] = -1
		}
		for k := range onPath {
			done[k] = true
		}
	}
}

func (f *forest) hang(parent []int) {
	children := make([][]int, len(parent))
	for i, p := range parent {
		if p >= 0 {
			children[p] = append(children[p], i)
		}
	}
	type step struct {
		index  int
		holder *node
	}
	var todo []step
	for i := len(parent) - 1; i >= 0; i-- {
		if parent[i] < 0 {
			todo = append(todo, step{i, nil})
		}
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		n := f.nodes[s.index]
		if s.holder == nil {
			f.roots = append(f.roots, n)
		} else {
			n.depth = s.holder.depth + 1
			s.holder.symptoms = append(s.holder.symptoms, n)
		}
		holder := n
		if n.depth >= maxDepth {
			holder = s.holder
		}
		for k := len(children[s.index]) - 1; k >= 0; k-- {
			todo = append(todo, step{children[s.index][k], holder})
		}
	}
}

// link notes the causes that the nesting does not show.
func (f *forest) link(parent []int, causes [][]int) {
	for i, list := range causes {
		for _, c := range list {
			flat := f.nodes[i].depth > 0 && f.nodes[i].depth == f.nodes[c].depth
			if c == parent[i] && !flat {
				continue
			}
			f.nodes[i].otherCauses = append(f.nodes[i].otherCauses, c)
			f.nodes[c].alsoExplains = append(f.nodes[c].alsoExplains, i)
		}
	}
}

// count fills in how many findings follow from each.
func (f *forest) count(causes [][]int) {
	effects := make([][]int, len(causes))
	for i, list := range causes {
		for _, c := range list {
			effects[c] = append(effects[c], i)
		}
	}
	seen := make([]int, len(causes))
	for i := range causes {
		todo := []int{i}
		for len(todo) > 0 {
			j := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, e := range effects[j] {
				if e != i && seen[e] != i+1 {
					seen[e] = i + 1
					f.nodes[i].explains++
					todo = append(todo, e)
				}
			}
		}
	}
}
