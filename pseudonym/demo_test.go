package pseudonym_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
	"coldcase/demo"
	"coldcase/pseudonym"
	"coldcase/replay"
	"coldcase/signatures"
)

// artifact is one entry of the demo case.
type artifact struct {
	entry bundle.IndexEntry
	data  []byte
}

// node is one bundle of the demo case.
type node struct {
	manifest  bundle.Manifest
	artifacts []artifact
}

func unpackDemo(t *testing.T, dir string) []string {
	var files []string
	for tr := tar.NewReader(bytes.NewReader(demo.Case)); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		file := filepath.Join(dir, filepath.Base(h.Name))
		data, err := io.ReadAll(tr)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, data, 0o600))
		files = append(files, file)
	}
}

func readBundle(t *testing.T, file string) node {
	r, err := bundle.Open([]string{file}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	var n node
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		n.artifacts = append(n.artifacts, artifact{e.IndexEntry, data})
	}
	require.Empty(t, r.Problems())
	n.manifest = *r.Bundles()[0].Manifest
	return n
}

// write passes everything of a bundle through the mapper, as the collector does.
func write(t *testing.T, m *pseudonym.Mapper, n node, file string) {
	texts := func(list []string) []string {
		var out []string
		for _, s := range list {
			out = append(out, m.Text(s))
		}
		return out
	}
	man := n.manifest
	for _, s := range []*string{&man.Node.Name, &man.Node.Hostname, &man.Node.MachineID, &man.Node.BootID} {
		*s = m.Text(*s)
	}
	man.Options = texts(man.Options)
	f, err := os.Create(file)
	require.NoError(t, err)
	w, err := bundle.NewWriter(f, man, bundle.WriterOptions{})
	require.NoError(t, err)
	for _, a := range n.artifacts {
		e := a.entry
		e.Artifact, e.Path, e.Error, e.Stderr, e.Argv = m.Text(e.Artifact), m.Text(e.Path), m.Text(e.Error), m.Text(e.Stderr), texts(e.Argv)
		aw, err := w.Begin(e)
		require.NoError(t, err)
		if strings.HasPrefix(e.Artifact, "capture/") {
			_, err = m.Capture(aw).Write(a.data)
			require.NoError(t, err)
		} else {
			ed := m.Editor()
			for line := range strings.Lines(string(a.data)) {
				_, err = io.WriteString(aw, ed.Line(line))
				require.NoError(t, err)
			}
		}
		e.BytesSeen = 0
		require.NoError(t, aw.End(e))
	}
	require.NoError(t, w.Close(man.Started, false))
	require.NoError(t, f.Close())
}

var (
	podNames  = regexp.MustCompile(`(?m)^    name: (\S+)\n    namespace: (\S+)$`)
	nodeNames = regexp.MustCompile(`(?m)^    nodeName: (\S+)$`)
	addresses = regexp.MustCompile(`\b(?:10|192\.168)(?:\.\d{1,3}){2,3}\b`)
	macs      = regexp.MustCompile(`\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b`)
)

// learn is what the collector does with the lists of the API server.
func learn(m *pseudonym.Mapper, nodes []node) (names []string) {
	tell := func(k pseudonym.Kind, name string) {
		m.Learn(k, name)
		if m.Text(name) != name {
			names = append(names, name)
		}
	}
	for _, n := range nodes {
		tell(pseudonym.Node, n.manifest.Node.Name)
		tell(pseudonym.ID, n.manifest.Node.MachineID)
		tell(pseudonym.ID, n.manifest.Node.BootID)
		for _, a := range n.artifacts {
			if a.entry.Artifact == "cluster/pods" {
				for _, p := range podNames.FindAllSubmatch(a.data, -1) {
					tell(pseudonym.Pod, string(p[1]))
					tell(pseudonym.Namespace, string(p[2]))
				}
				for _, p := range nodeNames.FindAllSubmatch(a.data, -1) {
					tell(pseudonym.Node, string(p[1]))
				}
			}
		}
	}
	return names
}

// verdicts are what a result says, in a form that Reveal can translate.
func verdicts(r *analyze.Result) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Signature+" @ "+f.Subject.Name+" "+f.Subject.Node+" | "+f.Message+" | "+strings.Join(f.Pods, ","))
	}
	for _, v := range r.Verdicts {
		out = append(out, string(v.Outcome)+" "+v.Signature+" @ "+v.Subject.Name+" "+v.Subject.Node+" | "+strings.Join(v.Missing, ","))
	}
	sort.Strings(out)
	return out
}

func loadSet(t *testing.T) *analyze.Set {
	sigs, err := analyze.LoadSignatures(signatures.FS)
	require.NoError(t, err)
	set, err := analyze.NewSet(sigs)
	require.NoError(t, err)
	return set
}

// The analyzer finds the same in a pseudonymised case, and nothing of the original is in it.
func TestDemoCasePseudonymised(t *testing.T) {
	files := unpackDemo(t, t.TempDir())
	var nodes []node
	for _, f := range files {
		nodes = append(nodes, readBundle(t, f))
	}
	m, err := pseudonym.New(pseudonym.Key{31: 7})
	require.NoError(t, err)
	names := learn(m, nodes)
	require.Greater(t, len(names), 10)

	out := t.TempDir()
	var hidden []string
	for i, n := range nodes {
		file := filepath.Join(out, filepath.Base(files[i]))
		write(t, m, n, file)
		hidden = append(hidden, file)
	}
	requireNothingLeft(t, nodes, names, m, hidden)

	set := loadSet(t)
	plain, err := replay.Analyze(context.Background(), files, set)
	require.NoError(t, err)
	secret, err := replay.Analyze(context.Background(), hidden, set)
	require.NoError(t, err)
	require.NotEqual(t, verdicts(plain), verdicts(secret))
	var back []string
	for _, v := range verdicts(secret) {
		back = append(back, m.Reveal(v))
	}
	sort.Strings(back)
	require.Equal(t, verdicts(plain), back)
}

// requireNothingLeft searches plainly for every address, MAC address and name of the original case.
func requireNothingLeft(t *testing.T, nodes []node, names []string, m *pseudonym.Mapper, hidden []string) {
	originals := map[string]bool{}
	for _, n := range names {
		originals[n] = true
	}
	for _, n := range nodes {
		for _, a := range n.artifacts {
			for _, v := range append(addresses.FindAll(a.data, -1), macs.FindAll(a.data, -1)...) {
				if s := string(v); m.Text(s) != s {
					originals[s] = true
				}
			}
		}
	}
	require.Greater(t, len(originals), 40)
	for _, file := range hidden {
		n := readBundle(t, file)
		for _, a := range n.artifacts {
			text := a.entry.Path + "\n" + a.entry.Artifact + "\n" + a.entry.Error + "\n" + a.entry.Stderr + "\n" + strings.Join(a.entry.Argv, "\n") + "\n" + string(a.data)
			for o := range originals {
				for at := strings.Index(text, o); at >= 0; {
					end := at + len(o)
					longer := end < len(text) && (text[end] >= '0' && text[end] <= '9' || o[len(o)-1] > '9' && text[end] >= 'a' && text[end] <= 'z')
					require.True(t, longer || at > 0 && text[at-1] >= '0' && text[at-1] <= '9', "%s has %q: %.80q", a.entry.Path, o, text[max(0, at-20):])
					next := strings.Index(text[end:], o)
					if next < 0 {
						break
					}
					at = end + next
				}
				if ip, err := netip.ParseAddr(o); err == nil && strings.HasPrefix(a.entry.Artifact, "capture/") {
					require.NotContains(t, string(a.data), string(ip.AsSlice()), "%s has %s", a.entry.Path, o)
				}
			}
			if strings.HasPrefix(a.entry.Artifact, "capture/") {
				require.NotContains(t, string(a.data), "\x04shop")
				require.NotContains(t, string(a.data), "checkout")
			}
		}
		require.NotEqual(t, cmp.Or(n.manifest.Node.Name, "-"), "node-b")
	}
}
