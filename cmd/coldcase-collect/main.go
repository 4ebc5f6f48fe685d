//go:build linux

// Command coldcase-collect gathers a bundle on a node, for coldcase to read.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the release build.
var version = "0.1.0-dev"

// The exit codes. A bundle that was written is a success, whatever could not be gathered.
const (
	exitUsage = 2
	exitWrite = 3
)

// failure is an error with what to do about it and the exit code.
type failure struct {
	err  error
	hint string
	code int
}

// Error implements error.
func (f *failure) Error() string { return f.err.Error() }

// Unwrap gives errors.Is and errors.As the cause.
func (f *failure) Unwrap() error { return f.err }

func usage(hint, format string, args ...any) error {
	return &failure{err: fmt.Errorf(format, args...), hint: hint, code: exitUsage}
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	return report(root().ExecuteContext(ctx), os.Stderr)
}

func report(err error, w io.Writer) int {
	if err == nil {
		return 0
	}
	f := &failure{err: err, hint: "see coldcase-collect --help", code: exitUsage}
	errors.As(err, &f)
	fmt.Fprintf(w, "error: %s\n", strings.TrimSpace(err.Error()))
	if f.hint != "" {
		fmt.Fprintf(w, "hint: %s\n", f.hint)
	}
	return f.code
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "coldcase-collect",
		Short: "Gather a bundle on a Kubernetes node, for coldcase to analyse later and elsewhere",
		Long: `coldcase-collect gathers what a node knows about itself into one archive: kernel log, journal, memory,
network, firewall and IPVS tables, container logs, and the cluster's objects where a kubeconfig works.
It changes nothing on the node, loads no kernel module, fetches no Secret and masks environment values.`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	cmd.AddCommand(nodeCommand(), clusterCommand(), planCommand(), manifestCommand(), waitCommand(), versionCommand())
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "coldcase-collect %s\n", version)
			return err
		},
	}
}
