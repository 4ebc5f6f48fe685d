package bundle

import "strings"

// Artifact says what an artifact is and how a person would collect it by hand. The table is the one list of
// canonical names: layouts map foreign files to them, the collector fills them, parsers read them.
type Artifact struct {
	Name    string // canonical name, "node/buddyinfo"; an instance may add "/part", as in "node/ethtool-k/eth0"
	Title   string // for a report
	Command string // what to run by hand when it is missing
}

// Artifacts are all artifacts that coldcase knows, sorted by name.
var artifacts = []Artifact{
	{"capture/pcap", "packet capture", "tcpdump -i eth0 -s 256 -w eth0.pcap"},
	{"capture/text", "what tcpdump printed", "tcpdump -nn -i eth0 > tcpdump.txt"},
	{"cluster/apiservices", "APIServices", "kubectl get apiservices -o yaml"},
	{"cluster/clusterrolebindings", "ClusterRoleBindings", "kubectl get clusterrolebindings -o yaml"},
	{"cluster/configmaps", "ConfigMaps of kube-system", "kubectl -n kube-system get configmaps -o yaml"},
	{"cluster/daemonsets", "DaemonSets", "kubectl get daemonsets -A -o yaml"},
	{"cluster/deployments", "Deployments", "kubectl get deployments -A -o yaml"},
	{"cluster/describe-endpoints", "kubectl describe endpoints", "kubectl describe endpoints -A"},
	{"cluster/describe-ingresses", "kubectl describe ingress", "kubectl describe ingress -A"},
	{"cluster/describe-nodes", "kubectl describe nodes", "kubectl describe nodes"},
	{"cluster/describe-pod", "kubectl describe of single pods", "kubectl -n NAMESPACE describe pod POD"},
	{"cluster/describe-pods", "kubectl describe pods", "kubectl describe pods -A"},
	{"cluster/describe-services", "kubectl describe services", "kubectl describe services -A"},
	{"cluster/endpoints", "Endpoints", "kubectl get endpoints -A -o yaml"},
	{"cluster/endpointslices", "EndpointSlices", "kubectl get endpointslices -A -o yaml"},
	{"cluster/etcd-endpoints", "members of etcd", "etcdctl endpoint status --cluster -w table; etcdctl endpoint health --cluster -w table"},
	{"cluster/events", "Events", "kubectl get events -A -o yaml"},
	{"cluster/felixconfigurations", "Calico's Felix settings", "kubectl get felixconfigurations.crd.projectcalico.org -o yaml"},
	{"cluster/ingressclasses", "IngressClasses", "kubectl get ingressclasses -o yaml"},
	{"cluster/ingresses", "Ingresses", "kubectl get ingresses -A -o yaml"},
	{"cluster/ippools", "Calico's address pools", "kubectl get ippools.crd.projectcalico.org -o yaml"},
	{"cluster/kubectl-output", "what kubectl printed on a terminal", "kubectl get pods -A -o wide; kubectl get nodes -o wide; kubectl get events -A"},
	{"cluster/leases", "Leases", "kubectl get leases -A -o yaml"},
	{"cluster/namespaces", "Namespaces", "kubectl get namespaces -o yaml"},
	{"cluster/networkpolicies", "NetworkPolicies", "kubectl get networkpolicies -A -o yaml"},
	{"cluster/nodes", "Nodes", "kubectl get nodes -o yaml"},
	{"cluster/object", "single Kubernetes objects", "kubectl get KIND NAME -o yaml"},
	{"cluster/persistentvolumeclaims", "PersistentVolumeClaims", "kubectl get persistentvolumeclaims -A -o yaml"},
	{"cluster/persistentvolumes", "PersistentVolumes", "kubectl get persistentvolumes -o yaml"},
	{"cluster/pod-log", "container logs from the API server", "kubectl -n NAMESPACE logs POD --all-containers --timestamps"},
	{"cluster/poddisruptionbudgets", "PodDisruptionBudgets", "kubectl get poddisruptionbudgets -A -o yaml"},
	{"cluster/pods", "Pods", "kubectl get pods -A -o yaml"},
	{"cluster/services", "Services", "kubectl get services -A -o yaml"},
	{"cluster/validatingwebhookconfigurations", "validating webhooks", "kubectl get validatingwebhookconfigurations -o yaml"},
	{"cluster/version", "API server version", "kubectl version -o yaml"},
	{"node/atop", "atop's screens", "atop 10 6"},
	{"node/bridge-fdb", "bridge forwarding table", "bridge fdb show"},
	{"node/bridge-link", "bridge ports", "bridge -d link show"},
	{"node/buddyinfo", "free memory by block size", "cat /proc/buddyinfo"},
	{"node/cgroup-events", "memory and process events of the pods' cgroups", "grep -r . --include=memory.events --include=pids.events --include=memory.oom_control /sys/fs/cgroup"},
	{"node/certificates", "dates and names of certificates", "for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/*.crt; do echo \"==> $f <==\"; openssl x509 -noout -subject -issuer -dates -ext subjectAltName -in $f; done"},
	{"node/chrony-tracking", "clock offset", "chronyc -n tracking"},
	{"node/clock", "the kernel's view of its clock", "adjtimex --print"},
	{"node/cni-config", "CNI configuration", "head -n 1000 /etc/cni/net.d/*.conf*"},
	{"node/conntrack", "tracked connections", "conntrack -L | head -n 5000"},
	{"node/conntrack-stats", "connection tracking counters", "conntrack -S"},
	{"node/container-log", "container logs on the node", "tar cf logs.tar /var/log/pods"},
	{"node/cpu-samples", "use of each CPU in several samples", "for i in 1 2 3; do date -Is; grep -E '^(cpu|procs)' /proc/stat; sleep 1; done"},
	{"node/crictl-pods", "pods of the container runtime", "crictl pods"},
	{"node/crictl-ps", "containers of the container runtime", "crictl ps -a"},
	{"node/ctr-tasks", "containers that run, as docker's containerd knows them", "ctr -n moby tasks ls"},
	{"node/deleted-files", "deleted files that are still open", "lsof -nP +L1"},
	{"node/df", "file systems", "df -kP"},
	{"node/df-inodes", "file system inodes", "df -iP"},
	{"node/dmesg", "kernel log", "dmesg"},
	{"node/docker-ps", "containers of docker", "docker ps -a"},
	{"node/ethtool-S", "network device statistics", "for d in $(ls /sys/class/net); do ethtool -S $d; done"},
	{"node/ethtool-i", "network device drivers", "for d in $(ls /sys/class/net); do ethtool -i $d; done"},
	{"node/ethtool-k", "network device offloads", "for d in $(ls /sys/class/net); do ethtool -k $d; done"},
	{"node/iotop", "processes by disk use", "iotop -b -o -P -k -n 3 -d 5"},
	{"node/ip-addr", "addresses", "ip -d addr show"},
	{"node/ip-link", "links", "ip -d -s link show"},
	{"node/ip-neigh", "neighbours", "ip -s neigh show"},
	{"node/ip-route", "routes", "ip route show table all"},
	{"node/ip-rule", "policy routing rules", "ip rule show"},
	{"node/ip6tables-legacy-save", "ip6tables rules of the legacy backend", "ip6tables-legacy-save -c"},
	{"node/ip6tables-nft-save", "ip6tables rules of the nf_tables backend", "ip6tables-nft-save -c"},
	{"node/ip6tables-save", "ip6tables rules", "ip6tables-save -c"},
	{"node/ipset", "IP sets", "ipset save"},
	{"node/iptables-legacy-save", "iptables rules of the legacy backend", "iptables-legacy-save -c"},
	{"node/iptables-list", "iptables rules as a listing", "iptables -t nat -nvL"},
	{"node/iptables-nft-save", "iptables rules of the nf_tables backend", "iptables-nft-save -c"},
	{"node/iptables-save", "iptables rules of the default backend", "iptables-save -c"},
	{"node/ipvsadm", "IPVS table", "ipvsadm -Ln"},
	{"node/ipvsadm-save", "IPVS table as rules", "ipvsadm -Sn"},
	{"node/journal", "journal", "journalctl --no-pager -o short-iso"},
	{"node/journal-file", "journal files", "tar czf journal.tar.gz /var/log/journal /run/log/journal"},
	{"node/journal-kernel", "journal of the kernel", "journalctl --no-pager -k -o short-iso"},
	{"node/journal-kernel-previous", "kernel log of the previous boot", "journalctl --no-pager -k -b -1 -o short-iso"},
	{"node/journal-kubelet", "journal of the kubelet", "journalctl --no-pager -u kubelet -o short-iso"},
	{"node/journal-runtime", "journal of the container runtime", "journalctl --no-pager -u containerd -u docker -u crio -o short-iso"},
	{"node/kube-proxy-log", "kube-proxy log", "kubectl -n kube-system logs -l k8s-app=kube-proxy --prefix --timestamps"},
	{"node/kubeadm", "what kubeadm printed", "kubeadm join phase preflight"},
	{"node/kubelet-cmdline", "kubelet command line", "tr '\\0' ' ' < /proc/$(pidof kubelet)/cmdline"},
	{"node/kubelet-config", "kubelet configuration", "cat /var/lib/kubelet/config.yaml"},
	{"node/kubelet-log", "kubelet log file", "cat /var/log/kubelet.log"},
	{"node/lsattr", "files that cannot be changed", "lsattr -R /var/lib/docker/containers /var/lib/containerd /var/lib/kubelet"},
	{"node/lsmod", "kernel modules", "lsmod"},
	{"node/meminfo", "memory", "cat /proc/meminfo"},
	{"node/mounts", "mounts", "cat /proc/1/mounts"},
	{"node/netstat-listen", "listening sockets", "ss -lntup"},
	{"node/netstat-s", "protocol counters", "netstat -s"},
	{"node/nft-ruleset", "nf_tables rules", "nft list ruleset"},
	{"node/nft-ruleset-json", "nf_tables rules as JSON", "nft -j list ruleset"},
	{"node/nstat", "protocol counters by name", "nstat -az"},
	{"node/os-release", "operating system", "cat /etc/os-release"},
	{"node/packages", "package versions", "dpkg-query -W or rpm -qa, of kernel, kubelet, runtime and iptables"},
	{"node/pagetypeinfo", "free memory by block size and mobility", "cat /proc/pagetypeinfo"},
	{"node/podnet", "network namespaces of the pods", "ip netns exec NETNS ip addr; ip route; ss -lntu; iptables-save -c"},
	{"node/pressure-cpu", "CPU pressure", "cat /proc/pressure/cpu"},
	{"node/pressure-io", "I/O pressure", "cat /proc/pressure/io"},
	{"node/pressure-memory", "memory pressure", "cat /proc/pressure/memory"},
	{"node/proc-cgroups", "number of control groups", "cat /proc/cgroups"},
	{"node/proc-ip_vs", "IPVS table from the kernel", "cat /proc/net/ip_vs"},
	{"node/ps", "processes", "ps -ewwo pid,ppid,uid,nlwp,stat,pcpu,rss,vsz,etimes,wchan:32,cgroup:200,args"},
	{"node/pstore", "kernel messages kept over a crash", "cat /sys/fs/pstore/* /var/lib/systemd/pstore/*"},
	{"node/resolv-conf", "resolver of the node", "cat /etc/resolv.conf"},
	{"node/rt-tables", "names of routing tables", "cat /etc/iproute2/rt_tables"},
	{"node/runtime-config", "container runtime configuration", "cat /etc/containerd/config.toml /etc/docker/daemon.json /etc/crio/crio.conf"},
	{"node/slabinfo", "kernel memory by object", "cat /proc/slabinfo"},
	{"node/sockstat", "socket memory", "cat /proc/net/sockstat"},
	{"node/sockstat6", "sockets of IPv6", "cat /proc/net/sockstat6"},
	{"node/softnet-stat", "packets that each CPU received and dropped", "cat /proc/net/softnet_stat"},
	{"node/stacks", "where blocked processes wait in the kernel", "for p in $(ps -eo pid,stat | awk '$2 ~ /^D/ {print $1}'); do echo \"$p/$p D $(cat /proc/$p/comm) wchan=$(cat /proc/$p/wchan)\"; cat /proc/$p/stack; done"},
	{"node/stap-signals", "signals that SystemTap saw", "stap -e 'probe signal.send { if (sig_name == \"SIGKILL\") printf(\"%s(%d) send %s to %s(%d)\\nparent of sender: %s(%d)\\ntask_ancestry:%s\\n\", execname(), pid(), sig_name, pid_name, sig_pid, pexecname(), ppid(), task_ancestry(pid2task(pid()), 1)) }'"},
	{"node/static-pods", "manifests of static pods", "cat /etc/kubernetes/manifests/*.yaml"},
	{"node/sysctl", "kernel settings", "sysctl -a"},
	{"node/syslog", "system log files", "cat /var/log/messages /var/log/syslog /var/log/kern.log"},
	{"node/timedatectl", "whether the clock is kept right", "timedatectl"},
	{"node/top", "processes and load in several samples", "top -b -n 3 -d 2"},
	{"node/uname", "kernel version", "uname -a"},
	{"node/uptime", "uptime", "cat /proc/uptime"},
	{"node/versions", "program versions", "kubelet --version; containerd --version; runc --version; iptables --version"},
	{"node/vmstat", "memory management counters", "cat /proc/vmstat"},
	{"node/zoneinfo", "memory zones", "cat /proc/zoneinfo"},
}

// Artifacts returns the table of known artifacts, sorted by name.
func Artifacts() []Artifact { return append([]Artifact(nil), artifacts...) }

// LookupArtifact finds the table's row for a canonical name, which may carry an instance part.
func LookupArtifact(name string) (Artifact, bool) {
	base := ArtifactBase(name)
	for _, a := range artifacts {
		if a.Name == base {
			return a, true
		}
	}
	return Artifact{}, false
}

// ArtifactBase cuts the instance part off: "node/ethtool-k/eth0" is "node/ethtool-k".
func ArtifactBase(name string) string {
	if parts := strings.SplitN(name, "/", 3); len(parts) == 3 {
		return parts[0] + "/" + parts[1]
	}
	return name
}
