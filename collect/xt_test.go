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
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
	"coldcase/collect"
	"coldcase/parsers"
)

// xtLab is a namespace with rules in one backend of iptables.
type xtLab struct {
	backend string // "legacy" or "nft"
	family  string // "4" or "6"
}

func (l xtLab) program() string {
	return map[string]string{"4": "iptables-", "6": "ip6tables-"}[l.family] + l.backend
}

func (l xtLab) artifact() string { return "node/" + l.program() + "-save" }

// xtSkeleton makes all tables with all their chains, which iptables-nft prints even where they are not there.
const xtSkeleton = `*raw
:PREROUTING ACCEPT [11:1100]
:OUTPUT ACCEPT [0:0]
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [5:300]
:OUTPUT ACCEPT [0:0]
:far-chain - [0:0]
COMMIT
`

// xtSets are those that the rules name.
const xtSets = `create cc-four hash:ip timeout 0 counters
create cc-triple hash:ip,port,ip
create cc-six hash:ip family inet6
create cali40all-hosts-net hash:net
create KUBE-CLUSTER-IP hash:ip,port
create KUBE-LOOP-BACK hash:ip,port,ip
`

// TestIptablesByProgramAndByHand loads rules into namespaces and compares what iptables-save and the collector print.
func TestIptablesByProgramAndByHand(t *testing.T) {
	for _, backend := range []string{"legacy", "nft"} {
		for _, family := range []string{"4", "6"} {
			t.Run(backend+family, func(t *testing.T) { testTables(t, xtLab{backend, family}, "extensions.txt") })
		}
		t.Run(backend+"-kubernetes", func(t *testing.T) { testTables(t, xtLab{backend, "4"}, "") })
	}
}

func testTables(t *testing.T, lab xtLab, rules string) {
	if !insideXtLab(t, lab) {
		return
	}
	lab.restore(t, rules)
	byProgram, byHand := lab.take(t, false), lab.take(t, true)
	want, got := xtLines(byProgram), xtLines(byHand)
	t.Logf("%d lines", len(want))
	require.Empty(t, without("only the program's: ", want, got)+without("only the collector's: ", got, want))
	require.Len(t, got, len(want))
	require.Equal(t, xtFacts(t, lab, byProgram), xtFacts(t, lab, byHand))
}

// without are the lines of one list that another lacks, one to a line.
func without(say string, list, other []string) (lines string) {
	for _, line := range list {
		if !slices.Contains(other, line) {
			lines += "\n" + say + line
		}
	}
	return lines
}

// TestIptablesThatAreNotDecoded shows that a rule never looks broader than it is.
func TestIptablesThatAreNotDecoded(t *testing.T) {
	for _, lab := range []xtLab{{"legacy", "4"}, {"nft", "6"}} {
		t.Run(lab.backend, func(t *testing.T) {
			if !insideXtLab(t, lab) {
				return
			}
			lab.restore(t, "undecoded.txt")
			rules := 0
			for _, f := range parsed(t, lab.artifact(), lab.take(t, true)) {
				if r, ok := f.(parsers.IptablesRule); ok {
					require.True(t, r.Lossy, r.Text)
					require.Contains(t, strings.Join(r.MatchArgs, " ")+r.TargetArgs, "--undecoded")
					rules++
				}
			}
			require.NotZero(t, rules)
		})
	}
}

// TestIptablesWithoutTheirPrograms hides the programs, as on a node that has none: the default is the backend in use.
func TestIptablesWithoutTheirPrograms(t *testing.T) {
	for _, backend := range []string{"legacy", "nft"} {
		t.Run(backend, func(t *testing.T) {
			lab := xtLab{backend, "4"}
			if !insideXtLab(t, lab) {
				return
			}
			lab.restore(t, "")
			for _, name := range []string{"iptables-save", lab.program() + "-save"} {
				for file, err := exec.LookPath(name); err == nil; file, err = exec.LookPath(name) {
					require.NoError(t, syscall.Mount("none", filepath.Dir(file), "tmpfs", 0, "")) // ip netns exec gave us mounts of our own
				}
			}
			want := lab.take(t, true)
			require.Contains(t, want, "-A KUBE-SERVICES ")
			require.Equal(t, want, takeTables(t, "node/iptables-save", false, "native"))
			require.Equal(t, want, takeTables(t, lab.artifact(), false, "native"))
		})
	}
}

// insideXtLab makes a namespace and runs the test again inside it; true there.
func insideXtLab(t *testing.T, lab xtLab) bool {
	if os.Getenv("COLDCASE_TEST") != "" {
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes network namespaces")
	}
	for _, name := range []string{"ip", lab.program(), lab.program() + "-save", lab.program() + "-restore"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s", name)
		}
	}
	name := fmt.Sprintf("ccxt-%d-%d", os.Getpid(), time.Now().UnixNano()%1000000)
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Skipf("needs network namespaces: %s", out)
	}
	defer func() { _ = exec.Command("ip", "netns", "del", name).Run() }()
	again(t, name, nil, "ip", "netns", "exec", name)
	return false
}

// restore loads a file of testdata/xt line by line, or without one the rules of kube-proxy and Calico in a fixture.
func (l xtLab) restore(t *testing.T, file string) {
	t.Helper()
	feed := func(input string, argv ...string) error {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%v: %w: %s", argv, err, out)
		}
		return err
	}
	sets := feed(xtSets, "ipset", "restore")
	if sets != nil {
		t.Logf("without IP sets: %v", sets)
	}
	if file == "" {
		ar, err := txtar.ParseFile(filepath.Join("..", "fixtures", "parsers", "node_iptables-legacy-save", "counters.txtar"))
		require.NoError(t, err)
		if err := feed(string(ar.Files[0].Data), l.program()+"-restore", "-c"); err != nil {
			t.Skipf("needs a kernel with what these rules use: %v", err)
		}
		return
	}
	if err := feed(xtSkeleton, l.program()+"-restore", "-c"); err != nil {
		t.Skipf("needs a kernel with these tables: %v", err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "xt", file))
	require.NoError(t, err)
	script, count := "", 0
	for line := range strings.Lines(string(text)) {
		families, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if table, rule, ok := strings.Cut(rest, " "); ok && strings.Contains(families, l.family) {
			script += fmt.Sprintf("%s -t %s -A %s -c %d %d || echo 'without %s'\n", l.program(), table, rule, count, 60*count, strings.ReplaceAll(rule, "'", ""))
			count++
		}
	}
	out, err := exec.Command("sh", "-c", script).CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%d rules\n%s", count, out)
	require.Less(t, strings.Count(string(out), "without "), count, "no rule could be made")
}

// take collects the rules with the program, or without.
func (l xtLab) take(t *testing.T, native bool) string {
	t.Helper()
	return takeTables(t, l.artifact(), native, map[bool]string{false: "exec", true: "native"}[native])
}

func takeTables(t *testing.T, artifact string, native bool, producer string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	f, err := os.Create(file)
	require.NoError(t, err)
	_, err = collect.Run(context.Background(), f, collect.Options{Node: "n", NoCluster: true, Only: []string{artifact}, Native: native, Timeout: time.Minute})
	require.NoError(t, err)
	require.NoError(t, f.Close())
	taken := readTaken(t, file)
	e := taken.entries[artifact]
	require.Equal(t, bundle.StatusOK, e.Status, "%s %s", e.Error, e.Stderr)
	require.Equal(t, producer, e.Producer)
	return taken.text[artifact]
}

// xtLines are the lines of a dump without comments, each with its table. The order of chains does not matter, that of
// the rules in a chain does.
func xtLines(text string) []string {
	table, count := "", map[string]int{}
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] == '*':
			table = line
		}
		if words := strings.Fields(line); len(words) > 2 && words[1] == "-A" {
			count[table+words[2]]++
			line = fmt.Sprintf("%d %s", count[table+words[2]], line)
		}
		lines = append(lines, table+" "+line)
	}
	slices.Sort(lines)
	return lines
}

// parsed are the facts of a dump. No line may be left over.
func parsed(t *testing.T, artifact, text string) (values []any) {
	t.Helper()
	p, ok := parsers.For(artifact)
	require.True(t, ok, artifact)
	out := parsers.Run(p, parsers.NewInput(artifact, artifact, "n", time.Unix(0, 0), []byte(text)))
	require.NoError(t, out.Err)
	require.Zero(t, out.Unrecognized, "lines %v of\n%s", out.Samples, text)
	for _, f := range out.Facts {
		values = append(values, f.Value)
	}
	return values
}

// xtFacts are the facts of a dump, sorted, without the program's version.
func xtFacts(t *testing.T, lab xtLab, text string) []string {
	t.Helper()
	var all []string
	for _, f := range parsed(t, lab.artifact(), text) {
		if table, ok := f.(parsers.IptablesTable); ok {
			table.Version = ""
			f = table
		}
		all = append(all, fmt.Sprintf("%T %+v", f, f))
	}
	slices.Sort(all)
	return all
}
