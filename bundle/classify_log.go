package bundle

import (
	"regexp"
	"strings"
)

// logGrammar is the beginning of a log's lines. tag, where it has one, is the program's name.
type logGrammar struct {
	artifact string // "" when the tags decide
	line     *regexp.Regexp
}

var logGrammars = []logGrammar{
	{"node/container-log", regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] `)},
	{"node/container-log", regexp.MustCompile(`^\{"log":".*"stream":"(?:stdout|stderr)"`)},
	{"", regexp.MustCompile(`^\[\s*\d+\.\d{6}\] \S+ ([\w.@/-]+)(?:\[\d+\])?: `)}, // journalctl -o short-monotonic
	{"node/dmesg", regexp.MustCompile(`^(?:<\d+>|\w+\s*:\w+\s*: )?\[\s*\d+\.\d{6}\]|^(?:\w+\s*:\w+\s*: )?\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\] `)},
	{"node/dmesg", regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d `)}, // dmesg --time-format=iso
	{"", regexp.MustCompile(`^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \S+ ([\w.@/-]+)(?:\[\d+\])?: `)},
	{"", regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d) \S+ ([\w.@/-]+)(?:\[\d+\])?: `)},
	{"", regexp.MustCompile(`^<\d+>1 \d{4}-\d\d-\d\dT\S+ \S+ (\S+) `)}, // RFC 5424
	{"", regexp.MustCompile(`^SYSLOG_IDENTIFIER=(\S+)`)},               // journalctl -o export
	{"", regexp.MustCompile(`"SYSLOG_IDENTIFIER"\s*:\s*"([^"]+)"`)},    // journalctl -o json
	{"node/journal", regexp.MustCompile(`^__CURSOR=|^\s*\{?\s*"__(?:CURSOR|REALTIME_TIMESTAMP)"|^\{.*"__REALTIME_TIMESTAMP"|^-- (?:Logs begin|Journal begins) at `)},
	{"klog", regexp.MustCompile(`^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+:\d+\] `)},
}

// logByContent recognises a log when at least a third of its first lines, stack traces apart, have one grammar.
func logByContent(lines []string) string {
	counts := make([]int, len(logGrammars))
	tags := map[string]int{}
	probe := lines[:min(len(lines), 100)]
	for _, l := range probe {
		for i, g := range logGrammars {
			m := g.line.FindStringSubmatch(l)
			if m == nil {
				continue
			}
			counts[i]++
			if g.artifact == "" {
				tags[m[1]]++
			}
			break
		}
	}
	best, most, total, byTag := "", 0, 0, 0
	for i, g := range logGrammars {
		total += counts[i]
		if g.artifact == "" {
			byTag += counts[i]
		} else if counts[i] > most {
			best, most = g.artifact, counts[i]
		}
	}
	switch {
	case total == 0 || total*3 < len(probe) && best != "node/journal":
		return ""
	case byTag >= most:
		return journalOf(tags, byTag)
	case best == "klog":
		return klogOf(probe)
	}
	return best
}

var programTag = regexp.MustCompile(`^(?:` + programNames + `|kube-proxy)$`)

// journalOf says whose journal it is when nearly all lines have one source.
func journalOf(tags map[string]int, total int) string {
	share := func(percent int, names ...string) bool {
		n := 0
		for _, name := range names {
			n += tags[name]
		}
		return n*100 >= total*percent
	}
	switch {
	case share(90, "kernel"):
		return "node/journal-kernel"
	case share(70, "kubelet") && share(90, "kubelet", "systemd"):
		return "node/journal-kubelet"
	case share(70, "containerd", "dockerd", "crio") && share(90, "containerd", "dockerd", "crio", "systemd"):
		return "node/journal-runtime"
	}
	for tag, n := range tags { // one unit's journal is not the node's
		if programTag.MatchString(tag) && (n+tags["systemd"])*100 >= total*90 {
			return "node/container-log"
		}
	}
	return "node/journal"
}

var (
	proxySource   = regexp.MustCompile(`\] .*(?:kube-proxy|[Pp]roxier)|(?:proxier|server_linux|server_others|iptables|ipvs|conntrack|bounded_frequency_runner)\.go:\d+\]`)
	kubeletSource = regexp.MustCompile(`(?:kubelet\w*|pod_workers|kuberuntime_\w+|eviction_\w+|reconciler\w*|pod_startup_latency_tracker|status_manager|prober\w*|cpu_manager|cni|generic|remote_runtime|log|container_manager_linux|setters|csi_plugin|operation_generator)\.go:\d+\]`)
)

// klogOf tells the kubelet's log from kube-proxy's by the source files that they name.
func klogOf(lines []string) string {
	proxy, kubelet := 0, 0
	for _, l := range lines {
		if proxySource.MatchString(l) {
			proxy++
		}
		if kubeletSource.MatchString(l) || strings.Contains(l, "kubelet") {
			kubelet++
		}
	}
	switch {
	case proxy > kubelet:
		return "node/kube-proxy-log"
	case kubelet > 0:
		return "node/kubelet-log"
	}
	return "cluster/pod-log"
}
