//go:build linux

package collect

// Settings of what runs the pods. What speaks of a secret in them is masked; kubeconfig files, which CNI plugins
// keep beside their settings, match no pattern and are never read.
var (
	_ = register(configFiles("node/cni-config", "network", maskSettings, "/etc/cni/net.d/*.conf", "/etc/cni/net.d/*.conflist", "/etc/cni/net.d/*.json",
		"/var/lib/rancher/k3s/agent/etc/cni/net.d/*.conflist"))
	_ = register(configFiles("node/runtime-config", "kubelet", maskSettings, "/etc/containerd/config.toml", "/etc/containerd/conf.d/*.toml", "/etc/docker/daemon.json",
		"/etc/crio/crio.conf", "/etc/crio/crio.conf.d/*", "/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "/var/lib/rancher/rke2/agent/etc/containerd/config.toml"))
	_ = register(configFiles("node/static-pods", "kubelet", maskManifest, "/etc/kubernetes/manifests/*.yaml", "/etc/kubernetes/manifests/*.yml", "/etc/kubernetes/manifests/*.json",
		"/var/lib/rancher/rke2/agent/pod-manifests/*.yaml", "/etc/kubelet.d/*.yaml"))
)

func configFiles(name, group string, mask masker, patterns ...string) Artifact {
	return Artifact{
		Name: name, Path: name + ".txt", Group: group, Privacy: PrivacyWorkload,
		Gather: gatherMasked(mask, patterns...), What: patterns,
	}
}
