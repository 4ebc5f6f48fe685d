package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"coldcase/analyze"
)

// elements returns all elements of a page with the name.
func elements(root *html.Node, name string) []*html.Node {
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			out = append(out, n)
		}
	}
	return out
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textContent(root *html.Node) string {
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func withClass(root *html.Node, name, class string) []*html.Node {
	var out []*html.Node
	for _, n := range elements(root, name) {
		if attribute(n, "class") == class {
			out = append(out, n)
		}
	}
	return out
}

func parsePage(t testing.TB, r *analyze.Result) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(render(t, "html", r)))
	require.NoError(t, err)
	return root
}

// requireInert checks that a page holds nothing that acts or loads, whatever was in the evidence.
func requireInert(t testing.TB, root *html.Node) {
	scripts := elements(root, "script")
	require.Len(t, scripts, 1)
	require.Equal(t, pageScript, textContent(scripts[0]))
	for _, name := range []string{"img", "iframe", "object", "embed", "base", "video", "audio"} {
		require.Empty(t, elements(root, name), name)
	}
	ids := map[string]bool{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcset" || a.Key == "src", "%s on %s", a.Key, n.Data)
			switch {
			case a.Key == "id":
				require.False(t, ids[a.Val], "id %q twice", a.Val)
				ids[a.Val] = true
			case a.Key == "href" && n.Data == "a":
				require.Regexp(t, `^(#|https?://)`, a.Val)
			}
		}
	}
	for _, a := range elements(root, "a") {
		if to, ok := strings.CutPrefix(attribute(a, "href"), "#"); ok {
			require.True(t, ids[to], "link to %q leads nowhere", to)
		}
	}
}

func TestHTMLIsInert(t *testing.T) {
	for _, r := range []*analyze.Result{sampleResult(), openResult(), {}, manyFindings(200)} {
		requireInert(t, parsePage(t, r))
	}
}

func TestHTMLPolicyFitsThePage(t *testing.T) {
	root := parsePage(t, sampleResult())
	policy := ""
	for _, m := range elements(root, "meta") {
		if attribute(m, "http-equiv") != "" {
			policy = attribute(m, "content")
		}
	}
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	styles := elements(root, "style")
	require.Len(t, styles, 1)
	require.Contains(t, policy, "style-src '"+hash(textContent(styles[0]))+"'")
	require.Contains(t, policy, "script-src '"+hash(textContent(elements(root, "script")[0]))+"'")
}

func TestHTMLQuotesAndMarks(t *testing.T) {
	root := parsePage(t, sampleResult())
	quotes := withClass(root, "figure", "quote")
	require.NotEmpty(t, quotes)
	first := textContent(quotes[0])
	require.Contains(t, first, "node-b/dmesg.txt:118")
	require.Contains(t, first, "and 4,306 others like it")
	require.Equal(t, "page allocation failure: order:6", textContent(elements(quotes[0], "mark")[0]))
	var numbers []string
	for _, n := range withClass(quotes[0], "span", "n") {
		numbers = append(numbers, textContent(n))
	}
	require.Equal(t, []string{"117", "118", "119", "120"}, numbers)
}

func TestHTMLNestsSymptoms(t *testing.T) {
	root := parsePage(t, sampleResult())
	depth := map[string]int{}
	for _, d := range elements(root, "details") {
		if attribute(d, "data-finding") == "" {
			continue
		}
		for up := d.Parent; up != nil; up = up.Parent {
			if up.Type == html.ElementNode && attribute(up, "data-finding") != "" {
				depth[attribute(d, "data-finding")]++
			}
		}
	}
	require.Equal(t, map[string]int{"2": 1, "3": 2, "4": 3}, depth)
	require.Contains(t, textContent(root), "Also caused by Connection tracking table is full")
	require.Contains(t, textContent(root), "Also explains Pod sandboxes cannot be created")
}

func TestHTMLBoundsTheTimeline(t *testing.T) {
	root := parsePage(t, manyFindings(1000))
	require.Less(t, len(elements(root, "circle"))+len(elements(root, "rect")), 6000)
	require.Len(t, withClass(root, "g", "lane"), maxLanes)
	one := &analyze.Result{Timeline: []analyze.Event{{At: at(0), Text: "alone", Source: "x:1"}}}
	require.Len(t, elements(parsePage(t, one), "circle"), 1)
	require.Empty(t, elements(parsePage(t, &analyze.Result{}), "circle"))
}

func FuzzHTML(f *testing.F) {
	f.Add(hostileScript, hostileText, hostileMD, 3, 9)
	f.Add("--><![CDATA[", "</title><svg onload=alert(1)>", "{{.}}", -1, 99)
	f.Add("\u2028</style>", "]]>", "<!--<script>", 0, 0)
	f.Fuzz(func(t *testing.T, text, message, title string, from, to int) {
		r := &analyze.Result{Tool: title, Bundles: []analyze.BundleInfo{{Name: title}}, Nodes: []analyze.NodeInfo{{Name: message, Findings: 1}},
			Findings: []analyze.Finding{{
				ID: title, Signature: message, Title: title, Message: message, Severity: analyze.Severity(title), Confidence: analyze.Confidence(message), Subject: analyze.Subject{Scope: "node", Name: message},
				Description: text, Because: text, References: []string{text, "https://" + text}, Remediation: []analyze.Step{{Do: text, Command: message, Risk: title}},
				Evidence: []analyze.Evidence{{Selection: title, Artifact: title, Text: text, Mark: [][2]int{{from, to}}, Before: []string{message}}},
			}},
			Timeline: []analyze.Event{{At: at(1), Finding: title, Text: text, Node: message, Source: title}},
			Missing:  []analyze.Missing{{Artifact: title, Why: text, Command: message, Nodes: []string{text}}},
			Coverage: []analyze.Coverage{{Artifact: title, Sample: text, Unrecognized: 1}},
		}
		root := parsePage(t, r)
		requireInert(t, root)
		quote := withClass(root, "figure", "quote")[0]
		var lines []string
		for _, n := range withClass(quote, "span", "t") {
			lines = append(lines, textContent(n))
		}
		require.Equal(t, oneLine(message), lines[0])
		require.Equal(t, strings.TrimSuffix(Visible(text), "\n"), strings.Join(lines[1:], "\n"))
		require.Equal(t, Visible(title), textContent(elements(withClass(root, "article", "finding root is-"+Visible(title))[0], "h3")[0]))
	})
}
