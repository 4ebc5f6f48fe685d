package bundle

import (
	"path"
	"slices"
	"strings"
)

// Classify recognises an artifact of a foreign bundle by its path and by the first bytes of its content (64 KiB are
// plenty). artifact is "" for what is not recognised; node is "" when the path names none, and for cluster artifacts.
//
// Two votes: the name is turned back into the command that wrote the file, and the content is matched against the
// grammars. Exact paths are no use: every collector, and every version of it, has others.
func Classify(name string, head []byte) (artifact, node string) {
	artifact = vote(artifactByName(strings.Replace(name, secondMark, "", 1)), artifactByContent(head), head)
	if unlike(artifact, name, head) {
		return "", ""
	}
	if twice[ArtifactBase(artifact)] && strings.Contains(path.Base(name), secondMark) {
		artifact += "/second"
	}
	if strings.HasPrefix(artifact, "cluster/") {
		return artifact, ""
	}
	return artifact, nodeFromFolders(path.Dir(name))
}

// secondMark is in the file name of a counter's second sample: nstat.second.txt beside nstat.txt.
const secondMark = ".second"

// twice are the counters of which the collector takes two samples.
var twice = wordSet(`node/buddyinfo node/cgroup-events node/conntrack-stats node/ethtool-S node/netstat-s node/nstat node/pressure-cpu
	node/pressure-io node/pressure-memory node/softnet-stat node/vmstat`)

// logArtifacts have grammars in common: a syslog line says little about which log it is from, so the name decides.
var logArtifacts = []string{
	"node/journal", "node/journal-kernel", "node/journal-kubelet", "node/journal-runtime", "node/syslog", "node/kubelet-log",
	"node/kube-proxy-log", "node/container-log", "cluster/pod-log", "node/dmesg",
}

// refinements are names that say more than a content can: the content's word for each of them.
var refinements = map[string]string{
	"node/iptables-legacy-save": "node/iptables-save",
	"node/iptables-nft-save":    "node/iptables-save",
	"node/ip-addr":              "node/ip-link", // a listing in which no device has an address
	"node/versions":             "node/uname",
	"node/ipvsadm":              "node/ipvsadm",
}

// vote joins what name and content say. Where they disagree the content wins: files are misnamed, and their bytes
// are what a parser will see.
func vote(byName, byContent string, head []byte) string {
	switch {
	case byContent == "":
		if needsObject(byName) && len(head) > 0 {
			return ""
		}
		return byName
	case byName == "" || ArtifactBase(byName) == ArtifactBase(byContent):
		return byContent
	case refinements[byName] == byContent:
		return byName
	case slices.Contains(logArtifacts, byName) && slices.Contains(logArtifacts, byContent):
		return logVote(byName, byContent)
	case slices.Contains(logArtifacts, byName) && (byContent == "cluster/kubectl-output" || byContent == "node/kubeadm"):
		return byName // a job that prints what it did, maybe to another cluster
	case byContent == "cluster/object" && emptyList(head):
		return byName
	}
	return byContent
}

// logVote keeps the name unless the content's grammar is one that the named log cannot have.
func logVote(byName, byContent string) string {
	switch {
	case byName == "node/dmesg" || byContent == "node/dmesg":
		// `journalctl -k > dmesg.txt`, and `dmesg > kern.log`.
		if byContent == "node/dmesg" && byName == "node/journal-kernel" {
			return byName
		}
		return byContent
	case byContent == "node/container-log" && byName == "cluster/pod-log":
		return byContent
	}
	return byName
}

// needsObject reports whether a file of that name is read as YAML or JSON. `kubectl get pods` as a table is not.
func needsObject(artifact string) bool {
	return strings.HasPrefix(artifact, "cluster/") && !strings.HasPrefix(artifact, "cluster/describe") &&
		artifact != "cluster/pod-log" && artifact != "cluster/version"
}
