//go:build linux

package collect

import (
	"context"
	"fmt"
	"strings"

	"coldcase/bundle"
)

var (
	_ = register(Artifact{
		Name: "node/kubelet-cmdline", Path: "node/kubelet-cmdline.txt", Group: "kubelet", Privacy: PrivacyAddresses, Gather: gatherKubeletCmdline,
		What: []string{"/proc/PID/cmdline of the kubelet"},
	})
	_ = register(Artifact{
		Name: "node/kubelet-config", Path: "node/kubelet-config.yaml", Group: "kubelet", Privacy: PrivacyAddresses, Gather: gatherKubeletConfig,
		What: []string{"the file of the kubelet's --config, else /var/lib/kubelet/config.yaml"},
	})
	_ = register(Artifact{
		Name: "node/kubelet-log", Path: "node/kubelet.log", Group: "kubelet", Privacy: PrivacyLogs, Keep: logKeep,
		Files: []string{"/var/log/kubelet.log", "/var/lib/rancher/rke2/agent/logs/kubelet.log", "/var/log/kubelet/kubelet.log"},
	})
	_ = register(Artifact{
		Name: "node/kube-proxy-log", Path: "node/kube-proxy.log", Group: "kubelet", Privacy: PrivacyLogs, Keep: logKeep, Gather: gatherKubeProxyLog,
		What: []string{"/var/log/pods/kube-system_kube-proxy-*/*/*.log, else /var/log/kube-proxy.log"},
	})
)

// logKeep keeps the newest part: what happened last is what people ask about.
var logKeep = Keep{Tail: 8 * mib}

func gatherKubeletCmdline(_ context.Context, s *session, a Artifact) {
	if s.host.kubelet == nil {
		s.absent(a, bundle.StatusUnsupported, "no kubelet runs here")
		return
	}
	s.entry(a, a.Name, a.Path, nil, func(k *sink) outcome {
		_, err := fmt.Fprintln(k, strings.Join(s.host.kubelet, " "))
		return fileOutcome(err)
	})
}

func gatherKubeletConfig(ctx context.Context, s *session, a Artifact) {
	name := s.host.kubeletFlag("--config")
	if !strings.HasPrefix(name, "/") {
		name = "/var/lib/kubelet/config.yaml"
	}
	s.entry(a, a.Name, a.Path, nil, func(k *sink) outcome { return readFile(ctx, a.timeout(), s.host.path(name), 0, k) })
}

// gatherKubeProxyLog puts the logs of the node's kube-proxy, older containers first, into one artifact.
func gatherKubeProxyLog(ctx context.Context, s *session, a Artifact) {
	var names []string
	for _, l := range s.host.containerLogs() {
		if l.kubeProxy() {
			names = append([]string{l.file}, names...)
		}
	}
	if len(names) == 0 {
		names = []string{"/var/log/kube-proxy.log"}
	}
	s.entry(a, a.Name, a.Path, nil, func(k *sink) outcome {
		o := outcome{status: bundle.StatusOK}
		for _, name := range names {
			if o = readFile(ctx, a.timeout(), s.host.path(name), a.newest(), k); o.status != bundle.StatusOK {
				break
			}
		}
		return o
	})
}
