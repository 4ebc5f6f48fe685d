package analyze

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/types"

	"coldcase/fact"
)

// program is a signature made ready. Each expression is compiled when it is first needed: of most signatures a case has
// no row, so that there is nothing to judge, and most others do not match.
type program struct {
	sig       *Signature
	schemas   []*schema
	where     []lazy // nil where a selection has none
	condition lazy
	words     func() (*words, error)
}

// lazy compiles an expression, once.
type lazy func() (cel.Program, error)

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
	lang  *language
	kinds map[fact.Kind]fact.Value // zero values of all fact kinds that are not log records
}

func newCompiler(kinds map[fact.Kind]fact.Value) (*compiler, error) {
	lang, err := newLanguage()
	if err != nil {
		return nil, fmt.Errorf("prepare condition language: %w", err)
	}
	return &compiler{lang: lang, kinds: kinds}, nil
}

// compile makes a signature ready. Errors name the file, the line, the expression and the column; those of expressions
// come when they are compiled, and check compiles them all.
func (c *compiler) compile(sig *Signature) (*program, error) {
	p := &program{sig: sig, where: make([]lazy, len(sig.Select))}
	text := types.NewMapType(types.StringType, types.StringType)
	vars := []*decls.VariableDecl{decls.NewVariable("subject", text), decls.NewVariable("versions", text)}
	for i := range sig.Select {
		sel := &sig.Select[i]
		s, err := c.schema(sig, sel)
		if err != nil {
			return nil, fmt.Errorf("%s: selection %q: %w", sig.at(sel.line), sel.Name, err)
		}
		p.schemas = append(p.schemas, s)
		vars = append(vars, decls.NewVariable(sel.Name, types.NewListType(types.NewObjectType(s.name))))
	}
	in, err := c.lang.scope(vars...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sig.File, err)
	}
	for i := range sig.Select {
		if sel := &sig.Select[i]; sel.Where != "" {
			p.where[i] = sync.OnceValues(func() (cel.Program, error) { return p.compileWhere(in, i) })
		}
	}
	p.condition = sync.OnceValues(func() (cel.Program, error) {
		prg, err := in.compileBool(sig.condition())
		if err != nil {
			return nil, fmt.Errorf("%s: condition %q: %w", sig.atKey("condition"), sig.condition(), err)
		}
		return prg, nil
	})
	p.words = sync.OnceValues(func() (*words, error) { return compileWords(in, sig) })
	return p, nil
}

// check compiles everything that the signature says.
func (p *program) check() error {
	for _, where := range p.where {
		if where != nil {
			if _, err := where(); err != nil {
				return err
			}
		}
	}
	if _, err := p.condition(); err != nil {
		return err
	}
	_, err := p.words()
	return err
}

// schema is the row type of a selection.
func (c *compiler) schema(sig *Signature, sel *Selection) (*schema, error) {
	zero, known := c.kinds[sel.From]
	if !known && !sel.isLog() {
		return nil, fmt.Errorf("no parser emits facts of kind %q", sel.From)
	}
	s, err := newSchema(sig.ID, sel, zero)
	if err != nil {
		return nil, err
	}
	if err := checkFields(sel, s); err != nil {
		return nil, err
	}
	c.lang.types.add(s)
	return s, nil
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

func (p *program) compileWhere(in *scope, i int) (cel.Program, error) {
	sel := &p.sig.Select[i]
	row, err := in.with("it", types.NewObjectType(p.schemas[i].name))
	if err != nil {
		return nil, err
	}
	prg, err := row.compileBool(sel.Where)
	if err != nil {
		return nil, fmt.Errorf("%s: selection %q: where %q: %w", p.sig.at(sel.line), sel.Name, sel.Where, err)
	}
	return prg, nil
}

func compileWords(in *scope, sig *Signature) (*words, error) {
	w := &words{}
	for _, rule := range sig.Severities {
		when, err := in.compileBool(rule.When)
		if err != nil {
			return nil, fmt.Errorf("%s: severities %s: %w", sig.atKey("severities"), rule.Is, err)
		}
		w.severity = append(w.severity, when)
	}
	for _, rule := range sig.Confidence {
		var when cel.Program
		var err error
		if rule.When != "" {
			if when, err = in.compileBool(rule.When); err != nil {
				return nil, fmt.Errorf("%s: confidence %s: %w", sig.atKey("confidence"), rule.Is, err)
			}
		}
		because, err := newTemplate(in, rule.Because)
		if err != nil {
			return nil, fmt.Errorf("%s: confidence %s: because: %w", sig.atKey("confidence"), rule.Is, err)
		}
		w.confidence, w.because = append(w.confidence, when), append(w.because, because)
	}
	var err error
	if w.message, err = newTemplate(in, sig.Message); err != nil {
		return nil, fmt.Errorf("%s: message: %w", sig.atKey("message"), err)
	}
	for i, step := range sig.Remediation {
		var pair [2]template
		for k, text := range []string{step.Do, step.Command} {
			if pair[k], err = newTemplate(in, text); err != nil {
				return nil, fmt.Errorf("%s: remediation step %d: %w", sig.atKey("remediation"), i+1, err)
			}
		}
		w.steps = append(w.steps, pair)
	}
	return w, nil
}
