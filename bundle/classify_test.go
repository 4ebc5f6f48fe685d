package bundle_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func TestClassifyByName(t *testing.T) {
	for _, tt := range []struct{ path, artifact, node string }{
		{"dmesg.txt", "node/dmesg", ""},
		{"dmesg_-T", "node/dmesg", ""},
		{"node-a/dmesg.human.current", "node/dmesg", "node-a"},
		{"worker-1-dmesg.txt", "node/dmesg", ""},
		{"run-host/journalctl-dmesg.txt", "node/journal-kernel", ""},
		{"ipvsadm_-Ln", "node/ipvsadm", ""},
		{"ipvsadm.txt", "node/ipvsadm", ""},
		{"ipvsadm-Sn", "node/ipvsadm-save", ""},
		{"ipvsadm-save", "node/ipvsadm-save", ""},
		{"node-a/iptables-save", "node/iptables-save", "node-a"},
		{"usr.sbin.iptables-save", "node/iptables-save", ""},
		{"iptables-save-c.txt", "node/iptables-save", ""},
		{"iptables-save--c.md", "node/iptables-save", ""},
		{"iptables-legacy-save", "node/iptables-legacy-save", ""},
		{"iptables-legacy-save--c.md", "node/iptables-legacy-save", ""},
		{"iptables-nft-save", "node/iptables-nft-save", ""},
		{"networking/ip6tablessave", "node/ip6tables-save", ""},
		{"iptables_-S", "node/iptables-save", ""},
		{"iptables_-t_nat_-nvL", "node/iptables-list", ""},
		{"ip_netns_exec_x_iptables-save", "", ""},
		{"ip-route.txt", "node/ip-route", ""},
		{"ip_route_show_table_all", "node/ip-route", ""},
		{"ip--4-r.md", "node/ip-route", ""},
		{"ip -d -j link.json", "node/ip-link", ""},
		{"ip--d--s-l.md", "node/ip-link", ""},
		{"ip-a.txt", "node/ip-addr", ""},
		{"ip_-o_addr", "node/ip-addr", ""},
		{"ip_neigh", "node/ip-neigh", ""},
		{"ip_-s_-s_neigh_show", "node/ip-neigh", ""},
		{"ip_-4_rule_list", "node/ip-rule", ""},
		{"bridge-fdb", "node/bridge-fdb", ""},
		{"bridge_fdb_show", "node/bridge-fdb", ""},
		{"journal.log", "node/journal", ""},
		{"system.journal", "node/journal-file", ""},
		{"node-a/var/log/journal/0f1e2d3c4b5a49788796a5b4c3d2e1f0/system.journal", "node/journal-file", "node-a"},
		{"node-a/journal/0f1e2d3c4b5a49788796a5b4c3d2e1f0/system@0006-0007.journal~", "node/journal-file", "node-a"},
		{"journalctl_--no-pager", "node/journal", ""},
		{"journalctl_--no-pager_--boot_-1", "node/journal", ""},
		{"journalctl_-u_kubelet", "node/journal-kubelet", ""},
		{"journalctl_--no-pager_--unit_containerd", "node/journal-runtime", ""},
		{"journalctl_--no-pager_--unit_chronyd", "", ""},
		{"journalctl_-k", "node/journal-kernel", ""},
		{"kubelet.log", "node/kubelet-log", ""},
		{"kubelet.log.2.gz", "node/kubelet-log", ""},
		{"containerd.log", "node/journal-runtime", ""},
		{"docker.log", "node/journal-runtime", ""},
		{"node-a/var/log/messages", "node/syslog", "node-a"},
		{"var/log/messages-20260301.xz", "node/syslog", ""},
		{"messages-2026.xz", "node/syslog", ""},
		{"syslog.1", "node/syslog", ""},
		{"kern.log", "node/syslog", ""},
		{"describe-pod-web.txt", "cluster/describe-pod", ""},
		{"node-a/describe-pods.txt", "cluster/describe-pods", ""},
		{"kubectl_describe_nodes", "cluster/describe-nodes", ""},
		{"kubectl_describe_-A_ingress", "cluster/describe-ingresses", ""},
		{"get-pods.yaml", "cluster/pods", ""},
		{"pods.json", "cluster/pods", ""},
		{"k8s-pods-20260301-101112.yaml", "cluster/pods", ""},
		{"kubectl-get-events.json", "cluster/events", ""},
		{"kubectl_--kubeconfig_.etc.kubernetes.admin.conf_get_-o_json_nodes", "cluster/nodes", ""},
		{"nodes.yaml", "cluster/nodes", ""},
		{"cluster-resources/endpointslices/kube-system.json", "cluster/endpointslices", ""},
		{"cluster-resources/pods/logs/default/web/nginx.log", "cluster/pod-log", ""},
		{"ethtool_-k_eth0", "node/ethtool-k/eth0", ""},
		{"ethtool-k.txt", "node/ethtool-k", ""},
		{"ethtool_-S_eth0", "node/ethtool-S/eth0", ""},
		{"node-b/proc/buddyinfo", "node/buddyinfo", "node-b"},
		{"buddyinfo.txt", "node/buddyinfo", ""},
		{"proc/net/ip_vs", "node/proc-ip_vs", ""},
		{"meminfo", "node/meminfo", ""},
		{"df.txt", "node/df", ""},
		{"df-h", "node/df", ""},
		{"df_-al_-x_autofs", "node/df", ""},
		{"df_-i", "node/df-inodes", ""},
		{"df_-aliT_-x_autofs", "node/df-inodes", ""},
		{"sysctl_-a", "node/sysctl", ""},
		{"conntrack_-S", "node/conntrack-stats", ""},
		{"conntrack_-L_-o_extended", "node/conntrack", ""},
		{"netstat_-s", "node/netstat-s", ""},
		{"nstat_-az", "node/nstat", ""},
		{"ss_-lntup", "node/netstat-listen", ""},
		{"netstat_-tunlp", "node/netstat-listen", ""},
		{"netstat-route-table.txt", "", ""},
		{"uname_-a", "node/uname", ""},
		{"etc/os-release", "node/os-release", ""},
		{"lsmod", "node/lsmod", ""},
		{"uptime", "node/uptime", ""},
		{"node-a/eth0.pcap", "capture/pcap", "node-a"},
		{"cali123.pcapng", "capture/pcap", ""},
		{"bond0.cap", "capture/pcap", ""},
		{"var/log/pods/default_web-0_0b1c/nginx/0.log", "node/container-log", ""},
		{"node-c/pods/kube-system_kube-proxy-x7_0b1c/kube-proxy/3.log", "node/kube-proxy-log", "node-c"},
		{"pods/web-0.log", "cluster/pod-log", ""},
		{"pod-logs/shop/web-0/web.log", "cluster/pod-log", ""},
		{"kube-proxy-x7.log", "node/kube-proxy-log", ""},
		{"node-a/etcd.log", "node/container-log", "node-a"},
		{"kube-apiserver-node-a.log.1", "node/container-log", ""},
		{"coredns.txt", "node/container-log", ""},
		{"etcd.yaml", "", ""},
		{"etcd-metrics.txt", "", ""},
		{"node-a/nstat.second.txt", "node/nstat/second", "node-a"},
		{"pressure-io.txt", "node/pressure-io", ""},
		{"pressure-io.second.txt", "node/pressure-io/second", ""},
		{"meminfo.second.txt", "node/meminfo", ""},
		{"sosreport-node-d-2026-03-02-abcdefg/sos_commands/kernel/dmesg", "node/dmesg", "node-d"},
		{"nodes/node-e/kernel/lsmod", "node/lsmod", "node-e"},
		{"sosreport-d-2026-03-02-abcdefg/etc/apt/apt.conf.d/docker-clean", "", "d"},
		{"sosreport-d-2026-03-02-abcdefg/etc/default/ipvsadm", "", "d"},
		{"sosreport-d-2026-03-02-abcdefg/etc/resolv.conf", "node/resolv-conf", "d"},
		{"sosreport-d-2026-03-02-abcdefg/usr/lib/os-release", "node/os-release", "d"},
		{"usr/lib/systemd/system/syslog.socket", "", ""},
		{"etc/kubernetes/kubelet.conf", "", ""},
		{"etc/sysctl.d/99-k8s.conf", "", ""},
		{"sysctl.conf", "", ""},
		{"proc/sys/kernel/dmesg_restrict", "", ""},
		{"proc/sys/net/bridge/bridge-nf-call-iptables", "", ""},
		{"var/lib/rancher/rke2/agent/logs/kubelet.log", "node/kubelet-log", ""},
		{"sos_commands/logs/journalctl_--disk-usage", "", ""},
		{"sos_commands/systemd/journalctl_--list-boots", "", ""},
		{"sos_commands/logs/ls_-alRh_.var.log", "", ""},
		{"sos_commands/chrony/chronyc_tracking", "node/chrony-tracking", ""},
		{"sos_commands/chrony/chronyc_-n_sources", "", ""},
		{"sos_commands/networking/ethtool_--show-eee_eth0", "", ""},
		{"ethtool_--show-features_eth0", "node/ethtool-k/eth0", ""},
		{"var/log/dpkg.log", "", ""},
		{"host-collectors/run-host/dmesg-info.json", "", ""},
		{"README.md", "", ""},
		{"etc/passwd", "", ""},
		{"photo.jpg", "", ""},
	} {
		artifact, node := bundle.Classify(tt.path, nil)
		assert.Equal(t, tt.artifact, artifact, tt.path)
		assert.Equal(t, tt.node, node, tt.path)
	}
}

func TestClassifyByContent(t *testing.T) {
	const name = "notes.txt"
	for _, tt := range []struct{ path, head, artifact string }{
		{name, "# Generated by iptables-save v1.8.9 (nf_tables) on Mon Mar  2\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", "node/iptables-save"},
		{"iptables-legacy-save", "# Generated by iptables-save v1.8.9 on Mon Mar  2\n*nat\nCOMMIT\n", "node/iptables-legacy-save"},
		{"iptables-save", "# Generated by ip6tables-save v1.8.9 on Mon Mar  2\n*nat\nCOMMIT\n", "node/ip6tables-save"},
		{"iptables.txt", "# Generated by iptables-save v1.8.9 on Mon Mar  2\n*nat\nCOMMIT\n", "node/iptables-save"},
		{name, "Chain INPUT (policy ACCEPT 0 packets, 0 bytes)\n pkts bytes target\n", "node/iptables-list"},
		{name, "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\nTCP  10.96.0.1:443 rr\n", "node/ipvsadm"},
		{"ipvsadm_-Ln", "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\nTCP  0A600001:01BB rr\n", "node/proc-ip_vs"},
		{name, "-A -t 10.96.0.1:443 -s rr\n-a -t 10.96.0.1:443 -r 10.0.0.1:6443 -m -w 1\n", "node/ipvsadm-save"},
		{name, "Node 0, zone      DMA      1      1      1      0      2      1      1      0      1      1      3\n", "node/buddyinfo"},
		{name, "Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 24\n", ""},
		{"system.journal", "LPKSHHRH\x00\x00\x00\x00\x1c\x00\x00\x00", "node/journal-file"},
		{"dump.bin", "LPKSHHRH\x00\x00\x00\x00\x1c\x00\x00\x00", "node/journal-file"},
		{"system.journal", "Mar 02 10:11:12 n kernel: eth0: up\nMar 02 10:11:13 n kernel: eth0: down\n", "node/journal-kernel"},
		{name, "[    0.000000] Linux version 6.1.0\n[   12.345678] eth0: up\n", "node/dmesg"},
		{name, "[Mon Mar  2 10:11:12 2026] eth0: up\n", "node/dmesg"},
		{name, "kern  :warn  : [   12.345678] eth0: up\n", "node/dmesg"},
		{name, "2026-03-02T10:11:12,345678+01:00 eth0: up\n", "node/dmesg"},
		{"dmesg.txt", "Mar 02 10:11:12 n kernel: eth0: up\nMar 02 10:11:13 n kernel: eth0: down\n", "node/journal-kernel"},
		{"dmesg.txt", "[   12.345678] node-a kernel: eth0: up\n", "node/journal-kernel"},
		{name, "Mar 02 10:11:12 n kubelet[12]: E0302 x\nMar 02 10:11:13 n systemd[1]: y\n", "node/journal"},
		{name, "2026-03-02T10:11:12+0100 n kubelet[12]: E0302 x\n", "node/journal-kubelet"},
		{"messages", "Mar  2 10:11:12 n kubelet[12]: E0302 x\n", "node/syslog"},
		{name, "-- Logs begin at Mon 2026-03-02 10:00:00 CET. --\nMar 02 10:11:12 n containerd[3]: x\nMar 02 10:11:12 n containerd[3]: x\n", "node/journal-runtime"},
		{name, `{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1","MESSAGE":"x","SYSLOG_IDENTIFIER":"kernel"}` + "\n", "node/journal-kernel"},
		{name, "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\nMESSAGE=x\n", "node/journal"},
		{name, "2026-03-02T10:11:12.123456789+01:00 stderr F hello\n", "node/container-log"},
		{"web.log", `{"log":"x\n","stream":"stdout","time":"2026-03-02T10:11:12Z"}` + "\n", "node/container-log"},
		{name, "E0302 10:11:12.123456    1234 pod_workers.go:951] \"Error syncing pod\"\n", "node/kubelet-log"},
		{name, "I0302 10:11:12.123456       1 proxier.go:330] \"x\"\n", "node/kube-proxy-log"},
		{name, "Name: KUBE-CLUSTER-IP\nType: hash:ip,port\nRevision: 7\n", "node/ipset"},
		{name, "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue\n    link/loopback 00:00\n", "node/ip-link"},
		{name, "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue\n    inet 127.0.0.1/8 scope host lo\n", "node/ip-addr"},
		{"ip_addr", "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue\n", "node/ip-addr"},
		{name, `[{"ifindex":1,"ifname":"lo","addr_info":[]}]`, "node/ip-addr"},
		{name, "default via 10.0.0.1 dev eth0 proto dhcp\n10.0.0.0/24 dev eth0 scope link\n", "node/ip-route"},
		{name, "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n", "node/ip-rule"},
		{name, "10.0.0.1 dev eth0 lladdr 52:54:00:00:00:01 REACHABLE\n", "node/ip-neigh"},
		{name, "52:54:00:00:00:01 dev vxlan.calico dst 10.0.0.2 self permanent\n", "node/bridge-fdb"},
		{name, "Features for eth0:\nrx-checksumming: on\n", "node/ethtool-k/eth0"},
		{name, "Features for eth0:\nrx-checksumming: on\n\nFeatures for eth1:\nrx-checksumming: on\n", "node/ethtool-k"},
		{"sys/fs/cgroup/kubepods/memory.stat", "anon 1\npgfault 12\npgmajfault 1\n", ""},
		{"vmstat.txt", "procs -----------memory---------- ---swap--\n r  b   swpd   free   buff  cache   si   so\n", ""},
		{"etc/sysctl.d/99-k8s.conf", "net.ipv4.ip_forward = 1\nkernel.pid_max = 1\nvm.swappiness = 1\n", ""},
		{"etc/ssl/certs/old.pem", "-----BEGIN CERTIFICATE-----\n", ""},
		{"etc/kubernetes/pki/ca.crt", "-----BEGIN CERTIFICATE-----\n", "node/certificates"},
		{name, "MemTotal:       16000000 kB\nMemFree: 1 kB\n", "node/meminfo"},
		{name, `{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}, {"table": {"family": "ip", "name": "t", "handle": 1}}]}`, "node/nft-ruleset-json"},
		{name, "{\"nftables\": [\n{\"metainfo\":{\"json_schema_version\":1}}\n]}\n", "node/nft-ruleset-json"},
		{name, "Filesystem      Inodes IUsed IFree IUse% Mounted on\n", "node/df-inodes"},
		{"df-i", "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1 1 1 1 1% /\n", "node/df"},
		{name, "net.ipv4.ip_forward = 1\nkernel.pid_max = 1\nvm.swappiness = 1\n", "node/sysctl"},
		{name, "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n", "cluster/pods"},
		{name, "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n- apiVersion: v1\n  kind: Service\n", "cluster/object"},
		{name, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n", "cluster/object"},
		{"pods.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n", "cluster/object"},
		{"pods.yaml", "apiVersion: v1\nitems: []\nkind: List\n", "cluster/pods"},
		{"pods.txt", "NAME   READY   STATUS\nweb-0  1/1     Running\n", ""},
		{"pods.txt", "NAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          3d\n", "cluster/kubectl-output"},
		{"pods/ci-runner.log", "NAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          3d\n", "cluster/pod-log"},
		{"ticket.txt", "$ kubectl get nodes\nNAME   STATUS   ROLES    AGE   VERSION\ncp-1   Ready    <none>   9d    v1.28.1\n", "cluster/kubectl-output"},
		{"events.yaml", "NAMESPACE   LAST SEEN   TYPE      REASON    OBJECT      MESSAGE\nshop        5m          Warning   BackOff   pod/web-0   Back-off\n", "cluster/kubectl-output"},
		{"join.log", "[preflight] Running pre-flight checks\n\t[ERROR Swap]: running with swap on is not supported\n", "node/kubeadm"},
		{"kubectl_get_deployments", "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    1/1     1            1           9d\n", ""},
		{name, "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", "node/kubelet-config"},
		{name, `{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Node","metadata":{"kind":"no"`, "cluster/nodes"},
		{name, `{"kind":"EventList","apiVersion":"v1","metadata":{},"items":[`, "cluster/events"},
		{name, `{"apiVersion":"v1","kind":"Service","metadata":{}}`, "cluster/object"},
		{name, "clientVersion:\n  major: \"1\"\nserverVersion:\n  major: \"1\"\n", "cluster/version"},
		{name, "Name:         web-0\nNamespace:    default\nNode:         node-a/10.0.0.1\nStatus:       Running\nContainers:\n", "cluster/describe-pod"},
		{"describe-pod-web", "Name: a\nNamespace: d\nNode: n\nStatus: R\n\n\nName: b\nNamespace: d\nNode: n\nStatus: R\n", "cluster/describe-pods"},
		{name, "Name:               node-a\nRoles:              worker\nLabels: x\nCreationTimestamp:  Mon\n", "cluster/describe-nodes"},
		{name, "Name: web\nNamespace: default\nSelector: app=web\nType: ClusterIP\n", "cluster/describe-services"},
		{"x.bin", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00", "capture/pcap"},
		{"trace.txt", "20:15:17.890996 IP 10.40.2.1.38074 > 10.40.2.23.8888: Flags [S], seq 1, win 14600, length 0\n", "capture/text"},
		{"any.out", "2026-03-01 23:59:58.000100 eth0  Out IP (tos 0x0, ttl 64, id 4001, offset 0, flags [DF], proto UDP (17), length 70)\n", "capture/text"},
		{"x", "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00", "capture/pcap"},
		{name, "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", ""},
		{"iptables-save--c.md", "# iptables-save -c\n\n```\n# Generated by iptables-save v1.8.8 on Mon\n*nat\nCOMMIT\n```\n", "node/iptables-save"},
		{"iptables-save", "bash: iptables-save: command not found\n", "node/iptables-save"},
	} {
		artifact, _ := bundle.Classify(tt.path, []byte(tt.head))
		assert.Equal(t, tt.artifact, artifact, "%s: %s", tt.path, tt.head)
	}
}

func TestEveryNamedArtifactIsInTheTable(t *testing.T) {
	for _, path := range []string{"dmesg", "ethtool_-k_eth0", "pods.json", "kubectl_describe_endpoints", "df_-i"} {
		artifact, _ := bundle.Classify(path, nil)
		_, ok := bundle.LookupArtifact(artifact)
		require.True(t, ok, artifact)
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("node-a/ip_-d_address", []byte("1: lo: <UP> mtu 1\n"))
	f.Add("pods.json", []byte(`{"items":[{"kind":"Pod"}]}`))
	f.Add("x/y/journalctl_-u_kubelet.1.gz", []byte("Mar 02 10:11:12 n kernel: x\n"))
	f.Add("describe-pod.txt", []byte("Name: a\nNamespace: b\nNode: c\nIP: d\n"))
	f.Fuzz(func(t *testing.T, path string, head []byte) {
		artifact, node := bundle.Classify(path, head)
		if artifact == "" {
			return
		}
		if _, ok := bundle.LookupArtifact(artifact); !ok {
			t.Fatalf("Classify(%q) invented the artifact %q", path, artifact)
		}
		if node != "" && len(artifact) > 8 && artifact[:8] == "cluster/" {
			t.Fatalf("a cluster artifact %q has the node %q", artifact, node)
		}
	})
}
