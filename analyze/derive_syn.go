package analyze

import (
	"fmt"
	"net/netip"
	"slices"

	"coldcase/fact"
	"coldcase/parsers"
)

// SynPath is a connection attempt of a capture that got no answer, with who its two ends are.
type SynPath struct {
	Src     string `cel:"src" json:"src"`
	Dst     string `cel:"dst" json:"dst"`
	DstPort int64  `cel:"dstPort" json:"dstPort"`
	// SrcKind and DstKind are pod, node, service (a cluster IP), lb (the address of a load balancer), private (a private
	// address that is none of these) or public; empty when pods, nodes and Services were not all collected.
	SrcKind     string   `cel:"srcKind" json:"srcKind"`
	DstKind     string   `cel:"dstKind" json:"dstKind"`
	SrcName     string   `cel:"srcName" json:"srcName"` // "namespace/name", or a node's name
	DstName     string   `cel:"dstName" json:"dstName"`
	SrcNode     string   `cel:"srcNode" json:"srcNode"` // of a pod or node
	DstNode     string   `cel:"dstNode" json:"dstNode"`
	NodePortOf  string   `cel:"nodePortOf" json:"nodePortOf"` // "namespace/name" of the Service whose NodePort it is
	Attempts    int64    `cel:"attempts" json:"attempts"`
	Seconds     float64  `cel:"seconds" json:"seconds"`
	SawReverse  bool     `cel:"sawReverse" json:"sawReverse"`   // the capture has packets of the other direction between the two
	SrcPolicies []string `cel:"srcPolicies" json:"srcPolicies"` // NetworkPolicies that restrict what SrcName may send
	DstPolicies []string `cel:"dstPolicies" json:"dstPolicies"` // NetworkPolicies that restrict what DstName may receive
}

// FactKind implements fact.Value.
func (SynPath) FactKind() fact.Kind { return "pcap.syn-path" }

// FactSummary is the fact in one line, for a report: a packet has no text to quote.
func (p SynPath) FactSummary() string {
	return fmt.Sprintf("%s > %s:%d SYN, sent %d times in %.1f s, no answer", p.Src, p.Dst, p.DstPort, p.Attempts, p.Seconds)
}

// synEnds are what names the ends of a connection.
var synEnds = []fact.Kind{"k8s.pod", "k8s.node", "k8s.service", "k8s.service-port", "k8s.network-policy"}

var synPath = derivation{
	zero:     SynPath{},
	from:     append([]fact.Kind{"pcap.syn-unanswered"}, synEnds...),
	optional: map[fact.Kind]bool{"k8s.pod": true, "k8s.node": true, "k8s.service": true, "k8s.service-port": true, "k8s.network-policy": true},
	rows:     deriveSynPaths,
	open: func(s *store, sub Subject, known knower) []gap { // without unanswered SYNs nobody need know who is who
		if !slices.ContainsFunc(s.facts["pcap.syn-path"], func(r *row) bool { return sub.Scope != "capture" || r.place.Capture == sub.Name }) {
			return nil
		}
		var missing []gap
		for _, kind := range synEnds {
			if ok, gaps := known(kind, Subject{Scope: "cluster", Name: "cluster"}); !ok {
				missing = append(missing, gaps...)
			}
		}
		return missing
	},
}

// netEnd is one end of a connection.
type netEnd struct {
	kind, name, node string
	labels           map[string]string
	source           fact.Source
}

func deriveSynPaths(s *store) []*row {
	if len(s.facts["pcap.syn-unanswered"]) == 0 {
		return nil
	}
	ends, nodePorts := netEnds(s), map[int64]string{}
	all := true // who has which address is known
	for artifact, kind := range map[string]fact.Kind{"cluster/pods": "k8s.pod", "cluster/nodes": "k8s.node", "cluster/services": "k8s.service"} {
		whole, _ := s.read(artifact, kind, Subject{Scope: "cluster", Name: "cluster"})
		all = all && whole
	}
	for _, r := range s.facts["k8s.service-port"] {
		if v := r.value.(parsers.K8sServicePort); v.NodePort > 0 && v.Protocol != "UDP" {
			nodePorts[v.NodePort] = v.Namespace + "/" + v.Service
		}
	}
	var out []*row
	for _, r := range s.facts["pcap.syn-unanswered"] {
		v := r.value.(parsers.PcapSynUnanswered)
		src, dst := endOf(ends, v.Src, all), endOf(ends, v.Dst, all)
		p := SynPath{Src: v.Src, Dst: v.Dst, DstPort: v.DstPort, SrcKind: src.kind, DstKind: dst.kind, SrcName: src.name, DstName: dst.name,
			SrcNode: src.node, DstNode: dst.node, Attempts: v.Attempts, Seconds: v.Seconds, SawReverse: v.SawReverse}
		if dst.kind != "pod" && dst.kind != "service" && dst.kind != "lb" {
			p.NodePortOf = nodePorts[v.DstPort]
		}
		d := *r
		var in, eg []fact.Source
		p.SrcPolicies, eg = policiesOf(s, src, false)
		p.DstPolicies, in = policiesOf(s, dst, true)
		d.more = append(append(append([]fact.Source{}, eg...), in...), endSources(src, dst)...)
		d.value = p
		out = append(out, &d)
	}
	return out
}

// netEnds are the owners of addresses. A pod on the host network has its node's: the node counts.
func netEnds(s *store) map[string]netEnd {
	out := map[string]netEnd{}
	for _, r := range s.facts["k8s.service"] {
		v := r.value.(parsers.K8sService)
		out[v.ClusterIP] = netEnd{kind: "service", name: v.Namespace + "/" + v.Name, source: r.source}
		for _, ip := range append(slices.Clone(v.LoadBalancerIPs), v.ExternalIPs...) {
			out[ip] = netEnd{kind: "lb", name: v.Namespace + "/" + v.Name, source: r.source}
		}
	}
	for _, r := range s.facts["k8s.pod"] {
		v := r.value.(parsers.K8sPod)
		if !v.HostNetwork && v.PodIP != v.HostIP && v.Phase != "Succeeded" && v.Phase != "Failed" {
			out[v.PodIP] = netEnd{kind: "pod", name: v.Namespace + "/" + v.Name, node: v.Node, labels: v.Labels, source: r.source}
		}
	}
	for _, r := range s.facts["k8s.node"] {
		v := r.value.(parsers.K8sNode)
		out[v.InternalIP] = netEnd{kind: "node", name: v.Name, node: v.Name, source: r.source}
	}
	return out
}

func endOf(ends map[string]netEnd, ip string, all bool) netEnd {
	if e, ok := ends[ip]; ok && ip != "" || !all {
		return e
	}
	if addr, err := netip.ParseAddr(ip); err == nil && addr.IsPrivate() {
		return netEnd{kind: "private"}
	}
	return netEnd{kind: "public"}
}

func endSources(ends ...netEnd) []fact.Source {
	var out []fact.Source
	for _, e := range ends {
		if e.name != "" {
			out = append(out, e.source)
		}
	}
	return out
}

// policiesOf are the NetworkPolicies that select a pod and restrict the direction. A selector with expressions is not
// evaluated: such a policy is left out.
func policiesOf(s *store, end netEnd, ingress bool) ([]string, []fact.Source) {
	names, sources := []string{}, []fact.Source(nil)
	if end.kind != "pod" {
		return names, nil
	}
	for _, r := range s.facts["k8s.network-policy"] {
		v := r.value.(parsers.K8sNetworkPolicy)
		restricts := ingress && v.Ingress || !ingress && v.Egress
		if restricts && !v.Expressions && len(end.name) > len(v.Namespace) && end.name[:len(v.Namespace)+1] == v.Namespace+"/" && selects(v.Labels, end.labels) {
			names, sources = append(names, v.Name), append(sources, r.source)
		}
	}
	return names, sources
}
