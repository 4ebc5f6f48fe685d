package analyze

import (
	"fmt"
	"regexp"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// traitsOf says which facts make a node differ from its peers, and what to call them. What differs by nature, such as
// addresses, names and the devices of pods, is left out.
var traitsOf = map[fact.Kind]func(fact.Value) []trait{
	"uname":           func(v fact.Value) []trait { return one("kernel", v.(parsers.Uname).Kernel) },
	"os.release":      func(v fact.Value) []trait { return one("operating system", v.(parsers.OSRelease).PrettyName) },
	"k8s.node":        nodeTraits,
	"version":         versionTraits,
	"sysctl.value":    sysctlTraits,
	"ethtool.feature": offloadTraits,
	"ip.link":         linkTraits,
	"kubelet.setting": kubeletTraits,
	"iptables.table":  iptablesTraits,
	"resolv.entry":    resolverTraits,
}

func one(property, value string) []trait {
	if value == "" {
		return nil
	}
	return []trait{{property: property, value: value}}
}

func nodeTraits(v fact.Value) []trait {
	n := v.(parsers.K8sNode)
	var out []trait
	for _, t := range [][2]string{{"kernel", n.Kernel}, {"operating system", n.OSImage}, {"kubelet version", n.KubeletVersion},
		{"kube-proxy version", n.KubeProxyVersion}, {"container runtime", n.Runtime}} {
		out = append(out, one(t[0], t[1])...)
	}
	return out
}

func versionTraits(v fact.Value) []trait {
	p := v.(parsers.ProgramVersion)
	switch p.Program {
	case "kubelet", "kubectl", "docker-cli": // the first stands in the Node object, the others run nothing
		return nil
	}
	return append(one(p.Program+" version", p.Version), one(p.Program+" backend", p.Backend)...)
}

// steering are the kernel settings that decide how a node forwards, remembers and queues packets, and what its
// processes may use up, but for those that the kernel derives from the exact size of memory.
var steering = regexp.MustCompile(`^(?:net\.ipv[46]\.ip_forward|net\.ipv[46]\.conf\.(?:all|default)\.(?:forwarding|rp_filter|arp_ignore|arp_announce|accept_local|route_localnet|accept_ra|disable_ipv6)|` +
	`net\.bridge\.bridge-nf-call-\w+|net\.netfilter\.nf_conntrack_(?:max|buckets|tcp_(?:be_liberal|loose|timeout_(?:established|close_wait|time_wait))|udp_timeout(?:_stream)?)|` +
	`net\.ipv[46]\.neigh\.default\.gc_thresh\d|net\.core\.(?:somaxconn|netdev_max_backlog|netdev_budget(?:_usecs)?|rmem_max|wmem_max|default_qdisc|bpf_jit_enable)|` +
	`net\.ipv4\.(?:ip_local_port_range|ip_local_reserved_ports|tcp_max_syn_backlog|tcp_syncookies|tcp_tw_reuse|tcp_tw_recycle|tcp_timestamps|tcp_mtu_probing|tcp_congestion_control)|` +
	`net\.ipv4\.vs\.(?:conn_reuse_mode|conntrack|expire_nodest_conn|expire_quiescent_template)|` +
	`vm\.(?:min_free_kbytes|overcommit_memory|panic_on_oom|swappiness|max_map_count|vfs_cache_pressure|watermark_scale_factor)|` +
	`fs\.(?:nr_open|may_detach_mounts|inotify\.max_\w+|aio-max-nr)|` +
	`kernel\.(?:pid_max|panic|panic_on_oops|softlockup_panic|hung_task_timeout_secs|numa_balancing)|user\.max_\w+_namespaces)$`)

func sysctlTraits(v fact.Value) []trait {
	s := v.(parsers.SysctlValue)
	if !steering.MatchString(s.Key) {
		return nil
	}
	if strings.HasPrefix(s.Key, "user.max_") && s.Value != "0" { // the number follows from the memory; 0 forbids
		return one("sysctl "+s.Key, "not 0")
	}
	return one("sysctl "+s.Key, s.Value)
}

// podDevice matches the host's end of a pod's veth pair and other devices with made-up names.
var podDevice = regexp.MustCompile(`^(?:veth|cali[0-9a-f]|lxc|eni[0-9a-f]|azv|gke[0-9a-f]|nic-|tap|dummy|ifb|br-[0-9a-f]{12}$|if\d)`)

func offloadTraits(v fact.Value) []trait {
	f := v.(parsers.EthtoolFeature)
	if f.Device == "" || podDevice.MatchString(f.Device) {
		return nil
	}
	return one(f.Name+" of "+f.Device, map[bool]string{true: "on", false: "off"}[f.On])
}

func linkTraits(v fact.Value) []trait {
	l := v.(parsers.IPLink)
	if l.MTU == 0 || strings.HasPrefix(l.Parent, "if") || podDevice.MatchString(l.Name) {
		return nil
	}
	return one("MTU of "+l.Name, fmt.Sprint(l.MTU))
}

// ownSettings are the kubelet's settings that are a node's own.
var ownSettings = regexp.MustCompile(`(?i)^(?:node-?ip|hostname-?override|provider-?id|node-?labels|address|registerWithTaints|tls(?:Cert|PrivateKey)File|bootstrap-kubeconfig|kubeconfig|config|pod-?cidr|v|kind|apiVersion)\b`)

func kubeletTraits(v fact.Value) []trait {
	s := v.(parsers.KubeletSetting)
	if ownSettings.MatchString(s.Key) {
		return nil
	}
	return one("kubelet "+s.Key, s.Value)
}

func iptablesTraits(v fact.Value) []trait {
	t := v.(parsers.IptablesTable)
	if t.Table != "nat" || t.Family != "ipv4" || t.Rules == 0 {
		return nil
	}
	return one("iptables backend with nat rules", t.Backend)
}

func resolverTraits(v fact.Value) []trait {
	e := v.(parsers.ResolvEntry)
	return one("resolver "+e.Keyword, strings.Join(e.Values, " "))
}
