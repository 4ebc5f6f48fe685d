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
	l := prepareLeaks(m, own)
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

func prepareLeaks(m *pseudonym.Mapper, own bool) *pseudonym.Leaks {
	if own {
		return m.Leaks(ownAddresses())
	}
	return m.Leaks(nil, nil)
}

// watcher searches a bundle while it is written, for what cannot be read again afterwards. It knows only the names that
// were known when an artifact began; late counts those that came later.
type watcher struct {
	m     *pseudonym.Mapper
	own   bool
	leaks *pseudonym.Leaks
	first int // names when the bundle began
	known int // names in leaks
	found []Leak
}

func newWatcher(m *pseudonym.Mapper, own bool) *watcher {
	return &watcher{m: m, own: own, leaks: prepareLeaks(m, own), first: m.Known(), known: m.Known()}
}

// search begins an artifact.
func (w *watcher) search(packets bool) *pseudonym.Search {
	if known := w.m.Known(); known != w.known {
		w.leaks, w.known = prepareLeaks(w.m, w.own), known
	}
	return w.leaks.Search(packets)
}

// add files what was found in an artifact and in its record.
func (w *watcher) add(name string, record any, values []string) error {
	values, err := findRecord(w.leaks, record, values)
	if len(values) > 0 {
		w.found = append(w.found, Leak{name, values})
	}
	return err
}

func (w *watcher) late() int { return w.m.Known() - w.first }

// findRecord searches what the archive says of an artifact, or its manifest.
func findRecord(l *pseudonym.Leaks, record any, values []string) ([]string, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return values, fmt.Errorf("check a record: %w", err)
	}
	more, err := l.Find(strings.NewReader(string(text)), false)
	return append(values, more...), err
}
