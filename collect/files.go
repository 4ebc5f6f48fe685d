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
	"time"

	"coldcase/bundle"
)

// readFile copies a file into the sink. A read that hangs, on a dead mount or a FIFO, is left behind at the deadline.
// Of a regular file larger than newest, only the end is read; 0 reads everything.
func readFile(ctx context.Context, timeout time.Duration, name string, newest int64, s *sink) outcome {
	return within(ctx, timeout, name, func() error { return copyFile(name, newest, s) })
}

// within runs a function that may hang, and leaves it behind at the deadline.
func within(ctx context.Context, timeout time.Duration, what string, f func() error) outcome {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return fileOutcome(err)
	case <-ctx.Done():
		return ended(ctx, timeout, what)
	}
}

func fileOutcome(err error) outcome {
	if err == nil {
		return outcome{status: bundle.StatusOK}
	}
	o := outcome{status: bundle.StatusNonzeroExit, err: strings.ReplaceAll(err.Error(), "\n", "; ")}
	var part *partlyError
	switch {
	case errors.As(err, &part):
		o.status = bundle.StatusTruncated
	case errors.Is(err, os.ErrNotExist):
		o.status = bundle.StatusUnsupported
	case errors.Is(err, os.ErrPermission):
		o.status = bundle.StatusPermission
	}
	return o
}

func copyFile(name string, newest int64, s *sink) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if newest > 0 {
		if err := seekNewest(f, newest, s); err != nil {
			return fmt.Errorf("seek in %q: %w", name, err)
		}
	}
	if _, err := io.Copy(s, f); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return nil
}

// seekNewest moves to the first whole line of the last bytes of a regular file.
func seekNewest(f *os.File, newest int64, s *sink) error {
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() || st.Size() <= newest {
		return err
	}
	at := st.Size() - newest - 1 // one more, so that a line that starts exactly there is kept
	buf := make([]byte, 64*kib)
	n, err := f.ReadAt(buf, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if end := bytes.IndexByte(buf[:n], '\n'); end >= 0 {
		at += int64(end) + 1
	}
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return err
	}
	s.skip(at)
	return nil
}

// readBounded reads a small file, but never more than limit bytes of it.
func readBounded(name string, limit int64) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(f, limit)); err != nil {
		return "", err
	}
	return b.String(), nil
}
