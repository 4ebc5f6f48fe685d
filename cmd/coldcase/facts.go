package main

import (
	"bufio"
	"encoding/json"

	"github.com/spf13/cobra"

	"coldcase/analyze"
	"coldcase/bundle"
	"coldcase/fact"
)

func factsCommand(e *env) *cobra.Command {
	var kinds, nodes []string
	var keys identityFlags
	cmd := &cobra.Command{
		Use:   "facts BUNDLE...",
		Short: "Print every fact of a bundle as JSON Lines",
		Example: `  coldcase facts bundle.tar.zst --kind ip.route --node node-a | jq .value.dst
  coldcase facts . --kind k8s.event`,
		Args: needBundles,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := keys.open(args, bundle.Options{Limits: bundle.DefaultLimits(), Stdin: e.in})
			if err != nil {
				return err
			}
			defer r.Close()
			w := bufio.NewWriter(e.out)
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			res, err := analyze.Run(cmd.Context(), r, noSignatures(), analyze.Options{OnFact: func(f fact.Fact) error {
				if !wanted(kinds, string(f.Kind)) || !wanted(nodes, f.Place.Node) {
					return nil
				}
				return enc.Encode(f)
			}})
			if err != nil {
				return unreadable(err)
			}
			if err := lockedError(r); err != nil && res.Stats.Artifacts == 0 {
				return err
			}
			warnLocked(e, r)
			return w.Flush()
		},
	}
	keys.register(cmd.Flags())
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "only these kinds")
	cmd.Flags().StringSliceVar(&nodes, "node", nil, "only facts of these nodes")
	return cmd
}

func wanted(list []string, s string) bool {
	for _, w := range list {
		if w == s {
			return true
		}
	}
	return len(list) == 0
}
