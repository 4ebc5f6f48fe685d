package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"

	"coldcase/analyze"
)

var (
	//go:embed report.gohtml
	pageSource string
	//go:embed report.css
	pageStyle string
	//go:embed report.js
	pageScript string

	pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
		"severity": severityWord, "number": number[int], "number64": number[int64], "size": size,
		"count": func(n int, noun string) string { return count(n, noun) }, "several": several, "selection": selectionName,
	}).Parse(pageSource))
)

// missingShown is how many missing artifacts are shown at once; those that leave most open come first.
const missingShown = 4

// pageView is everything that the template shows.
type pageView struct {
	Policy      string
	Style       template.CSS
	Script      template.JS
	Case        summary
	Result      *analyze.Result
	Top         *card
	LedTo       []*card // the chain of symptoms below it
	Groups      []*rootGroup
	Findings    int
	Timeline    *timeline
	Nodes       []nodeRow
	Pods        []podRow
	MorePods    int
	Clear       []clearRow
	Missing     []missingRow // the weightiest
	MoreMissing []missingRow
	Commands    string
	Open        []openRow
	Problems    []analyze.Problem
	Coverage    []coverageRow
	Unread      int      // coverage rows with lines that no grammar understood
	Filters     []string // node names by their index

	Differences []differenceRow
	Touched     int // of them, spoken of by findings
}

func renderHTML(buf *bytes.Buffer, raw *analyze.Result) error {
	r := rewrite(raw, appendVisible)
	f := grow(r.Findings)
	c := newCards(r, f)
	p := &pageView{
		Policy: policy(), Style: template.CSS(pageStyle), Script: template.JS(pageScript),
		Case: summarize(r, f), Result: r, Groups: c.groups(), Findings: len(r.Findings), Timeline: drawTimeline(r, c),
		Clear: clearRows(r), Open: openRows(r), Problems: r.Problems,
	}
	if len(f.roots) > 0 {
		p.Top = c.all[f.roots[0].index]
		for _, s := range p.Case.LedTo {
			p.LedTo = append(p.LedTo, c.all[s.Index])
		}
	}
	p.Nodes, p.Pods = nodeRows(r, c), podRows(r, c)
	p.MorePods = max(r.Stats.Pods-len(r.Pods), 0)
	p.Missing, p.Commands = missingRows(r, c)
	if len(p.Missing) > missingShown+1 {
		p.Missing, p.MoreMissing = p.Missing[:missingShown], p.Missing[missingShown:]
	}
	p.Coverage, p.Unread = coverageRows(r, c)
	p.Differences, p.Touched = differenceRows(r, c)
	p.Filters = c.nodes
	return pageTemplate.Execute(buf, p)
}

// policy allows the page its own style and script, by their hashes, and nothing else: no request can leave it.
func policy() string {
	return strings.Join([]string{
		"default-src 'none'", "style-src '" + hash(pageStyle) + "'", "script-src '" + hash(pageScript) + "'",
		"img-src data:", "base-uri 'none'", "form-action 'none'",
	}, "; ")
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func severityWord(s analyze.Severity) string {
	switch s {
	case analyze.Critical:
		return "Critical"
	case analyze.Warning:
		return "Warning"
	}
	return "Info"
}
