package pseudonym

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
)

// maxTable bounds the table of names that is read, in rows.
const maxTable = 1 << 20

// NamesFile is where the names of a key file's bundles are kept.
func NamesFile(keyFile string) string { return keyFile + ".names" }

// LoadNames reads a table: a pseudonym, a tab and the original on each line. A missing file is an empty table.
func (m *Mapper) LoadNames(file string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows, err := readNames(file)
	if err != nil {
		return err
	}
	for _, r := range rows {
		m.names.add(r.original, r.token)
	}
	return nil
}

func readNames(file string) ([]pair, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the names: %w", err)
	}
	defer f.Close()
	var rows []pair
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 4<<10), 64<<10)
	for lines.Scan() && len(rows) < maxTable {
		token, original, ok := strings.Cut(lines.Text(), "\t")
		if !ok || token == "" || original == "" {
			return nil, fmt.Errorf("%q, line %d: not a pseudonym and a name", file, len(rows)+1)
		}
		rows = append(rows, pair{token, original})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the names %q: %w", file, err)
	}
	return rows, nil
}

// SaveNames writes the known names, with those that the file has already, sorted. The file gets mode 0600.
func (m *Mapper) SaveNames(file string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, err := readNames(file)
	if err != nil {
		return err
	}
	all := map[pair]bool{}
	for _, r := range old {
		all[r] = true
	}
	for original, token := range m.names.tokens {
		all[pair{token, original}] = true
	}
	rows := make([]string, 0, len(all))
	for r := range all {
		rows = append(rows, r.token+"\t"+r.original+"\n")
	}
	sort.Strings(rows)
	next := file + ".new" // so that a full disk does not cost the old table
	if err := os.WriteFile(next, []byte(strings.Join(rows, "")), 0o600); err != nil {
		return fmt.Errorf("write the names: %w", err)
	}
	if err := os.Rename(next, file); err != nil {
		return fmt.Errorf("write the names: %w", err)
	}
	return nil
}
