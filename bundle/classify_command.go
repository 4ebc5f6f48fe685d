package bundle

import (
	"slices"
	"strings"
)

// artifactByWords knows a command by its program, its subcommand and its flags, whatever their order. Flags that only
// change how the same thing is shown (-d -s -W -n --no-pager) are not looked at.
func artifactByWords(words []string) string {
	bin, rest := words[0], words[1:]
	if a := runtimeByWords(bin, rest); a != "" {
		return a
	}
	if simple, ok := plainWords[bin]; ok {
		return simple
	}
	if pair, ok := pairWords[strings.Join(words, " ")]; ok {
		return pair
	}
	switch bin {
	case "iptables", "ip6tables", "iptablessave", "ip6tablessave", "iptablesnat", "iptablesmangle":
		return iptablesByWords(bin, rest)
	case "ip", "ipaddr", "iplink", "iproute":
		return ipByWords(rest)
	case "ipvsadm":
		if anyFlag(rest, "S", "Sn", "nS", "save") {
			return "node/ipvsadm-save"
		}
		return "node/ipvsadm"
	case "conntrack":
		if anyFlag(rest, "S", "stats") {
			return "node/conntrack-stats"
		}
		if anyFlag(rest, "L", "list") {
			return "node/conntrack"
		}
	case "journal", "journalctl":
		return journalByWords(rest)
	case "chrony", "chronyc":
		if slices.Contains(rest, "tracking") || len(rest) == 0 {
			return "node/chrony-tracking"
		}
	case "dpkg", "rpm":
		if len(rest) > 0 {
			return "node/packages"
		}
	case "ethtool":
		return ethtoolByWords(rest)
	case "df":
		if flagLetter(rest, 'i') || slices.Contains(rest, "inodes") {
			return "node/df-inodes"
		}
		return "node/df"
	case "netstat", "ss":
		return socketsByWords(bin, rest)
	case "bridge":
		if slices.Contains(rest, "fdb") {
			return "node/bridge-fdb"
		}
	case "kube":
		if len(rest) > 0 && rest[0] == "proxy" {
			return "node/kube-proxy-log"
		}
	case "os":
		if len(rest) > 0 && rest[0] == "release" {
			return "node/os-release"
		}
	case "kubelet":
		return kubeletByWords(rest)
	case "lsof", "deleted":
		if slices.Contains(rest, "L1") || slices.Contains(rest, "files") {
			return "node/deleted-files"
		}
	}
	return kubectlByWords(words)
}

// runtimeByWords knows the lists of the container runtimes: "docker ps -a", "ctr -n moby tasks ls", also as
// docker-container-ctr, "crictl ps -a" and "crictl pods".
func runtimeByWords(bin string, rest []string) string {
	has := func(words ...string) bool {
		return slices.ContainsFunc(rest, func(w string) bool { return slices.Contains(words, w) })
	}
	switch {
	case (bin == "ctr" || bin == "docker" && has("ctr")) && has("task", "tasks"):
		return "node/ctr-tasks"
	case bin == "docker" && has("ps"):
		return "node/docker-ps"
	case bin == "crictl" && has("ps"):
		return "node/crictl-ps"
	case bin == "crictl" && has("pods"):
		return "node/crictl-pods"
	}
	return ""
}

// pairWords are names of exactly two words.
var pairWords = map[string]string{
	"cgroup events": "node/cgroup-events", "cpu samples": "node/cpu-samples", "resolv conf": "node/resolv-conf",
	"pressure cpu": "node/pressure-cpu", "pressure io": "node/pressure-io", "pressure memory": "node/pressure-memory",
	"installed rpms": "node/packages", "installed debs": "node/packages", // sos
}

// plainWords say everything by themselves.
var plainWords = map[string]string{
	"dmesg": "node/dmesg", "buddyinfo": "node/buddyinfo", "meminfo": "node/meminfo", "lsmod": "node/lsmod", "uptime": "node/uptime",
	"uname": "node/uname", "osrelease": "node/os-release", "messages": "node/syslog", "syslog": "node/syslog", "kern": "node/syslog",
	"nstat": "node/nstat", "netstatistics": "node/netstat-s", "sysctl": "node/sysctl", "sysctla": "node/sysctl", "ipset": "node/ipset",
	"containerd": "node/journal-runtime", "docker": "node/journal-runtime", "dockerd": "node/journal-runtime", "crio": "node/journal-runtime",
	"vmstat": "node/vmstat", "softnet": "node/softnet-stat", "softnetstat": "node/softnet-stat", "slabinfo": "node/slabinfo",
	"sockstat": "node/sockstat", "sockstat6": "node/sockstat6", "cgroups": "node/proc-cgroups", "mounts": "node/mounts", "lsattr": "node/lsattr",
	"top": "node/top", "atop": "node/atop", "iotop": "node/iotop", "ps": "node/ps", "psaux": "node/ps", "psef": "node/ps",
	"timedatectl": "node/timedatectl", "clock": "node/clock", "packages": "node/packages",
	"certificates": "node/certificates", "certs": "node/certificates", "openssl": "node/certificates", "etcdctl": "cluster/etcd-endpoints",
	"stap": "node/stap-signals",
	"dfh":  "node/df", "dfi": "node/df-inodes", "inodes": "node/df-inodes", "ipaddrshow": "node/ip-addr", "iplinkshow": "node/ip-link",
	"ipneighbour": "node/ip-neigh", "iprule": "node/ip-rule", "versions": "node/versions", "ifconfig": "",
}

func iptablesByWords(bin string, rest []string) string {
	six := strings.HasPrefix(bin, "ip6")
	has := func(w string) bool { return slices.Contains(rest, w) }
	switch {
	case strings.HasSuffix(bin, "save") || has("save") || anyFlag(rest, "S", "vS", "nvS"):
		switch {
		case six:
			return "node/ip6tables-save"
		case has("legacy"):
			return "node/iptables-legacy-save"
		case has("nft"):
			return "node/iptables-nft-save"
		}
		return "node/iptables-save"
	case six:
		return ""
	}
	return "node/iptables-list"
}

// ipObjects are the objects of ip(8) with their usual abbreviations.
var ipObjects = map[string]string{
	"a": "node/ip-addr", "addr": "node/ip-addr", "address": "node/ip-addr", "l": "node/ip-link", "link": "node/ip-link",
	"r": "node/ip-route", "ro": "node/ip-route", "route": "node/ip-route", "ru": "node/ip-rule", "rule": "node/ip-rule",
	"rules": "node/ip-rule", "routes": "node/ip-route", "n": "node/ip-neigh", "neigh": "node/ip-neigh",
	"neighbor": "node/ip-neigh", "neighbour": "node/ip-neigh", "neighbors": "node/ip-neigh",
}

func ipByWords(rest []string) string {
	for i, w := range rest {
		switch w {
		case "vs":
			return "node/proc-ip_vs"
		case "netns", "xfrm", "maddr", "mroute", "tunnel":
			return ""
		}
		if a := ipObjects[w]; a != "" {
			return a
		}
		if i > 6 {
			break
		}
	}
	return ""
}

func journalByWords(rest []string) string {
	has := func(words ...string) bool {
		return slices.ContainsFunc(rest, func(w string) bool { return slices.Contains(words, strings.ToLower(w)) })
	}
	switch {
	case has("boots", "usage", "header", "verify", "vacuum"):
		return "" // about the journal
	case has("kubelet"):
		return "node/journal-kubelet"
	case has("containerd", "docker", "dockerd", "crio"):
		return "node/journal-runtime"
	case has("dmesg", "kernel", "k"):
		return "node/journal-kernel"
	case has("u", "unit"):
		return "" // another unit
	}
	return "node/journal"
}

// ethtoolByWords knows `ethtool -k [device]`, -S and -i. The device is the instance part of the name.
func ethtoolByWords(rest []string) string {
	if len(rest) > 1 && rest[0] == "show" {
		rest = rest[1:]
	}
	artifact := ""
	if len(rest) > 0 {
		artifact = map[string]string{"k": "k", "features": "k", "offload": "k", "S": "S", "i": "i"}[rest[0]]
	}
	if artifact == "" {
		return ""
	}
	device := strings.Join(slices.DeleteFunc(slices.Clone(rest[1:]), func(w string) bool { return w == "features" }), "-")
	if device == "" {
		return "node/ethtool-" + artifact
	}
	return "node/ethtool-" + artifact + "/" + device
}

func socketsByWords(bin string, rest []string) string {
	switch {
	case slices.Contains(rest, "route") || flagLetter(rest, 'r') && bin == "netstat":
		return ""
	case bin == "netstat" && (anyFlag(rest, "s") || slices.Contains(rest, "statistics")):
		return "node/netstat-s"
	case slices.Contains(rest, "listen"), slices.Contains(rest, "ports"), flagLetter(rest, 'l'), flagLetter(rest, 'a'):
		return "node/netstat-listen"
	}
	return ""
}

func kubeletByWords(rest []string) string {
	switch {
	case len(rest) > 0 && rest[0] == "config":
		return "node/kubelet-config"
	case len(rest) > 0 && rest[0] == "cmdline":
		return "node/kubelet-cmdline"
	case len(rest) > 0 && rest[0] == "version":
		return "node/versions"
	}
	return "node/kubelet-log"
}

// anyFlag reports whether one of the words is one of these flags, spelt exactly.
func anyFlag(words []string, flags ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(flags, w) })
}

// flagLetter reports whether a bundle of single-letter flags has the letter: "lntup" has 'l'.
func flagLetter(words []string, letter byte) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		return len(w) <= 10 && strings.IndexByte(w, letter) >= 0 && strings.Trim(w, "abeihklmnoprstuvwxzTWPS46") == ""
	})
}

// resources are the kinds that have an artifact, by every name that kubectl takes for them.
var resources = map[string]string{
	"po": "pods", "pod": "pods", "pods": "pods", "no": "nodes", "node": "nodes", "nodes": "nodes", "svc": "services",
	"service": "services", "services": "services", "ep": "endpoints", "endpoint": "endpoints", "endpoints": "endpoints",
	"endpointslice": "endpointslices", "endpointslices": "endpointslices", "ev": "events", "event": "events", "events": "events",
	"ing": "ingresses", "ingress": "ingresses", "ingresses": "ingresses", "ds": "daemonsets", "daemonset": "daemonsets",
	"daemonsets": "daemonsets", "cm": "configmaps", "configmap": "configmaps", "configmaps": "configmaps", "lease": "leases",
	"leases": "leases", "validatingwebhookconfiguration": "validatingwebhookconfigurations",
	"validatingwebhookconfigurations": "validatingwebhookconfigurations",
	"ns":                              "namespaces", "namespace": "namespaces", "namespaces": "namespaces", "apiservice": "apiservices", "apiservices": "apiservices",
	"pvc": "persistentvolumeclaims", "persistentvolumeclaim": "persistentvolumeclaims", "persistentvolumeclaims": "persistentvolumeclaims", "pvcs": "persistentvolumeclaims",
	"pv": "persistentvolumes", "persistentvolume": "persistentvolumes", "persistentvolumes": "persistentvolumes", "pvs": "persistentvolumes",
	"deploy": "deployments", "deployment": "deployments", "deployments": "deployments", "pdb": "poddisruptionbudgets",
	"poddisruptionbudget": "poddisruptionbudgets", "poddisruptionbudgets": "poddisruptionbudgets", "pdbs": "poddisruptionbudgets",
	"ippool": "ippools", "ippools": "ippools", "felixconfiguration": "felixconfigurations", "felixconfigurations": "felixconfigurations",
	"networkpolicy": "networkpolicies", "networkpolicies": "networkpolicies", "netpol": "networkpolicies",
	"ingressclass": "ingressclasses", "ingressclasses": "ingressclasses",
	"clusterrolebinding": "clusterrolebindings", "clusterrolebindings": "clusterrolebindings",
}

// describable are the resources whose `kubectl describe` is an artifact.
var describable = map[string]string{
	"pods": "describe-pods", "nodes": "describe-nodes", "services": "describe-services", "endpoints": "describe-endpoints",
	"ingresses": "describe-ingresses",
}

// kubectlByWords knows `kubectl VERB RESOURCE`, also without kubectl, and a resource alone: pods.json.
func kubectlByWords(words []string) string {
	verb := ""
	for i, w := range words {
		w = strings.ToLower(w)
		switch {
		case w == "get" || w == "describe":
			verb = w
		case w == "logs" && i > 0:
			if slices.Contains(words, "kube") && slices.Contains(words, "proxy") {
				return "node/kube-proxy-log"
			}
			return "cluster/pod-log"
		case w == "version" && (words[0] == "kubectl" || words[0] == "cluster" || words[0] == "k8s"):
			return "cluster/version"
		case verb == "describe" && resources[w] != "":
			return kubectlDescribe(resources[w], words[i+1:])
		case verb == "get" && resources[w] != "", verb == "" && i == 0 && resources[w] != "",
			words[0] == "k8s" && i == 1 && resources[w] != "":
			return "cluster/" + resources[w]
		}
	}
	return ""
}

func kubectlDescribe(resource string, rest []string) string {
	a := describable[resource]
	if a == "describe-pods" && len(rest) > 0 {
		a = "describe-pod"
	}
	if a == "" {
		return ""
	}
	return "cluster/" + a
}
