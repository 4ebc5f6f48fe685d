package analyze_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
)

const head = `title: x, kind: fault, since: "1", description: x, message: x, remediation: [{do: x, risk: none}]`

// A node that is not ready, a disk that it still holds, containers that ended, and a roll-out that waits for them.
var chained = fstest.MapFS{
	"down.yaml": {Data: []byte(`{id: down, severity: info, scope: node, explains: [attached], ` + head + `,
 select: {ready: {from: k8s.node-condition, where: 'it.type == "Ready" && it.status != "True"'}}}`)},
	"attached.yaml": {Data: []byte(`{id: attached, severity: critical, scope: pod, ` + head + `,
 select: {events: {from: k8s.event, pattern: 'Multi-Attach error for'}, lost: {from: k8s.node-condition, where: 'it.status != "True"', anywhere: true, context: true}}}`)},
	"ended.yaml": {Data: []byte(`{id: ended, severity: warning, scope: pod, explains: [stuck], ` + head + `,
 select: {states: {from: k8s.container-state, where: 'it.exitCode == 3'}}}`)},
	"stuck.yaml": {Data: []byte(`{id: stuck, severity: warning, scope: cluster, ` + head + `,
 select: {stuck: {from: k8s.deployment, where: 'it.progressReason == "ProgressDeadlineExceeded"'}}}`)},
}

const chainedNodes = `apiVersion: v1
kind: List
items:
- {kind: Node, metadata: {name: node-a}, status: {conditions: [{type: Ready, status: Unknown}]}}
- {kind: Node, metadata: {name: node-b}, status: {conditions: [{type: Ready, status: "True"}]}}
- {kind: Node, metadata: {name: node-c}, status: {conditions: [{type: Ready, status: "False"}]}}
`

const chainedPods = `apiVersion: v1
kind: List
items:
- {kind: Pod, metadata: {namespace: shop, name: db-0}, spec: {nodeName: node-b}, status: {phase: Pending}}
- kind: Pod
  metadata: {namespace: shop, name: web-5d4f8c7b9-x2k8p}
  spec: {nodeName: node-b}
  status: {phase: Running, containerStatuses: [{name: web, state: {terminated: {exitCode: 3, reason: Error}}}]}
- kind: Pod
  metadata: {namespace: shop, name: job-7c9d8-5hq2m}
  spec: {nodeName: node-b}
  status: {phase: Running, containerStatuses: [{name: job, state: {terminated: {exitCode: 3, reason: Error}}}]}
`

const chainedDeployments = `apiVersion: v1
kind: List
items:
- kind: Deployment
  metadata: {namespace: shop, name: web}
  spec: {replicas: 1}
  status: {conditions: [{type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: 'ReplicaSet "web-5d4f8c7b9" has timed out progressing.'}]}
`

const chainedEvents = `apiVersion: v1
kind: List
items:
- {kind: Event, type: Warning, reason: FailedAttachVolume, message: 'Multi-Attach error for volume "pvc-1"', involvedObject: {kind: Pod, namespace: shop, name: db-0}}
`

func chain(t *testing.T) *analyze.Result {
	t.Helper()
	sigs, err := analyze.LoadSignatures(chained)
	require.NoError(t, err)
	set, err := analyze.NewSet(sigs)
	require.NoError(t, err)
	return run(t, nodeBundle(t, "node-b",
		artifact{"cluster/nodes", "cluster/nodes.yaml", chainedNodes, bundle.StatusOK},
		artifact{"cluster/pods", "cluster/pods.yaml", chainedPods, bundle.StatusOK},
		artifact{"cluster/deployments", "cluster/deployments.yaml", chainedDeployments, bundle.StatusOK},
		artifact{"cluster/events", "cluster/events.yaml", chainedEvents, bundle.StatusOK}), set)
}

func causes(t *testing.T, res *analyze.Result, id string) []string {
	t.Helper()
	for i := range res.Findings {
		if res.Findings[i].ID == id {
			return res.Findings[i].Causes
		}
	}
	t.Fatalf("no finding %s", id)
	return nil
}

// A workload's trouble comes from its own pods, and from no other's.
func TestPodsExplainTheirWorkload(t *testing.T) {
	res := chain(t)
	require.Equal(t, []string{"ended@shop/web-5d4f8c7b9-x2k8p"}, causes(t, res, "stuck@cluster"))
}

// A pod's trouble may come from another node, when a selection looks anywhere.
func TestAnotherNodeExplainsWhatNamesIt(t *testing.T) {
	res := chain(t)
	require.Equal(t, []string{"down@node-a", "down@node-c"}, causes(t, res, "attached@shop/db-0"))
}

// A cause stands as high as the worst that it causes, whatever it weighs alone.
func TestRootsAreAsBadAsTheirSymptoms(t *testing.T) {
	res := chain(t)
	var roots []string
	for i := range res.Findings {
		if f := &res.Findings[i]; f.Root() {
			roots = append(roots, f.ID)
		}
	}
	require.Equal(t, []string{"down@node-a", "down@node-c", "ended@shop/web-5d4f8c7b9-x2k8p", "ended@shop/job-7c9d8-5hq2m"}, roots)
}
