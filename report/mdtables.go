package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"coldcase/analyze"
)

func mdUnchecked(buf *bytes.Buffer, r *analyze.Result) {
	open := openRows(r)
	if len(r.Missing) == 0 && len(open) == 0 {
		return
	}
	buf.WriteString("\n## What could not be checked\n\n")
	if len(r.Missing) > 0 {
		buf.WriteString("| Missing | Where | Why | To collect it | Leaves open |\n|---|---|---|---|---|\n")
		told := map[string]bool{}
		for _, m := range r.Missing[:min(len(r.Missing), mdRows)] {
			room := 160
			if told[m.Why] {
				room = 40 // the first row has it all
			}
			told[m.Why] = true
			fmt.Fprintf(buf, "| %s | %s | %s | %s | %s |\n", mdCode(clip(m.Artifact, 120)), mdText(clip(several(m.Nodes, 4), 160)),
				mdText(clip(m.Why, room)), mdCode(clip(m.Command, 200)), count(len(m.Blocks), "signature"))
		}
		if more := len(r.Missing) - mdRows; more > 0 {
			fmt.Fprintf(buf, "\n%s in the full report.\n", count(more, "more artifact"))
		}
		buf.WriteString("\n")
	}
	for _, o := range open[:min(len(open), mdRows)] {
		fmt.Fprintf(buf, "- %s (missing: %s)\n", mdText(clip(o.Title, 160)), mdText(clip(several(o.Missing, 3), 160)))
	}
	mdMore(buf, len(open)-mdRows)
}

func mdClear(buf *bytes.Buffer, r *analyze.Result) {
	rows := clearRows(r)
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(buf, "\n## Clear: %s looked for and not found\n\n", count(len(rows), "signature"))
	for _, row := range rows[:min(len(rows), mdRows)] {
		fmt.Fprintf(buf, "- %s (%s)\n", mdText(clip(row.Title, 160)), count(row.Subjects, "subject"))
	}
	mdMore(buf, len(rows)-mdRows)
}

func mdProblems(buf *bytes.Buffer, r *analyze.Result) {
	if len(r.Problems) == 0 {
		return
	}
	buf.WriteString("\n## Problems while reading\n\n")
	for _, p := range r.Problems[:min(len(r.Problems), mdRows)] {
		where := p.Bundle
		if p.Path != "" {
			where += ": " + p.Path
		}
		fmt.Fprintf(buf, "- %s (%s)\n", mdText(clip(p.What, 200)), mdText(clip(where, 200)))
	}
	mdMore(buf, len(r.Problems)-mdRows)
}

var (
	// mdLive matches words that GitHub or Jira would turn into mentions, links or references: @name, URLs, mail
	// addresses, www hosts, #12 and owner/repo#12.
	mdLive = regexp.MustCompile(`(?i)@|://|^\W*www\.|^\W*(javascript|data|mailto|file):|#\d|^\W*GH-\d`)
	// mdLeader is what makes a list, a quotation or a rule at the start of a line.
	mdLeader = regexp.MustCompile(`^(\s*)([-+=#>]|\d+[.)])`)
)

// mdText is text on one line that no Markdown reader takes for markup.
func mdText(s string) string {
	words := strings.Split(oneLine(s), " ")
	for i, w := range words {
		switch {
		case w == "":
		case mdLive.MatchString(w):
			words[i] = mdCode(w)
		default:
			words[i] = mdEscape(w)
		}
	}
	text := strings.ReplaceAll(strings.Join(words, " "), "\t", " ")
	return mdLeader.ReplaceAllStringFunc(text, func(lead string) string {
		return lead[:len(lead)-1] + `\` + lead[len(lead)-1:]
	})
}

// mdEscape puts a backslash before what Markdown may read as markup. An underscore inside a word is none.
func mdEscape(word string) string {
	inWord := func(i int) bool {
		return i >= 0 && i < len(word) && (word[i] >= 0x80 || word[i] != '_' && isWord(word[i]))
	}
	var b strings.Builder
	for i := range len(word) {
		c := word[i]
		switch {
		case strings.IndexByte("\\`*[]<|~$", c) >= 0,
			c == '_' && !(inWord(i-1) && inWord(i+1)),
			c == '&' && i+1 < len(word) && (word[i+1] == '#' || inWord(i+1)):
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// mdCode is text on one line as a code span, also inside a table.
func mdCode(s string) string {
	s = strings.ReplaceAll(oneLine(s), "|", "∣") // a table cell ends at a bar even in code
	if strings.TrimSpace(s) == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(s)+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// mdFence is a code fence that s cannot close.
func mdFence(s string) string { return strings.Repeat("`", max(longestRun(s)+1, 3)) }

func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
