//go:build linux

package collect

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

const thisMachine = "0f1e2d3c4b5a49788796a5b4c3d2e1f0"

// journalRoot is a node with journal files.
func journalRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string, age time.Duration) {
		name = filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(name, at, at))
	}
	dir := "/var/log/journal/" + thisMachine + "/"
	write("/etc/machine-id", thisMachine+"\n", 0)
	write(dir+"system.journal", "LPKSHHRH current token=\x00\x01\x02 Bearer abcdefghijklmnop", time.Hour)
	write(dir+"system@a-1.journal", "LPKSHHRH old", 3*time.Hour)
	write(dir+"system@a-2.journal~", "LPKSHHRH newer", 2*time.Hour)
	write(dir+"system@a-3.journal", "-----BEGIN PRIVATE KEY-----", 4*time.Hour)
	write(dir+"user-1000.journal", "LPKSHHRH a user's", 0)
	write("/var/log/journal/"+strings.Repeat("e", 32)+"/system.journal", "LPKSHHRH of another machine", 0)
	write("/run/log/journal/"+thisMachine+"/system@a-0.journal", "LPKSHHRH volatile", 5*time.Hour)
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(root, dir, "system@a-4.journal")))
	return root
}

func TestJournalFilesAreCopied(t *testing.T) {
	root := journalRoot(t)
	var buf bytes.Buffer
	sum, err := Run(context.Background(), &buf, Options{Tool: "test", Root: root, Node: "node-a", NoCluster: true, Only: []string{"node/journal-file"}})
	require.NoError(t, err)
	var names []string
	for _, e := range sum.Entries {
		if bundle.ArtifactBase(e.Artifact) == "node/journal-file" && e.Status == bundle.StatusOK {
			names = append(names, strings.TrimPrefix(e.Artifact, "node/journal-file/"))
		}
	}
	require.Equal(t, []string{"system.journal", "system@a-2.journal_", "system@a-1.journal", "run/system@a-0.journal"}, names)

	text := map[string]string{}
	r, err := bundle.Open([]string{"-"}, bundle.Options{Stdin: bytes.NewReader(buf.Bytes())})
	require.NoError(t, err)
	defer r.Close()
	for {
		e, err := r.Next()
		if err != nil {
			break
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(r)
		require.NoError(t, err)
		text[e.Artifact] = b.String()
	}
	require.Equal(t, "LPKSHHRH current token=\x00\x01\x02 Bearer abcdefghijklmnop", text["node/journal-file/system.journal"], "byte for byte")
	require.Empty(t, text["node/journal-file/system@a-3.journal"], "what is no journal file is not read")
}

// TestJournalFilesAreAskedFor: copies are no part of the plan unless they are named.
func TestJournalFilesAreAskedFor(t *testing.T) {
	a := Artifact{Name: "node/journal-file", Group: "logs"}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "journal files were not asked for"},
		{Options{Native: true}, "journal files were not asked for"},
		{Options{Only: []string{"logs"}}, "journal files were not asked for"},
		{Options{Only: []string{"journal-file"}}, ""},
		{Options{Only: []string{"node/journal-file"}}, ""},
		{Options{JournalFiles: true}, ""},
		{Options{JournalFiles: true, Only: []string{"logs"}}, ""},
		{Options{JournalFiles: true, Only: []string{"memory"}}, "not in --only memory"},
		{Options{JournalFiles: true, Skip: []string{"journal-file"}}, "in --skip journal-file"},
	} {
		reason, _ := c.o.excludes(a)
		require.Equal(t, c.want, reason, "%+v", c.o)
	}
}

// TestJournalFilesKeepToTheBudget: a file is copied whole or not at all.
func TestJournalFilesKeepToTheBudget(t *testing.T) {
	root := journalRoot(t)
	name := filepath.Join(root, "/var/log/journal", thisMachine, "system@a-1.journal")
	require.NoError(t, os.Truncate(name, 200*mib))
	sum, err := Run(context.Background(), &bytes.Buffer{}, Options{Tool: "test", Root: root, Node: "node-a", NoCluster: true, Only: []string{"node/journal-file"}, Budget: 16 * mib})
	require.NoError(t, err)
	got := statuses(sum)
	require.Equal(t, bundle.StatusOK, got["node/journal-file/system.journal"])
	require.Equal(t, bundle.StatusOK, got["node/journal-file/run/system@a-0.journal"])
	require.NotContains(t, got, "node/journal-file/system@a-1.journal")
	require.Equal(t, bundle.StatusBudget, got["node/journal-file/others"])
}

func statuses(sum Summary) map[string]bundle.Status {
	got := map[string]bundle.Status{}
	for _, e := range sum.Entries {
		got[e.Artifact] = e.Status
	}
	return got
}
