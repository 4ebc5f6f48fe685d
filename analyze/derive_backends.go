package analyze

import (
	"slices"
	"strings"

	"coldcase/bundle"
	"coldcase/fact"
	"coldcase/parsers"
)

// IptablesBackends counts the rules that Kubernetes and its network plugins have on one node, in each backend of iptables.
type IptablesBackends struct {
	NFT    int64 `cel:"nft" json:"nft"`
	Legacy int64 `cel:"legacy" json:"legacy"`
	// Owners are the prefixes of the chains, sorted: "KUBE", "cali".
	NFTOwners    []string `cel:"nftOwners" json:"nftOwners"`
	LegacyOwners []string `cel:"legacyOwners" json:"legacyOwners"`
}

// FactKind implements fact.Value.
func (IptablesBackends) FactKind() fact.Kind { return "iptables.backends" }

var iptablesBackends = derivation{
	zero:     IptablesBackends{},
	from:     []fact.Kind{"iptables.rule"},
	optional: map[fact.Kind]bool{"iptables.rule": true}, // unseenBackends knows better which dump is missing
	rows:     deriveBackends,
	open:     unseenBackends,
}

// chainOwners are what the chains of kube-proxy, the kubelet and network plugins begin with.
var chainOwners = []string{"KUBE-", "cali-", "CNI-", "FLANNEL-", "WEAVE-", "CILIUM_", "AWS-"}

func deriveBackends(s *store) []*row {
	byNode := map[string]*row{}
	quoted := map[string]bool{} // node and backend whose first rule is a source already
	for _, r := range s.facts["iptables.rule"] {
		rule := r.value.(parsers.IptablesRule)
		owner := chainOwner(rule.Chain)
		if owner == "" || rule.Backend != "nf_tables" && rule.Backend != "legacy" {
			continue
		}
		d := byNode[r.place.Node]
		if d == nil {
			d = &row{place: fact.Place{Node: r.place.Node}, at: r.at, last: r.last, count: 1, source: r.source, value: IptablesBackends{}}
			byNode[r.place.Node] = d
			quoted[r.place.Node+rule.Backend] = true
		}
		if !quoted[r.place.Node+rule.Backend] {
			quoted[r.place.Node+rule.Backend] = true
			d.more = append(d.more, r.source)
		}
		d.value = d.value.(IptablesBackends).plus(rule.Backend, owner)
	}
	var out []*row
	for _, node := range sortedKeys(byNode) {
		out = append(out, byNode[node])
	}
	return out
}

// plus counts one more rule.
func (b IptablesBackends) plus(backend, owner string) IptablesBackends {
	if backend == "legacy" {
		b.Legacy, b.LegacyOwners = b.Legacy+1, appendNew(b.LegacyOwners, owner)
		slices.Sort(b.LegacyOwners)
		return b
	}
	b.NFT, b.NFTOwners = b.NFT+1, appendNew(b.NFTOwners, owner)
	slices.Sort(b.NFTOwners)
	return b
}

// chainOwner is the prefix that tells whose chain it is, without its last mark; "" for everybody else's.
func chainOwner(chain string) string {
	for _, prefix := range chainOwners {
		if strings.HasPrefix(chain, prefix) {
			return prefix[:len(prefix)-1]
		}
	}
	return ""
}

// unseenBackends names the dump of each backend that nobody made: iptables-save shows only the default one. Where the
// kernel has no such backend loaded, there are no rules in it.
func unseenBackends(s *store, sub Subject, _ knower) []gap {
	seen := map[string]bool{}
	for _, r := range s.facts["iptables.table"] {
		if r.place.Node == sub.Node {
			seen[r.value.(parsers.IptablesTable).Backend] = true
		}
	}
	var gaps []gap
	for _, b := range []struct{ backend, artifact string }{{"nf_tables", "node/iptables-nft-save"}, {"legacy", "node/iptables-legacy-save"}} {
		ok, reason := s.read(b.artifact, "iptables.rule", sub)
		if !ok && !seen[b.backend] && !strings.HasPrefix(reason, string(bundle.StatusUnsupported)) {
			gaps = append(gaps, gap{artifact: b.artifact, node: sub.Node, reason: reason})
		}
	}
	return gaps
}
