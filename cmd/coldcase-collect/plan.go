//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"coldcase/collect"
)

func planCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "plan", Short: "List every command and file, with its group and privacy class, and do nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan := collect.Plan()
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(plan)
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%-10s  %-9s  %-38s  %s\n", "GROUP", "PRIVACY", "ARTIFACT", "COMMAND OR FILE")
			for _, i := range plan {
				for n, what := range i.What {
					if n == 0 {
						fmt.Fprintf(&b, "%-10s  %-9s  %-38s  %s\n", i.Group, i.Privacy, i.Artifact, what)
						continue
					}
					fmt.Fprintf(&b, "%-10s  %-9s  %-38s  %s\n", "", "", "", what)
				}
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), b.String())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for a program")
	return cmd
}
