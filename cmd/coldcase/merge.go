package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldcase/bundle"
)

type mergeFlags struct {
	output           string
	force            bool
	allowDifferences bool
	keys             identityFlags
}

func mergeCommand(e *env) *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge BUNDLE... -o CASE.tar",
		Short: "Join the bundles of several nodes into one case, each as it is",
		Long: `Verifies bundles and puts them, unchanged, into one tar that the other commands read like a bundle.
The same bundles give the same bytes. Encrypted bundles stay encrypted; with --identity they are
verified too. Nothing is held in memory.`,
		Example: `  coldcase merge node-a.tar.zst node-b.tar.zst -o case.tar
  coldcase analyze case.tar -o report.html`,
		Args: needBundles,
		RunE: func(_ *cobra.Command, args []string) error { return f.run(e, args) },
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "where to write the case: .tar, .tar.zst, or - for standard output")
	fl.BoolVar(&f.force, "force", false, "overwrite the output if it exists")
	fl.BoolVar(&f.allowDifferences, "allow-differences", false, "take bundles that are not what their index says")
	f.keys.register(fl)
	return cmd
}

func (f *mergeFlags) run(e *env, paths []string) error {
	container, err := f.container()
	if err != nil {
		return err
	}
	ids, err := f.keys.load()
	if err != nil {
		return err
	}
	m, err := bundle.PlanMerge(paths, bundle.MergeOptions{Tool: "coldcase " + version, Identities: ids, AllowDifferences: f.allowDifferences})
	if err != nil {
		return mergeError(err)
	}
	if err := f.write(e, m, container); err != nil {
		return err
	}
	return f.tell(e.err, m)
}

func (f *mergeFlags) container() (string, error) {
	switch {
	case f.output == "":
		return "", usageError(errors.New("no output given"), "name the case with -o case.tar")
	case f.output == "-" || strings.HasSuffix(f.output, ".tar"):
		return "tar", nil
	case strings.HasSuffix(f.output, ".tar.zst"):
		return bundle.ContainerZstd, nil
	}
	return "", usageError(fmt.Errorf("the extension of %q says no format", f.output), "use .tar, or .tar.zst; the bundles are compressed already")
}

func mergeError(err error) error {
	switch {
	case errors.Is(err, bundle.ErrDuplicate):
		return usageError(err, "leave one of them out")
	case errors.Is(err, bundle.ErrDiffers):
		return &exitError{exitFindings, err, []string{"coldcase verify lists all differences; --allow-differences takes it as it is"}}
	case errors.Is(err, bundle.ErrNoBundle):
		return unreadable(err, "merge joins single bundles of coldcase-collect; coldcase analyze takes several files of any kind")
	}
	return unreadable(err)
}

// write streams the case, and leaves no half of one behind.
func (f *mergeFlags) write(e *env, m *bundle.Merge, container string) error {
	if f.output == "-" {
		if err := m.Write(e.out, container); err != nil {
			return unreadable(err)
		}
		return nil
	}
	if there, err := os.Stat(f.output); err == nil {
		for i := range m.Inputs {
			if in, err := os.Stat(m.Inputs[i].File); err == nil && os.SameFile(in, there) {
				return usageError(fmt.Errorf("%q is one of the bundles", f.output), "choose another name with -o")
			}
		}
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	out, err := os.OpenFile(f.output, mode, 0o600)
	switch {
	case os.IsExist(err):
		return usageError(fmt.Errorf("%q exists already", f.output), "choose another name with -o, or use --force")
	case err != nil:
		return usageError(fmt.Errorf("write the case: %w", err), "choose another place with -o")
	}
	err = m.Write(out, container)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(f.output)
		return unreadable(fmt.Errorf("write the case: %w", err))
	}
	return nil
}

// tell says what the case holds, how far apart it was collected, and what is not whole.
func (f *mergeFlags) tell(w io.Writer, m *bundle.Merge) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MEMBER\tFILE\tNODE\tCOLLECTED\tBYTES\tSTATE")
	var first, last time.Time
	for i := range m.Inputs {
		in := &m.Inputs[i]
		node, at, state := "-", "-", string(in.State)
		if v := &in.Verified; v.Unreadable == "" {
			if node = v.Node; node == "" {
				node = "(cluster)"
			}
			at = v.Collected.Format("2006-01-02 15:04:05 -0700")
			if first.IsZero() || v.Collected.Before(first) {
				first = v.Collected
			}
			if v.Collected.After(last) {
				last = v.Collected
			}
		} else {
			state += ", not verified"
		}
		if n := len(in.Verified.Differences); n > 0 {
			state += fmt.Sprintf(", %d differences", n)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", in.Path, in.File, node, at, in.Bytes, state)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if !first.IsZero() {
		fmt.Fprintf(w, "The collections began within %s of each other, by the nodes' own clocks.\n", last.Sub(first).Round(time.Second))
	}
	if f.output != "-" {
		fmt.Fprintf(w, "Wrote %s. Analyse it with:\n  coldcase analyze %s\n", f.output, f.output)
	}
	return nil
}
