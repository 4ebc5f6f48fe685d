package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"coldcase/analyze"
	"coldcase/bundle"
)

func inspectCommand(e *env) *cobra.Command {
	var keys identityFlags
	cmd := &cobra.Command{
		Use:   "inspect BUNDLE...",
		Short: "List what is in a bundle, its status, and how much of it is understood",
		Args:  needBundles,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := keys.open(args, bundle.Options{Limits: bundle.DefaultLimits(), Stdin: e.in})
			if err != nil {
				return err
			}
			defer r.Close()
			res, err := analyze.Run(cmd.Context(), r, noSignatures(), analyze.Options{Tool: "coldcase " + version})
			if err != nil {
				return unreadable(err)
			}
			if err := lockedError(r); err != nil && res.Stats.Artifacts == 0 {
				return err
			}
			warnLocked(e, r)
			return printInspection(e.out, res)
		},
	}
	keys.register(cmd.Flags())
	return cmd
}

func printInspection(out io.Writer, res *analyze.Result) error {
	for _, b := range res.Bundles {
		fmt.Fprintf(out, "%s: %s layout in %s", b.Name, b.Layout, b.Container)
		if !b.Collected.IsZero() {
			fmt.Fprintf(out, ", collected %s by %s", b.Collected.Format("2006-01-02 15:04:05 -0700"), b.Tool)
		}
		if b.Aborted {
			fmt.Fprint(out, ", cut short")
		}
		fmt.Fprintln(out)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STATUS\tARTIFACT\tPATH\tPRODUCER\tBYTES\tLINES\tFACTS\tNOT UNDERSTOOD\tNOTE")
	for _, c := range res.Coverage {
		artifact := c.Artifact
		if artifact == "" {
			artifact = "(not recognised)"
		}
		note := c.Reason
		if c.Unrecognized > 0 && note == "" {
			note = "e.g. " + c.Sample
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", c.Status, artifact, c.Path, cmp.Or(c.Producer, "-"), c.Bytes, c.Lines, c.Facts, c.Unrecognized, cut(note, 80))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range res.Problems {
		fmt.Fprintf(out, "problem: %s: %s %s\n", p.Bundle, p.Path, p.What)
	}
	if len(res.Coverage) == 0 {
		return unreadable(errors.New("nothing could be read"))
	}
	return nil
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}
