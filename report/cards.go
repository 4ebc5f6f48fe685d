package report

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"coldcase/analyze"
)

// card is a finding as the page shows it, its symptoms inside.
type card struct {
	*analyze.Finding
	Index        int
	Depth        int
	First        bool // the first root: shown unfolded
	Anchor       string
	Nodes        string // indexes for filters
	Seen         string
	About        string
	Selections   []selection
	Quotes       int
	Links        []reference
	OtherCauses  []*card
	AlsoExplains []*card
	Below        []*card
	Explains     int
	Preview      string // titles of the symptoms right below
}

// reference is a link when it is one that a browser may follow, and plain text otherwise.
type reference struct {
	Text string
	URL  string
}

// rootGroup is the roots of one signature. A long one shows its first card and folds the rest.
type rootGroup struct {
	Shown  []*card
	Folded []*card
	Names  string // subjects of the folded ones
}

// groupLimit is how many roots of one signature stand open side by side.
const groupLimit = 3

// cards are all findings of a report and the numbering of nodes that its filters use.
type cards struct {
	forest *forest
	all    []*card
	nodes  []string
	byNode map[string]int
}

func newCards(r *analyze.Result, f *forest) *cards {
	c := &cards{forest: f, byNode: map[string]int{}}
	for _, n := range r.Nodes {
		c.nodeIndex(n.Name)
	}
	taken := map[string]bool{}
	for _, n := range f.nodes {
		k := &card{Finding: n.finding, Index: n.index, Depth: n.depth, Explains: n.explains,
			Seen: seen(n.finding), About: about(n.finding.Subject), Selections: selections(n.finding.Evidence),
			Quotes: len(n.finding.Evidence), Anchor: anchorFor(n.finding.ID, taken), Nodes: c.nodesOf(n.finding)}
		for _, ref := range n.finding.References {
			k.Links = append(k.Links, newReference(ref))
		}
		c.all = append(c.all, k)
	}
	for _, n := range f.nodes {
		k := c.all[n.index]
		for _, i := range n.otherCauses {
			k.OtherCauses = append(k.OtherCauses, c.all[i])
		}
		for _, i := range n.alsoExplains {
			k.AlsoExplains = append(k.AlsoExplains, c.all[i])
		}
		for _, s := range n.symptoms {
			k.Below = append(k.Below, c.all[s.index])
		}
		k.Preview = preview(k.Below)
	}
	if len(f.roots) > 0 {
		c.all[f.roots[0].index].First = true
	}
	return c
}

// preview names what a fold of symptoms holds.
func preview(below []*card) string {
	var titles []string
	for _, k := range below {
		if !slices.Contains(titles, k.Title) {
			titles = append(titles, k.Title)
		}
	}
	return clip(several(titles, 2), 120)
}

// groups puts roots of one signature together, in the order of the first of each.
func (c *cards) groups() []*rootGroup {
	var out []*rootGroup
	bySignature := map[string]*rootGroup{}
	for _, n := range c.forest.roots {
		g := bySignature[n.finding.Signature]
		if g == nil {
			g = &rootGroup{}
			bySignature[n.finding.Signature] = g
			out = append(out, g)
		}
		g.Shown = append(g.Shown, c.all[n.index])
	}
	for _, g := range out {
		if len(g.Shown) <= groupLimit {
			continue
		}
		g.Shown, g.Folded = g.Shown[:1], g.Shown[1:]
		var names []string
		for _, k := range g.Folded {
			names = append(names, subjectName(k.Subject))
		}
		g.Names = several(names, 4)
	}
	return out
}

// nodeIndex numbers nodes; -1 stands for none.
func (c *cards) nodeIndex(name string) int {
	if name == "" {
		return -1
	}
	i, ok := c.byNode[name]
	if !ok {
		i = len(c.nodes)
		c.byNode[name] = i
		c.nodes = append(c.nodes, name)
	}
	return i
}

// nodeList numbers several nodes for a filter attribute.
func (c *cards) nodeList(names ...string) string {
	var list []int
	for _, n := range names {
		if i := c.nodeIndex(n); i >= 0 && !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	return indexList(list)
}

func (c *cards) nodesOf(f *analyze.Finding) string {
	names := []string{f.Subject.Node}
	if f.Subject.Scope == "node" {
		names = append(names, f.Subject.Name)
	}
	for i := range f.Evidence {
		names = append(names, f.Evidence[i].Node)
	}
	return c.nodeList(names...)
}

func (c *cards) index(id string) int {
	if i, ok := c.forest.byID[id]; ok {
		return i
	}
	return -1
}

func (c *cards) severity(id string) analyze.Severity {
	if i := c.index(id); i >= 0 && c.all[i].Severity.Rank() > 0 {
		return c.all[i].Severity
	}
	return analyze.Info
}

func (c *cards) anchor(i int) string {
	if i < 0 {
		return ""
	}
	return c.all[i].Anchor
}

func indexList(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, " ")
}

// anchorFor makes a readable and unique element id from a finding's ID.
func anchorFor(id string, taken map[string]bool) string {
	var b strings.Builder
	b.WriteString("f")
	gap := true
	for i := 0; i < len(id) && b.Len() < 120; i++ {
		switch ch := id[i]; {
		case ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z', ch >= '0' && ch <= '9':
			if gap {
				b.WriteByte('-')
			}
			gap = false
			b.WriteByte(ch)
		default:
			gap = true
		}
	}
	anchor := b.String()
	for n := 2; taken[anchor]; n++ {
		anchor = b.String() + "-" + strconv.Itoa(n)
	}
	taken[anchor] = true
	return anchor
}

func newReference(text string) reference {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return reference{Text: text}
	}
	return reference{Text: text, URL: u.String()}
}
