// Package report renders an analysis result for people and for programs: one self-contained HTML page, Markdown for
// a ticket, JSON with a published schema, and JUnit XML for a pipeline.
//
// It knows a Result and no artifact: it decides nothing, reads no file and asks no clock, so the same Result gives
// the same bytes. Everything in a Result may come from a hostile bundle: each format shows it as text, with what
// would be invisible or would act on a terminal made visible.
package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"coldcase/analyze"
)

// format is one way to write a Result.
type format struct {
	name       string
	extensions []string
	render     func(*bytes.Buffer, *analyze.Result) error
}

func formats() []format {
	return []format{
		{"html", []string{".html", ".htm"}, renderHTML},
		{"md", []string{".md", ".markdown"}, renderMarkdown},
		{"json", []string{".json"}, renderJSON},
		{"junit", []string{".xml"}, renderJUnit},
	}
}

// Formats names the formats that Write knows: html, md, json, junit.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// FormatOf tells the format that a file name asks for by its extension; false when it asks for none.
func FormatOf(path string) (string, bool) {
	ext := strings.ToLower(filepath.Ext(path))
	for _, f := range formats() {
		for _, e := range f.extensions {
			if e == ext {
				return f.name, true
			}
		}
	}
	return "", false
}

// Write renders r in one of Formats. Nothing is written when rendering fails. r is not changed.
func Write(w io.Writer, format string, r *analyze.Result) error {
	if r == nil {
		return errors.New("no result to report")
	}
	for _, f := range formats() {
		if f.name != format {
			continue
		}
		var buf bytes.Buffer
		if err := f.render(&buf, r); err != nil {
			return fmt.Errorf("render %s: %w", format, err)
		}
		if _, err := w.Write(buf.Bytes()); err != nil {
			return fmt.Errorf("write %s report: %w", format, err)
		}
		return nil
	}
	return fmt.Errorf("unknown report format %q (known: %s)", format, strings.Join(Formats(), ", "))
}
