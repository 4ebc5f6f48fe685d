//go:build linux

package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"coldcase/bundle"
)

const (
	maxFiles     = 64      // files of one artifact
	maskedLimit  = 1 * mib // of a file that is held in memory to be masked
	sectionStart = "==> "  // as head(1) and tail(1) print it, so that a person can make the same by hand
	sectionEnd   = " <==\n"
)

// gatherFiles puts the files that match into one artifact, each below a line "==> NAME <==" as head(1) prints it.
func gatherFiles(patterns ...string) func(context.Context, *session, Artifact) {
	return func(ctx context.Context, s *session, a Artifact) { s.files(ctx, a, patterns, nil) }
}

// gatherMasked does the same with files that may hold secrets: mask gets the whole file and writes what may be kept.
// A file that mask cannot read is left out, and its section says why.
func gatherMasked(mask func(io.Writer, []byte) error, patterns ...string) func(context.Context, *session, Artifact) {
	return func(ctx context.Context, s *session, a Artifact) { s.files(ctx, a, patterns, mask) }
}

func (s *session) files(ctx context.Context, a Artifact, patterns []string, mask func(io.Writer, []byte) error) {
	var names []string
	for _, p := range patterns {
		names = append(names, s.host.glob(p)...)
	}
	if len(names) == 0 {
		s.absent(a, bundle.StatusUnsupported, "there is none of "+strings.Join(patterns, ", "))
		return
	}
	s.entry(a, a.Name, a.Path, nil, func(k *sink) outcome {
		all := outcome{status: bundle.StatusOK}
		for i, name := range names {
			if i == maxFiles {
				return outcome{status: bundle.StatusTruncated, err: fmt.Sprintf("%d more files were left out", len(names)-i)}
			}
			o := within(ctx, a.timeout(), name, func() error { return s.section(k, name, mask) })
			if o.status != bundle.StatusOK {
				all = o
			}
			if o.status == bundle.StatusTimeout || o.status == bundle.StatusAborted {
				return all // the abandoned reader may still write: nothing may follow it
			}
		}
		return all
	})
}

// section writes one file below its heading. Only regular files are read: a FIFO or a device would answer for ever.
func (s *session) section(k *sink, name string, mask func(io.Writer, []byte) error) error {
	if st, err := os.Stat(s.host.path(name)); err != nil || !st.Mode().IsRegular() {
		return err
	}
	text, err := readBounded(s.host.path(name), maskedLimit+1)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	switch {
	case len(text) > maskedLimit:
		err = fmt.Errorf("%q is larger than %d bytes and was left out", name, maskedLimit)
	case mask == nil:
		out.WriteString(text)
	default:
		if err = mask(&out, []byte(text)); err != nil {
			out.Reset() // half a masked file may be half an unmasked one
			err = fmt.Errorf("%q was left out: %w", name, err)
		}
	}
	if err != nil {
		fmt.Fprintf(&out, "[coldcase: %v]\n", err)
	} else if n := out.Len(); n > 0 && out.Bytes()[n-1] != '\n' {
		out.WriteByte('\n')
	}
	if _, werr := io.WriteString(k, sectionStart+name+sectionEnd+out.String()); werr != nil {
		return errors.Join(err, werr)
	}
	return err
}
