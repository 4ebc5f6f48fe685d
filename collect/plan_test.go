//go:build linux

package collect

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocsListEverythingThatIsCollected keeps the table in docs/collecting.md equal to the plan. To write it again:
// COLDCASE_UPDATE=1 go test ./collect -run TestDocsList
func TestDocsListEverythingThatIsCollected(t *testing.T) {
	const begin, end = "<!-- plan -->\n", "<!-- /plan -->\n"
	file := filepath.Join("..", "docs", "collecting.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok, "docs/collecting.md lacks %q", begin)
	table, foot, ok := strings.Cut(rest, end)
	require.True(t, ok, "docs/collecting.md lacks %q", end)
	want := planTable()
	if os.Getenv("COLDCASE_UPDATE") != "" {
		require.NoError(t, os.WriteFile(file, []byte(head+begin+want+end+foot), 0o644))
		return
	}
	require.Equal(t, strings.Split(want, "\n"), strings.Split(table, "\n"), "run: COLDCASE_UPDATE=1 go test ./collect -run TestDocsList")
}

func planTable() string {
	var b strings.Builder
	b.WriteString("| group | artifact | privacy | commands and files |\n|---|---|---|---|\n")
	for _, i := range Plan() {
		var what []string
		for _, w := range i.What {
			what = append(what, "`"+strings.ReplaceAll(w, "|", "\\|")+"`")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", i.Group, i.Artifact, i.Privacy, strings.Join(what, "<br>"))
	}
	return b.String()
}
