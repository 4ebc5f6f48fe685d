package analyze_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
)

// threeNodes is a case of three nodes whose settings differ as given by node.
func threeNodes(t *testing.T, files map[string]map[string]string) *analyze.Result {
	t.Helper()
	dir := t.TempDir()
	for node, byName := range files {
		for name, text := range byName {
			write(t, dir, node+"/"+name, text)
		}
	}
	r, err := bundle.Open([]string{dir}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	res, err := analyze.Run(context.Background(), r, ours(t), analyze.Options{Tool: "test"})
	require.NoError(t, err)
	return res
}

func difference(res *analyze.Result, property string) *analyze.Difference {
	for i := range res.Differences {
		if res.Differences[i].Property == property {
			return &res.Differences[i]
		}
	}
	return nil
}

func TestOddOneOut(t *testing.T) {
	ethtool := func(lro string) string {
		return "Features for eth0:\nrx-checksumming: on\nlarge-receive-offload: " + lro + "\n"
	}
	sysctl := func(forward string) string {
		return "fs.file-nr = 1024\t0\t" + forward + "99\nnet.ipv4.ip_forward = 1\nnet.core.somaxconn = " + forward + "28\nnet.ipv4.conf.cali123.rp_filter = " + forward + "\n"
	}
	res := threeNodes(t, map[string]map[string]string{
		"node-a": {"ethtool-k.txt": ethtool("off"), "sysctl.txt": sysctl("1"), "ip-route.txt": "default via 10.0.0.1 dev eth0\n10.42.1.0/26 via 10.0.0.11 dev tunl0 proto bird onlink\nblackhole 10.42.0.0/26 proto bird\n"},
		"node-b": {"ethtool-k.txt": ethtool("on"), "sysctl.txt": sysctl("1"), "ip-route.txt": "default via 10.0.0.1 dev eth0\n10.42.0.0/26 via 10.0.0.10 dev tunl0 proto bird onlink\nblackhole 10.42.1.0/26 proto bird\n"},
		"node-c": {"ethtool-k.txt": ethtool("off"), "sysctl.txt": sysctl("41"), "ip-route.txt": "default via 10.0.0.1 dev eth0\n10.42.0.0/26 via 10.0.0.10 dev tunl0 proto bird onlink\n10.42.1.0/26 via 10.0.0.99 dev tunl0 proto bird onlink\n"},
	})
	lro := difference(res, "large-receive-offload of eth0")
	require.NotNil(t, lro)
	require.Equal(t, "off (node-a, node-c), on (node-b)", lro.String())
	require.Equal(t, []string{"node-b"}, lro.Odd)
	require.Contains(t, lro.Values[1].Sources[0], "ethtool-k.txt:3")
	require.Equal(t, []string{"node-c"}, difference(res, "sysctl net.core.somaxconn").Odd)
	for _, quiet := range []string{"sysctl net.ipv4.ip_forward", "sysctl fs.file-nr", "sysctl net.ipv4.conf.cali123.rp_filter", "rx-checksumming of eth0"} {
		require.Nil(t, difference(res, quiet), quiet)
	}
	require.Nil(t, difference(res, "route to 10.42.0.0/26"), "the node that holds a block has no route to it")
	two := difference(res, "route to 10.42.1.0/26")
	require.NotNil(t, two)
	require.Empty(t, two.Odd, "one against one: nobody is odd")

	for _, f := range res.Findings {
		if f.Signature == "lro-on-forwarding-node" {
			require.Equal(t, "node-b", f.Subject.Name)
			require.Equal(t, []string{f.ID}, lro.Findings)
			require.Equal(t, "large-receive-offload of eth0", res.Differences[0].Property, "what a finding speaks of comes first")
			require.Contains(t, f.Peers, "large-receive-offload of eth0 is off (node-a, node-c), on (node-b)")
		}
	}
}

// Control plane nodes differ from workers by design: they are compared with each other only.
func TestRolesAreComparedApart(t *testing.T) {
	nodes := `apiVersion: v1
kind: NodeList
items:
- {apiVersion: v1, kind: Node, metadata: {name: node-a, labels: {node-role.kubernetes.io/control-plane: ""}}, status: {nodeInfo: {kernelVersion: 6.1.0, kubeletVersion: v1.34.4}}}
- {apiVersion: v1, kind: Node, metadata: {name: node-b}, status: {nodeInfo: {kernelVersion: 5.10.0, kubeletVersion: v1.34.4}}}
- {apiVersion: v1, kind: Node, metadata: {name: node-c}, status: {nodeInfo: {kernelVersion: 5.10.0, kubeletVersion: v1.33.1}}}
`
	res := threeNodes(t, map[string]map[string]string{"cluster": {"nodes.yaml": nodes}})
	require.Nil(t, difference(res, "kernel"))
	d := difference(res, "kubelet version")
	require.NotNil(t, d)
	require.Equal(t, "worker", d.Role)
	require.Equal(t, "v1.33.1 (node-c), v1.34.4 (node-b)", d.String())
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}
