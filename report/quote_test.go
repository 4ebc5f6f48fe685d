package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
)

// TestNeighboursAreQuotedTogether wants each line once where the lines around several quotations meet.
func TestNeighboursAreQuotedTogether(t *testing.T) {
	line := func(n int, before, after []string) analyze.Evidence {
		return analyze.Evidence{Selection: "full", Artifact: "node-a/dmesg.txt", Lines: [2]int{n, n}, Text: "dropped " + string(rune('0'+n)),
			Mark: [][2]int{{0, 7}}, Before: before, After: after, Count: 2}
	}
	far := line(9, nil, nil)
	other := line(5, nil, nil)
	other.Artifact = "node-a/messages"
	got := selections([]analyze.Evidence{
		line(2, []string{"one"}, []string{"dropped 3", "four"}), line(3, []string{"dropped 2"}, []string{"four", "dropped 5"}),
		line(5, []string{"four"}, []string{"six"}), far, other,
	})
	require.Len(t, got, 1)
	require.Len(t, got[0].First, 3)
	q := got[0].First[0]
	require.Equal(t, "node-a/dmesg.txt:2-3, 5", q.Where())
	require.EqualValues(t, 3, q.Alike)
	var lines []string
	for i, l := range q.Lines {
		require.Equal(t, i+1, l.Number)
		lines = append(lines, l.Segments[0].Text)
	}
	require.Equal(t, []string{"one", "dropped", "dropped", "four", "dropped", "six"}, lines)
	require.True(t, q.Lines[3].Context)
	require.False(t, q.Lines[4].Context)
	require.Equal(t, "node-a/dmesg.txt:9", got[0].First[1].Where())
}
