//go:build linux

package collect

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
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
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("check a bundle for names and addresses: %w", err)
	}
	defer f.Close()
	var leaks []Leak
	var search *pseudonym.Search // of the present artifact, over all of its members
	name := ""
	err = bundle.ReadBack(f, func(p bundle.Part) error {
		if p.Name == bundle.IndexName { // says again what the members say
			return nil
		}
		if search == nil {
			search, name = l.Search(strings.HasPrefix(p.Artifact, "capture/")), p.Name
		}
		if _, err := io.Copy(search, p.Body); err != nil {
			return err
		}
		if p.Artifact != "" && !p.Last {
			return nil
		}
		values, err := l.Find(strings.NewReader(p.Name+"\n"+strings.Join(p.Words, "\n")), false)
		if values = append(search.Found(), values...); len(values) > 0 {
			slices.Sort(values)
			leaks = append(leaks, Leak{name, slices.Compact(values)})
		}
		search = nil
		return err
	})
	if err != nil {
		return leaks, fmt.Errorf("check %q for names and addresses: %w", file, err)
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
