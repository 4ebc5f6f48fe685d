//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"coldcase/bundle"
	"coldcase/collect"
)

// progress tells a person what happens: one line that is rewritten on a terminal, a line per artifact elsewhere.
type progress struct {
	w        io.Writer
	quiet    bool
	terminal bool
	width    int
	count    int
}

func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{w: w, quiet: quiet}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.terminal = true
		if p.width, _, _ = term.GetSize(int(file.Fd())); p.width < 20 {
			p.width = 80
		}
	}
	return p
}

func (p *progress) event(e collect.Event) {
	p.count++
	switch {
	case p.quiet:
	case p.terminal:
		line := fmt.Sprintf("%3d  %s  %s", p.count, e.Artifact, e.Status)
		fmt.Fprintf(p.w, "\r\x1b[K%.*s", p.width-1, line)
	default:
		line := fmt.Sprintf("%-14s %-40s %9s %7s", e.Status, e.Artifact, size(e.BytesSeen), e.Took.Round(10*time.Millisecond))
		if e.Error != "" {
			line += "  " + e.Error
		}
		fmt.Fprintln(p.w, line)
	}
}

// done says what was not gathered, how large the bundle is, and what to do with it.
func (p *progress) done(s collect.Summary, out *output) {
	if p.quiet {
		return
	}
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	whole := 0
	by := map[bundle.Status][]bundle.IndexEntry{}
	for _, e := range s.Entries {
		if e.Status == bundle.StatusOK {
			whole++
			continue
		}
		by[e.Status] = append(by[e.Status], e)
	}
	fmt.Fprintf(p.w, "\n%d of %d artifacts gathered whole.\n", whole, len(s.Entries))
	for _, status := range statusOrder {
		for _, line := range reasons(by[status]) {
			fmt.Fprintf(p.w, "  %-14s %s\n", status, line)
		}
	}
	if s.Aborted {
		fmt.Fprintln(p.w, "The collection was cut short; what is in the bundle can be used.")
	}
	if out.name == "-" {
		fmt.Fprintf(p.w, "Wrote %s.\n", size(out.size))
		return
	}
	opens := ""
	if strings.HasSuffix(out.name, bundle.SealedSuffix) {
		opens = "--identity KEYFILE "
	}
	fmt.Fprintf(p.w, "Wrote %s (%s). Analyse it with:\n  coldcase analyze %s%s\n", out.name, size(out.size), opens, out.name)
}

// reasons joins the artifacts that have the same reason.
func reasons(entries []bundle.IndexEntry) []string {
	var order []string
	names := map[string][]string{}
	for _, e := range entries {
		if names[e.Error] == nil {
			order = append(order, e.Error)
		}
		names[e.Error] = append(names[e.Error], strings.TrimPrefix(e.Artifact, "node/"))
	}
	lines := make([]string, 0, len(order))
	for _, why := range order {
		list := names[why]
		if len(list) > 6 {
			list = append(list[:5:5], fmt.Sprintf("and %d more", len(list)-5))
		}
		lines = append(lines, strings.Join(list, ", ")+": "+why)
	}
	return lines
}

func size(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
