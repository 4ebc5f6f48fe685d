// Command coldcase reads a bundle of a Kubernetes cluster, offline, and reports which known failures it proves.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "dev"

// Exit codes. Findings alone do not fail: --fail-on decides.
const (
	exitOK         = 0
	exitFindings   = 1
	exitUsage      = 2
	exitUnreadable = 3
)

// gcPercent keeps the heap close to what is in use: decoding buffers are recycled, so collecting costs little, and
// support engineers run this beside everything else on their machine. GOGC overrides it.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// exitError carries an exit code and what the user can do about it.
type exitError struct {
	code int
	err  error
	hint []string
}

// Error implements error.
func (e *exitError) Error() string { return e.err.Error() }

// Unwrap gives errors.Is and errors.As the cause.
func (e *exitError) Unwrap() error { return e.err }

func usageError(err error, hints ...string) error { return &exitError{exitUsage, err, hints} }
func unreadable(err error, hints ...string) error { return &exitError{exitUnreadable, err, hints} }

var errFindings = errors.New("findings at or above --fail-on")

// env is what a command may touch.
type env struct {
	in       io.Reader
	out, err io.Writer
}

func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	root := rootCommand(&env{in: in, out: out, err: errw})
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var ee *exitError
	if !errors.As(err, &ee) {
		ee = &exitError{code: exitUsage, err: err, hint: []string{"coldcase --help lists the commands, coldcase COMMAND --help the flags"}}
	}
	if errors.Is(err, errFindings) {
		return exitFindings
	}
	fmt.Fprintf(errw, "error: %s\n", strings.TrimSpace(ee.err.Error()))
	for _, h := range ee.hint {
		fmt.Fprintf(errw, "hint: %s\n", h)
	}
	return ee.code
}

func rootCommand(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "coldcase",
		Short: "Find out what went wrong on a Kubernetes cluster from a bundle, offline",
		Long: `coldcase reads the archive that coldcase-collect made, or a folder or archive of loose
files, and reports which known failures the evidence proves, what caused what, what
to do, and what could not be checked. It opens no connection.

Exit codes: 0 done, 1 findings at or above --fail-on, 2 usage, 3 unreadable bundle.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(analyzeCommand(e), demoCommand(e), inspectCommand(e), factsCommand(e), replayCommand(e), signaturesCommand(e), verifyCommand(e), mergeCommand(e), revealCommand(e))
	return root
}
