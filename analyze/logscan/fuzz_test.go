package logscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"coldcase/parsers"
)

// fuzzPatterns hold every construct that Literals treats in its own way.
var fuzzPatterns = []Pattern{
	{Expr: `table full, dropping packet`, Sources: []string{"kernel"}},
	{Expr: `(?P<comm>\S+): page allocation failure[.:] order:(?P<order>\d+)`, Sources: []string{"kernel"}},
	{Expr: `Killed process (\d+)|[Oo]ut of memory: Kill process|oom-kill:constraint=CONSTRAINT_MEMCG`},
	{Expr: `^nf_conntrack: (nf_conntrack: )?table full`},
	{Expr: `(?:Memory cgroup )?out of memory`},
	{Expr: `failed to run Kubelet: (?:misconfiguration|inotify_init): .*`},
	{Expr: `caused "exit status 6"|signal: broken pipe`},
	{Expr: `exit status [0-9]`},
	{Expr: `(?i:FAILED) to execute iptables-restore`},
	{Expr: `Failed to \w+ .*err="[^"]*node "\w+-a" not found`},
	{Expr: `i/o timeout$`},
	{Expr: `dial tcp (?:lookup|10\.96\.0\.1:443): i/o timeout`},
	{Expr: `(?:lookup db|lookup "db") failed at`},
	{Expr: `no space left on device|cannot allocate memory`, Sources: []string{"runtime", "kubelet"}},
	{Expr: `apply request took too long" took="(?P<took>[^"]+)"`},
	{Expr: `the end of it all\.?$`},
	{Expr: `[Aa]nother app is currently holding`},
	{Expr: `(?:abc|defgh){2,3} happened`},
	{Expr: `(?s)line two.*after a blank`},
	{Expr: `IP addresses available in range set: 10\.0\.0\.0/8`},
}

var fuzzRegexps = func() (all []*regexp.Regexp) {
	for _, p := range fuzzPatterns {
		all = append(all, regexp.MustCompile(p.Expr))
	}
	return all
}()

// naive is the engine that the matcher must equal: every record taken apart, every pattern on every message.
func naive(ctx *parsers.LogContext, text []byte) []string {
	var out []string
	f, _ := parsers.DetectLog(text)
	s := newScan(&Matcher{}, ctx, "", nil)
	s.format = f
	b := &block{buf: text, end: len(text), filled: len(text), first: true, last: true, origin: true}
	for start := 0; start < len(text); {
		end, next := len(text), len(text)
		if f.Multiline {
			if p := bytes.Index(text[start:], entryStart); p >= 0 {
				end, next = start+p+1, start+p+2
			}
		} else if p := bytes.IndexByte(text[start:], '\n'); p >= 0 {
			end, next = start+p, start+p+1
		}
		var rec parsers.Record
		_, at := s.parse(b, start, end, &rec)
		source := parsers.LogSource(ctx.Artifact, "", &rec)
		for i, p := range fuzzPatterns {
			groups := fuzzRegexps[i].FindSubmatchIndex(rec.Message)
			if groups != nil && (len(p.Sources) == 0 || slices.Contains(p.Sources, source)) {
				out = append(out, describe(1+bytes.Count(text[:at], []byte{'\n'}), i, groups, &rec))
			}
		}
		start = next
	}
	return out
}

func describe(line, pattern int, groups []int, rec *parsers.Record) string {
	return fmt.Sprint(line, " ", pattern, " ", groups, " ", rec.Time.UnixNano(), " ", rec.Count, " ", rec.Ident, " ", string(rec.Message))
}

func checkEqual(t *testing.T, m *Matcher, artifact string, text []byte) int {
	ctx := context(artifact)
	ctx.Boot = anchor.AddDate(0, 0, -1)
	var got []string
	_, err := m.Scan(bytes.NewReader(text), ctx, "", func(h *Hit) error {
		got = append(got, describe(int(h.Line), h.Pattern, h.Groups, &h.Record))
		return nil
	})
	require.NoError(t, err)
	want := naive(ctx, text)
	require.Equal(t, want, got)
	return len(want)
}

// fuzzFragments are pieces of messages, some of which complete a match and some of which only begin one.
func fuzzFragments(t require.TestingT) []string {
	fragments := []string{
		"page allocation failure", ": order:4", ". order:7", "runc:[1:CHILD]: ", "nf_conntrack: ", "table full, dropping packet", "table full",
		"Out of memory: Kill process 12", "out of memory", "oom-kill:constraint=CONSTRAINT_MEMCG", "Memory cgroup ", "Killed process 77",
		"failed to run Kubelet: ", "misconfiguration: x", "inotify_init: too many", `caused "exit status 6"`, `caused \"exit status 6\"`,
		"failed to execute iptables-restore", "FAILED to execute iptables-restore", `Failed to get err="x node "node-a" not found`, "dial tcp lookup: ", "dial tcp 10.96.0.1:443: ",
		"i/o timeout", "lookup db failed at", `lookup "db" failed at`, "no space left on device", "cannot allocate memory", "apply request took too long",
		"the end of it all", "the end of it all.", "another app is currently holding", "abcdefgh happened", "defghabcabc happened", "line two", "after a blank",
		" ", " ", "\t", "x", "(x4307 over 16h)", "IP addresses available in range set: 10.0.0.0/8", "message repeated 3 times: [ ",
	}
	files, err := filepath.Glob("../../fixtures/logs/*/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for _, f := range ar.Files {
			if f.Name == "input" {
				fragments = append(fragments, strings.Split(string(f.Data), "\n")...)
			}
		}
	}
	return fragments
}

var wrappers = []func(msg string) string{
	func(msg string) string { return msg },
	func(msg string) string { return "Mar  1 12:00:00 node-a kernel: [  12.500000] " + msg },
	func(msg string) string { return "Mar  1 12:00:00 node-a kubelet[8]: " + msg },
	func(msg string) string { return "2026-03-01T12:00:00+0000 node-a containerd[8]: " + msg },
	func(msg string) string { return "[  601.700000][    C1] " + msg },
	func(msg string) string { return "E0301 12:00:00.123456       1 x.go:1] " + msg },
	func(msg string) string {
		return fmt.Sprintf("E0301 12:00:00.123456       1 x.go:1] %q err=%q", msg, "text "+msg)
	},
	func(msg string) string { return "2026-03-01T12:00:00.5Z stderr F " + msg },
	func(msg string) string {
		return fmt.Sprintf("time=\"2026-03-01T12:00:00Z\" level=error msg=%q error=%q", msg, msg)
	},
	func(msg string) string {
		return jsonLine(map[string]any{"log": msg + "\n", "stream": "stderr", "time": "2026-03-01T12:00:00Z"})
	},
	func(msg string) string {
		return jsonLine(map[string]any{"level": "error", "msg": msg, "took": "2s", "n": 4})
	},
	func(msg string) string {
		return jsonLine(map[string]any{"__REALTIME_TIMESTAMP": "1772366400000000", "MESSAGE": msg, "_TRANSPORT": "kernel"})
	},
}

func jsonLine(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// randomText puts fragments together: some lines of one format, wrapped up to twice, and some of any.
func randomText(rng *rand.Rand, fragments []string, lines int) []byte {
	var out bytes.Buffer
	outer := wrappers[rng.IntN(len(wrappers))]
	for range lines {
		var msg string
		for range 1 + rng.IntN(4) {
			msg += fragments[rng.IntN(len(fragments))]
		}
		msg = strings.ReplaceAll(msg, "\n", " ")
		for range rng.IntN(3) {
			msg = wrappers[rng.IntN(len(wrappers))](msg)
		}
		if rng.IntN(10) > 0 {
			msg = outer(msg)
		}
		out.WriteString(msg)
		out.WriteString([]string{"\n", "\n", "\n", "\r\n", "\n\n"}[rng.IntN(5)])
	}
	if rng.IntN(2) == 0 {
		out.WriteString("a last line without its end: out of memory")
	}
	return out.Bytes()
}

// TestMatcherEqualsNaive compares both engines on random logs, on all fixtures, and on one that spans blocks.
func TestMatcherEqualsNaive(t *testing.T) {
	m, err := New(fuzzPatterns)
	require.NoError(t, err)
	fragments := fuzzFragments(t)
	rng := rand.New(rand.NewPCG(7, 7))
	hits := 0
	for range 100 {
		hits += checkEqual(t, m, []string{"node/syslog", "node/dmesg", "node/container-log"}[rng.IntN(3)], randomText(rng, fragments, 40))
	}
	require.Greater(t, hits, 500)
	large := randomText(rng, fragments, 3_200)
	require.Greater(t, len(large), blockLen)
	require.Positive(t, checkEqual(t, m, "node/journal", large))
}

// TestExportEqualsNaive does the same for a format whose records span lines and blocks.
func TestExportEqualsNaive(t *testing.T) {
	m, err := New(fuzzPatterns)
	require.NoError(t, err)
	fragments := fuzzFragments(t)
	rng := rand.New(rand.NewPCG(9, 9))
	var out bytes.Buffer
	for i := 0; out.Len() < 3<<19; i++ {
		msg := fragments[rng.IntN(len(fragments))] + fragments[rng.IntN(len(fragments))]
		fmt.Fprintf(&out, "__CURSOR=s=1;i=%d\n__REALTIME_TIMESTAMP=%d\n_TRANSPORT=kernel\nSYSLOG_FACILITY=0\n_CMDLINE=/bin/app out of memory\n", i, 1772366400000000+i)
		if i%5 == 0 {
			msg += "line two\n\nafter a blank one\n"
			fmt.Fprintf(&out, "MESSAGE\n%s%s\n\n", []byte{byte(len(msg)), byte(len(msg) >> 8), 0, 0, 0, 0, 0, 0}, msg)
		} else {
			fmt.Fprintf(&out, "MESSAGE=%s\n_PID=7\n\n", msg)
		}
	}
	require.Greater(t, checkEqual(t, m, "node/journal", out.Bytes()), 100)
}

// FuzzMatcher compares both engines on mutations of the fixtures and on random logs.
func FuzzMatcher(f *testing.F) {
	m, err := New(fuzzPatterns)
	require.NoError(f, err)
	fragments := fuzzFragments(f)
	for seed := range uint64(20) {
		f.Add(seed, []byte(fragments[int(seed)*7%len(fragments)]))
	}
	f.Fuzz(func(t *testing.T, seed uint64, extra []byte) {
		if bytes.Contains(extra, []byte(`\`)) {
			return // an escape of a letter that needs none, such as \u0041, hides it from the filter
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		text := randomText(rng, append(fragments[:len(fragments):len(fragments)], string(extra), string(extra)), 12)
		checkEqual(t, m, "node/syslog", append(text, extra...))
	})
}
