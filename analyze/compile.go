package analyze

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"coldcase/fact"
)

// costLimit bounds one evaluation, in CEL's cost units: about 0.1 s.
const costLimit = 1_000_000

// program is a compiled signature.
type program struct {
	sig       *Signature
	schemas   []*schema
	where     []cel.Program // nil where a selection has none
	condition cel.Program
	words     func() (*words, error) // compiled at the first match: most signatures of a case do not match
}

// words are the expressions that only a match needs.
type words struct {
	severity   []cel.Program
	confidence []cel.Program // nil: always
	because    []template
	message    template
	steps      [][2]template // what to do, and its command
}

// compiler holds what all signatures share.
type compiler struct {
	base  *cel.Env
	kinds map[fact.Kind]fact.Value // zero values of all fact kinds that are not log records
}

func newCompiler(kinds map[fact.Kind]fact.Value) (*compiler, error) {
	opts := append([]cel.EnvOption{ext.Strings(), ext.Math(), ext.Lists(), ext.Sets()}, functions()...)
	env, err := cel.NewCustomEnv(append([]cel.EnvOption{cel.StdLib()}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("prepare condition language: %w", err)
	}
	return &compiler{base: env, kinds: kinds}, nil
}

// compile type-checks everything that a signature says. Errors name the file, the expression and the column.
func (c *compiler) compile(sig *Signature) (*program, error) {
	p := &program{sig: sig}
	prov := &provider{Provider: c.base.CELTypeProvider(), schemas: map[string]*schema{}}
	vars := []cel.EnvOption{
		cel.CustomTypeProvider(prov),
		cel.Variable("subject", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("versions", cel.MapType(cel.StringType, cel.StringType)),
	}
	for i := range sig.Select {
		sel := &sig.Select[i]
		zero, known := c.kinds[sel.From]
		if !known && !sel.isLog() {
			return nil, fmt.Errorf("%s: selection %q: no parser emits facts of kind %q", sig.File, sel.Name, sel.From)
		}
		s, err := newSchema(schemaPrefix+sel.Name, sel, zero)
		if err != nil {
			return nil, fmt.Errorf("%s: selection %q: %w", sig.File, sel.Name, err)
		}
		if err := checkFields(sel, s); err != nil {
			return nil, fmt.Errorf("%s: selection %q: %w", sig.File, sel.Name, err)
		}
		prov.schemas[s.name] = s
		p.schemas = append(p.schemas, s)
		vars = append(vars, cel.Variable(sel.Name, cel.ListType(cel.ObjectType(s.name))))
	}
	env, err := c.base.Extend(vars...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sig.File, err)
	}
	if err := p.compileWhere(env); err != nil {
		return nil, fmt.Errorf("%s: %w", sig.File, err)
	}
	if p.condition, err = boolProgram(env, sig.condition()); err != nil {
		return nil, fmt.Errorf("%s: condition %q: %w", sig.File, sig.condition(), err)
	}
	p.words = sync.OnceValues(func() (*words, error) { return compileWords(env, sig) })
	return p, nil
}

func checkFields(sel *Selection, s *schema) error {
	if _, field := sel.joinKey(); sel.Join != "" {
		if _, ok := s.fields[field]; !ok {
			return fmt.Errorf("join names %q, which is no field", field)
		}
	}
	if _, ok := s.fields["message"]; len(sel.Pattern) > 0 && !ok {
		return fmt.Errorf("kind %q has no message for a pattern", sel.From)
	}
	return nil
}

func (p *program) compileWhere(env *cel.Env) error {
	p.where = make([]cel.Program, len(p.sig.Select))
	for i := range p.sig.Select {
		sel := &p.sig.Select[i]
		if sel.Where == "" {
			continue
		}
		rowEnv, err := env.Extend(cel.Variable("it", cel.ObjectType(p.schemas[i].name)))
		if err != nil {
			return err
		}
		if p.where[i], err = boolProgram(rowEnv, sel.Where); err != nil {
			return fmt.Errorf("selection %q: where %q: %w", sel.Name, sel.Where, err)
		}
	}
	return nil
}

func compileWords(env *cel.Env, sig *Signature) (*words, error) {
	w := &words{}
	for _, rule := range sig.Severities {
		when, err := boolProgram(env, rule.When)
		if err != nil {
			return nil, fmt.Errorf("%s: severities %s: %w", sig.File, rule.Is, err)
		}
		w.severity = append(w.severity, when)
	}
	for _, rule := range sig.Confidence {
		var when cel.Program
		var err error
		if rule.When != "" {
			if when, err = boolProgram(env, rule.When); err != nil {
				return nil, fmt.Errorf("%s: confidence %s: %w", sig.File, rule.Is, err)
			}
		}
		because, err := newTemplate(env, rule.Because)
		if err != nil {
			return nil, fmt.Errorf("%s: confidence %s: because: %w", sig.File, rule.Is, err)
		}
		w.confidence, w.because = append(w.confidence, when), append(w.because, because)
	}
	var err error
	if w.message, err = newTemplate(env, sig.Message); err != nil {
		return nil, fmt.Errorf("%s: message: %w", sig.File, err)
	}
	for i, step := range sig.Remediation {
		var pair [2]template
		for k, text := range []string{step.Do, step.Command} {
			if pair[k], err = newTemplate(env, text); err != nil {
				return nil, fmt.Errorf("%s: remediation step %d: %w", sig.File, i+1, err)
			}
		}
		w.steps = append(w.steps, pair)
	}
	return w, nil
}

func boolProgram(env *cel.Env, text string) (cel.Program, error) {
	ast, iss := env.Compile(text)
	if iss.Err() != nil {
		return nil, iss.Err()
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("is %s, not bool", ast.OutputType())
	}
	return env.Program(ast, cel.CostLimit(costLimit), cel.EvalOptions(cel.OptPartialEval))
}

// template is text with CEL expressions in double braces, each of which is compiled.
type template struct {
	text  []string // len(exprs)+1 literal pieces
	exprs []cel.Program
}

var braces = regexp.MustCompile(`\{\{(.*?)\}\}`)

func newTemplate(env *cel.Env, text string) (template, error) {
	var t template
	at := 0
	for _, m := range braces.FindAllStringSubmatchIndex(text, -1) {
		expr := strings.TrimSpace(text[m[2]:m[3]])
		ast, iss := env.Compile(expr)
		if iss.Err() != nil {
			return t, fmt.Errorf("%q: %w", expr, iss.Err())
		}
		prg, err := env.Program(ast, cel.CostLimit(costLimit))
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
