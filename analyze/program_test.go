package analyze_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
)

const slowEtcd = `id: slow-etcd
title: etcd is slow
severity: warning
kind: fault
since: "0.1"
scope: cluster
description: etcd is slow.
select:
  slow: {from: log.etcd, pattern: 'apply request took too long'}
message: etcd is slow.
`

// TestProgramLogs: the log of a program counts where that program wrote, and nowhere else.
func TestProgramLogs(t *testing.T) {
	sigs, err := analyze.LoadSignatures(fstest.MapFS{"slow-etcd.yaml": {Data: []byte(slowEtcd)}})
	require.NoError(t, err)
	set, err := analyze.NewSet(sigs)
	require.NoError(t, err)
	const hash = "8c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f"
	const slow = `{"level":"warn","ts":"2026-03-01T11:00:00.000Z","msg":"apply request took too long","took":"2s"}` + "\n"
	const fine = `{"level":"info","ts":"2026-03-01T11:00:00.000Z","msg":"ready to serve client requests"}` + "\n"
	journal := func(ident, text string) string {
		return strings.Repeat("2026-03-01T11:00:00+0000 node-a sshd[7]: session opened\n", 3000) +
			"2026-03-01T11:00:01+0000 node-a " + ident + "[9]: " + text
	}
	for name, c := range map[string]struct {
		artifact, path, text string
		want                 analyze.Outcome
	}{
		"static pod":      {"node/container-log", "node/container-log/kube-system_etcd-a_" + hash + "/etcd/0.log", "2026-03-01T11:00:00.000000000Z stderr F " + slow, analyze.Matched},
		"healthy":         {"node/container-log", "node/container-log/kube-system_etcd-a_" + hash + "/etcd/0.log", "2026-03-01T11:00:00.000000000Z stderr F " + fine, analyze.Clear},
		"another's etcd":  {"node/container-log", "node/container-log/shop_etcd-0_" + hash + "/etcd/0.log", "2026-03-01T11:00:00.000000000Z stderr F " + slow, analyze.Inconclusive},
		"service":         {"node/journal", "node/journal.txt", journal("etcd", slow), analyze.Matched},
		"healthy service": {"node/journal", "node/journal.txt", strings.Repeat(journal("etcd", fine), 3), analyze.Clear},
		"no etcd here":    {"node/journal", "node/journal.txt", journal("app", slow), analyze.Inconclusive},
	} {
		res := run(t, nodeBundle(t, "node-a", artifact{c.artifact, c.path, c.text, bundle.StatusOK}), set)
		got, reason := verdict(res, "slow-etcd")
		require.Equal(t, c.want, got, "%s: %s", name, reason)
	}
}
