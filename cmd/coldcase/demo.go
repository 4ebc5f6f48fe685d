package main

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"coldcase/demo"
)

func demoCommand(e *env) *cobra.Command {
	f := analyzeFlags{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Analyse the built-in demo case and write its report",
		Long:  "Analyses the case that is built into this program: bundles that coldcase-collect made of a small\nlab cluster with a fault. Its story is told in docs/demo.md.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.run(cmd.Context(), e, []string{"-"}, bytes.NewReader(demo.Case)); err != nil {
				return err
			}
			if abs, err := filepath.Abs(f.output); err == nil && f.output != "-" {
				fmt.Fprintf(e.err, "open file://%s\n", abs)
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().Lookup("output").DefValue = "demo-report.html"
	f.output = "demo-report.html"
	return cmd
}
