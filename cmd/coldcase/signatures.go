package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"coldcase/analyze"
	"coldcase/analyze/graph"
	"coldcase/replay"
)

func signaturesCommand(e *env) *cobra.Command {
	var packs []string
	cmd := &cobra.Command{Use: "signatures", Short: "List, show, check and begin signatures"}
	cmd.PersistentFlags().StringArrayVar(&packs, "signatures", nil, "a folder with more signatures")
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List all signatures", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return listSignatures(e, packs) }},
		&cobra.Command{Use: "show ID", Short: "Print one signature as a page", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error { return showSignature(e, packs, args[0]) }},
		&cobra.Command{Use: "lint [DIR...]", Short: "Explain what is wrong with signatures (without DIR: the built-in ones)",
			RunE: func(_ *cobra.Command, args []string) error { return lintSignatures(e, args) }},
		&cobra.Command{Use: "test DIR", Short: "Run the fixtures (ID.txtar) beside the signatures (ID.yaml) of a folder", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return testSignatures(cmd, e, args[0]) }},
		&cobra.Command{Use: "new ID [DIR]", Short: "Begin a signature: writes ID.yaml and its fixture ID.txtar", Args: cobra.RangeArgs(1, 2),
			RunE: func(_ *cobra.Command, args []string) error { return newSignature(e, args) }},
	)
	cmd.AddCommand(graphCommand(e, &packs), bookCommand(e, &packs))
	return cmd
}

func graphCommand(e *env, packs *[]string) *cobra.Command {
	var format string
	cmd := &cobra.Command{Use: "graph [ID...]", Short: "Print what explains what among the signatures",
		Long: "Prints what explains what: of all signatures, or only the signatures named, what explains them and what they explain. Mermaid and SVG leave out the edges that a longer way says already.",
		RunE: func(_ *cobra.Command, ids []string) error {
			sigs, err := loadSignatures(*packs, nil)
			if err != nil {
				return err
			}
			if len(ids) > 0 {
				if sigs, err = graph.Around(sigs, ids); err != nil {
					return usageError(err)
				}
			}
			if err := graph.Write(e.out, format, sigs); err != nil {
				return usageError(err)
			}
			return nil
		}}
	cmd.Flags().StringVar(&format, "format", "dot", strings.Join(graph.Formats(), ", "))
	return cmd
}

func listSignatures(e *env, packs []string) error {
	sigs, err := loadSignatures(packs, nil)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, s := range sigs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.ID, s.Severity, s.Scope, s.Title)
	}
	return w.Flush()
}

func showSignature(e *env, packs []string, id string) error {
	sigs, err := loadSignatures(packs, nil)
	if err != nil {
		return err
	}
	for _, s := range sigs {
		if s.ID == id {
			_, err := fmt.Fprint(e.out, s.Page(sigs))
			return err
		}
	}
	return usageError(fmt.Errorf("there is no signature %q", id), "coldcase signatures list shows them")
}

func lintSignatures(e *env, dirs []string) error {
	systems, err := signatureSystems(dirs)
	if err != nil {
		return err
	}
	sigs, err := analyze.LoadSignatures(systems...)
	if err != nil {
		return usageError(err)
	}
	words := analyze.Lint(sigs)
	for _, w := range words {
		fmt.Fprintln(e.out, w)
	}
	if len(words) > 0 {
		return &exitError{code: exitFindings, err: errFindings}
	}
	fmt.Fprintf(e.out, "%d signatures, nothing to say\n", len(sigs))
	return nil
}

func testSignatures(cmd *cobra.Command, e *env, dir string) error {
	set, err := loadSet([]string{dir})
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		return usageError(fmt.Errorf("no fixture (*.txtar) in %q", dir), "coldcase signatures new ID writes one")
	}
	failed := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return unreadable(err)
		}
		fx, err := replay.ParseFixture(strings.TrimSuffix(filepath.Base(file), ".txtar"), text)
		if err != nil {
			return usageError(err)
		}
		for i := range fx.Cases {
			c := &fx.Cases[i]
			_, diff, err := c.Run(cmd.Context(), fx.ID, c.Files, set)
			if err != nil {
				return unreadable(err)
			}
			word := "ok  "
			if len(diff) > 0 {
				word, failed = "FAIL", true
			}
			fmt.Fprintf(e.out, "%s %s/%s\n", word, fx.ID, c.Name)
			for _, d := range diff {
				fmt.Fprintf(e.out, "    %s\n", d)
			}
		}
	}
	if failed {
		return &exitError{code: exitFindings, err: errFindings}
	}
	return nil
}

func newSignature(e *env, args []string) error {
	dir := "."
	if len(args) == 2 {
		dir = args[1]
	}
	yaml, fixture, err := analyze.Skeleton(args[0])
	if err != nil {
		return usageError(err)
	}
	ours, err := loadSignatures(nil, nil)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(ours, func(s *analyze.Signature) bool { return s.ID == args[0] }) {
		return usageError(fmt.Errorf("there is a signature %q already", args[0]), "coldcase signatures show "+args[0]+" prints it")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usageError(err)
	}
	for _, f := range []struct{ name, text string }{{args[0] + ".yaml", yaml}, {args[0] + ".txtar", fixture}} {
		path := filepath.Join(dir, f.name)
		out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return usageError(err)
		}
		if _, err := out.WriteString(f.text); err != nil {
			out.Close()
			return usageError(err)
		}
		if err := out.Close(); err != nil {
			return usageError(err)
		}
		fmt.Fprintf(e.out, "wrote %s\n", path)
	}
	fmt.Fprintf(e.out, "now fill them in, then: coldcase signatures lint %s && coldcase signatures test %s\n", dir, dir)
	return nil
}
