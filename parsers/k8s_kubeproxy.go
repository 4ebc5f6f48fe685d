package parsers

import (
	"path"
	"strings"

	"coldcase/fact"
)

// KubeProxySetting is one setting of kube-proxy, from its configuration or its command line.
type KubeProxySetting struct {
	Key       string `cel:"key" json:"key"`     // as KubeProxyConfiguration names it, dotted: mode, ipvs.syncPeriod, clusterCIDR
	Value     string `cel:"value" json:"value"` // lists joined by commas
	From      string `cel:"from" json:"from"`   // configmap, args (of a pod), process
	Namespace string `cel:"namespace" json:"namespace"`
	Pod       string `cel:"pod" json:"pod"`   // of args of a pod
	Node      string `cel:"node" json:"node"` // of args of a pod
}

// FactKind implements fact.Value.
func (KubeProxySetting) FactKind() fact.Kind { return "kube-proxy.setting" }

// FactPlace implements fact.Placed.
func (s KubeProxySetting) FactPlace() fact.Place {
	return fact.Place{Namespace: s.Namespace, Pod: s.Pod, Node: s.Node, Unscheduled: s.Pod != "" && s.Node == ""}
}

// kubeProxyConfig makes facts of a KubeProxyConfiguration; other keys of the ConfigMap are kubeconfigs.
func kubeProxyConfig(e *k8sEmitter, key *k8sVal, base KubeProxySetting) {
	config := k8sNested(key)
	if config.str("kind") != "KubeProxyConfiguration" {
		return
	}
	kubeProxyWalk(e, key, config, "", base)
}

func kubeProxyWalk(e *k8sEmitter, key, v *k8sVal, prefix string, base KubeProxySetting) {
	for _, entry := range v.entries() {
		base.Key = prefix + entry.key
		switch {
		case entry.typ == k8sMap:
			kubeProxyWalk(e, key, entry, base.Key+".", base)
			continue
		case base.Key == "apiVersion" || base.Key == "kind" || entry.typ == k8sNull:
			continue
		case entry.typ == k8sList:
			base.Value = strings.Join(entry.strs(), ",")
		default:
			base.Value = entry.text
		}
		first, last := key.line(entry.first - 1)
		if key.body > 0 {
			_, last = key.line(entry.last - 1)
		}
		e.emitLines(key, first, last, e.in.At, base)
	}
}

// kubeProxyFlag is the configuration's name of a command line flag, or "". Flags that it does not know have no place
// in the configuration (--config, --v) or were never renamed (--bind-address is bindAddress).
func kubeProxyFlag(flag string) string {
	switch flag {
	case "proxy-mode":
		return "mode"
	case "cluster-cidr":
		return "clusterCIDR"
	case "masquerade-all":
		return "iptables.masqueradeAll"
	case "conntrack-tcp-timeout-established":
		return "conntrack.tcpEstablishedTimeout"
	case "conntrack-tcp-timeout-close-wait":
		return "conntrack.tcpCloseWaitTimeout"
	case "ipvs-strict-arp":
		return "ipvs.strictARP"
	case "ipvs-exclude-cidrs":
		return "ipvs.excludeCIDRs"
	case "ipvs-tcpfin-timeout":
		return "ipvs.tcpFinTimeout"
	case "nodeport-addresses":
		return "nodePortAddresses"
	case "config", "v", "vmodule", "kubeconfig", "master", "version", "help", "logtostderr", "alsologtostderr", "log-dir", "log-file", "stderrthreshold":
		return ""
	}
	for _, group := range [...]string{"iptables", "ipvs", "conntrack", "nftables"} {
		if rest, ok := strings.CutPrefix(flag, group+"-"); ok {
			return group + "." + kubeProxyCamel(rest)
		}
	}
	return kubeProxyCamel(flag)
}

// kubeProxyCamel turns "hostname-override" into "hostnameOverride".
func kubeProxyCamel(flag string) string {
	words := strings.Split(flag, "-")
	for i, w := range words {
		if i > 0 && w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// kubeProxyFlags makes facts of a container's command line.
func kubeProxyFlags(e *k8sEmitter, container *k8sVal, base KubeProxySetting) {
	var words []string
	var at []*k8sVal
	for _, list := range [...]string{"command", "args"} {
		for _, item := range container.list(list) {
			for _, text := range strings.Fields(item.text) { // a shell's -c holds all in one item
				words, at = append(words, text), append(at, item)
			}
		}
	}
	kubeProxyWords(words, func(i int, key, value string) {
		base.Key, base.Value = key, value
		e.emit(at[i], base)
	})
}

// kubeProxyProcess makes facts of kube-proxy's row in a list of processes.
func kubeProxyProcess(in *Input, line int, p Process) {
	words := strings.Fields(p.Args)
	if len(words) == 0 || path.Base(words[0]) != "kube-proxy" {
		return
	}
	kubeProxyWords(words[1:], func(_ int, key, value string) {
		in.Emit(line, line, KubeProxySetting{Key: key, Value: value, From: "process"})
	})
}

// kubeProxyWords finds the settings in a command line. A flag's value stands after "=" or in the next word.
func kubeProxyWords(words []string, emit func(i int, key, value string)) {
	for i, w := range words {
		flag, ok := strings.CutPrefix(w, "--")
		if !ok {
			continue
		}
		flag, value, inline := strings.Cut(flag, "=")
		if !inline {
			value = "true"
			if i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
				value = words[i+1]
			}
		}
		if key := kubeProxyFlag(flag); key != "" {
			emit(i, key, strings.Trim(value, `"'`))
		}
	}
}
