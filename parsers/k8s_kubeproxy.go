package parsers

import (
	"strings"

	"coldcase/fact"
)

// KubeProxySetting is one setting of kube-proxy, from its configuration or its command line.
type KubeProxySetting struct {
	Key       string `cel:"key" json:"key"`     // as KubeProxyConfiguration names it, dotted: mode, ipvs.syncPeriod, clusterCIDR
	Value     string `cel:"value" json:"value"` // lists joined by commas
	From      string `cel:"from" json:"from"`   // configmap, args
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

// kubeProxyFlags makes facts of a container's command line. A flag's value stands after "=" or in the next word.
func kubeProxyFlags(e *k8sEmitter, container *k8sVal, base KubeProxySetting) {
	type word struct {
		text string
		at   *k8sVal
	}
	var words []word
	for _, list := range [...]string{"command", "args"} {
		for _, item := range container.list(list) {
			for _, text := range strings.Fields(item.text) { // a shell's -c holds all in one item
				words = append(words, word{text, item})
			}
		}
	}
	for i, w := range words {
		flag, ok := strings.CutPrefix(w.text, "--")
		if !ok {
			continue
		}
		flag, value, inline := strings.Cut(flag, "=")
		if !inline {
			value = "true"
			if i+1 < len(words) && !strings.HasPrefix(words[i+1].text, "-") {
				value = words[i+1].text
			}
		}
		if base.Key = kubeProxyFlag(flag); base.Key != "" {
			base.Value = strings.Trim(value, `"'`)
			e.emit(w.at, base)
		}
	}
}
