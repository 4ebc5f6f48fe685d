package analyze

import (
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/fact"
)

func TestSecondSampleCountsOnlyWhereTheFirstIsMissing(t *testing.T) {
	sampled := func(node, artifact string) *row {
		return &row{place: fact.Place{Node: node}, source: fact.Source{Artifact: artifact, Path: node + "/" + artifact}}
	}
	a, again := sampled("a", "node/nstat"), sampled("a", "node/nstat/second")
	alone := sampled("b", "node/nstat/second")
	eth, eth2 := sampled("a", "node/ethtool-S/eth0"), sampled("a", "node/ethtool-S/eth0/second")
	other := sampled("a", "node/ethtool-S/eth1/second")
	require.Equal(t, []*row{a, alone, eth, other}, dedupe("any.kind", []*row{a, again, alone, eth, eth2, other}))
	require.Equal(t, []*row{a, alone}, dedupe("netstat.counter", []*row{again, a, alone}), "as well where forms are chosen")
	require.Equal(t, []*row{a, eth}, dedupe("any.kind", []*row{a, eth}))
}
