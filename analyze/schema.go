package analyze

import (
	"fmt"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"coldcase/fact"
)

// schema is the CEL type of a selection's rows: the fields of the fact's struct, the named groups of its patterns,
// and what every row has. It exists per selection, so a misspelt field is an error when the signature is compiled.
type schema struct {
	name      string // of the type: "signature.selection"
	selection string
	fields    map[string]field
	patterns  []func() *regexp.Regexp // of the selection, in order; compiled when there is something to match
}

type field struct {
	typ    *types.Type
	get    func(*row) any
	ofFact bool // a field of the fact's struct, which a fact.Partly may not know
}

var timeType, durationType = reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration]()

// newSchema builds the row type of a selection. zero is the kind's zero value, nil for log records.
func newSchema(signature string, sel *Selection, zero fact.Value) (*schema, error) {
	s := &schema{name: signature + "." + sel.Name, selection: sel.Name, fields: map[string]field{
		"node":      {typ: types.StringType, get: func(r *row) any { return r.place.Node }},
		"namespace": {typ: types.StringType, get: func(r *row) any { return r.place.Namespace }},
		"pod":       {typ: types.StringType, get: func(r *row) any { return r.place.Pod }},
		"dated":     {typ: types.BoolType, get: func(r *row) any { return r.dated }},
		"at":        {typ: types.TimestampType, get: func(r *row) any { return r.at }},
		"first":     {typ: types.TimestampType, get: func(r *row) any { return r.at }},
		"last":      {typ: types.TimestampType, get: func(r *row) any { return r.last }},
		"count":     {typ: types.IntType, get: func(r *row) any { return r.count }},
	}}
	if zero != nil {
		if err := s.addStruct(reflect.TypeOf(zero)); err != nil {
			return nil, err
		}
	} else {
		for _, v := range []string{"message", "ident", "host", "container"} {
			s.addVar(v, "string")
		}
	}
	for _, pattern := range sel.Pattern {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		s.patterns = append(s.patterns, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) }))
		for _, group := range re.CapNames()[1:] {
			if group != "" {
				s.addVar(group, sel.Types[group])
			}
		}
	}
	for name := range sel.Types {
		if _, ok := s.fields[name]; !ok {
			return nil, fmt.Errorf("types names %q, which no pattern captures", name)
		}
	}
	return s, nil
}

func (s *schema) addStruct(t reflect.Type) error {
	return s.addFields(t, "", func(r *row) reflect.Value { return reflect.ValueOf(r.value) })
}

// addFields adds the tagged fields of a struct. Those of a nested struct get its name in front: livenessPort.
func (s *schema) addFields(t reflect.Type, prefix string, of func(*row) reflect.Value) error {
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("cel")
		if tag == "" || tag == "-" {
			continue
		}
		name := tag
		if prefix != "" {
			name = prefix + strings.ToUpper(tag[:1]) + tag[1:]
		}
		value := func(r *row) reflect.Value { return of(r).Field(i) }
		if ft := t.Field(i).Type; ft.Kind() == reflect.Struct && ft != timeType {
			if err := s.addFields(ft, name, value); err != nil {
				return err
			}
			continue
		}
		typ, err := celType(t.Field(i).Type)
		if err != nil {
			return fmt.Errorf("field %s.%s: %w", t.Name(), t.Field(i).Name, err)
		}
		s.fields[name] = field{typ, func(r *row) any { return value(r).Interface() }, true}
	}
	return nil
}

func (s *schema) addVar(name, typ string) {
	f := field{typ: types.StringType, get: func(r *row) any { v, _ := r.vars[name].(string); return v }}
	switch typ {
	case "int":
		f = field{typ: types.IntType, get: func(r *row) any { v, _ := r.vars[name].(int64); return v }}
	case "float":
		f = field{typ: types.DoubleType, get: func(r *row) any { v, _ := r.vars[name].(float64); return v }}
	}
	s.fields[name] = f
}

// celType maps the field types that facts may have.
func celType(t reflect.Type) (*types.Type, error) {
	switch {
	case t == timeType:
		return types.TimestampType, nil
	case t == durationType:
		return types.DurationType, nil
	}
	switch t.Kind() {
	case reflect.String:
		return types.StringType, nil
	case reflect.Bool:
		return types.BoolType, nil
	case reflect.Int64:
		return types.IntType, nil
	case reflect.Float64:
		return types.DoubleType, nil
	case reflect.Slice:
		elem, err := celType(t.Elem())
		if err != nil {
			return nil, err
		}
		return types.NewListType(elem), nil
	case reflect.Map:
		elem, err := celType(t.Elem())
		if err != nil || t.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("map %s is not readable by conditions", t)
		}
		return types.NewMapType(types.StringType, elem), nil
	}
	return nil, fmt.Errorf("type %s is not readable by conditions", t)
}

// provider adds row types to CEL's own.
type provider struct {
	types.Provider
	schemas sync.Map // name -> *schema
}

func (p *provider) add(s *schema) { p.schemas.Store(s.name, s) }

func (p *provider) schema(name string) (*schema, bool) {
	s, ok := p.schemas.Load(name)
	if !ok {
		return nil, false
	}
	return s.(*schema), true
}

// FindStructType implements types.Provider.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.schema(name); ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	if s, ok := p.schema(name); ok {
		names := make([]string, 0, len(s.fields))
		for f := range s.fields {
			names = append(names, f)
		}
		return names, true
	}
	return p.Provider.FindStructFieldNames(name)
}

// FindStructFieldType implements types.Provider.
func (p *provider) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	s, ok := p.schema(name)
	if !ok {
		return p.Provider.FindStructFieldType(name, fieldName)
	}
	f, ok := s.fields[fieldName]
	if !ok {
		return nil, false
	}
	return &types.FieldType{
		Type:  f.typ,
		IsSet: func(any) bool { return true },
		GetFrom: func(target any) (any, error) {
			v, ok := target.(rowVal)
			if !ok {
				return nil, fmt.Errorf("%s is read from a %T", fieldName, target)
			}
			return v.read(fieldName, f), nil
		},
	}, true
}

// rowVal is a row as CEL sees it. In a verdict, what its fact does not know is unknown; in words it is the zero value.
type rowVal struct {
	row     *row
	schema  *schema
	verdict bool
}

// read is the value of a field.
func (v rowVal) read(name string, f field) any {
	if partly, ok := v.row.value.(fact.Partly); ok && v.verdict && f.ofFact && !partly.FactKnows(name) {
		return types.NewUnknown(0, types.NewAttributeTrail(v.schema.selection))
	}
	return f.get(v.row)
}

// ConvertToNative implements ref.Val.
func (v rowVal) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a row of %s is no %s", v.schema.name, t)
}

// ConvertToType implements ref.Val.
func (v rowVal) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("a row of %s is no %s", v.schema.name, t.TypeName())
}

// Equal implements ref.Val.
func (v rowVal) Equal(other ref.Val) ref.Val {
	o, ok := other.(rowVal)
	return types.Bool(ok && o.row == v.row)
}

// Type implements ref.Val.
func (v rowVal) Type() ref.Type { return types.NewObjectType(v.schema.name) }

// Value implements ref.Val.
func (v rowVal) Value() any { return v }

// Get reads a field where CEL plans no field access of its own.
func (v rowVal) Get(index ref.Val) ref.Val {
	name, _ := index.Value().(string)
	f, ok := v.schema.fields[name]
	if !ok {
		return types.NewErr("no such field: %s", name)
	}
	return types.DefaultTypeAdapter.NativeToValue(v.read(name, f))
}
