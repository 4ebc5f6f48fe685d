package analyze_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
)

const podsTable = `NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE
shop        web-0   0/1     Running   4          3d
`

// What a table does not show is unknown: it neither matches nor clears, and the verdict names what would tell.
func TestUnknownFieldsOfATable(t *testing.T) {
	for _, tt := range []struct {
		condition string
		want      analyze.Outcome
	}{
		{`pods.exists(p, p.restarts == 4 && !p.ready)`, analyze.Matched},
		{`pods.exists(p, p.qos == "")`, analyze.Inconclusive},
		{`pods.exists(p, p.hostNetwork)`, analyze.Inconclusive},
		{`pods.exists(p, p.ready && p.qos == "")`, analyze.Clear},
		{`pods.exists(p, "app" in p.labels)`, analyze.Inconclusive},
		{`pods.all(p, p.node == "")`, analyze.Inconclusive},
	} {
		sigs, err := analyze.LoadSignatures(fstest.MapFS{"probe.yaml": {Data: []byte(`id: probe
title: T
severity: info
kind: fault
since: "0.1"
scope: pod
description: D
select:
  pods: {from: k8s.pod}
condition: ` + tt.condition + `
message: "qos {{ pods[0].qos }}."
`)}})
		require.NoError(t, err)
		set, err := analyze.NewSet(sigs)
		require.NoError(t, err)
		res := run(t, nodeBundle(t, "node-a", artifact{"cluster/kubectl-output", "cluster/pods.txt", podsTable, bundle.StatusOK}), set)
		got, reason := verdict(res, "probe")
		require.Equal(t, tt.want, got, tt.condition)
		if tt.want == analyze.Inconclusive {
			require.Contains(t, reason, "cluster/pods: only a table")
		}
	}
}
