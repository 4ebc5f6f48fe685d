package replay

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
)

// TestBundles replays the historical bundles, the built-in demo among them. An expectation is rewritten with
// "coldcase replay --update fixtures/bundles demo/case"; read the difference.
func TestBundles(t *testing.T) {
	set, err := analyze.NewSet(shipped(t))
	require.NoError(t, err)
	outcomes, err := RunAll(context.Background(), []string{"../fixtures/bundles", "../demo/case"}, set)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(outcomes), 2)
	for _, o := range outcomes {
		require.NoError(t, o.Err, o.Case.Dir)
		require.Empty(t, o.Diff, o.Case.Dir)
		if filepath.Base(o.Case.Dir) == "noise" { // an expectation can be rewritten, this cannot
			for _, f := range o.Result.Findings {
				require.Equal(t, "info", string(f.Severity), "%s: %s", f.ID, f.Message)
			}
		}
	}
}
