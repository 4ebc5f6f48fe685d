//go:build linux

package collect

import (
	"context"
	"io"
	"regexp"
	"time"

	"coldcase/bundle"
)

var _ = register(Artifact{
	Name: "node/packages", Path: "node/packages.txt", Group: "kernel", Privacy: PrivacySystem, Timeout: 20 * time.Second, Gather: gatherPackages,
	What: []string{"dpkg-query -W", "or rpm -qa; only kernel, Kubernetes, container runtime and network packages are kept"},
})

// packageName is what matters for the signatures: kernel, Kubernetes, runtimes, CNI, the packet filter and its tools.
var packageName = regexp.MustCompile(`^(?:linux-image|linux-modules|linux-headers|kernel|systemtap|kube|cri-|cri_|containerd|docker|moby|runc|crun|cri-o|podman|k3s|rke2|rancher|cni|containernetworking|calico|cilium|iptables|nftables|ipset|ipvsadm|conntrack|iproute|ethtool|systemd|libseccomp|selinux|container-selinux|nfs-|open-iscsi|iscsi|ceph|firewalld|ufw|chrony|ntp)`)

type packageFilter struct{}

func (packageFilter) edit(line []byte, first bool, w io.Writer) error {
	if !first || !packageName.Match(line) {
		return nil
	}
	_, err := w.Write(line)
	return err
}

// gatherPackages prints "NAME VERSION ARCHITECTURE", one package a line.
func gatherPackages(ctx context.Context, s *session, a Artifact) {
	if s.opts.Native {
		s.absent(a, bundle.StatusSkipped, "--native, and only programs read the package database")
		return
	}
	argv := firstProgram([][]string{
		{"dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture} ${db:Status-Status}\n"},
		{"rpm", "-qa", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE} %{ARCH}\n"},
	})
	if argv == nil {
		s.absent(a, bundle.StatusMissingBinary, `neither "dpkg-query" nor "rpm" is on the node`)
		return
	}
	s.entry(a, a.Name, a.Path, argv, func(k *sink) outcome {
		return runProgram(ctx, a.timeout(), argv, environment(nil), k)
	}, packageFilter{})
}
