package graph_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/analyze/graph"
	"coldcase/signatures"
)

func draw(t *testing.T, format string, sigs []*analyze.Signature) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, graph.Write(&b, format, sigs))
	return b.String()
}

func small() []*analyze.Signature {
	return []*analyze.Signature{
		{ID: "cause", Title: "A <cause>", Severity: analyze.Critical, Explains: []string{"member-2", "symptom"}, File: "cause.yaml"},
		{ID: "member-1", Title: "1", Family: "Members", Severity: analyze.Info, File: "member.yaml"},
		{ID: "member-2", Title: "2", Family: "Members", Severity: analyze.Warning, Explains: []string{"symptom"}, File: "member.yaml"},
		{ID: "symptom", Title: "Symptom", Severity: analyze.Info, File: "symptom.yaml"},
		{ID: "lonely", Title: "Nothing to do with it", Severity: analyze.Info, File: "lonely.yaml"},
	}
}

func TestEdges(t *testing.T) {
	dot := draw(t, "dot", small())
	require.Equal(t, 3, strings.Count(dot, "->"))
	for _, edge := range []string{`"cause" -> "member"`, `"cause" -> "symptom"`, `"member" -> "symptom"`} {
		require.Contains(t, dot, edge)
	}
	require.NotContains(t, dot, "lonely")
	mermaid := draw(t, "mermaid", small())
	require.Equal(t, "flowchart LR", strings.SplitN(mermaid, "\n", 2)[0])
	require.Equal(t, 2, strings.Count(mermaid, "-->"), "cause to symptom goes by way of the member")
	require.Contains(t, mermaid, `n1["member"]:::warning`)
}

func TestSVG(t *testing.T) {
	text := draw(t, "svg", small())
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
	}
	require.Equal(t, 2, strings.Count(text, "<path "))
	require.Contains(t, text, "A &lt;cause&gt;")
}

func TestOurs(t *testing.T) {
	sigs, err := analyze.LoadSignatures(signatures.FS)
	require.NoError(t, err)
	for _, format := range graph.Formats() {
		require.Equal(t, draw(t, format, sigs), draw(t, format, sigs), "%s is the same every time", format)
	}
	var b strings.Builder
	require.ErrorContains(t, graph.Write(&b, "png", sigs), `unknown graph format "png", known are dot, mermaid, svg`)
}

func TestAround(t *testing.T) {
	chain := []*analyze.Signature{
		{ID: "a", File: "a.yaml", Explains: []string{"b"}}, {ID: "b", File: "b.yaml", Explains: []string{"c"}},
		{ID: "c", File: "c.yaml", Explains: []string{"d"}}, {ID: "d", File: "d.yaml"}, {ID: "e", File: "e.yaml", Explains: []string{"d"}},
	}
	near, err := graph.Around(chain, []string{"c"})
	require.NoError(t, err)
	require.Equal(t, chain[1:4], near, "not the other causes of its symptom")
	_, err = graph.Around(chain, []string{"x"})
	require.ErrorContains(t, err, `"x"`)
}
