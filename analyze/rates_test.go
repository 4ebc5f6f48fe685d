package analyze_test

import (
	"bytes"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
)

const overflowing = `id: overflowing
title: a queue overflows
severity: warning
kind: fault
since: "0.1"
scope: node
description: a queue overflows.
select:
  growing: {from: nstat.rate, where: 'it.name == "TcpExtListenOverflows" && it.delta > 0'}
message: "{{ growing[0].delta }} in {{ growing[0].seconds }} s, {{ growing[0].perSecond }}/s, {{ growing[0].value }} before"
`

// counterBundle holds samples of counters, 30 seconds apart.
func counterBundle(t *testing.T, artifacts ...artifact) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := bundle.NewWriter(&buf, bundle.Manifest{FormatVersion: 1, Tool: "test", Node: bundle.NodeID{Name: "node-a"}, Started: collected},
		bundle.WriterOptions{Container: "tar.zst"})
	require.NoError(t, err)
	for i, a := range artifacts {
		e := bundle.IndexEntry{Artifact: a.name, Path: a.path, Started: collected.Add(time.Duration(i) * 30 * time.Second)}
		aw, err := w.Begin(e)
		require.NoError(t, err)
		_, err = aw.Write([]byte(a.text))
		require.NoError(t, err)
		e.Status, e.Ended, e.BytesSeen = a.status, e.Started, int64(len(a.text))
		require.NoError(t, aw.End(e))
	}
	require.NoError(t, w.Close(collected, false))
	return buf.Bytes()
}

// TestRates: two samples make a rate, one does not, and a counter that was reset has none.
func TestRates(t *testing.T) {
	sigs, err := analyze.LoadSignatures(fstest.MapFS{"overflowing.yaml": {Data: []byte(overflowing)}})
	require.NoError(t, err)
	set, err := analyze.NewSet(sigs)
	require.NoError(t, err)
	nstat := func(second bool, overflows string, status bundle.Status) artifact {
		text := "#kernel\nIpInReceives 1000 0.0\nTcpExtListenOverflows " + overflows + " 0.0\n"
		if second {
			return artifact{"node/nstat/second", "node/nstat.second.txt", text, status}
		}
		return artifact{"node/nstat", "node/nstat.txt", text, status}
	}
	for name, c := range map[string]struct {
		artifacts []artifact
		want      analyze.Outcome
	}{
		"growing":       {[]artifact{nstat(false, "40", bundle.StatusOK), nstat(true, "55", bundle.StatusOK)}, analyze.Matched},
		"standing":      {[]artifact{nstat(false, "40", bundle.StatusOK), nstat(true, "40", bundle.StatusOK)}, analyze.Clear},
		"reset":         {[]artifact{nstat(false, "40", bundle.StatusOK), nstat(true, "3", bundle.StatusOK)}, analyze.Clear},
		"one sample":    {[]artifact{nstat(false, "40", bundle.StatusOK)}, analyze.Inconclusive},
		"second is cut": {[]artifact{nstat(false, "40", bundle.StatusOK), nstat(true, "40", bundle.StatusTruncated)}, analyze.Inconclusive},
		"second alone":  {[]artifact{nstat(true, "40", bundle.StatusOK)}, analyze.Inconclusive},
	} {
		res := run(t, counterBundle(t, c.artifacts...), set)
		got, reason := verdict(res, "overflowing")
		require.Equal(t, c.want, got, "%s: %s", name, reason)
		if c.want == analyze.Matched {
			require.Equal(t, "15 in 30 s, 0.5/s, 40 before", res.Findings[0].Message)
			require.Len(t, res.Findings[0].Evidence, 2)
			require.Equal(t, "node-a/nstat.second.txt", res.Findings[0].Evidence[1].Artifact)
		}
	}
}
