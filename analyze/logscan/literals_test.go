package logscan

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		expr string
		want []string // nil: refused
	}{
		{`page allocation failure, (?P<order>\d+)`, []string{"page allocation failure, "}},
		{`Killed process|Out of memory`, []string{"Killed process", "Out of memory"}},
		{`(?:Memory cgroup )?[Oo]ut of memory: Kill(ed)? process`, []string{"ut of memory: Kill"}},
		{`Use \S+ disk "(?P<v>[^"]+)": timed out`, []string{": timed out"}},
		{`failed to run Kubelet: (?:a long enough one|short|another long one)`, []string{"failed to run Kubelet: "}},
		{`x(abcdefgh|ijklmnop|q)y`, nil},
		{`(one more thing|other things) jumped`, []string{"one more thing jumped", "other things jumped"}},
		{`(?i)out of memory`, nil},
		{`(?i)oom: kubelet is not healthy`, nil},
		{`short`, nil},
		{`.*`, nil},
		{`(?:repeat me now)+`, []string{"repeat me now"}},
		{`(?:maybe this text)*`, nil},
		{`(?:twice here ok){2}`, []string{"twice here oktwice here ok"}},
		{`caused "exit status 6"`, []string{"exit status 6"}},
		{`kill=CONSTRAINT_MEMCG`, []string{"CONSTRAINT_MEMCG"}},
		{`4<8>12`, nil},
		{`^wide [ab] zone$`, []string{"wide a zone", "wide b zone"}},
	} {
		got, err := Literals(c.expr)
		if c.want == nil {
			require.Errorf(t, err, "%q gave %q", c.expr, got)
			continue
		}
		require.NoError(t, err, c.expr)
		require.Equal(t, c.want, got, c.expr)
	}
}

func TestRarityTellsCommonFromRare(t *testing.T) {
	rare, err := Rarity(`nf_conntrack: table full`)
	require.NoError(t, err)
	common, err := Rarity(`containerd`)
	require.NoError(t, err)
	require.Less(t, rare, 50.0)
	require.Greater(t, common, 1000.0)
	_, err = Rarity(`x`)
	require.Error(t, err)
}
