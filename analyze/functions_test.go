package analyze

import (
	"testing"

	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/types"
	"github.com/stretchr/testify/require"

	"coldcase/parsers"
)

func TestVersionIn(t *testing.T) {
	for _, c := range []struct {
		version, ranges string
		want            bool
	}{
		{"3.10.0-1062.18.1.el7.x86_64", ">=2.6.33 <4.7", true},
		{"4.7.0", ">=2.6.33 <4.7", false},
		{"4.19.0-27-amd64", ">=2.6.33 <4.7 || 4.19", true},
		{"3.10.0-693.el7.x86_64", "3.10.0-693", true},
		{"3.10.0-1062.el7.x86_64", "3.10.0-693", false},
		{"3.10.0-693.el7", "<3.10.0-1062", true},
		{"v1.18.4-tke.9", ">=1.18.4-tke.26", false},
		{"v1.18.4-tke.27", ">=v1.18.4-tke.26", true},
		{"v1.20.0", "1.18", false},
		{"unknown", ">=0", false},
		{"", ">=0", false},
		{"5.4.0", "", false},
	} {
		require.Equalf(t, c.want, versionIn(c.version, c.ranges), "%s in %q", c.version, c.ranges)
	}
}

func TestCIDRContains(t *testing.T) {
	require.True(t, cidrContains("10.40.0.0/16", "10.40.3.9"))
	require.False(t, cidrContains("10.40.0.0/16", "10.41.3.9"))
	require.False(t, cidrContains("10.40.0.0", "10.40.3.9"))
	require.False(t, cidrContains("10.40.0.0/16", "web"))
}

func TestMountOf(t *testing.T) {
	mounts := []string{"/", "/var/lib", "/var/lib/docker", "/run"}
	require.Equal(t, "/var/lib/docker", mountOf("/var/lib/docker/overlay2/x", mounts))
	require.Equal(t, "/var/lib", mountOf("/var/lib/dockerd", mounts))
	require.Equal(t, "/run", mountOf("/run", mounts))
	require.Equal(t, "/", mountOf("/opt", mounts))
	require.Empty(t, mountOf("/opt", mounts[1:]))
}

func TestPodOfCgroup(t *testing.T) {
	const uid, id = "5d8e2e1a-0e6a-4a52-9a4f-5a2b1c0d3e4f", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	const uscore = "5d8e2e1a_0e6a_4a52_9a4f_5a2b1c0d3e4f"
	for _, c := range []struct{ path, uid, id string }{
		{"/kubepods/burstable/pod" + uid + "/" + id, uid, id},
		{"/kubepods/pod" + uid, uid, ""},
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uscore + ".slice/cri-containerd-" + id + ".scope", uid, id},
		{"/kubepods.slice/kubepods-pod" + uscore + ".slice/docker-" + id + ".scope", uid, id},
		{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uscore + ".slice/crio-" + id + ".scope/container", uid, id},
		{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" + uscore + ".slice/cri-containerd-" + id + ".scope", uid, id},
		{"/system.slice/containerd.service/kubepods-burstable-pod" + uscore + ".slice:cri-containerd:" + id, uid, id},
		{"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" + id, "0123456789abcdef0123456789abcdef", id},
		{"/system.slice/sshd.service", "", ""},
		{"/docker/" + id, "", ""},
		{"", "", ""},
	} {
		gotUID, gotID := parsers.PodOfCgroup(c.path)
		require.Equal(t, c.uid, gotUID, c.path)
		require.Equal(t, c.id, gotID, c.path)
	}
}

func TestCommandsTakePlainNamesOnly(t *testing.T) {
	lang, err := newLanguage()
	require.NoError(t, err)
	in, err := lang.scope(decls.NewVariable("name", types.StringType))
	require.NoError(t, err)
	tmpl, err := newTemplate(in, "kubectl logs {{ name }} --tail=1")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"web-0":            "kubectl logs web-0 --tail=1",
		"x; rm -rf /":      "kubectl logs NAME_NOT_SAFE_TO_COPY --tail=1",
		"$(reboot)":        "kubectl logs NAME_NOT_SAFE_TO_COPY --tail=1",
		"-o":               "kubectl logs NAME_NOT_SAFE_TO_COPY --tail=1",
		"a\nb":             "kubectl logs NAME_NOT_SAFE_TO_COPY --tail=1",
		"'\"`":             "kubectl logs NAME_NOT_SAFE_TO_COPY --tail=1",
		"192.168.77.1:443": "kubectl logs 192.168.77.1:443 --tail=1",
	} {
		got, err := tmpl.renderCommand(map[string]any{"name": name})
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
