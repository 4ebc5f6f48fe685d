//go:build linux

package collect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"coldcase/bundle"
	"coldcase/pseudonym"
)

// Leak says which originals one artifact of a pseudonymised bundle still holds.
type Leak struct {
	Artifact string // "manifest.json" for the manifest
	Values   []string
}

// FindLeaks reads a bundle that was just written and looks for names that the mapper knows and, when own is set, for
// this machine's addresses. It returns an error when the bundle cannot be read whole.
func FindLeaks(file string, m *pseudonym.Mapper, own bool) ([]Leak, error) {
	var l *pseudonym.Leaks
	if own {
		l = m.Leaks(ownAddresses())
	} else {
		l = m.Leaks(nil, nil)
	}
	r, err := bundle.Open([]string{file}, bundle.Options{})
	if err != nil {
		return nil, fmt.Errorf("check %q for names and addresses: %w", file, err)
	}
	defer r.Close()
	var leaks []Leak
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return leaks, fmt.Errorf("check %q for names and addresses: %w", file, err)
		}
		values, err := l.Find(r, strings.HasPrefix(e.Artifact, "capture/"))
		if err != nil {
			return leaks, fmt.Errorf("check %q of %q: %w", e.Path, file, err)
		}
		if values, err = findRecord(l, e.IndexEntry, values); err != nil {
			return leaks, err
		}
		if len(values) > 0 {
			leaks = append(leaks, Leak{e.Path, values})
		}
	}
	for _, b := range r.Bundles() {
		if b.Manifest == nil {
			continue
		}
		values, err := findRecord(l, *b.Manifest, nil)
		if err != nil {
			return leaks, err
		}
		if len(values) > 0 {
			leaks = append(leaks, Leak{bundle.ManifestName, values})
		}
	}
	return leaks, nil
}

// findRecord searches what the archive says of an artifact, or its manifest.
func findRecord(l *pseudonym.Leaks, record any, values []string) ([]string, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return values, fmt.Errorf("check a record: %w", err)
	}
	more, err := l.Find(strings.NewReader(string(text)), false)
	return append(values, more...), err
}
