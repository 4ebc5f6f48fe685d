package analyze

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-multierror"
	"go.yaml.in/yaml/v3"
)

// maxSignatureFile bounds one signature file; the longest of ours is a tenth of it.
const maxSignatureFile = 256 << 10

// LoadSignatures reads every *.yaml at the root of the file systems, in order. An id that an earlier file system
// already holds is an error. All errors are returned together with what could be read.
func LoadSignatures(systems ...fs.FS) ([]*Signature, error) {
	var sigs []*Signature
	var errs *multierror.Error
	byID := map[string]string{}
	for pack, system := range systems {
		names, err := fs.Glob(system, "*.yaml")
		if err != nil {
			return nil, fmt.Errorf("list signatures: %w", err)
		}
		files, failed := loadFiles(system, names)
		for i, name := range names {
			errs = multierror.Append(errs, failed[i])
			for _, s := range files[i] {
				if other, taken := byID[s.ID]; taken {
					errs = multierror.Append(errs, fmt.Errorf("%s: signature %q is already in %s", name, s.ID, other))
					continue
				}
				byID[s.ID], s.Pack = name, pack
				sigs = append(sigs, s)
			}
		}
	}
	if errs.ErrorOrNil() == nil { // else an edge to nowhere may only lead to what could not be read
		errs = multierror.Append(errs, checkGraph(sigs))
	}
	sort.Slice(sigs, func(i, j int) bool { return sigs[i].ID < sigs[j].ID })
	return sigs, errs.ErrorOrNil()
}

// loadFiles reads files on all cores: taking hundreds of them apart is most of what a small case waits for.
func loadFiles(system fs.FS, names []string) ([][]*Signature, []error) {
	files, failed := make([][]*Signature, len(names)), make([]error, len(names))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				files[i], failed[i] = loadFile(system, names[i])
			}
		})
	}
	workers.Wait()
	return files, failed
}

func loadFile(system fs.FS, name string) ([]*Signature, error) {
	f, err := system.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open signature: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSignatureFile+1))
	if err != nil {
		return nil, fmt.Errorf("read signature %s: %w", name, err)
	}
	if len(text) > maxSignatureFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, maxSignatureFile)
	}
	sigs, err := ParseSignatures(name, text)
	if err != nil {
		return nil, err
	}
	if stem := strings.TrimSuffix(path.Base(name), ".yaml"); len(sigs) == 1 && sigs[0].ID != stem {
		return nil, fmt.Errorf("%s: id %q must be the file's name", name, sigs[0].ID)
	}
	return sigs, nil
}

// ParseSignatures decodes one file strictly: an unknown key is an error that names the line. A file with a table
// holds one signature per row of it: ${column} in any text stands for the row's value.
func ParseSignatures(name string, text []byte) (sigs []*Signature, err error) {
	defer func() { // the YAML library panics on some hostile documents
		if r := recover(); r != nil {
			sigs, err = nil, fmt.Errorf("%s: not readable as YAML: %v", name, r)
		}
	}()
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: not a YAML mapping", name)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one YAML document", name)
	}
	rows, err := tableRows(doc.Content[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if rows == nil {
		s, err := decodeSignature(name, doc.Content[0])
		if err != nil {
			return nil, err
		}
		return []*Signature{s}, nil
	}
	for i, row := range rows {
		s, err := decodeSignature(name, substitute(doc.Content[0], row, map[*yaml.Node]*yaml.Node{}))
		if err != nil {
			return nil, fmt.Errorf("table row %d: %w", i+1, err)
		}
		sigs = append(sigs, s)
	}
	return sigs, nil
}

func decodeSignature(name string, root *yaml.Node) (*Signature, error) {
	s := &Signature{File: name, lines: map[string]int{}}
	if err := root.Decode(s); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		s.lines[root.Content[i].Value] = root.Content[i].Line
	}
	if err := checkKeys(root, reflect.TypeFor[Signature]()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// tableRows returns the rows under the key "table"; nil when there is none.
func tableRows(root *yaml.Node) ([]map[string]string, error) {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "table" {
			var rows []map[string]string
			if err := root.Content[i+1].Decode(&rows); err != nil {
				return nil, fmt.Errorf("line %d: table must be a list of flat mappings: %w", root.Content[i].Line, err)
			}
			if len(rows) == 0 {
				return nil, fmt.Errorf("line %d: table has no rows", root.Content[i].Line)
			}
			return rows, nil
		}
	}
	return nil, nil
}

// substitute copies a document without its table, with ${column} replaced. done holds the copies, for aliases.
func substitute(n *yaml.Node, row map[string]string, done map[*yaml.Node]*yaml.Node) *yaml.Node {
	out := *n
	done[n] = &out
	if n.Kind == yaml.AliasNode {
		out.Alias = done[n.Alias] // what it stands for comes earlier in the file
		return &out
	}
	out.Content = nil
	if n.Kind == yaml.ScalarNode {
		for column, value := range row {
			out.Value = strings.ReplaceAll(out.Value, "${"+column+"}", value)
		}
		if out.Value != n.Value {
			out.Tag = "" // a number that came in through the table is a number
			out.Style &^= yaml.TaggedStyle
		}
		return &out
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && (child.Value == "table" && i%2 == 0 || i%2 == 1 && n.Content[i-1].Value == "table") {
			continue
		}
		out.Content = append(out.Content, substitute(child, row, done))
	}
	return &out
}

// checkGraph refuses explains edges to nowhere and cycles of them.
func checkGraph(sigs []*Signature) error {
	var errs *multierror.Error
	byID := map[string]*Signature{}
	for _, s := range sigs {
		byID[s.ID] = s
	}
	state := map[string]int{} // 1: on the path, 2: done
	var visit func(s *Signature, trail []string)
	visit = func(s *Signature, trail []string) {
		state[s.ID] = 1
		for _, to := range s.Explains {
			next, known := byID[to]
			switch {
			case !known:
				errs = multierror.Append(errs, fmt.Errorf("%s: explains %q, which is no signature", s.File, to))
			case state[to] == 1:
				errs = multierror.Append(errs, fmt.Errorf("%s: explains form a cycle: %s", s.File, strings.Join(append(trail, s.ID, to), " > ")))
			case state[to] == 0:
				visit(next, append(trail, s.ID))
			}
		}
		state[s.ID] = 2
	}
	for _, s := range sigs {
		if state[s.ID] == 0 {
			visit(s, nil)
		}
	}
	return errs.ErrorOrNil()
}
