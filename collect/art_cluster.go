//go:build linux

package collect

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"coldcase/bundle"
)

// Secrets are not in this list, and nothing in it contains their data: what is never fetched cannot leak.
var (
	_ = register(clusterArtifact("cluster/version", "version", "-o", "yaml"))
	_ = register(clusterList("cluster/nodes", "nodes"))
	_ = register(clusterList("cluster/pods", "pods"))
	_ = register(clusterList("cluster/services", "services"))
	_ = register(clusterList("cluster/endpoints", "endpoints"))
	_ = register(clusterList("cluster/endpointslices", "endpointslices"))
	_ = register(clusterArtifact("cluster/events", "get", "events", "-A", "--sort-by=.metadata.creationTimestamp", "-o", "yaml"))
	_ = register(clusterList("cluster/daemonsets", "daemonsets"))
	_ = register(clusterList("cluster/ingresses", "ingresses"))
	_ = register(clusterList("cluster/ingressclasses", "ingressclasses"))
	_ = register(clusterList("cluster/networkpolicies", "networkpolicies"))
	_ = register(clusterList("cluster/ippools", "ippools.crd.projectcalico.org"))
	_ = register(clusterList("cluster/felixconfigurations", "felixconfigurations.crd.projectcalico.org"))
	_ = register(clusterList("cluster/leases", "leases"))
	_ = register(clusterList("cluster/validatingwebhookconfigurations", "validatingwebhookconfigurations"))
	_ = register(clusterList("cluster/namespaces", "namespaces"))
	_ = register(clusterList("cluster/apiservices", "apiservices"))
	_ = register(clusterList("cluster/deployments", "deployments"))
	_ = register(clusterList("cluster/persistentvolumeclaims", "persistentvolumeclaims"))
	_ = register(clusterList("cluster/persistentvolumes", "persistentvolumes"))
	_ = register(clusterList("cluster/poddisruptionbudgets", "poddisruptionbudgets"))
	_ = register(clusterList("cluster/clusterrolebindings", "clusterrolebindings"))
	_ = register(clusterArtifact("cluster/describe-nodes", "describe", "nodes"))
	_ = register(clusterArtifact("cluster/describe-pods", "describe", "pods", "-A"))
	_ = register(Artifact{
		Name: "cluster/configmaps", Path: "cluster/configmaps.yaml", Group: "cluster", Privacy: PrivacyWorkload, Timeout: clusterTimeout, Gather: gatherConfigMaps,
		What: []string{"kubectl -n kube-system get configmaps NAME... -o yaml, of kube-proxy, coredns, *ip-masq*, calico-config, kubeadm-config"},
	})
)

const (
	clusterTimeout = 40 * time.Second
	requestTimeout = "--request-timeout=15s"
	configMapLimit = 8 * mib
)

func clusterList(name, resource string) Artifact {
	return clusterArtifact(name, "get", resource, "-A", "-o", "yaml")
}

func clusterArtifact(name string, args ...string) Artifact {
	path := name + ".yaml"
	if args[0] == "describe" {
		path = name + ".txt"
	}
	return Artifact{
		Name: name, Path: path, Group: "cluster", Privacy: PrivacyWorkload, Timeout: clusterTimeout, Keep: Keep{Head: 96 * mib, Tail: 16 * mib},
		What: []string{"kubectl " + strings.Join(args, " ")},
		Gather: func(ctx context.Context, s *session, a Artifact) {
			s.kubectl(ctx, a, args)
		},
	}
}

// cluster is the way to the API server, found at the first use.
type cluster struct {
	looked     bool
	probed     bool
	kubeconfig string // file; "" with a reason in none, or when KUBECONFIG says it
	none       string // why the API server is out of reach
	status     bundle.Status
	cache      string // kubectl's cache directory, our own
}

func (c *cluster) cleanUp() {
	if c.cache != "" {
		_ = os.RemoveAll(c.cache) // in the system's directory for temporary files: left behind at worst
	}
}

// kubeconfigs are where a kubeconfig may lie, the most powerful first.
func kubeconfigs(home string) []string {
	return []string{"/etc/kubernetes/admin.conf", "/etc/kubernetes/kubelet.conf", "/etc/rancher/k3s/k3s.yaml", "/etc/rancher/rke2/rke2.yaml", cmp.Or(home, "~") + "/.kube/config"}
}

func (c *cluster) look(flag string) {
	if c.looked {
		return
	}
	c.looked = true
	if lookProgram("kubectl") == "" {
		c.none, c.status = `program "kubectl" is not on the node`, bundle.StatusMissingBinary
		return
	}
	if dir, err := os.MkdirTemp("", "coldcase-kubectl-"); err == nil {
		c.cache = dir
	}
	if flag != "" {
		c.kubeconfig = flag
		return
	}
	if os.Getenv("KUBECONFIG") != "" {
		return
	}
	for _, name := range kubeconfigs(os.Getenv("HOME")) {
		if f, err := os.Open(name); err == nil {
			f.Close()
			c.kubeconfig = name
			return
		}
	}
	c.none = "no kubeconfig: looked at --kubeconfig, $KUBECONFIG, " + strings.Join(kubeconfigs(""), ", ")
	c.status = bundle.StatusUnsupported
}

func (c *cluster) argv(args []string) []string {
	argv := []string{"kubectl", requestTimeout}
	if c.kubeconfig != "" {
		argv = append(argv, "--kubeconfig="+c.kubeconfig)
	}
	if c.cache != "" {
		argv = append(argv, "--cache-dir="+c.cache)
	}
	return append(argv, args...)
}

// shown is the command as the bundle records it: without the place of the kubeconfig, which is nobody's business.
func shown(args []string) []string { return append([]string{"kubectl"}, args...) }

// kubectlEnv is the collector's own environment, since a kubeconfig's login program may need any of it. It is not
// recorded anywhere.
func kubectlEnv() []string { return append(os.Environ(), "LC_ALL=C") }

// ready reports whether the API server may be asked, and records the artifact as absent when not.
func (s *session) ready(ctx context.Context, a Artifact) bool {
	c := &s.cluster
	if s.opts.NoCluster {
		s.absent(a, bundle.StatusSkipped, "--no-cluster")
		return false
	}
	c.look(s.opts.Kubeconfig)
	c.probe(ctx)
	if c.none != "" {
		s.absent(a, c.status, c.none)
		return false
	}
	return true
}

// kubectl gathers the output of one kubectl command, masked.
func (s *session) kubectl(ctx context.Context, a Artifact, args []string) {
	if !s.ready(ctx, a) {
		return
	}
	editor := newPodMasker()
	if args[0] == "describe" {
		editor = newDescribeMasker()
	}
	s.entry(a, a.Name, a.Path, shown(args), func(k *sink) outcome {
		o := runProgram(ctx, a.timeout(), s.cluster.argv(args), kubectlEnv(), k)
		if own := s.ownNode(args); own != nil && k.count() == 0 && forbidden.MatchString(o.stderr) {
			o = runProgram(ctx, a.timeout(), s.cluster.argv(own), kubectlEnv(), k)
		}
		return s.cluster.judge(o)
	}, editor, newArgMasker())
}

// ownNode is what a kubelet's credentials may still ask for when the whole list is forbidden.
func (s *session) ownNode(args []string) []string {
	switch strings.Join(args, " ") {
	case "get pods -A -o yaml":
		return append(args, "--field-selector", "spec.nodeName="+s.host.node)
	case "get nodes -A -o yaml":
		return []string{"get", "nodes", s.host.node, "-o", "yaml"}
	case "describe nodes":
		return []string{"describe", "nodes", s.host.node}
	}
	return nil
}

var (
	forbidden   = regexp.MustCompile(`\(Forbidden\)|\(Unauthorized\)|You must be logged in|is forbidden`)
	unknownKind = regexp.MustCompile(`the server doesn't have a resource type|\(NotFound\)`)
	unreachable = regexp.MustCompile(`(?i)connection refused|was refused|no such host|i/o timeout|TLS handshake timeout|no route to host|network is unreachable|unable to connect to the server|request canceled|context deadline exceeded|x509:|connection reset`)
	noConfig    = regexp.MustCompile(`(?i)error loading config|invalid configuration|no configuration has been provided|stat .*: no such file`)
)

// judge sharpens the status of a failed request. When the API server cannot be reached, the rest is not tried.
func (c *cluster) judge(o outcome) outcome {
	text := o.stderr
	reason, _, _ := strings.Cut(lastLine(text), "\n")
	switch {
	case o.status == bundle.StatusOK || o.status == bundle.StatusAborted:
		return o
	case forbidden.MatchString(text):
		o.status, o.err = bundle.StatusPermission, reason
	case unknownKind.MatchString(text):
		o.status, o.err = bundle.StatusUnsupported, reason
	case unreachable.MatchString(text):
		o.status, o.err = bundle.StatusUnsupported, "the API server is out of reach: "+reason
		c.none, c.status = o.err, bundle.StatusUnsupported
	case noConfig.MatchString(text):
		o.status, o.err = bundle.StatusUnsupported, "the kubeconfig is of no use: "+reason
		c.none, c.status = o.err, bundle.StatusUnsupported
	case o.status == bundle.StatusTimeout:
		c.none, c.status = "the API server did not answer an earlier request in time", bundle.StatusUnsupported
	}
	return o
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// configMapNames are the ConfigMaps of kube-system that say how the network is set up.
var configMapNames = regexp.MustCompile(`^(?:kube-proxy|coredns|calico-config|kubeadm-config|[a-z0-9.-]*ip-masq[a-z0-9.-]*)$`)

func gatherConfigMaps(ctx context.Context, s *session, a Artifact) {
	if !s.ready(ctx, a) {
		return
	}
	names := &bytes.Buffer{}
	list := []string{"-n", "kube-system", "get", "configmaps", "-o", "name"}
	o := s.cluster.judge(runProgram(ctx, a.timeout(), s.cluster.argv(list), kubectlEnv(), &bounded{buf: names, limit: mib}))
	if o.status != bundle.StatusOK {
		s.entry(a, a.Name, a.Path, shown(list), func(*sink) outcome { return o })
		return
	}
	args := []string{"-n", "kube-system", "get", "-o", "yaml"}
	asked := len(args)
	for _, name := range strings.Fields(names.String()) {
		if configMapNames.MatchString(strings.TrimPrefix(name, "configmap/")) {
			args = append(args, name)
		}
	}
	if len(args) == asked {
		s.absent(a, bundle.StatusUnsupported, "kube-system has none of the ConfigMaps that matter")
		return
	}
	s.entry(a, a.Name, a.Path, shown(args), func(k *sink) outcome {
		text := &bytes.Buffer{}
		o := s.cluster.judge(runProgram(ctx, a.timeout(), s.cluster.argv(args), kubectlEnv(), &bounded{buf: text, limit: configMapLimit}))
		if o.status != bundle.StatusOK {
			return o // half a YAML cannot be masked, so nothing of it is kept
		}
		return fileOutcome(maskConfigMaps(k, text.Bytes()))
	})
}

// bounded is a buffer that refuses to grow beyond its limit.
type bounded struct {
	buf   *bytes.Buffer
	limit int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.limit {
		return 0, fmt.Errorf("more than %d bytes", b.limit)
	}
	return b.buf.Write(p)
}
