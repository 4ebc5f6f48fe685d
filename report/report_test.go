package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func render(t testing.TB, format string, r *analyze.Result) string {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, Write(&buf, format, r))
	return buf.String()
}

func TestGolden(t *testing.T) {
	cases := map[string]*analyze.Result{"rich": sampleResult(), "empty": {SchemaVersion: analyze.SchemaVersion, Tool: "coldcase 0.1.0"}, "open": openResult()}
	extensions := map[string]string{"html": ".html", "md": ".md", "json": ".json", "junit": ".xml"}
	for name, r := range cases {
		for _, format := range Formats() {
			t.Run(name+"/"+format, func(t *testing.T) {
				got := render(t, format, r)
				require.Equal(t, got, render(t, format, r), "the same Result gives the same bytes")
				path := filepath.Join("testdata", name+extensions[format])
				if *update {
					require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, string(want), got)
			})
		}
	}
}

// openResult matched nothing but leaves signatures open.
func openResult() *analyze.Result {
	r := sampleResult()
	r.Findings, r.Timeline, r.Pods = nil, nil, nil
	r.Verdicts = r.Verdicts[6:]
	for i := range r.Nodes {
		r.Nodes[i].Worst, r.Nodes[i].Findings = "", 0
	}
	return r
}

func TestNothingMatchedIsNeverHealthy(t *testing.T) {
	for _, r := range []*analyze.Result{openResult(), {}} {
		for _, format := range Formats() {
			out := strings.ToLower(render(t, format, r))
			require.NotContains(t, out, "healthy")
			require.NotContains(t, out, "no problems")
		}
	}
	require.Contains(t, render(t, "html", openResult()), "No known failure matched; 3 signatures could not be decided because evidence is missing</h1>")
	require.Contains(t, render(t, "md", openResult()), "# No known failure matched; 3 signatures could not be decided because evidence is missing\n")
}

func TestWriteDoesNotChangeTheResult(t *testing.T) {
	r := sampleResult()
	for _, format := range Formats() {
		render(t, format, r)
	}
	require.Equal(t, sampleResult(), r)
}

func TestFormats(t *testing.T) {
	require.Equal(t, []string{"html", "md", "json", "junit"}, Formats())
	for path, want := range map[string]string{"a/b.HTML": "html", "x.htm": "html", "x.md": "md", "x.markdown": "md", "x.json": "json", "junit.xml": "junit"} {
		got, ok := FormatOf(path)
		require.True(t, ok, path)
		require.Equal(t, want, got, path)
	}
	_, ok := FormatOf("report.pdf")
	require.False(t, ok)
	require.ErrorContains(t, Write(io.Discard, "pdf", &analyze.Result{}), `unknown report format "pdf"`)
	require.Error(t, Write(io.Discard, "html", nil))
	require.ErrorIs(t, Write(brokenWriter{}, "json", &analyze.Result{}), errBroken)
}

var errBroken = errors.New("disk full")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\n":      "plain\ttext\n",
		"\x1b[31m\x00\r\x7f": "␛[31m␀␍␡",
		"a\u202eb":           "a⟦U+202E⟧b",
		"a\u200bb\u00a0c":    "a⟦U+200B⟧b⟦U+00A0⟧c",
		"\xff\xfe":           "⟦0xff⟧⟦0xfe⟧",
		"\u2028\u0085\ufeff": "⟦U+2028⟧⟦U+0085⟧⟦U+FEFF⟧",
		"\U000e0041":         "⟦U+E0041⟧",
		"⚠\ufe0f x\ufe0f":    "⚠\ufe0f x⟦U+FE0F⟧",
		"\ufffd \uffff":      "\ufffd ⟦U+FFFF⟧",
		"ünï → 日本 🔥 e\u0301": "ünï → 日本 🔥 e\u0301",
	} {
		require.Equal(t, want, Visible(in), "%q", in)
	}
}

func TestMarksMoveWithTheText(t *testing.T) {
	text, marks := translate("a\x1bé\xffz", [][2]int{{3, 4}, {1, 2}, {4, 99}, {7, 2}, {-3, 0}}, appendVisible)
	require.Equal(t, "a␛é⟦0xff⟧z", text)
	var parts []string
	for _, m := range marks {
		parts = append(parts, text[m[0]:m[1]])
	}
	require.Equal(t, []string{"␛é⟦0xff⟧z"}, parts, "a range that cuts a rune takes all of it; neighbours merge")
}

func TestTreeHoldsEveryFindingOnce(t *testing.T) {
	chain := func(causes ...string) analyze.Finding { return analyze.Finding{Causes: causes} }
	findings := []analyze.Finding{chain("c"), chain("a"), chain("b"), chain("d", "a"), chain("b", "gone"), chain("gone")}
	for i := range findings {
		findings[i].ID = string(rune('a' + i))
	}
	f := grow(findings)
	var walk func([]*node) string
	walk = func(list []*node) string {
		out := ""
		for _, n := range list {
			out += n.finding.ID + "(" + walk(n.symptoms) + ")"
		}
		return out
	}
	require.Equal(t, "a(b(c()e())d())f()", walk(f.roots), "the ring a-b-c opens at its first finding; d's own name is no cause")
	require.Equal(t, 4, f.nodes[0].explains)
}

func TestDeepChainsStayReadable(t *testing.T) {
	var findings []analyze.Finding
	for i := range 500 {
		findings = append(findings, analyze.Finding{ID: fmt.Sprint(i), Title: fmt.Sprintf("finding %d.", i), Causes: []string{fmt.Sprint(i - 1)}})
	}
	f := grow(findings)
	require.Len(t, f.roots, 1)
	require.Equal(t, 499, f.nodes[0].explains)
	for _, n := range f.nodes {
		require.LessOrEqual(t, n.depth, maxDepth)
	}
	page := render(t, "html", &analyze.Result{Findings: findings})
	for i := range findings {
		require.Contains(t, page, fmt.Sprintf("finding %d.", i))
	}
}

func TestMarkdownIsBounded(t *testing.T) {
	r := manyFindings(1000)
	require.Less(t, len(render(t, "md", r)), 32_000, "a Jira comment takes 32,767 characters")
}

func TestMarkdownKeepsEvidenceInItsFence(t *testing.T) {
	out := render(t, "md", sampleResult())
	require.Contains(t, out, "````text\n"+strings.ReplaceAll(hostileScript, "\n", ""))
	require.NotRegexp(t, `(?m)^[^\x60]*@everyone`, strings.ReplaceAll(out, "`@everyone`", ""), "no mention outside code")
	require.NotContains(t, out, "\x1b")
	require.NotContains(t, out, "<javascript:")
	require.Contains(t, out, "2 more quotations of empty zones in the full report.")
}

func TestJUnitCounts(t *testing.T) {
	var suites junitSuites
	out := render(t, "junit", sampleResult())
	require.NoError(t, xml.Unmarshal([]byte(out), &suites))
	require.Equal(t, 17, suites.Tests)
	require.Equal(t, 5, suites.Failures, "info does not fail")
	require.Equal(t, 5, suites.Skipped)
	sum := 0
	for _, s := range suites.Suites {
		sum += len(s.Cases)
	}
	require.Equal(t, suites.Tests, sum)
}

func TestJUnitLosesNoFinding(t *testing.T) {
	r := sampleResult()
	r.Verdicts = nil
	var suites junitSuites
	require.NoError(t, xml.Unmarshal([]byte(render(t, "junit", r)), &suites))
	require.Equal(t, len(r.Findings), suites.Tests)
}

// manyFindings is a large case: every tenth a root, the others its symptoms.
func manyFindings(n int) *analyze.Result {
	r := sampleResult()
	r.Findings, r.Timeline = nil, nil
	for i := range n {
		f := fragmentation()
		f.Signature = fmt.Sprintf("signature-%d", i%20)
		f.ID = fmt.Sprintf("%s@node/%d", f.Signature, i)
		f.Subject = analyze.Subject{Scope: "node", Name: fmt.Sprintf("node-%d", i), Node: fmt.Sprintf("node-%d", i)}
		f.Symptoms = nil
		if i%10 != 0 {
			f.Causes = []string{r.Findings[i-i%10].ID}
		}
		r.Findings = append(r.Findings, f)
		r.Timeline = append(r.Timeline, analyze.Event{At: at(float64(i) / 7), Until: at(float64(i)/7 + 3), Count: 5, Node: f.Subject.Name, Finding: f.ID, Text: f.Title, Source: "x:1"})
	}
	return r
}

func BenchmarkHTML1000(b *testing.B) {
	r := manyFindings(1000)
	for b.Loop() {
		if err := Write(io.Discard, "html", r); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMarkdownSaysTheSameOnce wants one text for roots that differ only in their subject.
func TestMarkdownSaysTheSameOnce(t *testing.T) {
	r := sampleResult()
	r.Findings = nil
	for _, node := range []string{"node-a", "node-b", "node-c"} {
		f := fragmentation()
		f.ID, f.Subject, f.Message, f.Symptoms = "x@"+node, analyze.Subject{Scope: "node", Name: node, Node: node}, "No room on "+node+".", nil
		r.Findings = append(r.Findings, f)
	}
	out := render(t, "md", r)
	require.Equal(t, 1, strings.Count(out, "**What to do**"))
	require.Contains(t, out, "**The same on 2 more subjects**\n\n- **critical**, confirmed, node node-b: No room on node-b. `node-b/dmesg.txt:118`\n")
	require.Contains(t, out, "No room on node-c.")
}

// TestStoryOfTheFirstRoot: the chain below the first root stands above everything else.
func TestStoryOfTheFirstRoot(t *testing.T) {
	story := "Pod sandboxes cannot be created → Pod hangs in ContainerCreating → Service has fewer ready endpoints than wanted"
	md := render(t, "md", sampleResult())
	require.Less(t, strings.Index(md, "What it led to: "+story+"."), strings.Index(md, "## Root causes"))
	require.Contains(t, md, story)
	page := render(t, "html", sampleResult())
	require.Regexp(t, `What it led to:</b> <a href="#[^"]+">Pod sandboxes cannot be created</a> → <a`, page)
}
