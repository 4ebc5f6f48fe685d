package logscan

import (
	"bytes"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite trigrams.go from the corpus")

// corpus is healthy text: a day of a node's journal, and a kernel's boot.
func corpus(t *testing.T) []byte {
	var buf bytes.Buffer
	_, _, err := writeJournal(&buf, 4<<20)
	require.NoError(t, err)
	ar, err := txtar.ParseFile("../../fixtures/logs/dmesg/boot.txtar")
	require.NoError(t, err)
	for _, f := range ar.Files {
		if f.Name == "input" {
			for i := 0; i < 64; i++ {
				buf.Write(f.Data)
			}
		}
	}
	return buf.Bytes()
}

// TestTrigrams holds the table to its corpus.
func TestTrigrams(t *testing.T) {
	text := corpus(t)
	counts := map[string]int64{}
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		for i := range line {
			line[i] = foldByte(line[i])
		}
		for i := 0; i+3 <= len(line); i++ {
			counts[string(line[i:i+3])]++
		}
	}
	byLevel := map[int][]string{}
	for tri, n := range counts {
		perMillion := n * 1_000_000 / int64(len(text))
		if level := bits.Len64(uint64(perMillion)) - 4; level >= 0 && !strings.ContainsFunc(tri, func(r rune) bool { return r == '`' || r < ' ' || r > '~' }) {
			byLevel[level] = append(byLevel[level], tri)
		}
	}
	var table strings.Builder
	for level := 25; level >= 0; level-- {
		tris := byLevel[level]
		sort.Strings(tris)
		for len(tris) > 0 {
			n := min(38, len(tris))
			fmt.Fprintf(&table, "%c %s\n", 'a'+level, strings.Join(tris[:n], ""))
			tris = tris[n:]
		}
	}
	if *update {
		source := "package logscan\n\n// commonTrigrams lists what stands together at least 8 times in a million bytes of ordinary logs, folded as foldByte\n" +
			"// does. The letter that opens a row is the frequency: a 8, b 16, c 32, and so on. TestTrigrams makes the table.\n" +
			"const commonTrigrams = `" + table.String() + "`\n"
		require.NoError(t, os.WriteFile("trigrams.go", []byte(source), 0o644))
		return
	}
	require.Equal(t, table.String(), commonTrigrams, "go test ./analyze/logscan -run TestTrigrams -update rewrites it")
}

func TestRarestWindowAvoidsCommonText(t *testing.T) {
	at, rare := rarestWindow("containerd: zqxvyzqxvyzq")
	require.GreaterOrEqual(t, at, len("contain"))
	_, common := rarestWindow("containerd: ")
	require.Less(t, rare, common/100)
}
