package analyze

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// costLimit bounds one evaluation of an expression that goes through lists, in CEL's cost units: about 0.1 s.
const costLimit = 1_000_000

// language is CEL as signatures write it. All share its functions, since an environment of cel's own for each costs more
// time and memory than what they say; they differ in their variables, which a scope declares.
type language struct {
	env   *cel.Env
	types *provider
	names *checker.Env // functions and types, above every scope
}

// scope is where an expression is compiled: which variables there are.
type scope struct {
	lang  *language
	names *checker.Env
	vars  []*decls.VariableDecl
}

func newLanguage() (*language, error) {
	opts := append([]cel.EnvOption{cel.StdLib(), ext.Strings(), ext.Math(), ext.Lists(), ext.Sets(), ext.Bindings()}, functions()...)
	base, err := cel.NewCustomEnv(opts...)
	if err != nil {
		return nil, err
	}
	l := &language{types: &provider{Provider: base.CELTypeProvider()}}
	if l.env, err = base.Extend(cel.CustomTypeProvider(l.types)); err != nil {
		return nil, err
	}
	if l.names, err = checker.NewEnv(l.env.Container, l.types); err != nil {
		return nil, err
	}
	if err := l.names.AddIdents(l.env.Variables()...); err != nil {
		return nil, err
	}
	for _, f := range l.env.Functions() {
		if err := l.names.AddFunctions(f); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// scope declares variables.
func (l *language) scope(vars ...*decls.VariableDecl) (*scope, error) {
	s := &scope{lang: l, vars: vars}
	var err error
	if s.names, err = checker.NewEnv(l.env.Container, l.types, checker.ValidatedDeclarations(l.names), checker.Catalog(s.catalog)); err != nil {
		return nil, err
	}
	return s, s.names.AddIdents(vars...)
}

// with is the scope with one variable more.
func (s *scope) with(name string, typ *types.Type) (*scope, error) {
	return s.lang.scope(append([]*decls.VariableDecl{decls.NewVariable(name, typ)}, s.vars...)...)
}

// catalog lists what could have been meant by a name that is not known.
func (s *scope) catalog() *env.Catalog {
	c := env.NewCatalog()
	for _, v := range s.vars {
		c.Add(&env.CatalogSymbol{Name: v.Name(), Kind: env.VariableKind})
	}
	for name := range s.lang.env.Functions() {
		c.Add(&env.CatalogSymbol{Name: name, Kind: env.FunctionKind})
	}
	for _, m := range s.lang.env.Macros() {
		c.Add(&env.CatalogSymbol{Name: m.Function(), Kind: env.MacroKind})
	}
	return c
}

// compile parses and type-checks an expression, and returns its type. Errors name the column.
func (s *scope) compile(text string) (cel.Program, *types.Type, error) {
	parsed, iss := s.lang.env.Parse(text)
	if iss.Err() != nil {
		return nil, nil, iss.Err()
	}
	checked, errs := checker.Check(parsed.NativeRep(), parsed.Source(), s.names)
	if len(errs.GetErrors()) > 0 {
		return nil, nil, cel.NewIssuesWithSourceInfo(errs, parsed.NativeRep().SourceInfo()).Err()
	}
	opts := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize, cel.OptPartialEval)}
	if loops(checked) {
		opts = append(opts, cel.CostLimit(costLimit))
	}
	prg, err := s.lang.env.PlanProgram(checked, opts...)
	return prg, checked.GetType(checked.Expr().ID()), err
}

// loops reports whether an expression goes through lists. Without that its own length bounds what it costs, and keeping
// count would cost more than the rest.
func loops(checked *ast.AST) bool {
	found := false
	ast.PostOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		found = found || e.Kind() == ast.ComprehensionKind
	}))
	return found
}

// compileBool is compile for a condition.
func (s *scope) compileBool(text string) (cel.Program, error) {
	prg, typ, err := s.compile(text)
	if err == nil && typ != types.BoolType {
		err = fmt.Errorf("is %s, not bool", typ)
	}
	return prg, err
}
