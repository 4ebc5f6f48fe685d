package analyze

import (
	"regexp"
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// ForeignProcess is a large process that belongs to no pod and is no part of what runs a node.
type ForeignProcess struct {
	PID    int64   `cel:"pid" json:"pid"`
	User   string  `cel:"user" json:"user"`
	Comm   string  `cel:"comm" json:"comm"`
	Cgroup string  `cel:"cgroup" json:"cgroup"`
	RSS    int64   `cel:"rss" json:"rss"`     // KiB
	Share  float64 `cel:"share" json:"share"` // percent of the node's memory; -1 when its size was not collected
	CPU    float64 `cel:"cpu" json:"cpu"`     // percent of one processor over the process's life; -1 when not listed
}

// FactKind implements fact.Value.
func (ForeignProcess) FactKind() fact.Kind { return "process.foreign" }

var foreignProcess = derivation{
	zero: ForeignProcess{},
	from: []fact.Kind{"process", "meminfo.value"},
	rows: deriveForeign,
	open: openForeign,
}

// nodeProgram are programs that belong on a node: the cluster's own, the system's, and what watches them.
var nodeProgram = regexp.MustCompile(`^(?:kubelet|kube-.*|hyperkube|containerd.*|dockerd|docker-.*|docker|crio|conmon|runc|etcd|k3s.*|rke2.*|microk8s.*|calico.*|bird6?|felix|cilium.*|flanneld?|aws-k8s-agent|` +
	`coredns|node-cache|init|systemd.*|\(sd-pam\)|journald|rsyslogd|syslog-ng|auditd|sshd|chronyd|ntpd|dbus-.*|polkitd|multipathd|irqbalance|node_exporter|prometheus-node-exporter|filebeat|fluent-?bit|fluentd|telegraf|` +
	`dnf|yum|apt-get|dpkg|snapd|packagekitd|top|ps|coldcase-collect)$`)

const (
	foreignShare = 10.0    // percent of the node's memory
	foreignRSS   = 1 << 20 // KiB
	foreignCPU   = 100.0   // percent of one processor
)

func deriveForeign(s *store) []*row {
	memory := map[string]*row{}
	for _, r := range s.facts["meminfo.value"] {
		if r.value.(parsers.MeminfoValue).Name == "MemTotal" && memory[r.place.Node] == nil {
			memory[r.place.Node] = r
		}
	}
	var out []*row
	for _, r := range s.facts["process"] {
		p := r.value.(parsers.Process)
		if p.Cgroup == "" || p.Kernel || strings.Contains(p.Cgroup, "kubepods") || nodeProgram.MatchString(strings.Trim(p.Comm, "[]")) {
			continue
		}
		v := ForeignProcess{PID: p.PID, User: p.User, Comm: p.Comm, Cgroup: p.Cgroup, RSS: p.RSS, Share: -1, CPU: p.CPU}
		d := *r
		if m := memory[r.place.Node]; m != nil && m.value.(parsers.MeminfoValue).KB > 0 {
			v.Share = float64(p.RSS*1000/m.value.(parsers.MeminfoValue).KB) / 10
			d.more = []fact.Source{m.source}
		}
		if v.Share >= foreignShare && v.RSS >= foreignRSS || v.CPU >= foreignCPU {
			d.value = v
			out = append(out, &d)
		}
	}
	return out
}

// openForeign: a list without control groups does not tell whose its processes are.
func openForeign(s *store, sub Subject, _ knower) []gap {
	for _, r := range s.facts["process"] {
		if (sub.Node == "" || r.place.Node == sub.Node) && r.value.(parsers.Process).Cgroup != "" {
			return nil
		}
	}
	return []gap{{artifact: "node/ps", node: sub.Node, reason: "the list has no control groups"}}
}

// OrphanShim is a containerd-shim whose container the runtime does not list.
type OrphanShim struct {
	PID       int64  `cel:"pid" json:"pid"`
	ID        string `cel:"id" json:"id"`
	Namespace string `cel:"namespace" json:"namespace"` // of containerd
	Seconds   int64  `cel:"seconds" json:"seconds"`     // since it began
	Shims     int64  `cel:"shims" json:"shims"`         // all that the node has
}

// FactKind implements fact.Value.
func (OrphanShim) FactKind() fact.Kind { return "process.orphan-shim" }

var orphanShim = derivation{
	zero:     OrphanShim{},
	from:     []fact.Kind{"process.shim", "cri.sandbox", "cri.container", "docker.container"},
	optional: map[fact.Kind]bool{"cri.sandbox": true, "cri.container": true, "docker.container": true},
	rows:     deriveOrphans,
	open:     openOrphans,
}

// shimLists are the lists that name the owner of a shim, by containerd's namespace. A shim of another namespace belongs
// to somebody who is not asked.
var shimLists = map[string][]fact.Kind{"k8s.io": {"cri.sandbox", "cri.container"}, "moby": {"docker.container"}}

// youngShim is how many seconds a shim may have run and be in no list: lists are taken one after the other.
const youngShim = 300

func deriveOrphans(s *store) []*row {
	listed := listedContainers(s)
	shims := map[string]int64{}
	for _, r := range s.facts["process.shim"] {
		shims[r.place.Node]++
	}
	var out []*row
	for _, r := range s.facts["process.shim"] {
		v, node := r.value.(parsers.ContainerShim), r.place.Node
		lists := shimLists[v.Namespace]
		if v.ID == "" || lists == nil || v.Seconds >= 0 && v.Seconds < youngShim {
			continue
		}
		owned := false
		for _, kind := range lists {
			whole, _ := s.read(parsers.Producers(kind)[0], kind, Subject{Scope: "node", Node: node})
			of := listed[kind][node]
			owned = owned || !whole || len(of) == 0 || of[v.Short] // an empty list is that of another runtime
		}
		if !owned {
			d := *r
			d.value = OrphanShim{PID: v.PID, ID: v.ID, Namespace: v.Namespace, Seconds: v.Seconds, Shims: shims[node]}
			out = append(out, &d)
		}
	}
	return out
}

// listedContainers are the short IDs in each list of containers and sandboxes, by kind and node.
func listedContainers(s *store) map[fact.Kind]map[string]map[string]bool {
	all := map[fact.Kind]map[string]map[string]bool{}
	for _, kinds := range shimLists {
		for _, kind := range kinds {
			all[kind] = map[string]map[string]bool{}
			for _, r := range s.facts[kind] {
				var id string
				switch v := r.value.(type) {
				case parsers.CRISandbox:
					id = v.ID
				case parsers.CRIContainer:
					id = v.ID
				case parsers.DockerContainer:
					id = v.ID
				}
				if all[kind][r.place.Node] == nil {
					all[kind][r.place.Node] = map[string]bool{}
				}
				all[kind][r.place.Node][id[:min(len(id), 12)]] = true
			}
		}
	}
	return all
}

// openOrphans names what would have to be collected: the lists of the namespaces that the node's shims are in, and the
// arguments of the shims.
func openOrphans(s *store, sub Subject, known knower) []gap {
	var gaps []gap
	seen := map[string]bool{}
	for _, r := range s.facts["process.shim"] {
		v := r.value.(parsers.ContainerShim)
		if sub.Node != "" && r.place.Node != sub.Node {
			continue
		}
		if v.ID == "" && !seen["args"] {
			seen["args"] = true
			gaps = append(gaps, gap{artifact: "node/ps", node: sub.Node, reason: "the list has no arguments"})
		}
		for _, kind := range shimLists[v.Namespace] {
			if ok, missing := known(kind, sub); !ok && !seen[string(kind)] {
				seen[string(kind)] = true
				gaps = append(gaps, missing...)
			}
		}
	}
	return gaps
}
