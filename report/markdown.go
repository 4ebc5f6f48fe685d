package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"coldcase/analyze"
)

// Bounds of the Markdown report: a Jira comment takes 32,767 characters, a GitHub one 65,536.
const (
	mdTotal     = 32_000 // bytes; a section that does not fit any more only says so
	mdRoots     = 20_000 // bytes for root causes; what follows is listed by title
	mdQuotes    = 9_000  // bytes for the quotations of one root
	mdCommand   = 1_500  // bytes of a command; half a command would be worse than none
	mdLineRunes = 400    // of a quoted line
	mdQuotation = 12     // lines of a quotation
	mdSymptoms  = 15     // listed per root
	mdRows      = 20     // of a table or a list of titles
)

// renderMarkdown writes what a ticket needs: verdict, roots with evidence and steps, what could not be checked.
func renderMarkdown(buf *bytes.Buffer, raw *analyze.Result) error {
	r := rewrite(raw, appendVisible)
	f := grow(r.Findings)
	s := summarize(r, f)
	fmt.Fprintf(buf, "# %s\n\n", mdText(s.Headline))
	if s.Lead != "" {
		fmt.Fprintf(buf, "%s\n\n", mdText(clip(s.Lead, 2*mdLineRunes)))
	}
	mdLedTo(buf, s.LedTo)
	fmt.Fprintf(buf, "**%s critical, %s, %s info**; %s; %s undecided\n\n", number(s.Critical), count(s.Warnings, "warning"),
		number(s.Infos), count(s.Clear, "clear verdict"), count(s.Open, "signature"))
	if s.Aborted {
		buf.WriteString("A bundle was cut off: what came after the cut is not in this report.\n\n")
	}
	for _, fact := range s.Facts {
		fmt.Fprintf(buf, "- %s: %s\n", fact.Name, mdText(clip(fact.Value, mdLineRunes)))
	}
	if len(f.roots) > 0 {
		buf.WriteString("\n## Root causes\n")
		mdRootCauses(buf, f)
	}
	for _, section := range []func(*bytes.Buffer, *analyze.Result){mdUnchecked, mdDifferences, mdClear, mdProblems} {
		var text bytes.Buffer
		section(&text, r)
		if buf.Len()+text.Len() > mdTotal {
			title, _, _ := strings.Cut(strings.TrimSpace(text.String()), "\n")
			text.Reset()
			fmt.Fprintf(&text, "\n%s\n\nToo long for a ticket: see the full report.\n", title)
		}
		buf.Write(text.Bytes())
	}
	return nil
}

// mdLedTo names the chain below the first root.
func mdLedTo(buf *bytes.Buffer, chain []step) {
	var titles []string
	for _, s := range chain {
		titles = append(titles, mdText(clip(s.Title, 160)))
	}
	if len(titles) > 0 {
		fmt.Fprintf(buf, "What it led to: %s.\n\n", strings.Join(titles, " → "))
	}
}

func mdRootCauses(buf *bytes.Buffer, f *forest) {
	start := buf.Len()
	roots := mdGroups(f.roots)
	for i, same := range roots {
		var root bytes.Buffer
		mdRoot(&root, i+1, same[0])
		mdSame(&root, same[1:])
		if i > 0 && buf.Len()-start+root.Len() > mdRoots {
			rest := slices.Concat(roots[i:]...)
			fmt.Fprintf(buf, "\n### %s\n\n", count(len(rest), "more root cause"))
			for _, n := range rest[:min(len(rest), mdRows)] {
				fmt.Fprintf(buf, "- %s\n", mdFinding(n.finding))
			}
			mdMore(buf, len(rest)-mdRows)
			return
		}
		buf.Write(root.Bytes())
	}
}

// mdGroups puts roots that say the same of other subjects, and explain nothing, behind the first of them.
func mdGroups(roots []*node) [][]*node {
	var out [][]*node
	first := map[string]int{}
	for _, n := range roots {
		i, ok := first[n.finding.Signature]
		if ok && len(n.symptoms) == 0 && n.finding.Lead == out[i][0].finding.Lead {
			out[i] = append(out[i], n)
			continue
		}
		if !ok {
			first[n.finding.Signature] = len(out)
		}
		out = append(out, []*node{n})
	}
	return out
}

// mdSame lists the subjects of which a root's text holds as well.
func mdSame(buf *bytes.Buffer, same []*node) {
	if len(same) == 0 {
		return
	}
	fmt.Fprintf(buf, "**The same on %s**\n\n", count(len(same), "more subject"))
	for _, n := range same[:min(len(same), mdRows)] {
		f := n.finding
		fmt.Fprintf(buf, "- **%s**, %s, %s: %s", f.Severity, f.Confidence, mdText(clip(about(f.Subject), 200)), mdText(clip(sentence(f.Message), mdLineRunes)))
		if len(f.Evidence) > 0 {
			q := quoteOf(&f.Evidence[0])
			fmt.Fprintf(buf, " %s", mdCode(clip(q.Where(), 200)))
		}
		buf.WriteString("\n")
	}
	mdMore(buf, len(same)-mdRows)
}

func mdFinding(f *analyze.Finding) string {
	return fmt.Sprintf("**%s**: %s (%s)", f.Severity, mdText(clip(f.Title, mdLineRunes)), mdText(clip(about(f.Subject), 200)))
}

func mdRoot(buf *bytes.Buffer, position int, n *node) {
	f := n.finding
	fmt.Fprintf(buf, "\n### %d. %s\n\n", position, mdText(clip(f.Title, mdLineRunes)))
	fmt.Fprintf(buf, "**%s**, %s, %s", f.Severity, f.Confidence, mdText(clip(about(f.Subject), 200)))
	if f.Because != "" {
		fmt.Fprintf(buf, " (%s)", mdText(clip(f.Because, mdLineRunes)))
	}
	buf.WriteString("\n\n")
	for _, text := range []string{f.Message, seen(f)} {
		if text != "" {
			fmt.Fprintf(buf, "%s\n\n", mdText(clip(sentence(text), 3*mdLineRunes)))
		}
	}
	for _, p := range f.Peers {
		fmt.Fprintf(buf, "**Compared with other nodes:** %s.\n\n", mdText(clip(p, mdLineRunes)))
	}
	if f.Lead != "" {
		fmt.Fprintf(buf, "**A lead only:** %s.\n\n", mdText(f.Lead))
	}
	mdQuotations(buf, f.Evidence)
	mdPossibleCauses(buf, f.Unchecked)
	mdSteps(buf, f.Remediation)
	if f.CannotProve != "" {
		fmt.Fprintf(buf, "**What this case cannot show:** %s\n\n", mdText(clip(f.CannotProve, 2*mdLineRunes)))
	}
	if len(n.symptoms) > 0 {
		fmt.Fprintf(buf, "**Explains %s**\n\n", count(n.explains, "symptom"))
		left := mdSymptoms
		mdSymptomList(buf, n.symptoms, "", &left)
		if left <= 0 && n.explains > mdSymptoms {
			mdMore(buf, n.explains-mdSymptoms)
		}
		buf.WriteString("\n")
	}
	mdReferences(buf, f.References)
}

// mdPossibleCauses lists what could explain a root and was left open.
func mdPossibleCauses(buf *bytes.Buffer, list []analyze.Unchecked) {
	if len(list) == 0 {
		return
	}
	buf.WriteString("**Possible causes that could not be checked**\n\n")
	for _, u := range list {
		fmt.Fprintf(buf, "- %s (needs %s)\n", mdText(clip(u.Title, mdLineRunes)), mdText(several(u.Missing, 3)))
	}
	buf.WriteString("\n")
}

// mdQuotations quotes the first of each selection, as far as there is room.
func mdQuotations(buf *bytes.Buffer, evidence []analyze.Evidence) {
	start, left := buf.Len(), 0
	for _, s := range selections(evidence) {
		more := len(s.More)
		for i := range s.First {
			var text bytes.Buffer
			mdQuote(&text, &s.First[i])
			if buf.Len()-start+text.Len() > mdQuotes {
				left += len(s.First) - i + more
				more = 0
				break
			}
			buf.Write(text.Bytes())
		}
		if more > 0 {
			fmt.Fprintf(buf, "%s of %s in the full report.\n\n", count(more, "more quotation"), mdText(selectionName(s.Name)))
		}
	}
	if left > 0 {
		fmt.Fprintf(buf, "%s in the full report.\n\n", count(left, "more quotation"))
	}
}

func mdQuote(buf *bytes.Buffer, q *quote) {
	where := mdCode(clip(q.Where(), mdLineRunes))
	if q.Node != "" {
		where += ", " + mdText(q.Node)
	}
	if q.Alike > 0 {
		where += fmt.Sprintf(", and %s like it", count(q.Alike, "other"))
	}
	var lines []string
	for _, l := range q.Lines {
		if l.Context {
			continue
		}
		var text strings.Builder
		for _, s := range l.Segments {
			text.WriteString(s.Text)
		}
		lines = append(lines, clip(text.String(), mdLineRunes))
	}
	cut := len(lines) - mdQuotation
	if cut > 0 {
		lines = lines[:mdQuotation]
	}
	text := strings.Join(lines, "\n")
	fence := mdFence(text)
	fmt.Fprintf(buf, "%s\n\n%stext\n%s\n%s\n\n", where, fence, text, fence)
	if cut > 0 {
		fmt.Fprintf(buf, "%s of this quotation in the full report.\n\n", count(cut, "more line"))
	}
}

func mdSteps(buf *bytes.Buffer, steps []analyze.Step) {
	if len(steps) == 0 {
		return
	}
	buf.WriteString("**What to do**\n\n")
	for i, s := range steps {
		if i == mdRows {
			fmt.Fprintf(buf, "%s in the full report.\n", count(len(steps)-i, "more step"))
			break
		}
		fmt.Fprintf(buf, "%d. %s", i+1, mdText(clip(s.Do, 2*mdLineRunes)))
		if s.Risk != "" {
			fmt.Fprintf(buf, " (risk: %s)", mdText(s.Risk))
		}
		buf.WriteString("\n")
		if len(s.Command) > mdCommand {
			buf.WriteString("\n   The command is long: copy it from the full report.\n\n")
		} else if s.Command != "" {
			fence := mdFence(s.Command)
			indent := strings.Repeat(" ", len(fmt.Sprintf("%d. ", i+1)))
			text := fence + "sh\n" + strings.TrimSuffix(s.Command, "\n") + "\n" + fence
			fmt.Fprintf(buf, "\n%s%s\n\n", indent, strings.ReplaceAll(text, "\n", "\n"+indent))
		}
	}
	buf.WriteString("\n")
}

func mdSymptomList(buf *bytes.Buffer, list []*node, indent string, left *int) {
	for _, n := range list {
		if *left--; *left < 0 {
			return
		}
		fmt.Fprintf(buf, "%s- %s", indent, mdFinding(n.finding))
		if len(n.finding.Evidence) > 0 {
			q := quoteOf(&n.finding.Evidence[0])
			fmt.Fprintf(buf, " %s", mdCode(clip(q.Where(), 200)))
		}
		buf.WriteString("\n")
		mdSymptomList(buf, n.symptoms, indent+"  ", left)
	}
}

func mdReferences(buf *bytes.Buffer, refs []string) {
	if len(refs) == 0 {
		return
	}
	buf.WriteString("References:\n\n")
	for _, ref := range refs[:min(len(refs), mdRows)] {
		if r := newReference(ref); r.URL != "" && !strings.ContainsAny(r.URL, "<>`\\ ") {
			fmt.Fprintf(buf, "- <%s>\n", r.URL)
			continue
		}
		fmt.Fprintf(buf, "- %s\n", mdCode(clip(ref, mdLineRunes)))
	}
	mdMore(buf, len(refs)-mdRows)
}

func mdMore(buf *bytes.Buffer, n int) {
	if n > 0 {
		fmt.Fprintf(buf, "- and %s more in the full report\n", number(n))
	}
}
