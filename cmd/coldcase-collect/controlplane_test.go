//go:build linux

package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
	"coldcase/fact"
	"coldcase/parsers"
)

// controlPlane is a real API server, started by fixtures/lab/controlplane.sh.
type controlPlane struct {
	dir, netns string
}

// startControlPlane needs a directory that "controlplane.sh build" filled.
func startControlPlane(t *testing.T) *controlPlane {
	t.Helper()
	built := os.Getenv("COLDCASE_CONTROLPLANE")
	if built == "" {
		t.Skip("needs COLDCASE_CONTROLPLANE: the directory of fixtures/lab/controlplane.sh build")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes a network namespace")
	}
	for _, program := range []string{"etcd", "ip", "kubectl", "openssl", filepath.Join(built, "bin/kube-apiserver")} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s", program)
		}
	}
	bin, err := filepath.Abs(filepath.Join(built, "bin"))
	require.NoError(t, err)
	c := &controlPlane{dir: t.TempDir(), netns: fmt.Sprintf("cccp%d", os.Getpid())}
	require.NoError(t, os.Symlink(bin, filepath.Join(c.dir, "bin")))
	t.Cleanup(func() { _, _ = c.script("down") })
	out, err := c.script("up")
	require.NoError(t, err, out)
	return c
}

func (c *controlPlane) script(verb string, args ...string) (string, error) {
	cmd := exec.Command("../../fixtures/lab/controlplane.sh", append([]string{verb, c.dir}, args...)...)
	cmd.Env = append(os.Environ(), "NETNS="+c.netns)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// kubectl runs as administrator, with text as its standard input.
func (c *controlPlane) kubectl(t *testing.T, text string, args ...string) string {
	t.Helper()
	out, err := c.try(text, args...)
	require.NoError(t, err, "kubectl %s: %s", strings.Join(args, " "), out)
	return out
}

func (c *controlPlane) try(text string, args ...string) (string, error) {
	cmd := exec.Command("ip", append([]string{"netns", "exec", c.netns, "kubectl", "--kubeconfig", c.config()}, args...)...)
	cmd.Stdin = strings.NewReader(text)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out) + stderr.String(), err
	}
	return string(out), nil
}

func (c *controlPlane) config() string { return filepath.Join(c.dir, "state/admin.conf") }

// collect runs the collector beside the API server and returns the bundle.
func (c *controlPlane) collect(t *testing.T, config string, args ...string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "b.tar.zst")
	args = append(append([]string{"netns", "exec", c.netns, "coldcase-collect"}, args...), "--kubeconfig", config, "-o", file)
	out, err := exec.Command("ip", args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return file
}

// text is everything that is in a bundle, uncompressed.
func text(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	d, err := zstd.NewReader(f)
	require.NoError(t, err)
	defer d.Close()
	all, err := io.ReadAll(d)
	require.NoError(t, err)
	return string(all)
}

// clusterFacts are the facts of a bundle by kind and artifact.
func clusterFacts(t *testing.T, file string) (map[string][]fact.Fact, *analyze.Result) {
	t.Helper()
	r, err := bundle.Open([]string{file}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	facts := map[string][]fact.Fact{}
	res, err := analyze.Run(context.Background(), r, allSignatures(t), analyze.Options{OnFact: func(f fact.Fact) error {
		key := string(f.Kind) + " " + strings.TrimSuffix(strings.TrimSuffix(filepath.Base(f.Source.Path), ".yaml"), ".txt")
		facts[key] = append(facts[key], f)
		return nil
	}})
	require.NoError(t, err)
	return facts, res
}

// secrets are the values in the Secrets of labObjects.
var labSecrets = []string{"Opak-geheim-7781", "Docker-geheim-4242", "TLS-geheim-9137", "Token-geheim-5520"}

// spellings are the forms in which a secret value could appear.
func spellings(secret string) []string {
	once := base64.StdEncoding.EncodeToString([]byte(secret))
	user := base64.StdEncoding.EncodeToString([]byte("robot:" + secret))
	return []string{secret, strings.TrimRight(once, "="), strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(once)), "="), user, base64.StdEncoding.EncodeToString([]byte(user))}
}

const labObjects = `apiVersion: v1
kind: Namespace
metadata: {name: ledger-prod}
---
{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: ledger-prod}, stringData: {password: Opak-geheim-7781}}
---
{apiVersion: v1, kind: Secret, metadata: {name: pull, namespace: ledger-prod}, type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: '{"auths": {"registry.example": {"username": "robot", "password": "Docker-geheim-4242", "auth": "cm9ib3Q6RG9ja2VyLWdlaGVpbS00MjQy"}}}'}}
---
{apiVersion: v1, kind: Secret, metadata: {name: tls, namespace: ledger-prod}, type: kubernetes.io/tls, stringData: {tls.crt: none, tls.key: TLS-geheim-9137}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: ledger, namespace: ledger-prod, annotations: {example.com/token: Token-geheim-5520}}, imagePullSecrets: [{name: pull}]}
---
{apiVersion: v1, kind: Secret, metadata: {name: ledger-token, namespace: ledger-prod, annotations: {kubernetes.io/service-account.name: ledger}}, type: kubernetes.io/service-account-token, stringData: {token: Token-geheim-5520}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: ledger-prod}, data: {password: Opak-geheim-7781}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: kube-proxy, namespace: kube-system}, data: {config.conf: "mode: ipvs\nclusterCIDR: 10.244.0.0/16\n", kubeconfig.conf: "users:\n- name: default\n  user:\n    token: Token-geheim-5520\n"}}
---
{apiVersion: v1, kind: Node, metadata: {name: ledger-worker-3}, spec: {podCIDR: 10.244.3.0/24, taints: [{key: example.com/disk, value: slow, effect: NoSchedule}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: ledger-7c65d6cfc9-8kqzt, namespace: ledger-prod}
spec:
  nodeName: ledger-worker-3
  serviceAccountName: ledger
  imagePullSecrets: [{name: pull}]
  initContainers:
  - {name: migrate, image: "registry.example/ledger:1.4", env: [{name: DATABASE_URL, value: "postgres://ledger:Opak-geheim-7781@db/ledger"}]}
  containers:
  - name: app
    image: registry.example/ledger:1.4
    command: [/app, --token=Token-geheim-5520]
    args: [--db-password, Opak-geheim-7781, "--auth-header=Bearer Token-geheim-5520"]
    env:
    - {name: PLAIN, value: Opak-geheim-7781}
    - {name: CODED, value: T3Bhay1nZWhlaW0tNzc4MQ==}
    - {name: KEY, value: "-----BEGIN PRIVATE KEY-----\nTLS-geheim-9137\n-----END PRIVATE KEY-----\n"}
    - {name: REFERRED, valueFrom: {secretKeyRef: {name: db, key: password}}}
    resources: {limits: {memory: 96Mi}}
    livenessProbe: {httpGet: {port: 8080, path: /healthz, httpHeaders: [{name: Authorization, value: Bearer Token-geheim-5520}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: audit-0, namespace: ledger-prod}, spec: {nodeName: ledger-worker-3, containers: [{name: audit, image: "registry.example/audit:2"}], tolerations: [{operator: Exists}]}}
---
{apiVersion: v1, kind: Event, metadata: {name: second, namespace: ledger-prod}, involvedObject: {kind: Pod, namespace: ledger-prod, name: audit-0}, reason: BackOff, message: Back-off restarting failed container, type: Warning, count: 7, firstTimestamp: "2026-03-02T10:05:00Z", lastTimestamp: "2026-03-02T10:15:00Z"}
---
{apiVersion: v1, kind: Event, metadata: {name: first, namespace: ledger-prod}, involvedObject: {kind: Pod, namespace: ledger-prod, name: audit-0}, reason: Pulled, message: Successfully pulled image, type: Normal, count: 1, firstTimestamp: "2026-03-02T10:01:00Z", lastTimestamp: "2026-03-02T10:01:00Z"}
`

func TestRealAPIServer(t *testing.T) {
	t.Parallel()
	c := startControlPlane(t)
	c.kubectl(t, labObjects, "apply", "-f", "-")
	c.kubectl(t, `{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ledger-worker-3"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.9.8.7"}], "conditions": [{"type": "Ready", "status": "False", "reason": "KubeletNotReady", "lastHeartbeatTime": "2026-03-02T10:00:00Z", "lastTransitionTime": "2026-03-02T09:00:00Z"}]}}`,
		"replace", "--raw", "/api/v1/nodes/ledger-worker-3/status", "-f", "-")

	t.Run("cluster", func(t *testing.T) { c.objectsAreGathered(t, c.collect(t, c.config(), "cluster")) })
	t.Run("node", func(t *testing.T) {
		c.objectsAreGathered(t, c.collect(t, c.config(), "node", "--only", "cluster,meminfo", "--interval", "0"))
	})
	t.Run("pseudonyms", c.namesAreReplaced)
	t.Run("manifest", c.manifestIsAccepted)
	t.Run("dead", c.deathCostsSeconds) // the last, since it stops the server
}

// calicoOnly are kinds that a server without Calico does not have.
var calicoOnly = map[string]bool{"cluster/felixconfigurations": true, "cluster/ippools": true}

// objectsAreGathered reads a bundle of the lab's objects.
func (c *controlPlane) objectsAreGathered(t *testing.T, file string) {
	facts, res := clusterFacts(t, file)
	read := map[string]analyze.Coverage{}
	for _, cov := range res.Coverage {
		if strings.HasPrefix(cov.Artifact, "cluster/") {
			read[cov.Artifact] = cov
			if calicoOnly[cov.Artifact] {
				require.Equal(t, "unsupported", cov.Status, "%s: %s", cov.Artifact, cov.Reason)
				continue
			}
			require.Equal(t, "ok", cov.Status, "%s: %s", cov.Artifact, cov.Reason)
			require.Zero(t, cov.Unrecognized, "%s: %s", cov.Artifact, cov.Sample)
		}
	}
	for _, artifact := range []string{"pods", "nodes", "events", "services", "endpoints", "endpointslices", "leases", "version", "configmaps", "describe-pods", "describe-nodes"} {
		require.Positive(t, read["cluster/"+artifact].Facts, artifact)
	}
	require.Contains(t, fmt.Sprint(values(facts["k8s.version version"])), "{apiserver v1.")

	for _, kind := range []string{"k8s.pod pods", "k8s.container pods", "k8s.container-resource pods", "k8s.toleration pods", "k8s.node nodes", "k8s.taint nodes", "k8s.node-condition nodes"} {
		got := values(facts[strings.Replace(kind, " ", " describe-", 1)])
		require.NotEmpty(t, got, kind)
		require.ElementsMatch(t, values(facts[kind]), got, kind)
	}
	var events []string
	for _, f := range facts["k8s.event events"] {
		events = append(events, f.Value.(parsers.K8sEvent).Reason)
	}
	require.Subset(t, events, []string{"BackOff", "Pulled"})

	all := text(t, file)
	for _, secret := range labSecrets {
		for _, form := range spellings(secret) {
			at := strings.Index(all, form)
			require.Negative(t, at, "%s: %q", secret, all[max(0, at-300):max(0, at)+len(form)])
		}
	}
	require.Contains(t, all, "REFERRED", "names of variables stay")
}

// values are what both forms of an object tell of it.
func values(facts []fact.Fact) []string {
	var all []string
	for _, f := range facts {
		switch v := f.Value.(type) {
		case parsers.K8sPod:
			all = append(all, fmt.Sprint(v.Namespace, v.Name, v.Phase, v.Node, v.ServiceAccount, v.QOS))
		case parsers.K8sContainer:
			all = append(all, fmt.Sprint(v.Namespace, v.Pod, v.Container, v.Image, v.Init, v.Command, v.Args))
		case parsers.K8sNode:
			all = append(all, fmt.Sprint(v.Name, v.InternalIP, v.PodCIDRs))
		case parsers.K8sNodeCondition:
			all = append(all, fmt.Sprint(v.Node, v.Type, v.Status, v.Reason))
		default:
			all = append(all, fmt.Sprint(v))
		}
	}
	return all
}

// namesAreReplaced looks for every name that kubectl lists, but those that are the same in most clusters.
func (c *controlPlane) namesAreReplaced(t *testing.T) {
	key := filepath.Join(t.TempDir(), "case.key")
	for _, command := range []string{"cluster", "node"} {
		all := text(t, c.collect(t, c.config(), command, "--pseudonymise", "--key-file", key))
		asked := 0
		for _, list := range [][]string{{"get", "namespaces", "-o", "name"}, {"get", "nodes", "-o", "name"}, {"get", "pods", "-A", "-o", "name"}} {
			for _, name := range strings.Fields(c.kubectl(t, "", list...)) {
				_, name, _ = strings.Cut(name, "/")
				if name == "default" || strings.HasPrefix(name, "kube-") {
					continue
				}
				asked++
				require.NotContains(t, all, name, command)
			}
		}
		require.GreaterOrEqual(t, asked, 4)
		require.NotContains(t, all, "10.9.8.7", command)
	}
}

// manifestIsAccepted applies what "coldcase-collect manifest" prints, and gathers with the rights that it gives.
func (c *controlPlane) manifestIsAccepted(t *testing.T) {
	for _, more := range []string{"--pod-networks=false", "--pod-networks"} {
		out, err := exec.Command("coldcase-collect", "manifest", "--image", "registry.example/coldcase-collect:1", "--namespace", "evidence", more).Output()
		require.NoError(t, err)
		if ns, err := c.try("", "create", "namespace", "evidence"); err != nil { // a dry run cannot make it for the others
			require.Contains(t, ns, "already exists")
		}
		c.kubectl(t, string(out), "apply", "--dry-run=server", "-f", "-")
		c.kubectl(t, string(out), "apply", "-f", "-")
	}
	const account = "system:serviceaccount:evidence:coldcase-collect"
	for _, right := range []struct {
		ask  string
		want bool
	}{
		{"list pods -A", true}, {"list nodes", true}, {"get configmaps -n kube-system", true},
		{"get secrets -A", false}, {"list secrets -A", false}, {"watch secrets -A", false}, {"get secrets -n kube-system", false}, {"get secrets -n evidence", false},
		{"get configmaps -n ledger-prod", false}, {"create pods -n evidence", false}, {"create pods --subresource=exec -n evidence", false}, {"delete pods -A", false}, {"get nodes --subresource=proxy", false},
		{"create serviceaccounts --subresource=token -n evidence", false}, {"impersonate users", false}, {"* *", false},
	} {
		out, err := c.try("", append([]string{"auth", "can-i", "--as=" + account}, strings.Fields(right.ask)...)...)
		require.Equal(t, right.want, err == nil, "%s: %s", right.ask, out)
		require.Equal(t, right.want, strings.HasPrefix(out, "yes"), "%s: %s", right.ask, out)
	}
	var answer struct{ Status struct{ Token string } }
	token := c.kubectl(t, `{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}`, "create", "--raw", "/api/v1/namespaces/evidence/serviceaccounts/coldcase-collect/token", "-f", "-")
	require.NoError(t, json.Unmarshal([]byte(token), &answer))
	config, err := os.ReadFile(c.config())
	require.NoError(t, err)
	before, _, _ := strings.Cut(string(config), "users:")
	_, after, _ := strings.Cut(string(config), "\ncontexts:")
	reader := filepath.Join(t.TempDir(), "reader.conf")
	require.NoError(t, os.WriteFile(reader, []byte(before+"users: [{name: user, user: {token: "+answer.Status.Token+"}}]\ncontexts:"+after), 0o600))
	c.objectsAreGathered(t, c.collect(t, reader, "cluster"))
}

// deathCostsSeconds gathers a node whose API server is gone.
func (c *controlPlane) deathCostsSeconds(t *testing.T) {
	pid, err := os.ReadFile(filepath.Join(c.dir, "state/apiserver.pid"))
	require.NoError(t, err)
	n, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(n, syscall.SIGKILL))
	began := time.Now()
	file := c.collect(t, c.config(), "node", "--only", "cluster,memory", "--interval", "0", "--node-name", "ledger-worker-3")
	require.Less(t, time.Since(began), 15*time.Second)
	a := openArchive(t, file)
	require.Equal(t, bundle.StatusOK, a.status["node/meminfo"])
	require.Equal(t, bundle.StatusUnsupported, a.status["cluster/pods"])
	require.Equal(t, bundle.StatusUnsupported, a.status["cluster/describe-nodes"])
}
