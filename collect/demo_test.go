//go:build linux

package collect

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// The demo case was made by this collector on real kernels; what its parts say of each other must fit.
func TestDemoCaseIsWhole(t *testing.T) {
	r, err := bundle.Open([]string{"../demo/case/case.tar"}, bundle.Options{})
	require.NoError(t, err)
	defer r.Close()
	text := map[string]string{} // by node and path
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if e.Status.Empty() {
			continue
		}
		var b strings.Builder
		_, err = io.Copy(&b, r)
		require.NoError(t, err)
		text[e.Node+":"+e.Path] = b.String()
	}
	require.Empty(t, r.Problems())

	pods := text[":cluster/pods.yaml"]
	require.NotContains(t, pods, "value: db.shop", "environment values are masked")
	dmesg := text["node-b:node/dmesg.txt"]
	killed := regexp.MustCompile(`task_memcg=\S*-pod([0-9a-f_]+)\.slice/`).FindStringSubmatch(dmesg)
	require.NotNil(t, killed, "the kernel log has the OOM kill")
	require.Contains(t, pods, "uid: "+strings.ReplaceAll(killed[1], "_", "-"))
	require.Contains(t, dmesg, "IPVS: rr: UDP 10.96.0.10:53 - no destination available")
	require.Regexp(t, `UDP  10\.96\.0\.10:53 rr\s*(\n[A-Z]|$)`, text["node-b:node/ipvsadm.txt"])
	require.Contains(t, text["node-b:node/kube-proxy.log"], "failed to list *v1.EndpointSlice: Unauthorized")
	for _, healthy := range []string{"node-a", "node-c"} {
		require.Regexp(t, `UDP  10\.96\.0\.10:53 rr\s*\n\s+-> 10\.40\.0\.10:53`, text[healthy+":node/ipvsadm.txt"])
		require.NotContains(t, text[healthy+":node/dmesg.txt"], "no destination available")
	}
}
