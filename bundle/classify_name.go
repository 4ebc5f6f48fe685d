package bundle

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// podDir is the folder of one pod's logs: namespace_pod_uid (kubelet, /var/log/pods).
var podDir = regexp.MustCompile(`(?:^|/)([a-z0-9.-]+)_([a-z0-9.-]+)_([a-z0-9-]+)/([a-z0-9.-]+)/[0-9]+\.log[^/]*$`)

// programLog is a loose log of the control plane, the cluster's DNS, a CNI plugin or the ingress controller, named for its
// program: etcd.log, kube-apiserver-node-a.log, coredns.txt.
var programLog = regexp.MustCompile(`^(?:` + programNames + `)(?:\.(?:txt|out)|(?:[-_.][\w.-]+)?\.log(?:[.-][\d-]+)?(?:\.(?:gz|xz|zst|bz2))?)$`)

// programNames are also the names under which their services write to the journal.
const programNames = `etcd|kube-apiserver|kube-controller-manager|kube-scheduler|coredns|calico-node|kube-flannel(?:-ds)?|flanneld|` +
	`cilium(?:-agent|-operator|-cni)?|aws-node|ipamd|kube-multus(?:-ds)?|multus|weave-net|antrea-agent|kube-router|kindnet|cni|` +
	`(?:[a-z0-9-]+-)?ingress-nginx-controller|nginx-ingress-controller`

// containerLink is a name in /var/log/containers: pod_namespace_container-id.log.
var containerLink = regexp.MustCompile(`(?:^|/)([a-z0-9.-]+)_([a-z0-9.-]+)_([a-z0-9.-]+)-[0-9a-f]{64}\.log$`)

// artifactByName turns a path back into the command or file that it holds, "" when it cannot.
func artifactByName(name string) string {
	if m := podDir.FindStringSubmatch(name); m != nil {
		return containerLog(m[4])
	}
	if m := containerLink.FindStringSubmatch(name); m != nil {
		return containerLog(m[3])
	}
	if a := artifactByFolder(name); a != "" {
		return a
	}
	if a, yes := inTree(name); yes {
		return a
	}
	base := path.Base(name)
	if programLog.MatchString(base) {
		return "node/container-log"
	}
	switch strings.ToLower(path.Ext(base)) {
	case ".pcap", ".pcapng", ".cap":
		return "capture/pcap"
	case ".journal", ".journal~":
		return "node/journal-file"
	}
	stem := stripExtensions(base)
	words := commandWords(stem)
	if len(words) == 0 {
		return ""
	}
	if a := artifactByWords(words); a != "" {
		return a
	}
	if a := artifactInside(words); a != "" {
		return a
	}
	return podLogByFolder(name, base)
}

func containerLog(container string) string {
	if container == "kube-proxy" {
		return "node/kube-proxy-log"
	}
	return "node/container-log"
}

// artifactByFolder knows the few paths whose last element says nothing by itself.
func artifactByFolder(name string) string {
	dirs := strings.Split(path.Dir(name), "/")
	base := stripExtensions(path.Base(name))
	has := func(d string) bool { return slices.Contains(dirs, d) }
	switch {
	case has("proc") && dirs[len(dirs)-1] == "net" && base == "ip_vs":
		return "node/proc-ip_vs"
	case has("podlogs"), has("pod-logs"), has("pods") && has("logs") && strings.HasSuffix(name, ".log"),
		has("namespaces") && has("pods") && has("logs"):
		if has("cluster-resources") || has("namespaces") || has("podlogs") || has("pod-logs") {
			return "cluster/pod-log"
		}
	case has("cluster-resources"):
		if r := resources[dirs[len(dirs)-1]]; r != "" {
			return "cluster/" + r
		}
	case has("kubelet") && base == "config" && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".json")):
		return "node/kubelet-config"
	}
	return ""
}

// podLogByFolder takes <pod>.log under pods/ or logs/ for what `kubectl logs` wrote.
func podLogByFolder(name, base string) string {
	dir, parent := path.Dir(name), path.Base(path.Dir(name))
	if strings.Contains(dir, "sos_commands/") {
		return "" // sos_commands/logs holds commands about logs
	}
	if (parent == "pods" || parent == "logs" || parent == "pod-logs") && strings.Contains(base, ".log") {
		return "cluster/pod-log"
	}
	return ""
}

// extension is what a name may end with without meaning anything: formats, rotation numbers and dates.
var extension = regexp.MustCompile(`(?i)(?:\.(?:txt|log|out|ya?ml|json|md|gz|zst|zstd|xz|bz2|old|current|human|tailed|stdout|prev|previous|boot|\d{1,3}|\d{4}-?\d{2}-?\d{2}[\w-]*)|-\d{8}(?:-\d+)?|-\d{4})$`)

func stripExtensions(base string) string {
	for range 6 {
		cut := extension.ReplaceAllString(base, "")
		if cut == base || cut == "" {
			break
		}
		base = cut
	}
	return base
}

// pathWords may stand in front of a program's name.
var pathWords = []string{"usr", "local", "sbin", "bin", "host", "sudo", "run", "opt", "cni", "env", "nsenter", "root", "cmd", "cat", "proc", "net", "etc", "var", "log"}

// commandWords splits a file's name into the words of a command. The case of flags is kept, their dashes are not:
// ipvsadm_-Ln, ipvsadm-Ln and "ipvsadm -Ln" are one command.
func commandWords(stem string) []string {
	words := strings.FieldsFunc(stem, func(r rune) bool { return strings.ContainsRune("_- =+,.@:~()", r) })
	for len(words) > 1 && slices.Contains(pathWords, strings.ToLower(words[0])) {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil
	}
	words[0] = strings.ToLower(words[0])
	if len(words) > 3 && words[0] == "ip" && words[1] == "netns" && words[2] == "exec" {
		return nil // another network namespace than the node's own
	}
	return words
}

// artifactInside looks for a telling word behind a prefix: "worker-1-dmesg", "02-iptables-save".
func artifactInside(words []string) string {
	for i := 1; i < len(words) && i < 8; i++ {
		w := strings.ToLower(words[i])
		if !slices.Contains(telling, w) {
			continue
		}
		rest := append([]string{w}, words[i+1:]...)
		if a := artifactByWords(rest); a != "" {
			return a
		}
	}
	return ""
}

// telling words name a program or file wherever they stand.
var telling = []string{
	"dmesg", "iptables", "ip6tables", "ipvsadm", "buddyinfo", "journalctl", "meminfo", "ipset", "conntrack", "ethtool",
	"netstat", "nstat", "sysctl", "lsmod", "uname", "kubectl", "describe", "kubelet", "containerd",
}

// genericFolders cannot be a node's name.
var genericFolders = wordSet(`logs log node nodes network networking net proc cluster kubectl kubernetes k8s pods pod var lib etc
	sos_commands sos_strings sos_reports sos_logs sys host-collectors run-host cluster-resources cluster-scoped-resources namespaces
	kernel systemd systeminfo systemlogs journald journal kubelet containerd docker crio cri storage filesys memory process processor
	hardware date chrony conntrack ipvs firewall_tables firewall iptables ip ethtool general host date filesystem insights_commands
	commands cmd command data output out files file tmp home root usr bin sbin opt run mnt media srv users downloads desktop documents
	case cases bundle bundles capture captures pcap pcaps tcpdump hosts system sysctls kubeadm etcd rke2 k3s rancher cni
	containers container podlogs pod-logs host_service_logs masters workers core apps events resources objects manifests yaml yamls json
	describe info collected dump diagnostics support support-bundle artifacts artifact metadata kube-system default kube-proxy
	boot dev self pressure 1 var_log modinfo cluster-info config configs text txt new old stdin`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// ownTree are folders below which everything is one node's own file tree, or pods.
var ownTree = wordSet("var proc etc sys sos_commands cluster-resources pods containers podlogs pod-logs namespaces")

// machineID is a folder of journal files: /var/log/journal/MACHINE-ID (systemd-journald.service(8)).
var machineID = regexp.MustCompile(`^[0-9a-f]{32}(?:\.[\w-]+)?$`)

// sosReport is the top folder of a sos report: sosreport-HOST[-CASE]-DATE-RANDOM.
var sosReport = regexp.MustCompile(`^sosreport-(.+?)(?:-\d{6,})?-\d{4}-\d{2}-\d{2}-[a-z]{7}$`)

// nodeFromFolders finds the nearest folder that can be a node's name, "" when there is none. What lies inside a file
// system's own folders (var/log/pods/...) is named by what is above them.
func nodeFromFolders(dir string) string {
	parts := strings.Split(dir, "/")
	if i := slices.IndexFunc(parts, func(p string) bool { return ownTree[p] }); i >= 0 {
		parts = parts[:i]
	}
	for i := len(parts) - 1; i >= 0; i-- {
		p := parts[i]
		if p == "" || p == "." || p == ".." || genericFolders[strings.ToLower(p)] || i > 0 && parts[i-1] == "journal" && machineID.MatchString(p) {
			continue
		}
		return sosHost(p)
	}
	return ""
}

func sosHost(name string) string {
	if m := sosReport.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return name
}

// archiveEnding is what an archive's file name ends with.
var archiveEnding = regexp.MustCompile(`(?i)(\.(tar|tgz|tbz2?|txz|tzst|zip|gz|zst|zstd|xz|bz2))+$`)

// nodeFromFile turns an archive's file name into a node's name.
func nodeFromFile(base string) string {
	return sosHost(archiveEnding.ReplaceAllString(base, ""))
}
