//go:build linux

package collect

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
	"coldcase/pseudonym"
)

const secretPod = "shop_checkout-6f9d8b7c54-q9t5k_f752a047-cd1f-4c07-9cf7-af037391eab4"

func secretRoot(t *testing.T) string {
	root := t.TempDir()
	dir := filepath.Join(root, "var/log/pods", secretPod, "app")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	log := "2026-11-21T03:19:37Z stderr F node-z: dial tcp 10.40.1.7:5432: no route; I am checkout-6f9d8b7c54-q9t5k of shop\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "0.log"), []byte(log), 0o644))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "etc"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc/machine-id"), []byte("1adee0ea3ae44c55315f9e111e83a9ac\n"), 0o644))
	return root
}

func secretMapper(t *testing.T) *pseudonym.Mapper {
	m, err := pseudonym.New(pseudonym.Key{1, 2, 3})
	require.NoError(t, err)
	return m
}

func secretRun(t *testing.T, m *pseudonym.Mapper) string {
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	o := Options{Root: secretRoot(t), Node: "node-z", NoCluster: true, Only: []string{"containers", "node/uname"}, Args: []string{"--node-name", "node-z"}, Pseudonyms: m}
	_, err = Run(context.Background(), f, o)
	require.NoError(t, err)
	return file
}

func TestPseudonymisedCollection(t *testing.T) {
	m := secretMapper(t)
	file := secretRun(t, m)
	leaks, err := FindLeaks(file, m, true)
	require.NoError(t, err)
	require.Empty(t, leaks)

	r, err := bundle.Open([]string{file}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	found := false
	for {
		e, err := r.Next()
		if err != nil {
			break
		}
		if bundle.ArtifactBase(e.Artifact) != "node/container-log" || e.Status.Empty() {
			continue
		}
		found = true
		require.NotContains(t, e.Path, "checkout")
		require.Equal(t, "node/containers/"+secretPod+"/app/0.log", m.Reveal(e.Path))
		buf := make([]byte, 4*kib)
		n, _ := r.Read(buf)
		text := string(buf[:n])
		require.NotContains(t, text, "10.40.1.7")
		require.NotContains(t, text, "node-z")
		require.Contains(t, m.Reveal(text), "node-z: dial tcp 10.40.1.7:5432: no route; I am checkout-6f9d8b7c54-q9t5k of shop")
	}
	require.True(t, found)
	man := r.Bundles()[0].Manifest
	require.Equal(t, m.Name(pseudonym.Node, "node-z"), man.Node.Name)
	require.NotEqual(t, "1adee0ea3ae44c55315f9e111e83a9ac", man.Node.MachineID)
	require.NotContains(t, man.Options, "node-z")
}

// What was overlooked is told with the artifact that holds it.
func TestLeaksAreToldByArtifact(t *testing.T) {
	file := secretRun(t, nil)
	m := secretMapper(t)
	m.Learn(pseudonym.Pod, "checkout-6f9d8b7c54-q9t5k")
	m.Learn(pseudonym.Node, "node-z")
	leaks, err := FindLeaks(file, m, false)
	require.NoError(t, err)
	held := map[string][]string{}
	for _, l := range leaks {
		held[l.Artifact] = l.Values
	}
	require.Contains(t, held["node/containers/"+secretPod+"/app/0.log"], "node-z")
	require.Contains(t, held["node/containers/"+secretPod+"/app/0.log"], "checkout-6f9d8b7c54-q9t5k")
	require.Contains(t, held[bundle.ManifestName], "node-z")
}

// What cannot be read again is searched on its way, across the borders of what is written at a time.
func TestWatchFindsWhatIsOverlooked(t *testing.T) {
	m := secretMapper(t)
	m.Learn(pseudonym.Pod, "checkout-6f9d8b7c54-q9t5k")
	w := newWatcher(m, false)
	for _, packets := range []bool{false, true} {
		search := w.search(packets)
		noise := strings.Repeat("word ", 100*kib)
		for _, part := range []string{noise, "x checkout-6f9d", "8b7c54-q9t5k y", noise} {
			_, _ = search.Write([]byte(part))
		}
		require.Equal(t, []string{"checkout-6f9d8b7c54-q9t5k"}, search.Found())
	}
	require.Zero(t, w.late())
	m.Learn(pseudonym.Node, "node-kilroy")
	require.Equal(t, 1, w.late())
	search := w.search(false)
	_, _ = search.Write([]byte("at node-kilroy"))
	require.Equal(t, []string{"node-kilroy"}, search.Found(), "from now on")
}

// An address in a form that nothing replaces there is told with the artifact that holds it.
func TestWatchedCollectionTellsWhatItHolds(t *testing.T) {
	addrs, _ := ownAddresses()
	planted := ""
	for _, a := range addrs {
		if b := a.AsSlice(); a.Is4() && !a.IsLoopback() {
			planted = fmt.Sprintf("%02X%02X%02X%02X", b[0], b[1], b[2], b[3])
		}
	}
	if planted == "" {
		t.Skip("needs a machine with an address")
	}
	root := fakeNode(t, map[string]string{"/proc/meminfo": "MemTotal: 1 kB\n", "/proc/vmstat": "x " + planted + " y\n"})
	o := Options{Root: root, Node: "n", NoCluster: true, Only: []string{"meminfo", "vmstat"}, Pseudonyms: secretMapper(t), Watch: true}
	summary, err := Run(context.Background(), io.Discard, o)
	require.NoError(t, err)
	require.Len(t, summary.Leaks, 1)
	require.Equal(t, "node/vmstat.txt", summary.Leaks[0].Artifact)
	require.Zero(t, summary.Late)
}

// Bytes that cannot be read as packets are not written at all.
func TestUnreadableCaptureIsRefused(t *testing.T) {
	h := &captureHider{c: secretMapper(t).Capture(failingWriter{t})}
	n, err := h.Write([]byte("these bytes are no capture file at all"))
	require.NoError(t, err)
	require.Equal(t, 38, n)
	require.ErrorIs(t, h.err, pseudonym.ErrCapture)
}

type failingWriter struct{ t *testing.T }

func (w failingWriter) Write([]byte) (int, error) {
	w.t.Error("something was passed on")
	return 0, nil
}
