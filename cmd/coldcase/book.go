package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"coldcase/analyze"
	"coldcase/analyze/graph"
)

func bookCommand(e *env, packs *[]string) *cobra.Command {
	return &cobra.Command{Use: "book DIR", Short: "Write every signature as a page, with an index and the graph", Args: cobra.ExactArgs(1),
		Long: `Writes a page in Markdown for each signature, README.md as their index and graph.svg into DIR, which is made. Other
files in DIR stay.`,
		RunE: func(_ *cobra.Command, args []string) error {
			sigs, err := loadSignatures(*packs, nil)
			if err != nil {
				return err
			}
			pages, err := book(sigs)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("make the book's folder: %w", err)
			}
			for name, text := range pages {
				if err := os.WriteFile(filepath.Join(args[0], name), text, 0o644); err != nil {
					return fmt.Errorf("write a page: %w", err)
				}
			}
			fmt.Fprintf(e.out, "%d files in %s\n", len(pages), args[0])
			return nil
		}}
}

// book is what the command writes, by file name.
func book(sigs []*analyze.Signature) (map[string][]byte, error) {
	pages := map[string][]byte{}
	for name, text := range analyze.Book(sigs) {
		pages[name] = []byte(text)
	}
	var svg bytes.Buffer
	if err := graph.Write(&svg, "svg", sigs); err != nil {
		return nil, err
	}
	pages["graph.svg"] = svg.Bytes()
	return pages, nil
}
