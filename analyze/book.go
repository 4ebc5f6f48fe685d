package analyze

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
)

// Book is the signatures as pages in Markdown, by file name, with README.md as their index. The members of a family
// share one page.
func Book(sigs []*Signature) map[string]string {
	book := map[string]string{}
	families, file := map[string][]*Signature{}, map[string]string{}
	for _, s := range sigs {
		file[s.ID] = pageFile(s)
		if s.Family != "" {
			families[s.File] = append(families[s.File], s)
			continue
		}
		book[s.ID+".md"] = s.Page(sigs)
	}
	for _, members := range families {
		book[pageFile(members[0])] = familyPage(members, sigs)
	}
	for name, page := range book {
		book[name] = causeLine.ReplaceAllStringFunc(page, func(line string) string {
			words := strings.Fields(strings.ReplaceAll(line, ",", ""))
			for i, id := range words {
				if file[id] != "" {
					words[i] = fmt.Sprintf("[%s](%s),", id, file[id])
				}
			}
			return strings.TrimSuffix(strings.Join(words, " "), ",")
		})
	}
	book["README.md"] = index(sigs)
	return book
}

// causeLine is where a page names other signatures.
var causeLine = regexp.MustCompile(`(?m)^(Explained by|Explains): .*$`)

// pageFile is the file of a signature's page: its own, or its family's.
func pageFile(s *Signature) string {
	if s.Family != "" {
		return strings.TrimSuffix(s.File, ".yaml") + ".md"
	}
	return s.ID + ".md"
}

// familyPage lists the members and shows the first as the example of all.
func familyPage(members, all []*Signature) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n| Signature | Severity | Title |\n|---|---|---|\n", members[0].Family)
	for _, m := range members {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.ID, m.Severity, cell(m.Title))
	}
	fmt.Fprintf(&b, "\nThey differ in these words only. The first of them:\n\n%s", strings.ReplaceAll("\n"+members[0].Page(all), "\n#", "\n##")[1:])
	return b.String()
}

func index(sigs []*Signature) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The %d signatures\n\nWhat coldcase knows, written by `coldcase signatures book`; `coldcase signatures show ID` prints the same page. "+
		"[graph.svg](graph.svg) draws which of them explain which.\n", len(sigs))
	byScope := map[string][]*Signature{}
	for _, s := range sigs {
		byScope[s.Scope] = append(byScope[s.Scope], s)
	}
	for _, scope := range sortedKeys(byScope) {
		list := byScope[scope]
		sort.SliceStable(list, func(i, j int) bool { return list[i].Severity.Rank() > list[j].Severity.Rank() })
		fmt.Fprintf(&b, "\n## Judged per %s\n\n| Signature | Severity | Kind | Title |\n|---|---|---|---|\n", scope)
		for _, s := range list {
			fmt.Fprintf(&b, "| [%s](%s) | %s | %s | %s |\n", s.ID, pageFile(s), s.Severity, s.Kind, cell(s.Title))
		}
	}
	return b.String()
}

// cell is text in a table's cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
