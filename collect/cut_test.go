package collect

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeLines sends lines through a lineWriter and a cutter, in chunks that ignore line ends.
func writeLines(t *testing.T, keep Keep, text string, chunk int) (string, *cutter) {
	t.Helper()
	var out bytes.Buffer
	c := &cutter{w: &out, keep: keep}
	l := &lineWriter{editor: &redactor{}, w: c}
	for rest := text; rest != ""; {
		n := min(chunk, len(rest))
		_, err := l.Write([]byte(rest[:n]))
		require.NoError(t, err)
		rest = rest[n:]
	}
	require.NoError(t, l.flush())
	require.NoError(t, c.finish())
	return out.String(), c
}

var markerLine = regexp.MustCompile(`(?m)^\[coldcase: (\d+) bytes, (\d+) lines dropped here\]\n`)

func TestCutKeepsHeadAndNewestTailAndCountsExactly(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "line %d with some words\n", i)
	}
	whole := text.String()
	for _, keep := range []Keep{{Head: 1000, Tail: 2000}, {Tail: 3000}, {Head: 64, Tail: 64}} {
		out, c := writeLines(t, keep, whole, 777)
		m := markerLine.FindStringSubmatchIndex(out)
		require.NotNil(t, m, out)
		head, tail := out[:m[0]], out[m[1]:]
		require.True(t, strings.HasPrefix(whole, head))
		require.True(t, strings.HasSuffix(whole, tail))
		require.LessOrEqual(t, int64(len(head)), keep.Head)
		require.LessOrEqual(t, int64(len(tail)), keep.Tail)
		require.Greater(t, int64(len(tail)), keep.Tail-64, "the tail is as long as may be")
		dropped := whole[len(head) : len(whole)-len(tail)]
		require.Equal(t, strconv.Itoa(len(dropped)), out[m[2]:m[3]])
		require.Equal(t, strconv.Itoa(strings.Count(dropped, "\n")), out[m[4]:m[5]])
		require.Contains(t, c.truncation(), fmt.Sprintf("%d bytes, %d lines", len(dropped), strings.Count(dropped, "\n")))
	}
}

func TestCutLeavesWhatFitsAlone(t *testing.T) {
	text := "a\nb\nlast without end"
	for chunk := 1; chunk < 9; chunk++ {
		out, c := writeLines(t, Keep{Head: 10, Tail: 20}, text, chunk)
		require.Equal(t, text, out)
		require.Empty(t, c.truncation())
	}
}

func TestLongLineIsHandedOnInPieces(t *testing.T) {
	text := strings.Repeat("x", 3*maxLine) + "\nnext\n"
	out, c := writeLines(t, Keep{Head: 4 * maxLine, Tail: 10}, text, 100_000)
	require.Equal(t, text, out)
	require.Empty(t, c.truncation())
}

func TestTheTailIsExactWhateverItsSize(t *testing.T) {
	var all []string
	for i := range 3000 {
		all = append(all, strings.Repeat("x", i*7919%97)+"\n")
	}
	for _, keep := range []int64{1, 50, 97, 98, 1000, 16384, 40000, 1 << 20} {
		var out strings.Builder
		c := &cutter{w: &out, keep: Keep{Tail: keep}}
		for i := 0; i < len(all); i += 3 {
			_, err := c.Write([]byte(all[i] + all[i+1] + all[i+2]))
			require.NoError(t, err)
		}
		require.NoError(t, c.finish())
		kept, size := len(all), int64(0)
		for kept > 0 && size+int64(len(all[kept-1])) <= keep {
			kept--
			size += int64(len(all[kept]))
		}
		want := strings.Join(all[kept:], "")
		text := out.String()
		if dropped := strings.Join(all[:kept], ""); dropped != "" {
			want = fmt.Sprintf("[coldcase: %d bytes, %d lines dropped here]\n", len(dropped), kept) + want
		}
		require.Equal(t, want, text, "keep %d", keep)
	}
}
