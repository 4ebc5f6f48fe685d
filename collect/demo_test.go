//go:build linux

package collect

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The demo case was made by this collector on real kernels; what its parts say of each other must fit.
func TestDemoCaseIsWhole(t *testing.T) {
	cluster := readBack(t, "../fixtures/bundles/demo/cluster.tar.zst")
	b := readBack(t, "../fixtures/bundles/demo/node-b.tar.zst")
	require.Equal(t, "node-b", b.manifest.Node.Name)
	pods := cluster.text["cluster/pods.yaml"]
	require.NotContains(t, pods, "value: db.shop", "environment values are masked")

	killed := regexp.MustCompile(`task_memcg=\S*-pod([0-9a-f_]+)\.slice/`).FindStringSubmatch(b.text["node/dmesg.txt"])
	require.NotNil(t, killed, "the kernel log has the OOM kill")
	require.Contains(t, pods, "uid: "+strings.ReplaceAll(killed[1], "_", "-"))
	require.Contains(t, b.text["node/dmesg.txt"], "IPVS: rr: UDP 10.96.0.10:53 - no destination available")
	require.Regexp(t, `UDP  10\.96\.0\.10:53 rr\s*(\n[A-Z]|$)`, b.text["node/ipvsadm.txt"])
	require.Contains(t, b.text["node/kube-proxy.log"], "failed to list *v1.EndpointSlice: Unauthorized")
	for _, name := range []string{"node-a", "node-c"} {
		healthy := readBack(t, "../fixtures/bundles/demo/"+name+".tar.zst")
		require.Regexp(t, `UDP  10\.96\.0\.10:53 rr\s*\n\s+-> 10\.40\.0\.10:53`, healthy.text["node/ipvsadm.txt"])
		require.NotContains(t, healthy.text["node/dmesg.txt"], "no destination available")
	}
}
