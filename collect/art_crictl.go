//go:build linux

package collect

import (
	"context"
	"os"
	"strings"
	"time"

	"coldcase/bundle"
)

// Tables, not JSON: the JSON carries annotations, and with them whole manifests.
var (
	_ = register(criArtifact("node/crictl-pods", "pods"))
	_ = register(criArtifact("node/crictl-ps", "ps", "-a"))
)

// criSockets are where the container runtimes listen by default.
var criSockets = []string{
	"/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/cri-dockerd.sock", "/run/k3s/containerd/containerd.sock", "/var/run/dockershim.sock",
}

const criTimeout = 10 * time.Second

// criArgv is a command of crictl; without a socket it asks where /etc/crictl.yaml says. Its own limit is shorter than
// criTimeout, so that it can still say what it waited for.
func criArgv(socket string, args ...string) []string {
	argv := []string{"crictl", "--timeout", "8s"}
	if socket != "" {
		argv = []string{"crictl", "--runtime-endpoint", "unix://" + socket, "--timeout", "8s"}
	}
	return append(argv, args...)
}

func criArtifact(name string, args ...string) Artifact {
	return Artifact{
		Name: name, Path: name + ".txt", Group: "kubelet", Privacy: PrivacyWorkload, Timeout: criTimeout,
		What: []string{"crictl --runtime-endpoint SOCKET " + strings.Join(args, " ")},
		Gather: func(ctx context.Context, s *session, a Artifact) {
			if s.opts.Native {
				s.absent(a, bundle.StatusSkipped, "--native, and only a program speaks the runtime's protocol")
				return
			}
			if lookProgram("crictl") == "" {
				s.absent(a, bundle.StatusMissingBinary, `program "crictl" is not on the node`)
				return
			}
			socket := s.host.criSocket()
			if socket == "" {
				s.absent(a, bundle.StatusUnsupported, "no container runtime listens: looked at the kubelet's --container-runtime-endpoint, "+strings.Join(criSockets, ", "))
				return
			}
			argv := criArgv(socket, args...)
			s.entry(a, a.Name, a.Path, argv, func(k *sink) outcome {
				return runProgram(ctx, a.timeout(), argv, environment(nil), k)
			})
		},
	}
}

// criSocket finds the socket of the container runtime; "" when there is none.
func (h *host) criSocket() string {
	names := criSockets
	if flag := strings.TrimPrefix(h.kubeletFlag("--container-runtime-endpoint"), "unix://"); strings.HasPrefix(flag, "/") {
		names = append([]string{flag}, names...)
	}
	for _, name := range names {
		if st, err := os.Stat(h.path(name)); err == nil && st.Mode()&os.ModeSocket != 0 {
			return name
		}
	}
	return ""
}
