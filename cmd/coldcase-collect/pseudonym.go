//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"coldcase/collect"
	"coldcase/pseudonym"
)

// exitLeak says that the bundle was written, but must not leave the house.
const exitLeak = 1

// pseudonymFlags ask for names and addresses to be replaced.
type pseudonymFlags struct {
	on      bool
	keyFile string
	mapper  *pseudonym.Mapper // nil when not asked for
}

func (p *pseudonymFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.on, "pseudonymise", false, "replace addresses and the names of hosts, nodes, namespaces and pods; needs --key-file")
	cmd.Flags().StringVar(&p.keyFile, "key-file", "", "`file` with the key, created when it does not exist; it stays with you, and so does the table FILE.names")
}

// check reads or makes the key, before anything is gathered.
func (p *pseudonymFlags) check(hostRoot string) error {
	switch {
	case !p.on && p.keyFile == "":
		return nil
	case !p.on:
		return usage("add --pseudonymise, or leave --key-file out", "--key-file without --pseudonymise")
	case p.keyFile == "":
		return usage("name a file, such as --key-file case.key; it is created when it does not exist", "--pseudonymise needs --key-file")
	case hostRoot != "":
		return usage("run coldcase-collect on the node itself, without a container", "--pseudonymise does not work with --host-root")
	}
	key, err := pseudonym.EnsureKey(p.keyFile)
	if err != nil {
		return usage("name another file; it is created when it does not exist", "--key-file: %w", err)
	}
	if p.mapper, err = pseudonym.New(key); err != nil {
		return err
	}
	if err := p.mapper.LoadNames(pseudonym.NamesFile(p.keyFile)); err != nil {
		return usage("move the table away to begin a new one", "--key-file: %w", err)
	}
	return nil
}

// defaultName is the name of the bundle's file, which tells the node's name only as everything else does.
func (p *pseudonymFlags) defaultName(cluster bool, node string) string {
	if p.mapper != nil && !cluster {
		node = p.mapper.Name(pseudonym.Node, collect.ThisNode(node))
	}
	return defaultName(cluster, node)
}

// keep writes the table of names, also when the bundle was cut short.
func (p *pseudonymFlags) keep() error {
	if p.mapper == nil {
		return nil
	}
	if err := p.mapper.SaveNames(pseudonym.NamesFile(p.keyFile)); err != nil {
		return &failure{err: err, hint: "without the table, names in a report cannot be translated back", code: exitWrite}
	}
	return nil
}

// finish says which originals the bundle still holds: it reads a file again, and of what cannot be read again it
// reports what was found while it was written.
func (p *pseudonymFlags) finish(out *output, summary collect.Summary, o collect.Options, quiet bool, log io.Writer) error {
	info := log
	if p.mapper == nil {
		return nil
	}
	if quiet {
		info = io.Discard
	}
	leaks := summary.Leaks
	if !o.Watch {
		var err error
		if leaks, err = collect.FindLeaks(out.name, p.mapper, !o.NoNode); err != nil {
			return &failure{err: err, hint: "the bundle was not searched whole; do not give it away before you looked", code: exitLeak}
		}
	}
	switch {
	case len(leaks) == 0 && o.Watch && summary.Late > 0:
		fmt.Fprintf(log, "Searched only in part for what was overlooked: %d names became known during the collection, and what was written before was not searched for them. A plain file is searched whole.\n", summary.Late)
	case len(leaks) == 0:
		fmt.Fprintf(info, "Searched for names and addresses that were overlooked: none. Keep %s and %s.\n", p.keyFile, pseudonym.NamesFile(p.keyFile))
	}
	if len(leaks) == 0 {
		return nil
	}
	for _, l := range leaks {
		fmt.Fprintf(log, "  %s holds %s\n", l.Artifact, strings.Join(l.Values, ", "))
	}
	return &failure{
		err:  fmt.Errorf("%d artifacts of %q still hold names or addresses of this node or cluster", len(leaks), out.name),
		hint: "gather again with --skip of these artifacts, or delete the bundle", code: exitLeak,
	}
}
