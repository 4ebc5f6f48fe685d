package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"coldcase/analyze"
	"coldcase/bundle"
	"coldcase/report"
	"coldcase/signatures"
)

type analyzeFlags struct {
	output  string
	format  string
	failOn  string
	packs   []string
	quiet   bool
	only    []string
	profile profileFlags
	keys    identityFlags
	window  windowFlags
}

func analyzeCommand(e *env) *cobra.Command {
	var f analyzeFlags
	cmd := &cobra.Command{
		Use:   "analyze BUNDLE...",
		Short: "Analyse bundles and write a report",
		Long: `Analyses one case: one or several bundles (archives, folders, single files; - is standard
input) and writes a report. The format comes from the output's extension or --format.`,
		Example: `  coldcase analyze node-a.tar.zst -o report.html
  coldcase analyze node-*.tar.zst cluster.tar.gz -o report.md
  ssh node-a coldcase-collect node -o - | coldcase analyze - --format json`,
		Args: needBundles,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), e, args, e.in)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *analyzeFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "-", "where to write the report; - is standard output")
	fl.StringVar(&f.format, "format", "", "report format: "+strings.Join(report.Formats(), ", ")+" (default: by the output's extension, else md)")
	fl.StringVar(&f.failOn, "fail-on", "none", "exit with 1 when a finding is at least this severe: none, info, warning, critical")
	fl.StringArrayVar(&f.packs, "signatures", nil, "a folder with more signatures; may be given several times")
	fl.StringSliceVar(&f.only, "only", nil, "judge only these signatures")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no summary on standard error")
	f.keys.register(fl)
	f.window.register(fl)
	f.profile.register(fl)
}

func needBundles(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError(fmt.Errorf("no bundle given"), "coldcase demo shows a report without one", "coldcase-collect node makes a bundle on a node")
	}
	return nil
}

func (f *analyzeFlags) run(ctx context.Context, e *env, paths []string, stdin io.Reader) error {
	format, err := f.reportFormat()
	if err != nil {
		return err
	}
	if _, err := severityOf(f.failOn); err != nil {
		return err
	}
	window, err := f.window.window()
	if err != nil {
		return err
	}
	stopProfile, err := f.profile.start()
	if err != nil {
		return err
	}
	defer stopProfile()
	sigs, err := loadSignatures(f.packs, f.only)
	if err != nil {
		return err
	}
	set, err := analyze.NewSet(sigs)
	if err != nil {
		return usageError(err)
	}
	p := newProgress(e.err, f.quiet)
	r, err := f.keys.open(paths, bundle.Options{Limits: bundle.DefaultLimits(), Stdin: stdin, Progress: p.read})
	if err != nil {
		return err
	}
	defer r.Close()
	res, err := analyze.Run(ctx, r, set, analyze.Options{Tool: "coldcase " + version, Window: window})
	p.done()
	if err != nil {
		return unreadable(err)
	}
	if !anythingKnown(res) {
		if err := lockedError(r); err != nil {
			return err
		}
		return unreadable(fmt.Errorf("nothing that coldcase knows is in %s%s", strings.Join(paths, ", "), firstProblem(res)), "coldcase inspect BUNDLE shows what is in it")
	}
	warnLocked(e, r)
	if err := f.write(e, format, res); err != nil {
		return err
	}
	if !f.quiet {
		summary(e.err, res, f.output)
	}
	return f.verdict(res)
}

// anythingKnown reports whether the case holds any artifact, be it one that could not be collected.
func anythingKnown(res *analyze.Result) bool {
	return slices.ContainsFunc(res.Coverage, func(c analyze.Coverage) bool { return c.Artifact != "" })
}

func firstProblem(res *analyze.Result) string {
	if len(res.Problems) == 0 {
		return ""
	}
	return ": " + res.Problems[0].What
}

func (f *analyzeFlags) reportFormat() (string, error) {
	if f.format != "" {
		for _, known := range report.Formats() {
			if known == f.format {
				return f.format, nil
			}
		}
		return "", usageError(fmt.Errorf("unknown format %q", f.format), "known are "+strings.Join(report.Formats(), ", "))
	}
	if f.output == "-" {
		return "md", nil
	}
	format, ok := report.FormatOf(f.output)
	if !ok {
		return "", usageError(fmt.Errorf("the extension of %q says no format", f.output), "use .html, .md, .json or .xml, or --format")
	}
	return format, nil
}

// write renders into memory first, so that a failure leaves no half report behind.
func (f *analyzeFlags) write(e *env, format string, res *analyze.Result) error {
	var buf bytes.Buffer
	if err := report.Write(&buf, format, res); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if f.output == "-" {
		w := bufio.NewWriter(e.out)
		if _, err := w.Write(buf.Bytes()); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		return w.Flush()
	}
	if err := os.WriteFile(f.output, buf.Bytes(), 0o644); err != nil {
		return usageError(fmt.Errorf("write report: %w", err), "choose another place with -o")
	}
	return nil
}

func (f *analyzeFlags) verdict(res *analyze.Result) error {
	limit, err := severityOf(f.failOn)
	if err != nil || limit == "" {
		return err
	}
	for i := range res.Findings {
		if res.Findings[i].Severity.Rank() >= limit.Rank() {
			return &exitError{code: exitFindings, err: errFindings}
		}
	}
	return nil
}

func severityOf(word string) (analyze.Severity, error) {
	switch s := analyze.Severity(word); s {
	case "none":
		return "", nil
	case analyze.Info, analyze.Warning, analyze.Critical:
		return s, nil
	}
	return "", usageError(fmt.Errorf("--fail-on %q is none of none, info, warning, critical", word))
}

// loadSignatures reads ours and those of the folders.
func loadSignatures(packs, only []string) ([]*analyze.Signature, error) {
	systems, err := signatureSystems(packs)
	if err != nil {
		return nil, err
	}
	sigs, err := analyze.LoadSignatures(systems...)
	if err != nil {
		return nil, usageError(err, "coldcase signatures lint DIR explains")
	}
	if err := checkPacks(sigs); err != nil {
		return nil, err
	}
	if len(only) == 0 {
		return sigs, nil
	}
	want := map[string]bool{}
	for _, id := range only {
		want[id] = true
	}
	var kept []*analyze.Signature
	for _, s := range sigs {
		if want[s.ID] {
			kept = append(kept, s)
			delete(want, s.ID)
		}
	}
	for _, id := range only {
		if want[id] {
			return nil, usageError(fmt.Errorf("there is no signature %q", id), "coldcase signatures list shows them")
		}
	}
	return closeGraph(kept), nil
}

// checkPacks compiles what signatures of the folders say, so that a mistake is found even when a case has nothing for
// them. Tests prove ours.
func checkPacks(sigs []*analyze.Signature) error {
	var own []*analyze.Signature
	for _, s := range sigs {
		if s.Pack > 0 {
			own = append(own, s)
		}
	}
	if len(own) == 0 {
		return nil
	}
	if errs := analyze.Compile(own); len(errs) > 0 {
		return usageError(errors.Join(errs...), "coldcase signatures lint DIR explains")
	}
	return nil
}

// closeGraph cuts explains edges to signatures that were left out.
func closeGraph(sigs []*analyze.Signature) []*analyze.Signature {
	have := map[string]bool{}
	for _, s := range sigs {
		have[s.ID] = true
	}
	for _, s := range sigs {
		var kept []string
		for _, id := range s.Explains {
			if have[id] {
				kept = append(kept, id)
			}
		}
		s.Explains = kept
	}
	return sigs
}

// signatureSystems are ours and the folders given. A folder without a signature is a mistake, such as a wrong path.
func signatureSystems(packs []string) ([]fs.FS, error) {
	systems := []fs.FS{signatures.FS}
	for _, dir := range packs {
		system := os.DirFS(dir)
		switch info, err := os.Stat(dir); {
		case err != nil:
			return nil, usageError(fmt.Errorf("folder of signatures: %w", err))
		case !info.IsDir():
			return nil, usageError(fmt.Errorf("%q is a file: give the folder that it is in", dir))
		}
		if names, err := fs.Glob(system, "*.yaml"); err != nil || len(names) == 0 {
			return nil, usageError(fmt.Errorf("no signature (*.yaml) in %q", dir), "coldcase signatures new ID DIR begins one")
		}
		systems = append(systems, system)
	}
	return systems, nil
}

// noSignatures is for commands that only want what is in a bundle.
func noSignatures() *analyze.Set {
	set, err := analyze.NewSet(nil)
	if err != nil {
		panic(err) // no pattern of a signature can be at fault
	}
	return set
}

// loadSet is loadSignatures made ready.
func loadSet(packs []string) (*analyze.Set, error) {
	sigs, err := loadSignatures(packs, nil)
	if err != nil {
		return nil, err
	}
	set, err := analyze.NewSet(sigs)
	if err != nil {
		return nil, usageError(err)
	}
	return set, nil
}
