package analyze_test

import (
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
)

// journalFile is a journal in which a connection table was full.
func journalFile(t *testing.T, name string) string {
	t.Helper()
	packed, err := os.ReadFile("../journalfile/testdata/" + name + ".journal.zst")
	require.NoError(t, err)
	dec, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer dec.Close()
	plain, err := dec.DecodeAll(packed, nil)
	require.NoError(t, err)
	return string(plain)
}

// TestJournalFiles: a file of journald is as good as what journalctl prints of it.
func TestJournalFiles(t *testing.T) {
	set := ours(t)
	for _, name := range []string{"compact-zstd", "regular-lz4", "regular-xz", "sealed"} {
		res := run(t, nodeBundle(t, "node-a",
			artifact{"node/journal-file/system.journal", "node/journal-file/0f1e2d3c4b5a49788796a5b4c3d2e1f0/system.journal", journalFile(t, name), bundle.StatusOK}), set)
		got, _ := verdict(res, "conntrack-table-full")
		require.Equal(t, analyze.Matched, got, name)
		require.Equal(t, "journal-file", res.Coverage[0].Parser)
		require.Equal(t, "ok", res.Coverage[0].Status)
		for _, f := range res.Findings {
			if f.Signature == "conntrack-table-full" {
				require.Equal(t, "2026-03-01T12:00:20", f.FirstSeen.UTC().Format("2006-01-02T15:04:05"))
			}
		}
		got, reason := verdict(res, "dead-loop-virtual-device")
		require.Equal(t, analyze.Clear, got, reason)
	}
}

// TestJournalFileAbsence: only the current file of the system, read whole, tells that something was not logged.
func TestJournalFileAbsence(t *testing.T) {
	set := ours(t)
	whole := journalFile(t, "compact-zstd")
	for _, c := range []struct{ path, text, reason string }{
		{"system@0006.journal", whole, "an older part"},
		{"user-1000.journal", whole, "a user's"},
		{"system.journal", whole[:8<<10], "truncated (0 of 18 entries were found)"},
		{"system.journal", "no journal", "damaged (it does not begin with LPKSHHRH)"},
	} {
		res := run(t, nodeBundle(t, "node-a",
			artifact{"node/uname", "node/uname.txt", "Linux node-a 6.1.0-1-amd64 #1 SMP x86_64 GNU/Linux\n", bundle.StatusOK},
			artifact{"node/journal-file", "node/journal-file/" + c.path, c.text, bundle.StatusOK}), set)
		got, reason := verdict(res, "dead-loop-virtual-device")
		require.Equal(t, analyze.Inconclusive, got, c.path)
		require.True(t, strings.Contains(reason, c.reason), reason)
	}
}

// TestEarlierBoot: what the kernel said before it crashed is found, and dated by its own log alone. It proves nothing
// absent of the current boot.
func TestEarlierBoot(t *testing.T) {
	set := ours(t)
	for _, c := range []struct{ artifact, path, text, seen string }{
		{"node/journal-kernel-previous", "node/journal-kernel-previous.txt",
			"2026-02-27T03:10:02.000417+0000 node-a kernel: nf_conntrack: nf_conntrack: table full, dropping packet\n", "2026-02-27T03:10:02"},
		{"node/pstore/01-dmesg-efi-166", "node/pstore/01-dmesg-efi-166",
			"Panic#2 Part1\n<4>[ 1203.417000] nf_conntrack: nf_conntrack: table full, dropping packet\n<0>[ 1204.000001] Kernel panic - not syncing: Fatal exception\n", "0001-01-01T00:00:00"},
		{"node/pstore/02-dmesg-ramoops-0", "node/pstore/02-dmesg-ramoops-0",
			"====1772366400.123456-D\nOops#1 Part1\n<4>[ 1203.417000][    C1] nf_conntrack: nf_conntrack: table full, dropping packet\n", "0001-01-01T00:00:00"},
	} {
		res := run(t, nodeBundle(t, "node-a", artifact{c.artifact, c.path, c.text, bundle.StatusOK}), set)
		got, _ := verdict(res, "conntrack-table-full")
		require.Equal(t, analyze.Matched, got, c.path)
		for _, f := range res.Findings {
			if f.Signature == "conntrack-table-full" {
				require.Equal(t, c.seen, f.FirstSeen.UTC().Format("2006-01-02T15:04:05"))
				require.Equal(t, c.artifact, f.Evidence[0].Source.Artifact)
				require.Contains(t, f.Evidence[0].Text, "table full")
			}
		}
		got, _ = verdict(res, "dead-loop-virtual-device")
		require.Equal(t, analyze.Inconclusive, got, c.path)
	}
	res := run(t, nodeBundle(t, "node-a", artifact{"node/pstore/01-pmsg-ramoops-0", "node/pstore/01-pmsg-ramoops-0",
		"nf_conntrack: nf_conntrack: table full, dropping packet\n", bundle.StatusOK}), set)
	got, _ := verdict(res, "conntrack-table-full")
	require.Equal(t, analyze.Inconclusive, got, "programs wrote it")
}
