package analyze_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
	"coldcase/signatures"
)

var collected = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// artifact is one entry of a bundle that a test writes.
type artifact struct {
	name, path, text string
	status           bundle.Status
}

// nodeBundle writes a bundle of our own format: booted 1000 s before it was collected.
func nodeBundle(t *testing.T, node string, artifacts ...artifact) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := bundle.NewWriter(&buf, bundle.Manifest{
		FormatVersion: 1, Tool: "test", Node: bundle.NodeID{Name: node}, Started: collected,
		Clock: bundle.Clock{Wall: collected, Monotonic: 1000 * time.Second, Uptime: 1000 * time.Second},
	}, bundle.WriterOptions{Container: "tar.zst"})
	require.NoError(t, err)
	for _, a := range artifacts {
		e := bundle.IndexEntry{Artifact: a.name, Path: a.path, Started: collected}
		aw, err := w.Begin(e)
		require.NoError(t, err)
		_, err = aw.Write([]byte(a.text))
		require.NoError(t, err)
		e.Status, e.Ended, e.BytesSeen = a.status, collected, int64(len(a.text))
		require.NoError(t, aw.End(e))
	}
	require.NoError(t, w.Close(collected, false))
	return buf.Bytes()
}

func run(t *testing.T, data []byte, set *analyze.Set) *analyze.Result {
	t.Helper()
	r, err := bundle.Open([]string{"-"}, bundle.Options{Stdin: bytes.NewReader(data)})
	require.NoError(t, err)
	defer r.Close()
	res, err := analyze.Run(context.Background(), r, set, analyze.Options{Tool: "test"})
	require.NoError(t, err)
	return res
}

func ours(t *testing.T) *analyze.Set {
	t.Helper()
	sigs, err := analyze.LoadSignatures(signatures.FS)
	require.NoError(t, err)
	set, err := analyze.NewSet(sigs)
	require.NoError(t, err)
	return set
}

func verdict(res *analyze.Result, id string) (analyze.Outcome, string) {
	for _, v := range res.Verdicts {
		if v.Signature == id {
			return v.Outcome, v.Reason
		}
	}
	return "", ""
}

const loop = "[  900.500000] Dead loop on virtual device tunl0, fix it urgently!\n"

func TestKernelTimeBecomesWallTime(t *testing.T) {
	res := run(t, nodeBundle(t, "node-a", artifact{"node/dmesg", "node/dmesg.txt", loop, bundle.StatusOK}), ours(t))
	require.Len(t, res.Findings, 1)
	require.Equal(t, collected.Add(-1000*time.Second).Add(900500*time.Millisecond), res.Findings[0].FirstSeen.UTC())
	require.Equal(t, "node-a/dmesg.txt:1", res.Timeline[0].Source)
	require.Equal(t, "node-a", res.Nodes[0].Name)
}

// TestNodesHaveNames: a pod's log may come from nowhere in particular.
func TestNodesHaveNames(t *testing.T) {
	res := run(t, nodeBundle(t, "node-a", artifact{"node/dmesg", "node/dmesg.txt", loop, bundle.StatusOK},
		artifact{"cluster/pod-log", "cluster/logs/shop/web-1/web.log", "2026-03-01T11:00:00.1Z started\n", bundle.StatusOK}), ours(t))
	require.Len(t, res.Nodes, 1)
	require.Equal(t, "node-a", res.Nodes[0].Name)
}

// TestStatusDecidesWhatAbsenceMeans: what is not there is clear only when the artifact was read whole.
func TestStatusDecidesWhatAbsenceMeans(t *testing.T) {
	const quiet = "[    1.000000] all is well\n"
	for name, c := range map[string]struct {
		text   string
		status bundle.Status
		want   analyze.Outcome
		reason string
	}{
		"whole":                 {quiet, bundle.StatusOK, analyze.Clear, ""},
		"cut, and nothing seen": {quiet, bundle.StatusTruncated, analyze.Inconclusive, "node/dmesg: truncated"},
		"cut, and seen":         {quiet + loop, bundle.StatusTruncated, analyze.Matched, ""},
		"timed out":             {quiet, bundle.StatusTimeout, analyze.Inconclusive, "node/dmesg: timeout"},
		"no program":            {"", bundle.StatusMissingBinary, analyze.Inconclusive, "node/dmesg: missing-binary"},
		"an error text":         {"dmesg: read kernel buffer failed: Operation not permitted\n", bundle.StatusOK, analyze.Inconclusive, "node/dmesg: error text instead of data: dmesg: read kernel buffer failed: Operation not permitted"},
	} {
		t.Run(name, func(t *testing.T) {
			res := run(t, nodeBundle(t, "node-a",
				artifact{"node/uname", "node/uname.txt", "Linux node-a 6.1.0-1-amd64 #1 SMP x86_64 GNU/Linux\n", bundle.StatusOK},
				artifact{"node/dmesg", "node/dmesg.txt", c.text, c.status}), ours(t))
			got, reason := verdict(res, "dead-loop-virtual-device")
			require.Equal(t, c.want, got)
			require.Equal(t, c.reason, reason)
		})
	}
}

func TestBrokenArtifactStopsNothing(t *testing.T) {
	res := run(t, nodeBundle(t, "node-a",
		artifact{"node/buddyinfo", "node/buddyinfo.txt", "\x00\xff garbage\n", bundle.StatusOK},
		artifact{"cluster/pods", "cluster/pods.yaml", "items: [\n  {", bundle.StatusOK},
		artifact{"capture/pcap/eth0", "capture/eth0.pcap", "not a capture", bundle.StatusOK},
		artifact{"node/dmesg", "node/dmesg.txt", loop, bundle.StatusOK}), ours(t))
	require.Len(t, res.Findings, 1)
	status := map[string]string{}
	for _, c := range res.Coverage {
		status[c.Artifact] = c.Status
	}
	require.Equal(t, map[string]string{"node/buddyinfo": "damaged", "cluster/pods": "damaged", "capture/pcap/eth0": "damaged", "node/dmesg": "ok"}, status)
	got, reason := verdict(res, "memory-fragmentation-buddyinfo")
	require.Equal(t, analyze.Inconclusive, got)
	require.Contains(t, reason, "node/buddyinfo: damaged")
}

// TestCountsAreLowerBoundsWhenSuppressed: the kernel says itself that it left lines out.
func TestCountsAreLowerBoundsWhenSuppressed(t *testing.T) {
	res := run(t, nodeBundle(t, "node-a", artifact{"node/dmesg", "node/dmesg.txt",
		"[  899.000000] net_ratelimit: 1042 callbacks suppressed\n" + loop, bundle.StatusOK}), ours(t))
	require.True(t, res.Findings[0].AtLeast)
	res = run(t, nodeBundle(t, "node-a", artifact{"node/dmesg", "node/dmesg.txt",
		"[  100.000000] net_ratelimit: 1042 callbacks suppressed\n" + loop, bundle.StatusOK}), ours(t))
	require.False(t, res.Findings[0].AtLeast)
}

const windowed = `id: burst
title: Burst
severity: warning
kind: fault
since: "0"
scope: node
description: x
select:
  first: {from: log.kernel, pattern: 'the first thing happened'}
  burst: {from: log.kernel, pattern: 'something went wrong here', count: 3, within: 10s, after: first}
  never: {from: log.kernel, pattern: 'everything is fine again', absent: true}
message: "{{ string(burst[0].count) }}"
remediation: [{do: x, risk: none}]
`

func TestWindowsOrderAndAbsence(t *testing.T) {
	sigs, err := analyze.LoadSignatures(fstest.MapFS{"burst.yaml": {Data: []byte(windowed)}})
	require.NoError(t, err)
	set, err := analyze.NewSet(sigs)
	require.NoError(t, err)
	const first = "[  100.000000] the first thing happened\n"
	const three = "[  101.000000] something went wrong here\n[  105.000000] something went wrong here\n[  110.000000] something went wrong here\n"
	const spread = "[  101.000000] something went wrong here\n[  201.000000] something went wrong here\n[  301.000000] something went wrong here\n"
	for name, c := range map[string]struct {
		text string
		want analyze.Outcome
	}{
		"in a window":  {first + three, analyze.Matched},
		"too few":      {first + three[:42], analyze.Clear},
		"too far":      {first + spread, analyze.Clear},
		"before":       {three + "[  200.000000] the first thing happened\n", analyze.Clear},
		"not absent":   {first + three + "[  120.000000] everything is fine again\n", analyze.Clear},
		"nothing else": {three, analyze.Clear},
	} {
		t.Run(name, func(t *testing.T) {
			res := run(t, nodeBundle(t, "node-a", artifact{"node/dmesg", "node/dmesg.txt", c.text, bundle.StatusOK}), set)
			got, _ := verdict(res, "burst")
			require.Equal(t, c.want, got)
			got, _ = verdict(runLoose(t, c.text, set), "burst")
			require.Equal(t, c.want, got, "without the time of boot")
		})
	}
}

// A window counts by the time since boot where a log has no other, and all occurrences of it, not only the quoted ones.
func TestWindowsOfTimeSinceBoot(t *testing.T) {
	const signature = `{id: x, title: x, severity: info, kind: fault, since: "1", scope: node, description: x, message: x,
  select: {flaps: {from: log.kernel, pattern: 'Dead loop on virtual device', count: 6, within: 1m}}}`
	sigs, err := analyze.ParseSignatures("x.yaml", []byte(signature))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		step int
		want analyze.Outcome
	}{"close": {5, analyze.Matched}, "apart": {30, analyze.Clear}} {
		set, err := analyze.NewSet(sigs)
		require.NoError(t, err)
		var text strings.Builder
		for i := range 10 {
			fmt.Fprintf(&text, "[%5d.000000] Dead loop on virtual device tunl0, fix it urgently!\n", 100+i*c.step)
		}
		got, _ := verdict(run(t, nodeBundle(t, "node-a", artifact{"node/dmesg", "node/dmesg.txt", text.String(), bundle.StatusOK}), set), "x")
		require.Equal(t, c.want, got, "%s, with the time of boot", name)
		got, _ = verdict(runLoose(t, text.String(), set), "x")
		require.Equal(t, c.want, got, "%s, without", name)
	}
}

// runLoose analyses a kernel log as a loose file, whose stamps nothing maps to wall time.
func runLoose(t *testing.T, dmesg string, set *analyze.Set) *analyze.Result {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "node-a/dmesg.txt", dmesg)
	r, err := bundle.Open([]string{dir}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	res, err := analyze.Run(context.Background(), r, set, analyze.Options{})
	require.NoError(t, err)
	return res
}

// An empty file of a folder is a collection that failed, and no healthy node.
func TestEmptyFilesAreNotRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "node-a/dmesg.txt", "")
	write(t, dir, "node-a/df.txt", "")
	r, err := bundle.Open([]string{dir}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	res, err := analyze.Run(context.Background(), r, ours(t), analyze.Options{})
	require.NoError(t, err)
	for _, c := range res.Coverage {
		require.Equal(t, "absent", c.Status, c.Path)
	}
	for _, v := range res.Verdicts {
		require.NotEqual(t, analyze.Clear, v.Outcome, v.Signature)
	}
}

// A rule of severities weighs a case otherwise than the signature does.
func TestSeverityRules(t *testing.T) {
	const lockup = "[  %d.000000] watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [kworker/1:1:44]\n"
	const virtual = "[    0.000000] Hypervisor detected: KVM\n"
	for text, want := range map[string]analyze.Severity{
		virtual + fmt.Sprintf(lockup, 100):                            analyze.Warning,
		virtual + fmt.Sprintf(lockup, 100) + fmt.Sprintf(lockup, 200): analyze.Critical,
		fmt.Sprintf(lockup, 100):                                      analyze.Critical,
	} {
		res := run(t, nodeBundle(t, "node-a", artifact{"node/dmesg", "node/dmesg.txt", text, bundle.StatusOK}), ours(t))
		require.Len(t, res.Findings, 1)
		require.Equal(t, want, res.Findings[0].Severity, text)
	}
}
