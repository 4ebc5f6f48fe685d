//go:build linux

package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"coldcase/bundle"
)

const maxConnections = 5000

var _ = register(Artifact{
	Name: "node/conntrack", Path: "node/conntrack.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 15 * time.Second, Gather: gatherConnections,
	What: []string{"conntrack -L: the first 5000 connections"}, Needs: needsConntrack,
})

var errEnough = errors.New("enough lines")

// firstLinesOf passes on a number of lines and then refuses, which ends the program that prints them.
type firstLinesOf struct {
	w    io.Writer
	left int
	full bool
}

// Write implements io.Writer.
func (f *firstLinesOf) Write(p []byte) (int, error) {
	end := 0
	for f.left > 0 && end < len(p) {
		n := bytes.IndexByte(p[end:], '\n')
		if n < 0 {
			end = len(p)
			break
		}
		end += n + 1
		f.left--
	}
	if n, err := f.w.Write(p[:end]); err != nil {
		return n, err
	}
	if end < len(p) {
		f.full = true
		return end, errEnough
	}
	return len(p), nil
}

// gatherConnections lists connections, but not a million of them.
func gatherConnections(ctx context.Context, s *session, a Artifact) {
	argv := []string{"conntrack", "-L"}
	if s.opts.Native {
		s.absent(a, bundle.StatusSkipped, "--native, and only a program lists connections without loading a module")
		return
	}
	s.entry(a, a.Name, a.Path, argv, func(k *sink) outcome { return someLines(ctx, a.timeout(), argv, maxConnections, k) })
}

// someLines runs a program until it has printed so many lines.
func someLines(ctx context.Context, timeout time.Duration, argv []string, lines int, k *sink) outcome {
	first := &firstLinesOf{w: k, left: lines}
	o := runProgram(ctx, timeout, argv, environment(nil), first)
	if first.full {
		o = outcome{status: bundle.StatusTruncated, err: fmt.Sprintf("the first %d lines; the rest was not read", lines)}
		_, _ = fmt.Fprintf(k, "[coldcase: what came after %d lines was not read]\n", lines) // a closed sink has its own reason
	}
	return o
}
