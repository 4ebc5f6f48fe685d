package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"coldcase/pseudonym"
)

// maxRevealLine bounds a line of a report; reports in one line, such as XML, are translated in pieces of it.
const maxRevealLine = 16 << 20

func revealCommand(e *env) *cobra.Command {
	var keyFile, output string
	cmd := &cobra.Command{
		Use:   "reveal REPORT",
		Short: "Translate a report on a pseudonymised bundle back, with the key",
		Long: `Replaces the pseudonyms in a report, or in any text (-: standard input), by the originals: addresses are computed
with the key, names are looked up in the table that coldcase-collect keeps beside it. Do it where the key is.
Addresses that are no pseudonyms, such as examples in a remediation, change as well.`,
		Example: "  coldcase reveal report.html --key-file case.key -o report-with-names.html",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return e.reveal(args[0], keyFile, output)
		},
	}
	cmd.Flags().StringVar(&keyFile, "key-file", "", "`file` with the key that coldcase-collect was given")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "`file` to write, or - for standard output")
	_ = cmd.MarkFlagRequired("key-file") // fails only for a flag that does not exist
	return cmd
}

func (e *env) reveal(report, keyFile, output string) (err error) {
	key, err := pseudonym.ReadKey(keyFile)
	if err != nil {
		return usageError(err, "name the file that coldcase-collect got with --key-file")
	}
	m, err := pseudonym.New(key)
	if err != nil {
		return usageError(err)
	}
	if err := m.LoadNames(pseudonym.NamesFile(keyFile)); err != nil {
		return usageError(err, "the table of names lies beside the key")
	}
	in := e.in
	if report != "-" {
		f, err := os.Open(report)
		if err != nil {
			return unreadable(fmt.Errorf("read the report: %w", err))
		}
		defer f.Close()
		in = f
	}
	out := e.out
	if output != "-" {
		f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return usageError(fmt.Errorf("write the report: %w", err), "choose a name that is free with -o")
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	return translate(m, in, out)
}

// translate works line by line, so that a long report needs little memory.
func translate(m *pseudonym.Mapper, in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, maxRevealLine)
	w := bufio.NewWriter(out)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			if _, err := w.WriteString(m.Reveal(string(line))); err != nil {
				return unreadable(fmt.Errorf("write the report: %w", err))
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			if err := w.Flush(); err != nil {
				return unreadable(fmt.Errorf("write the report: %w", err))
			}
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return unreadable(fmt.Errorf("read the report: %w", err))
		}
	}
}
