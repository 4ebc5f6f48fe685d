package main

import (
	"fmt"
	"io"

	"os"
	"runtime/pprof"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"coldcase/analyze"
)

// progress shows how far reading is, on a terminal only.
type progress struct {
	w    io.Writer
	on   bool
	last time.Time
}

func newProgress(w io.Writer, quiet bool) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, on: ok && !quiet && term.IsTerminal(int(f.Fd()))}
}

func (p *progress) read(n int64) {
	if !p.on || time.Since(p.last) < 200*time.Millisecond {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.w, "\rreading: %d MiB", n>>20)
}

func (p *progress) done() {
	if p.on && !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// summary says in a few lines what the report says in full.
func summary(w io.Writer, res *analyze.Result, output string) {
	roots, open := 0, 0
	for i := range res.Findings {
		if res.Findings[i].Root() {
			roots++
		}
	}
	for _, v := range res.Verdicts {
		if v.Outcome == analyze.Inconclusive {
			open++
		}
	}
	fmt.Fprintf(w, "%s, %s, %s; %s, %s, %s left open for lack of evidence\n", count(res.Stats.Artifacts, "artifact"), count(res.Stats.Facts, "fact"),
		count(res.Stats.LogLines, "log line"), count(roots, "root cause"), count(len(res.Findings), "finding"), count(open, "verdict"))
	for i := range res.Findings {
		if f := &res.Findings[i]; f.Root() {
			fmt.Fprintf(w, "  %-8s %s: %s\n", f.Severity, f.Subject.Name, f.Title)
		}
	}
	if output != "-" {
		fmt.Fprintf(w, "report: %s\n", output)
	}
}

// count prints n with its noun.
func count[T int | int64](n T, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// profileFlags write profiles of coldcase itself.
type profileFlags struct{ cpu, mem string }

func (p *profileFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&p.cpu, "cpuprofile", "", "write a CPU profile of the analysis to this file")
	fl.StringVar(&p.mem, "memprofile", "", "write a heap profile to this file at the end")
	_ = fl.MarkHidden("cpuprofile")
	_ = fl.MarkHidden("memprofile")
}

func (p *profileFlags) start() (stop func(), err error) {
	stop = func() {}
	if p.cpu != "" {
		f, err := os.Create(p.cpu)
		if err != nil {
			return stop, usageError(err)
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return stop, usageError(err)
		}
		stop = func() { pprof.StopCPUProfile(); f.Close() }
	}
	if p.mem == "" {
		return stop, nil
	}
	inner := stop
	return func() {
		inner()
		if f, err := os.Create(p.mem); err == nil {
			_ = pprof.WriteHeapProfile(f)
			f.Close()
		}
	}, nil
}
