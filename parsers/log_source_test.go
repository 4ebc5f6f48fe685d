package parsers

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLogSource(t *testing.T) {
	for _, c := range []struct {
		artifact, path string
		rec            Record
		want           string
	}{
		{"node/dmesg", "a/dmesg.txt", Record{}, SourceKernel},
		{"node/journal-kernel", "", Record{Ident: "kubelet"}, SourceKernel},
		{"node/journal", "", Record{Kernel: true, Ident: "kernel"}, SourceKernel},
		{"node/journal", "", Record{Ident: "kubelet"}, SourceKubelet},
		{"node/journal", "", Record{Ident: "crio"}, SourceRuntime},
		{"node/journal", "", Record{Ident: "sshd"}, SourceSystem},
		{"node/journal-kernel-previous", "", Record{}, SourceKernel},
		{"node/pstore/01-dmesg-efi-166", "", Record{}, SourceKernel},
		{"node/pstore/01-console-ramoops-0", "", Record{}, SourceKernel},
		{"node/pstore/02-pmsg-ramoops-0", "", Record{Kernel: true}, SourceSystem},
		{"node/journal-file/system", "", Record{Kernel: true}, SourceKernel},
		{"node/journal-file", "", Record{Ident: "k3s", Unit: "k3s.service"}, SourceKubelet},
		{"node/journal-file", "", Record{Ident: "systemd", Unit: "init.scope"}, SourceSystem},
		{"node/journal-file", "", Record{Ident: "start.sh", Unit: "docker.service"}, SourceRuntime},
		{"node/journal-kubelet", "", Record{}, SourceKubelet},
		{"node/journal-kubelet", "", Record{Kernel: true}, SourceKernel},
		{"node/kubelet-log", "", Record{}, SourceKubelet},
		{"node/journal-runtime", "", Record{Ident: "systemd"}, SourceRuntime},
		{"node/kube-proxy-log", "", Record{Kernel: true}, SourceKubeProxy},
		{"node/syslog", "", Record{Ident: "kube-proxy"}, SourceKubeProxy},
		{"node/container-log", "a/pods/kube-system_kube-proxy-x7k2p_0a/kube-proxy/0.log", Record{}, SourceKubeProxy},
		{"cluster/pod-log", "pod-log/kube-system/kube-proxy-x7k2p/kube-proxy.log", Record{}, SourceKubeProxy},
		{"cluster/pod-log", "pod-log/default/my-kube-proxyless/app.log", Record{}, SourceContainer},
		{"cluster/pod-log", "all.log", Record{Ident: "kube-proxy-x7k2p/kube-proxy"}, SourceKubeProxy},
		{"node/container-log/default_web_0a", "a/x.log", Record{Kernel: true}, SourceContainer},
		{"node/container-log", "var/log/pods/kube-system_etcd-a_8c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f/etcd/0.log", Record{}, SourceEtcd},
		{"node/container-log", "var/log/pods/shop_etcd-0_0a1b2c3d-0000-4000-8000-00000000abcd/etcd/0.log", Record{}, SourceContainer},
		{"node/container-log", "var/log/pods/kube-system_kube-apiserver-a_8c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f/kube-apiserver/1.log", Record{}, SourceAPIServer},
		{"node/container-log", "containers/kube-scheduler-a_kube-system_kube-scheduler-" + strings.Repeat("ab", 32) + ".log", Record{}, SourceScheduler},
		{"cluster/pod-log", "cluster/pod-log/kube-system/coredns-5d78c9869d-x2k4j/coredns.log", Record{}, SourceCoreDNS},
		{"cluster/pod-log", "cluster/pod-log/calico-system/calico-node-x2k4j/calico-node-previous.log", Record{}, SourceCNI},
		{"cluster/pod-log", "cluster/pod-log/edge/main-ingress-nginx-controller-5d78c9869d-x2k4j/controller.log", Record{}, SourceIngress},
		{"cluster/pod-log", "namespaces/openshift-etcd/pods/etcd-a/etcd/etcd/logs/current.log", Record{}, SourceEtcd},
		{"cluster/pod-log", "kube-system/kube-controller-manager-a/logs.txt", Record{}, SourceControllerManager},
		{"node/container-log", "etcd-1/web.log", Record{}, SourceContainer},
		{"node/container-log", "node-a/kube-controller-manager-node-a.log", Record{}, SourceControllerManager},
		{"node/container-log", "var/log/calico/cni/cni.log", Record{}, SourceCNI},
		{"cluster/pod-log", "all.log", Record{Ident: "kube-flannel-ds-x7k2p/kube-flannel"}, SourceCNI},
		{"node/journal", "", Record{Ident: "etcd"}, SourceEtcd},
		{"node/journal", "etcd.log", Record{Ident: "systemd"}, SourceSystem},
		{"node/syslog", "", Record{Ident: "flanneld"}, SourceCNI},
		{"node/journal-file", "", Record{Ident: "run.sh", Unit: "kube-apiserver.service"}, SourceAPIServer},
	} {
		require.Equal(t, c.want, LogSource(c.artifact, LogProgram(c.artifact, c.path), &c.rec), "%v", c)
	}
}

func TestLogPod(t *testing.T) {
	uid := "0a1b2c3d-0000-4000-8000-00000000abcd"
	id := strings.Repeat("ab", 32)
	for path, want := range map[string][4]string{
		"/var/log/pods/shop_cart-0_" + uid + "/app/0.log":                                                        {"shop", "cart-0", uid, "app"},
		"node-a/container-log/kube-system_etcd-a_8c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f/etcd/1.log.20260301-120000.gz": {"kube-system", "etcd-a", "8c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f", "etcd"},
		"var/log/containers/cart-0_shop_app-" + id + ".log":                                                      {"shop", "cart-0", "", "app"},
		"var/log/containers/cart-0_shop_my-app.log":                                                              {"shop", "cart-0", "", "my-app"},
		"cluster/pod-log/shop/cart-0/app-previous.log":                                                           {"shop", "cart-0", "", "app"},
		"node-a/container-log/shop_cart-0_" + uid + ".log":                                                       {"shop", "cart-0", uid, ""},
		"node-a/journalctl_-u_docker.txt":                                                                        {},
		"node-a/-u_journalctl_" + uid + "/app/0.log":                                                             {},
		"node-a/dmesg_-T_Kernel.log":                                                                             {},
		"node-a/Shop_cart-0_" + uid + ".log":                                                                     {},
		"var/log/messages":                                                                                       {},
		"":                                                                                                       {},
	} {
		ns, pod, gotUID, container := LogPod(path)
		require.Equal(t, want, [4]string{ns, pod, gotUID, container}, path)
	}
}

func TestLogMonthsMeanOneMonth(t *testing.T) {
	meaning := map[string]int{}
	for _, names := range logLocales {
		fields := strings.Fields(names)
		require.Len(t, fields, 12, names)
		for i, name := range fields {
			if other, seen := meaning[name]; seen {
				require.Equal(t, other, i, name)
			}
			meaning[name] = i
		}
	}
}

func TestLogDateNeedsAnchor(t *testing.T) {
	var rec Record
	f, _ := DetectLog([]byte("Mar  1 12:00:00 node-a app: text"))
	require.True(t, f.Parse(&LogContext{Zone: time.UTC}, []byte("Mar  1 12:00:00 node-a app: text"), &rec))
	require.True(t, rec.Time.IsZero())
	require.Equal(t, "text", string(rec.Message))
	zone := time.FixedZone("CET", 3600)
	require.True(t, f.Parse(&LogContext{Zone: zone, Anchor: fixtureTime}, []byte("Mar  1 12:00:00 node-a app: text"), &rec))
	require.Equal(t, time.Date(2026, 3, 1, 12, 0, 0, 0, zone), rec.Time)
}

func TestDetectLogTakesTheMajority(t *testing.T) {
	klog := "I0301 12:00:00.123456    1234 server.go:440] text\n"
	cri := "2026-03-01T12:00:00.123456789Z stderr F text\n"
	f, ok := DetectLog([]byte(klog + cri + cri + "unfinished klog I0301 12:00"))
	require.True(t, ok)
	require.Equal(t, "cri", f.Name)
	f, ok = DetectLog([]byte("nothing that is known\n"))
	require.False(t, ok)
	require.Equal(t, "plain", f.Name)
	f, _ = DetectLog(nil)
	require.Equal(t, "plain", f.Name)
}

func TestUnescapeQuotes(t *testing.T) {
	for in, want := range map[string]string{
		`caused "x"`:             `caused "x"`,
		`caused \"x\"`:           `caused "x"`,
		`caused \\\"x\\\"`:       `caused "x"`,
		`caused \\\\\\\"x\"`:     `caused "x"`,
		`a\b \\ \" end\`:         `a\b \\ " end\`,
		`C:\dir\file "q" \n \"q`: `C:\dir\file "q" \n "q`,
	} {
		require.Equal(t, want, string(unescapeQuotes([]byte(in))))
	}
}
