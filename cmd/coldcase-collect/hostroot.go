//go:build linux

package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// enterHost makes dir the root directory, so that a collector in a container reads the node's files and runs the
// node's programs. The output was opened before, and stays where it was.
func enterHost(dir string) error {
	if dir == "" {
		return nil
	}
	hint := "in a container, mount the node's / there, and give it CAP_SYS_CHROOT: see coldcase-collect manifest"
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return usage(hint, "--host-root: %q is no directory", dir)
	}
	err := unix.Chroot(dir)
	if err == nil {
		err = unix.Chdir("/")
	}
	if err != nil {
		return usage(hint, "--host-root: enter %q: %w", dir, err)
	}
	return nil
}

func waitCommand() *cobra.Command {
	return &cobra.Command{
		Use: "wait", Short: "Do nothing until told to end: what the manifest's pods run", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), "waiting; the manifest says at its top how to gather the bundles and how to remove this again")
			<-cmd.Context().Done()
			return nil
		},
	}
}
