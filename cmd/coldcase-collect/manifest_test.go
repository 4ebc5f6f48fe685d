//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"coldcase/collect"
)

// object holds what the test asks of the manifest's objects.
type object struct {
	APIVersion, Kind string
	Metadata         struct {
		Name, Namespace string
		Annotations     map[string]string
	}
	Rules []rule
	Spec  struct {
		Template struct {
			Metadata struct {
				Labels, Annotations map[string]string
			}
			Spec podSpec
		}
	}
	RoleRef  struct{ Kind, Name string } `yaml:"roleRef"`
	Subjects []struct{ Kind, Name, Namespace string }
}

type rule struct {
	APIGroups []string `yaml:"apiGroups"`
	Resources []string
	Verbs     []string
}

type podSpec struct {
	HostPID     bool                `yaml:"hostPID"`
	HostNetwork bool                `yaml:"hostNetwork"`
	Automount   *bool               `yaml:"automountServiceAccountToken"`
	Tolerations []map[string]string `yaml:"tolerations"`
	Containers  []struct {
		Image           string
		Command         []string
		SecurityContext struct {
			Privileged   bool
			Capabilities struct{ Drop, Add []string }
		} `yaml:"securityContext"`
		VolumeMounts []struct {
			MountPath string `yaml:"mountPath"`
			ReadOnly  bool   `yaml:"readOnly"`
		} `yaml:"volumeMounts"`
	}
	Volumes []map[string]any
}

func manifestObjects(t *testing.T, podNetworks bool) (map[string]object, string) {
	t.Helper()
	text, err := manifestYAML("registry.example:5000/tools/coldcase-collect@sha256:ab12", "evidence", podNetworks)
	require.NoError(t, err)
	objects := map[string]object{}
	for dec := yaml.NewDecoder(strings.NewReader(text)); ; {
		var o object
		err := dec.Decode(&o)
		if errors.Is(err, io.EOF) {
			return objects, text
		}
		require.NoError(t, err)
		if o.Kind != "" {
			objects[o.Kind] = o
		}
	}
}

func TestManifestRolesOnlyReadWhatIsCollected(t *testing.T) {
	objects, text := manifestObjects(t, false)
	require.Len(t, objects, 7)
	allowed := map[string]bool{}
	for _, o := range objects {
		for _, r := range o.Rules {
			require.NotEmpty(t, r.Resources)
			for _, v := range r.Verbs {
				require.Contains(t, []string{"get", "list", "watch"}, v, o.Kind)
			}
			for _, res := range append(slices.Clone(r.Resources), r.APIGroups...) {
				require.NotContains(t, strings.ToLower(res), "secret")
				require.NotContains(t, res, "*")
			}
			for _, res := range r.Resources {
				allowed[res] = true
			}
		}
	}
	asked := map[string]bool{"events": true} // which kubectl describe adds
	get := regexp.MustCompile(`kubectl (?:-n \S+ )?(?:get|describe) ([a-z0-9.]+)`)
	for _, item := range collect.Plan() {
		for _, what := range item.What {
			if m := get.FindStringSubmatch(what); m != nil {
				resource, _, _ := strings.Cut(m[1], ".")
				require.True(t, allowed[resource], "%s: manifest.yaml has no rule for %q", item.Artifact, resource)
				asked[resource] = true
			}
		}
	}
	require.Equal(t, asked, allowed, "manifest.yaml allows more than is collected")
	require.Equal(t, "kube-system", objects["Role"].Metadata.Namespace)
	for _, kind := range []string{"ClusterRoleBinding", "RoleBinding"} {
		require.Equal(t, "coldcase-collect", objects[kind].RoleRef.Name)
		require.Equal(t, "evidence", objects[kind].Subjects[0].Namespace)
	}
	require.NotContains(t, text, "NAMESPACE")
	require.NotContains(t, text, podNetworkMark)
}

func TestManifestPodsSeeTheNodeButCannotChangeIt(t *testing.T) {
	for _, podNetworks := range []bool{false, true} {
		objects, _ := manifestObjects(t, podNetworks)
		ds := objects["DaemonSet"]
		pod := ds.Spec.Template.Spec
		require.True(t, pod.HostPID && pod.HostNetwork)
		require.False(t, *pod.Automount)
		require.Equal(t, []map[string]string{{"operator": "Exists"}}, pod.Tolerations)
		require.Len(t, pod.Containers, 1)
		c := pod.Containers[0]
		require.Equal(t, "registry.example:5000/tools/coldcase-collect@sha256:ab12", c.Image)
		require.Equal(t, []string{"/coldcase-collect", "wait"}, c.Command)
		require.False(t, c.SecurityContext.Privileged)
		require.Equal(t, []string{"ALL"}, c.SecurityContext.Capabilities.Drop)
		require.Equal(t, podNetworks, slices.Contains(c.SecurityContext.Capabilities.Add, "SYS_ADMIN"))
		require.Equal(t, podNetworks, len(ds.Spec.Template.Metadata.Annotations) > 0)
		require.Len(t, pod.Volumes, 1)
		require.Len(t, c.VolumeMounts, 1)
		require.True(t, c.VolumeMounts[0].ReadOnly)
	}
}

func TestManifestRefusesNamesThatAreNone(t *testing.T) {
	for _, names := range [][2]string{{"", "x"}, {"a b", "x"}, {"img\nkind: Secret", "x"}, {"img", ""}, {"img", "A"}, {"img", "kube-system"}, {"img", "default"}, {"img", "x;rm"}} {
		_, err := manifestYAML(names[0], names[1], false)
		require.Error(t, err, names)
	}
}

// The shell that people are told to run must at least be shell.
func TestManifestCommandsAreShell(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs sh")
	}
	_, text := manifestObjects(t, false)
	var script bytes.Buffer
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "#      "); ok {
			script.WriteString(command)
		}
	}
	require.Contains(t, script.String(), "kubectl delete -f coldcase.yaml")
	cmd := exec.Command("sh", "-n")
	cmd.Stdin, cmd.Stderr = &script, os.Stderr
	require.NoError(t, cmd.Run())
}

// In a container with the manifest's capabilities, and with the node's / mounted below, nothing is refused but the
// pods' network namespaces, which need --pod-networks.
func TestManifestCapabilitiesAreEnough(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setpriv"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and setpriv: mounts file systems and gives up capabilities")
	}
	objects, _ := manifestObjects(t, false)
	caps := "-all"
	for _, c := range objects["DaemonSet"].Spec.Template.Spec.Containers[0].SecurityContext.Capabilities.Add {
		caps += ",+" + strings.ToLower(c)
	}
	host, bundle := t.TempDir(), t.TempDir()+"/b.tar.zst"
	cmd := exec.Command("sh", "-c", `mount --make-rprivate / && mount --rbind / "$HOST_ROOT" && mount -o remount,ro,bind "$HOST_ROOT" || exit 99
		exec setpriv --no-new-privs --bounding-set "$CAPS" --inh-caps=-all coldcase-collect node --host-root "$HOST_ROOT" --node-name node-t --no-cluster --interval 0 \
			--only kernel,network,firewall,capture --capture lo --capture-seconds 1 -o "$OUT"`)
	cmd.Env = append(os.Environ(), "HOST_ROOT="+host, "CAPS="+caps, "OUT="+bundle)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	progress, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() == 99 {
		t.Skipf("needs mounts: %s", progress)
	}
	require.NoError(t, err, string(progress))
	require.Regexp(t, `(?m)^ok +capture/pcap/lo `, string(progress))
	require.Regexp(t, `(?m)^ok +node/ip-route `, string(progress))
	require.NotRegexp(t, `(?m)^permission +node/`, string(progress))
}
