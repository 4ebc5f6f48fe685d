package analyze

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// template is text with CEL expressions in double braces, each of which is compiled.
type template struct {
	text  []string // len(exprs)+1 literal pieces
	exprs []cel.Program
}

var braces = regexp.MustCompile(`\{\{(.*?)\}\}`)

func newTemplate(in *scope, text string) (template, error) {
	var t template
	at := 0
	for _, m := range braces.FindAllStringSubmatchIndex(text, -1) {
		expr := strings.TrimSpace(text[m[2]:m[3]])
		prg, _, err := in.compile(expr)
		if err != nil {
			return t, fmt.Errorf("%q: %w", expr, err)
		}
		t.text, t.exprs = append(t.text, text[at:m[0]]), append(t.exprs, prg)
		at = m[1]
	}
	t.text = append(t.text, text[at:])
	return t, nil
}

// render fills the template in. An expression that fails leaves "?" and its error.
func (t template) render(vars map[string]any) (string, error) {
	return t.renderWith(vars, func(s string) string { return s })
}

// shellWord is what a name from a bundle may be to stand in a command that people copy.
var shellWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,252}$`)

// renderCommand is render for a shell: names from the bundle that are no plain words are left out, for a bundle may come
// from an enemy.
func (t template) renderCommand(vars map[string]any) (string, error) {
	return t.renderWith(vars, func(s string) string {
		if !shellWord.MatchString(s) {
			return "NAME_NOT_SAFE_TO_COPY"
		}
		return s
	})
}

func (t template) renderWith(vars map[string]any, safe func(string) string) (string, error) {
	var b strings.Builder
	var failed error
	for i, piece := range t.text {
		b.WriteString(piece)
		if i == len(t.exprs) {
			break
		}
		out, _, err := t.exprs[i].Eval(vars)
		if err != nil {
			failed = err
			b.WriteString("?")
			continue
		}
		b.WriteString(safe(printVal(out)))
	}
	return strings.TrimSpace(b.String()), failed
}

func printVal(v ref.Val) string {
	if list, ok := v.(interface {
		Size() ref.Val
		Get(ref.Val) ref.Val
	}); ok && v.Type() == types.ListType {
		n, _ := list.Size().Value().(int64)
		parts := make([]string, 0, n)
		for i := range n {
			parts = append(parts, printVal(list.Get(types.Int(i))))
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v.Value())
}
