//go:build linux

package collect_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
	"coldcase/collect"
)

const nftArtifact = "node/nft-ruleset-json"

// TestNftRulesetByProgramAndByHand loads rulesets into a namespace of their own and compares what nft and the
// collector tell of them.
func TestNftRulesetByProgramAndByHand(t *testing.T) {
	for file, program := range map[string][]string{
		"kube-proxy.nft": {"nft", "-f"}, "firewalld.nft": {"nft", "-f"}, "kubernetes.rules": {"iptables-nft-restore"},
	} {
		t.Run(strings.ReplaceAll(file, ".", "-"), func(t *testing.T) { testNftRuleset(t, filepath.Join("testdata", "nft", file), program) })
	}
}

func testNftRuleset(t *testing.T, file string, program []string) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes network namespaces")
	}
	for _, name := range []string{"ip", "nft", program[0]} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s", name)
		}
	}
	if os.Getenv("COLDCASE_TEST") == "" {
		lab := fmt.Sprintf("ccnft-%d-%d", os.Getpid(), time.Now().UnixNano()%1000000)
		if out, err := exec.Command("ip", "netns", "add", lab).CombinedOutput(); err != nil {
			t.Skipf("needs network namespaces: %s", out)
		}
		defer func() { _ = exec.Command("ip", "netns", "del", lab).Run() }()
		if out, err := exec.Command("ip", append([]string{"netns", "exec", lab}, append(program, file)...)...).CombinedOutput(); err != nil {
			t.Skipf("needs a kernel with nf_tables and the expressions of %s: %s", file, out)
		}
		again(t, lab, nil, "ip", "netns", "exec", lab)
		return
	}
	want, got := takeNft(t, false), takeNft(t, true)
	require.NotEmpty(t, want)
	t.Logf("%d facts", len(want))
	for _, f := range want {
		require.True(t, slices.Contains(got, f), "only the program's: %s\nof\n%s", f, strings.Join(got, "\n"))
	}
	require.Len(t, got, len(want))
}

// takeNft collects the ruleset with nft, or without, and parses it.
func takeNft(t *testing.T, native bool) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	f, err := os.Create(file)
	require.NoError(t, err)
	_, err = collect.Run(context.Background(), f, collect.Options{Node: "n", NoCluster: true, Only: []string{"nft-ruleset-json"}, Native: native, Timeout: time.Minute})
	require.NoError(t, err)
	require.NoError(t, f.Close())
	taken := readTaken(t, file)
	e := taken.entries[nftArtifact]
	require.Equal(t, bundle.StatusOK, e.Status, "%s %s", e.Error, e.Stderr)
	require.Equal(t, map[bool]string{false: "exec", true: "native"}[native], e.Producer)
	require.NotContains(t, taken.text[nftArtifact], `"coldcase"`, "every expression of these rulesets is known")
	return facts(t, nftArtifact, taken.text[nftArtifact])
}
