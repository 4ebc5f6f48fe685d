package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"coldcase/bundle"
)

func verifyCommand(e *env) *cobra.Command {
	var keys identityFlags
	cmd := &cobra.Command{
		Use:   "verify BUNDLE...",
		Short: "Compare bundles with their indexes: what is missing, altered, extra or out of order",
		Long: `Reads bundles to their end and compares every artifact with the index that the collector wrote.
It finds damage and careless hands. It is no signature: who rewrites the index too is found only by
the SHA-256 of index.json, which is printed, when it was told another way.

Exit codes: 0 whole, 1 differences, 2 usage, 3 unreadable.`,
		Args: needBundles,
		RunE: func(_ *cobra.Command, args []string) error {
			ids, err := keys.load()
			if err != nil {
				return err
			}
			found, err := bundle.Verify(args, bundle.Options{Limits: bundle.DefaultLimits(), Stdin: e.in, Identities: ids})
			if err != nil {
				return unreadable(err)
			}
			return verdictOf(found, e)
		},
	}
	keys.register(cmd.Flags())
	return cmd
}

// verdictOf prints what was found and turns the worst of it into an exit code.
func verdictOf(found []bundle.Verification, e *env) error {
	differ, sealed := 0, false
	var bad *bundle.Verification
	for i := range found {
		v := &found[i]
		switch {
		case v.Unreadable != "":
			sealed = sealed || v.Sealed
			if bad == nil {
				bad = v
			}
			continue
		case !v.Whole():
			differ++
		}
		printVerification(e.out, v)
	}
	for i := range found {
		if v := &found[i]; v.Unreadable != "" {
			fmt.Fprintf(e.out, "%s: unreadable: %s\n", v.Name, v.Unreadable)
		}
	}
	switch {
	case bad != nil && sealed:
		return unreadable(fmt.Errorf("%s: %s", bad.Name, bad.Unreadable), identityHint)
	case bad != nil:
		return unreadable(fmt.Errorf("%s: %s", bad.Name, bad.Unreadable))
	case differ > 0:
		return &exitError{code: exitFindings, err: errFindings}
	}
	return nil
}

func printVerification(w io.Writer, v *bundle.Verification) {
	word := "whole"
	if n := len(v.Differences); n == 1 {
		word = "1 difference"
	} else if n > 1 {
		word = fmt.Sprintf("%d differences", n)
	}
	fmt.Fprintf(w, "%s: %s", v.Name, word)
	if !v.Case {
		of := "node " + v.Node
		if v.Node == "" {
			of = "the cluster"
		}
		fmt.Fprintf(w, ": %d artifacts of %s, collected %s", v.Artifacts, of, v.Collected.Format("2006-01-02 15:04:05 -0700"))
	}
	if v.Aborted && !v.CutOff() {
		fmt.Fprint(w, ", the collector was stopped before it was done")
	}
	fmt.Fprintln(w)
	for _, d := range v.Differences {
		line := fmt.Sprintf("  %-8s  ", d.Kind)
		if d.Path != "" {
			line += d.Path + ": "
		}
		fmt.Fprintln(w, line+d.What)
	}
	if v.Fingerprint != "" {
		fmt.Fprintf(w, "  SHA-256 of index.json: %s\n", v.Fingerprint)
	}
}
