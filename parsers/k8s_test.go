package parsers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"coldcase/fact"
)

// describedAt is when the real objects of the fixtures were read in both forms.
var describedAt = time.Date(2026, 11, 21, 1, 55, 28, 0, time.UTC)

func k8sFixture(t testing.TB, artifact, name string) []byte {
	ar, err := txtar.ParseFile(filepath.Join(fixtureDir, strings.Replace(artifact, "/", "_", 1), name+".txtar"))
	require.NoError(t, err)
	return txtarFile(ar, "input")
}

func k8sRun(t testing.TB, artifact string, text []byte) Outcome {
	p, ok := For(artifact)
	require.True(t, ok)
	return Run(p, NewInput(artifact, "input", "", describedAt, text))
}

// k8sValues are the values of facts, without provenance, in no order. Kinds limits them to these kinds.
func k8sValues(facts []fact.Fact, kinds map[fact.Kind]bool) []fact.Value {
	var all []fact.Value
	for _, f := range facts {
		if kinds == nil || kinds[f.Kind] {
			all = append(all, f.Value)
		}
	}
	return all
}

func k8sKinds(facts []fact.Fact) map[fact.Kind]bool {
	kinds := map[fact.Kind]bool{}
	for _, f := range facts {
		kinds[f.Kind] = true
	}
	return kinds
}

// describeView is a fact as far as describe can know it: the rest is documented at the fields.
func describeView(v fact.Value) fact.Value {
	switch v := v.(type) {
	case K8sPod:
		v.UID, v.DNSPolicy, v.RestartPolicy, v.SchedulerName, v.Created, v.Finalizers, v.TerminationGrace = "", "", "", "", time.Time{}, nil, 0
		v.Deleted = v.Deleted.Round(time.Minute)
		if v.Display == "Terminating" {
			v.Phase = ""
		}
		v.Annotations = describeViewAnnotations(v.Annotations)
		return v
	case K8sNode:
		v.Annotations = describeViewAnnotations(v.Annotations)
		return v
	case K8sService:
		v.Annotations = describeViewAnnotations(v.Annotations)
		return v
	case K8sIngress:
		v.Annotations = describeViewAnnotations(v.Annotations)
		return v
	case K8sPodCondition:
		v.Reason, v.Message, v.LastTransition = "", "", time.Time{}
		return v
	case K8sContainer:
		v.PortNames, v.PreStopCommand, v.PreStop = nil, "", ""
		for _, p := range []*K8sProbe{&v.Liveness, &v.Readiness, &v.Startup} {
			if p.Port != fmt.Sprint(p.PortNumber) {
				p.PortNumber = 0 // names of container ports are printed since 1.34
			}
		}
		return v
	case K8sContainerState:
		v.PodUID = ""
		if v.Last {
			v.ContainerID = ""
		}
		if v.State == "waiting" {
			v.Message = ""
		}
		return v
	case K8sEndpoint:
		v.Node, v.TargetPod = "", ""
		return v
	case K8sIngressRule:
		v.Error = ""
		return v
	case K8sEvent:
		v.UID, v.Age, v.First, v.Last = "", "", v.First.Round(time.Hour), v.Last.Round(time.Minute)
		return v
	}
	return v
}

// describeViewAnnotations prints values as kubectl does, 138 bytes of a line.
func describeViewAnnotations(annotations map[string]string) map[string]string {
	for key, value := range annotations {
		lines := strings.Split(strings.TrimSuffix(value, "\n"), "\n")
		for i, l := range lines {
			if len(l) > 138 {
				lines[i] = strings.TrimSuffix(l[:138], "...") + "..."
			}
		}
		annotations[key] = strings.Join(lines, "\n")
	}
	return annotations
}

// TestDescribeEqualsGet reads the same objects in both forms, taken from one API server at the same time.
func TestDescribeEqualsGet(t *testing.T) {
	for _, c := range []struct{ get, describe, name string }{
		{"cluster/pods", "cluster/describe-pods", "crash-loop"},
		{"cluster/pods", "cluster/describe-pods", "pending"},
		{"cluster/pods", "cluster/describe-pods", "init"},
		{"cluster/pods", "cluster/describe-pods", "host-network"},
		{"cluster/pods", "cluster/describe-pod", "crash-loop"},
		{"cluster/nodes", "cluster/describe-nodes", "two-nodes"},
		{"cluster/services", "cluster/describe-services", "shop"},
		{"cluster/endpoints", "cluster/describe-endpoints", "shop"},
		{"cluster/ingresses", "cluster/describe-ingresses", "shop"},
	} {
		t.Run(c.describe+"/"+c.name, func(t *testing.T) {
			get := k8sRun(t, c.get, k8sFixture(t, c.get, c.name))
			describe := k8sRun(t, c.describe, k8sFixture(t, c.describe, c.name))
			kinds := k8sKinds(get.Facts)
			require.NotEmpty(t, kinds)
			want, got := k8sValues(get.Facts, nil), k8sValues(describe.Facts, kinds)
			for i := range want {
				want[i] = describeView(want[i])
			}
			for i := range got {
				got[i] = describeView(got[i])
			}
			require.ElementsMatch(t, want, got)
		})
	}
}

// TestDescribeEventsEqualGet compares the tables of events with the events of the API; ages are as exact as they print.
func TestDescribeEventsEqualGet(t *testing.T) {
	want := map[string]fact.Value{}
	for _, f := range k8sRun(t, "cluster/events", k8sFixture(t, "cluster/events", "core-v1")).Facts {
		e := f.Value.(K8sEvent)
		want[e.Name+e.Reason] = describeView(e)
	}
	seen := 0
	for _, from := range [][2]string{
		{"cluster/describe-pods", "crash-loop"}, {"cluster/describe-pods", "pending"}, {"cluster/describe-nodes", "two-nodes"}, {"cluster/describe-services", "shop"},
	} {
		for _, f := range k8sRun(t, from[0], k8sFixture(t, from[0], from[1])).Facts {
			if e, ok := f.Value.(K8sEvent); ok {
				require.Equal(t, want[e.Name+e.Reason], describeView(e))
				seen++
			}
		}
	}
	require.Equal(t, len(want)-1, seen) // kubectl finds events by the object's UID, and one of them names none
	for _, f := range k8sRun(t, "cluster/events", k8sFixture(t, "cluster/events", "events-k8s-io")).Facts {
		e := f.Value.(K8sEvent)
		require.Equal(t, want[e.Name+e.Reason], describeView(e))
	}
}

// TestK8sFormsAreEqual reads YAML and JSON of the same objects.
func TestK8sFormsAreEqual(t *testing.T) {
	for _, c := range [][3]string{
		{"cluster/nodes", "two-nodes", "two-nodes-json"}, {"cluster/pods", "host-network", "host-network-json"}, {"cluster/services", "shop", "shop-json"},
		{"cluster/endpointslices", "shop", "shop-json"}, {"cluster/object", "mixed-list", "mixed-list-json"},
	} {
		yaml, json := k8sRun(t, c[0], k8sFixture(t, c[0], c[1])), k8sRun(t, c[0], k8sFixture(t, c[0], c[2]))
		require.Equal(t, k8sValues(yaml.Facts, nil), k8sValues(json.Facts, nil))
		for i := range yaml.Facts {
			require.Equal(t, yaml.Facts[i].Source.Pointer, json.Facts[i].Source.Pointer)
		}
	}
}

// TestK8sDisplay compares with the column STATUS that kubectl 1.32 printed for the pods of the fixtures.
func TestK8sDisplay(t *testing.T) {
	want := map[string]string{
		"api-0": "Running", "evicted-1": "Evicted", "going": "Terminating", "init-wait": "Init:1/2", "stuck-creating": "ContainerCreating",
		"waiting-for-room": "Pending", "web-6f9d4-abcde": "CrashLoopBackOff",
	}
	got := map[string]string{}
	for _, name := range []string{"crash-loop", "pending", "init", "host-network"} {
		for _, f := range k8sRun(t, "cluster/pods", k8sFixture(t, "cluster/pods", name)).Facts {
			if p, ok := f.Value.(K8sPod); ok {
				got[p.Name] = p.Display
			}
		}
	}
	require.Equal(t, want, got)
}

// TestK8sDisplayForms covers the statuses that the fixtures have no pod for; the words are printPod's.
func TestK8sDisplayForms(t *testing.T) {
	for want, status := range map[string]string{
		"NodeLost":          `{phase: Running, reason: NodeLost}`,
		"SchedulingGated":   `{phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: SchedulingGated}]}`,
		"Completed":         `{phase: Succeeded, containerStatuses: [{name: a, state: {terminated: {exitCode: 0, reason: Completed}}}]}`,
		"ExitCode:3":        `{phase: Running, containerStatuses: [{name: a, state: {terminated: {exitCode: 3}}}]}`,
		"Signal:9":          `{phase: Running, containerStatuses: [{name: a, state: {terminated: {exitCode: 137, signal: 9}}}]}`,
		"Init:Error":        `{phase: Pending, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 1, reason: Error}}}]}`,
		"Init:ErrImagePull": `{phase: Pending, initContainerStatuses: [{name: i, state: {waiting: {reason: ErrImagePull}}}]}`,
		"NotReady": `{phase: Running, containerStatuses: [{name: a, state: {terminated: {exitCode: 0, reason: Completed}}},
			{name: b, ready: true, state: {running: {}}}]}`,
		"Running": `{phase: Running, conditions: [{type: Initialized, status: "True"}], initContainerStatuses: [{name: i, started: true, state: {running: {}}}],
			containerStatuses: [{name: b, ready: true, state: {running: {}}}]}`,
	} {
		text := "kind: Pod\nmetadata: {name: p}\nspec: {initContainers: [{name: i, restartPolicy: Always}]}\nstatus: " + status
		out := k8sRun(t, "cluster/pods", []byte(text))
		require.NotEmpty(t, out.Facts)
		require.Equal(t, want, out.Facts[0].Value.(K8sPod).Display)
	}
}

// TestK8sNoSecrets runs over all fixtures: neither Secrets nor the values of environments become facts.
func TestK8sNoSecrets(t *testing.T) {
	files, err := filepath.Glob(fixtureDir + "/cluster_*/*.txtar")
	require.NoError(t, err)
	inputs := ""
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		require.NoError(t, err)
		artifact := strings.Replace(filepath.Base(filepath.Dir(file)), "_", "/", 1)
		inputs += string(txtarFile(ar, "input"))
		for _, f := range k8sRun(t, artifact, txtarFile(ar, "input")).Facts {
			require.NotRegexp(t, "hunter2|aHVudGVyMg", fmt.Sprintf("%+v", f.Value), file)
		}
	}
	require.Contains(t, inputs, "hunter2")
	require.Contains(t, inputs, "aHVudGVyMg")
}

// TestK8sCut cuts lists everywhere: what is read of a part must be what is read of the whole.
func TestK8sCut(t *testing.T) {
	for _, c := range [][2]string{{"cluster/services", "shop"}, {"cluster/services", "shop-json"}} {
		text := k8sFixture(t, c[0], c[1])
		whole := map[string]bool{}
		for _, f := range k8sRun(t, c[0], text).Facts {
			whole[fmt.Sprintf("%+v %s", f.Value, f.Source)] = true
		}
		most := 0
		for cut := 0; cut < len(text); cut += 7 {
			out := k8sRun(t, c[0], text[:cut])
			for _, f := range out.Facts {
				require.Contains(t, whole, fmt.Sprintf("%+v %s", f.Value, f.Source), "cut at %d", cut)
			}
			most = max(most, len(out.Facts))
		}
		require.Equal(t, len(whole), most)
	}
}

func TestK8sNothingUnderstood(t *testing.T) {
	for _, text := range []string{"hello world\n", "{\"a\": ", "a: b\n", "- - -\n", "{]\n", "[1, 2]\n", "kind: [unclosed\n"} {
		for _, artifact := range []string{"cluster/pods", "cluster/object", "cluster/describe-pods", "cluster/version"} {
			out := k8sRun(t, artifact, []byte(text))
			require.Error(t, out.Err, "%s of %q", artifact, text)
			require.Equal(t, 1, out.Unrecognized, "%s of %q", artifact, text)
		}
	}
}

func TestK8sPlaces(t *testing.T) {
	out := k8sRun(t, "cluster/object", []byte("kind: Pod\nmetadata: {name: p, namespace: n, uid: u}\nspec: {containers: [{name: c}]}\n"+
		"status: {containerStatuses: [{name: c, state: {running: {}}}]}\n---\nkind: Pod\nmetadata: {name: q, namespace: n}\nspec: {nodeName: node-1}\n"))
	require.Len(t, out.Facts, 4)
	require.Equal(t, fact.Place{Namespace: "n", Pod: "p", Unscheduled: true}, out.Facts[0].Place)
	require.Equal(t, fact.Place{Namespace: "n", Pod: "p", PodUID: "u", Unscheduled: true}, out.Facts[2].Place)
	require.Equal(t, fact.Place{Namespace: "n", Pod: "q", Node: "node-1"}, out.Facts[3].Place)
	require.Equal(t, "/spec/containers/0/name", out.Facts[1].Source.Pointer)
}

func TestK8sQuantity(t *testing.T) {
	for text, want := range map[string]float64{
		"1024m": 1.024, "64": 64, "1Gi": 1 << 30, "128974848": 128974848, "129e6": 129e6, "1e3": 1000, "0.5": 0.5, "100M": 100e6,
		"": -1, "lots": -1, "1e999999999": -1, "1Zi": -1, "..": -1,
	} {
		require.InDelta(t, want, k8sQuantity(text), 1e-9, text)
	}
	require.Equal(t, int64(15500), k8sCount("15500m", 1000))
	require.Equal(t, int64(-1), k8sCount("", 1000))
}

func TestDescribeAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"39s": 39 * time.Second, "5m30s": 330 * time.Second, "15h": 15 * time.Hour, "2d3h": 51 * time.Hour, "3y120d": (3*365 + 120) * 24 * time.Hour,
		"999999y999999y999999y": describeMaxAge,
	} {
		got, ok := describeAge(text)
		require.True(t, ok)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "<invalid>", "<unknown>", "s", "5", "1w", "-5s"} {
		_, ok := describeAge(text)
		require.False(t, ok, text)
	}
}

// TestK8sHostileLists keeps products and deep nesting of hostile objects small.
func TestK8sHostileLists(t *testing.T) {
	many := "kind: Endpoints\nmetadata: {name: e}\nsubsets:\n- addresses: [" + strings.Repeat("{ip: 1.1.1.1},", 2000) + "{}]\n  ports: [" +
		strings.Repeat("{port: 1},", 2000) + "{}]\n"
	require.Less(t, len(k8sRun(t, "cluster/endpoints", []byte(many)).Facts), 25_000)
	wrapped := "Name: x\nNamespace: a\nEvents:\n  Normal  A  5s  k  msg\n" + strings.Repeat("x\n", 1<<18)
	require.Len(t, k8sRun(t, "cluster/describe-pods", []byte(wrapped)).Facts, 2)
	for _, text := range []string{
		strings.Repeat("[", 1<<20), strings.Repeat(`{"items":[`, 1<<16), strings.Repeat("- ", 1<<16), strings.Repeat("a:\n ", 1<<12),
		"kind: Pod\na: &a [1,1,1,1]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
	} {
		out := k8sRun(t, "cluster/object", []byte(text))
		if out.Err != nil {
			require.NotContains(t, out.Err.Error(), "stopped on this input")
		}
	}
}

// k8sManyPods is a list of 5,000 pods as kubectl prints it.
func k8sManyPods(b *testing.B, fixture, pod, first, last string) []byte {
	one := string(k8sFixture(b, "cluster/pods", fixture))
	start, end := strings.Index(one, first), strings.LastIndex(one, last)
	require.True(b, start > 0 && end > start)
	var text strings.Builder
	text.WriteString(one[:start])
	for n := range 5000 {
		if n > 0 && strings.HasPrefix(strings.TrimSpace(one[start:]), "{") {
			text.WriteString(",\n")
		}
		text.WriteString(strings.ReplaceAll(one[start:end], pod, fmt.Sprintf("pod-%05d", n)))
	}
	text.WriteString(one[end:])
	return []byte(text.String())
}

func BenchmarkK8sPods(b *testing.B) {
	for name, text := range map[string][]byte{
		"yaml": k8sManyPods(b, "crash-loop", "web-6f9d4-abcde", "- apiVersion", "kind: List"),
		"json": k8sManyPods(b, "host-network-json", "api-0", "        {\n", "\n    ],\n    \"kind\": \"List\""),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				out := k8sRun(b, "cluster/pods", text)
				require.NoError(b, out.Err)
				require.Zero(b, out.Unrecognized)
				require.Greater(b, len(out.Facts), 5000*8)
			}
		})
	}
}
