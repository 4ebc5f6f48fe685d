// Package coldcase holds no code: its test guards the plan of the house. docs/design.md explains the rooms.
package coldcase

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// law is one row of the import law: who must never depend on what, and why.
type law struct {
	who    string   // package, below the module's path
	direct bool     // only its own imports, not what those import
	never  []string // packages; a name that ends in / stands for all below it
	why    string
}

var laws = []law{
	{"coldcase/cmd/coldcase", false, []string{"net/http", "crypto/tls", "os/exec", "plugin", "k8s.io/client-go/", "coldcase/collect"},
		"the analyzer is offline, provably: it can neither speak to a network nor run a program"},
	{"coldcase/parsers", true, []string{"coldcase/bundle", "coldcase/analyze", "coldcase/report", "coldcase/collect", "os"},
		"a parser is a pure function of bytes"},
	{"coldcase/analyze", true, []string{"coldcase/report", "coldcase/collect", "html/template", "os"},
		"it decides, it does not print"},
	{"coldcase/analyze/logscan", true, []string{"coldcase/report", "coldcase/collect", "html/template", "os"},
		"it decides, it does not print"},
	{"coldcase/report", true, []string{"coldcase/parsers", "coldcase/bundle", "os"},
		"it renders a Result and knows no artifact"},
	{"coldcase/cmd/coldcase-collect", false, []string{"coldcase/parsers", "coldcase/analyze", "coldcase/report", "cel.dev/cel-go/cel"},
		"the collector gathers and never judges; its binary stays small"},
	{"coldcase/fact", false, []string{"coldcase/"}, "the ground floor"},
	{"coldcase/bundle", false, []string{"coldcase/"}, "the ground floor"},
	{"coldcase/pseudonym", false, []string{"coldcase/", "net/http", "os/exec"}, "the ground floor: the collector and the analyzer's binary share it"},
	{"coldcase/journalfile", false, []string{"coldcase/"}, "the ground floor"},
}

// noCode must never be imported by code that is not a test.
var noCode = []string{"testing", "github.com/stretchr/testify/", "coldcase/fixtures/"}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	GoFiles    []string
	Dir        string
}

// list asks the go command for packages; it needs nothing but Go.
func list(t *testing.T, args ...string) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Imports,Deps,GoFiles,Dir"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	pkgs := map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		require.NoError(t, dec.Decode(&p))
		pkgs[p.ImportPath] = p
	}
	return pkgs
}

func TestImportLaw(t *testing.T) {
	pkgs := list(t, "./...")
	for _, l := range laws {
		p, ok := pkgs[l.who]
		require.Truef(t, ok, "the law names %s, which does not exist", l.who)
		deps := p.Deps
		if l.direct {
			deps = p.Imports
		}
		for _, d := range deps {
			for _, n := range l.never {
				if d == n || strings.HasSuffix(n, "/") && strings.HasPrefix(d, n) && d != l.who {
					t.Errorf("%s imports %s: %s", l.who, d, l.why)
				}
			}
		}
	}
	for _, p := range pkgs {
		for _, d := range p.Imports {
			for _, n := range noCode {
				if d == n || strings.HasSuffix(n, "/") && strings.HasPrefix(d, n) {
					t.Errorf("%s imports %s: tests stay in tests", p.ImportPath, d)
				}
			}
		}
	}
}

// TestHouseStyle checks what the linter does not know: names of rooms, and that parsers ask no clock.
func TestHouseStyle(t *testing.T) {
	for path := range list(t, "./...") {
		switch filepath.Base(path) {
		case "util", "utils", "common", "helpers", "types", "core", "manager", "pkg":
			t.Errorf("package %s says nothing by its name", path)
		}
	}
	files, err := filepath.Glob("parsers/*.go")
	require.NoError(t, err)
	more, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	deep, err := filepath.Glob("*/*/*.go")
	require.NoError(t, err)
	for _, file := range append(append(files, more...), deep...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		shortFunctions(t, file)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		src := string(text)
		if strings.HasPrefix(file, "parsers/") || strings.HasPrefix(file, "analyze/") || strings.HasPrefix(file, "report/") {
			require.NotContainsf(t, src, "time.Now(", "%s asks the clock: the same bundle must give the same bytes", file)
		}
		require.NotContainsf(t, src, "\nfunc init()", "%s has an init function", file)
		if n := strings.Count(src, "\n"); n > 400 {
			t.Errorf("%s has %d lines; the limit is 400", file, n)
		}
	}
}

// maxFunc is the longest function, in lines; the aim is 40.
const maxFunc = 80

func shortFunctions(t *testing.T, file string) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line; n > maxFunc {
				t.Errorf("%s: %s has %d lines; the limit is %d", file, fn.Name.Name, n, maxFunc)
			}
		}
	}
}
