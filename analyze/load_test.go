package analyze

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const good = `id: disk-broken
title: A disk is broken
severity: critical
kind: fault
since: "0.1"
scope: node
description: Words.
select:
  lines: {from: log.kernel, pattern: 'I/O error on device (?P<device>\S+)'}
message: "{{ lines[0].device }} is broken."
remediation: [{do: Replace it., risk: low}]
`

func TestSignatureErrorsNameThePlace(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"unknown key":       {"title:", "titel:", `line 2: unknown key "titel"; known are id, title`},
		"unknown in select": {"pattern:", "patern:", `line 9: unknown key "patern"`},
		"severity":          {"critical", "bad", `severity "bad" is none of`},
		"scope":             {"scope: node", "scope: galaxy", `scope "galaxy" is none of`},
		"id":                {"id: disk-broken", "id: Disk_Broken", `id "Disk_Broken" is not lower-case`},
		"risk":              {"risk: low", "risk: tiny", `risk "tiny"`},
		"no pattern":        {`, pattern: 'I/O error on device (?P<device>\S+)'`, "", "a log selection needs a pattern"},
		"explains nothing":  {"remediation:", "explains: [nothing]\nremediation:", `explains "nothing", which is no signature`},
		"severity rule":     {"remediation:", "severities: [{is: bad, when: 'true'}]\nremediation:", `severities: "bad"`},
		"file name":         {"id: disk-broken", "id: disk-dead", `id "disk-dead" must be the file's name`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c.from, c.to, 1)
			require.NotEqual(t, good, text)
			_, err := LoadSignatures(fstest.MapFS{"disk-broken.yaml": {Data: []byte(text)}})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestCompileErrorsNameTheColumn(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"group":     {"lines[0].device", "lines[0].devise", "undefined field 'devise'"},
		"kind":      {"{from: log.kernel, pattern: 'I/O error on device (?P<device>\\S+)'}", "{from: no.such, where: 'true'}", `no parser emits facts of kind "no.such"`},
		"condition": {"remediation:", "condition: size(lines)\nremediation:", "is int, not bool"},
		"literal":   {"I/O error on device", ".*", "pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			sigs, err := LoadSignatures(fstest.MapFS{"disk-broken.yaml": {Data: []byte(strings.Replace(good, c.from, c.to, 1))}})
			require.NoError(t, err)
			require.Contains(t, strings.Join(Lint(sigs), "\n"), c.want)
		})
	}
}

func TestDuplicateAndCycle(t *testing.T) {
	pack := fstest.MapFS{"disk-broken.yaml": {Data: []byte(good)}}
	_, err := LoadSignatures(pack, pack)
	require.ErrorContains(t, err, `signature "disk-broken" is already in disk-broken.yaml`)

	other := strings.Replace(good, "id: disk-broken", "id: other", 1)
	_, err = LoadSignatures(fstest.MapFS{
		"disk-broken.yaml": {Data: []byte(good + "explains: [other]\n")},
		"other.yaml":       {Data: []byte(other + "explains: [disk-broken]\n")},
	})
	require.ErrorContains(t, err, "explains form a cycle: disk-broken > other > disk-broken")
}

func TestTable(t *testing.T) {
	text := "table:\n- {n: \"1\", word: one}\n- {n: \"2\", word: two}\n" +
		strings.NewReplacer("id: disk-broken", "id: disk-${n}", "A disk", "Disk ${word}").Replace(good)
	sigs, err := LoadSignatures(fstest.MapFS{"disk.yaml": {Data: []byte(text)}})
	require.NoError(t, err)
	require.Len(t, sigs, 2)
	require.Equal(t, "disk-2", sigs[1].ID)
	require.Equal(t, "Disk two is broken", sigs[1].Title)
}

// TestAnchors: what YAML lets a file say once counts wherever it is used, in a table too, and its keys are checked.
func TestAnchors(t *testing.T) {
	text := "table:\n- {n: \"1\"}\n- {n: \"2\"}\n" +
		strings.NewReplacer("id: disk-broken", "id: disk-${n}", "A disk is broken", "&what Disk ${n} is broken", "description: Words.", "description: *what",
			"{do: Replace it., risk: low}", "&step {do: Replace it., risk: low}, {<<: *step, do: 'Replace ${n}.'}").Replace(good)
	sigs, err := ParseSignatures("disk.yaml", []byte(text))
	require.NoError(t, err)
	require.Equal(t, "Disk 2 is broken", sigs[1].Description)
	require.Equal(t, []Step{{Do: "Replace it.", Risk: "low"}, {Do: "Replace 2.", Risk: "low"}}, sigs[1].Remediation)
	_, err = ParseSignatures("disk.yaml", []byte(strings.Replace(text, "<<: *step, do:", "<<: *step, dou:", 1)))
	require.ErrorContains(t, err, `line 14: unknown key "dou"; known are do, command, risk`)
	_, err = ParseSignatures("disk.yaml", []byte(good+"---\nid: other\n"))
	require.ErrorContains(t, err, "more than one YAML document")
}

func TestSkeletonIsASignature(t *testing.T) {
	yaml, fixture, err := Skeleton("some-failure")
	require.NoError(t, err)
	sigs, err := ParseSignatures("some-failure.yaml", []byte(yaml))
	require.NoError(t, err)
	require.Empty(t, Compile(sigs))
	require.Equal(t, []string{"some-failure.yaml: some-failure: title is still that of the skeleton"}, Lint(sigs))
	require.Contains(t, fixture, "matched: {some-failure: [node-a]}")
	_, _, err = Skeleton("Not A Name")
	require.Error(t, err)
}

func ours(t testing.TB) fs.FS {
	t.Helper()
	return os.DirFS("../signatures")
}

// BenchmarkLoad loads and compiles every signature that ships: the price of a start.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		sigs, err := LoadSignatures(ours(b))
		require.NoError(b, err)
		_, err = NewSet(sigs)
		require.NoError(b, err)
		require.Empty(b, Compile(sigs))
	}
}

// FuzzSignature loads hostile signatures: no panic, and what loads also lints without one.
func FuzzSignature(f *testing.F) {
	names, err := fs.Glob(ours(f), "*.yaml")
	require.NoError(f, err)
	for _, name := range names {
		text, err := fs.ReadFile(ours(f), name)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		if sigs, err := ParseSignatures("fuzz.yaml", text); err == nil && len(sigs) < 10 {
			Lint(sigs)
		}
	})
}

// TestEveryFactIsReadable makes a row type of every kind that parsers emit: none may have a field that conditions
// cannot read.
func TestEveryFactIsReadable(t *testing.T) {
	for kind, zero := range zeroFacts(parserFacts()) {
		_, err := newSchema("sig", &Selection{Name: "x", From: kind}, zero)
		require.NoErrorf(t, err, "%s", kind)
	}
}
