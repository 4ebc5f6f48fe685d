//go:build linux

package collect

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"coldcase/bundle"
)

var _ = register(Artifact{
	Name: "node/versions", Path: "node/versions.txt", Group: "kernel", Privacy: PrivacySystem, Timeout: 20 * time.Second, Gather: gatherVersions,
	What: versionCommands,
})

var versionCommands = []string{
	"kubelet --version", "kube-proxy --version", "kubectl version --client", "containerd --version", "crio --version", "docker --version",
	"dockerd --version", "runc --version", "crun --version", "crictl --version", "iptables --version", "nft --version", "ipset --version", "ipvsadm --version",
	"conntrack --version", "ip -V", "ethtool --version", "tcpdump --version", "systemctl --version", "journalctl --version",
}

// loadsModule names the programs that load a kernel module even when they are only asked for their version.
var loadsModule = map[string]string{"ipset": "ip_set", "ipvsadm": "ip_vs", "iptables": "nfnetlink", "nft": "nfnetlink", "conntrack": "nfnetlink"}

// gatherVersions prints each program's version below a line "$ command". Programs that the node lacks are left out.
func gatherVersions(ctx context.Context, s *session, a Artifact) {
	s.entry(a, a.Name, a.Path, nil, func(k *sink) outcome {
		ctx, cancel := context.WithTimeout(ctx, a.timeout())
		defer cancel()
		for _, command := range versionCommands {
			argv := strings.Fields(command)
			if module, loads := loadsModule[argv[0]]; lookProgram(argv[0]) == "" || loads && !s.host.module(module) {
				continue
			}
			out := &tail{limit: 64 * kib}
			o := runProgram(ctx, 3*time.Second, argv, environment(nil), out)
			if ctx.Err() != nil {
				return o
			}
			if _, err := fmt.Fprintf(k, "$ %s\n", command); err != nil {
				return o
			}
			text := out.String() + o.stderr // some print their version on the error output
			if err := firstLines(k, text, 8); err != nil {
				return o
			}
		}
		return outcome{status: bundle.StatusOK}
	})
}

func firstLines(k *sink, text string, n int) error {
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(make([]byte, 4*kib), 64*kib)
	for i := 0; i < n && lines.Scan(); i++ {
		if _, err := fmt.Fprintln(k, lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}
