package report

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"coldcase/analyze"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(Schema())))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("schema.json", doc))
	s, err := c.Compile("schema.json")
	require.NoError(t, err)
	return s
}

func TestJSONIsValid(t *testing.T) {
	s := compiledSchema(t)
	large := manyFindings(30)
	large.Timeline[0].At = time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC) // no RFC 3339 time: must not break the report
	empty := &analyze.Result{SchemaVersion: analyze.SchemaVersion}
	for _, r := range []*analyze.Result{sampleResult(), openResult(), large, empty} {
		text := render(t, "json", r)
		require.NotRegexp(t, `(?m)null,?$`, text)
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		require.NoError(t, err)
		require.NoError(t, s.Validate(doc))
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compiledSchema(t)
	for name, change := range map[string]func(doc, finding map[string]any){
		"unknown severity":      func(_, f map[string]any) { f["severity"] = "fatal" },
		"unknown field":         func(_, f map[string]any) { f["score"] = 7 },
		"missing field":         func(_, f map[string]any) { delete(f, "causes") },
		"list that is null":     func(_, f map[string]any) { f["evidence"] = nil },
		"time that is none":     func(_, f map[string]any) { f["firstSeen"] = "yesterday" },
		"other schema version":  func(d, _ map[string]any) { d["schemaVersion"] = 2 },
		"healthy as an outcome": func(d, _ map[string]any) { d["verdicts"].([]any)[0].(map[string]any)["outcome"] = "healthy" },
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(render(t, "json", sampleResult())))
			require.NoError(t, err)
			top := doc.(map[string]any)
			change(top, top["findings"].([]any)[0].(map[string]any))
			require.Error(t, s.Validate(doc))
		})
	}
}

// TestSchemaHasEveryField keeps the schema and the Go structs the same.
func TestSchemaHasEveryField(t *testing.T) {
	var root map[string]any
	require.NoError(t, json.Unmarshal(Schema(), &root))
	checked := map[reflect.Type]bool{}
	var check func(typ reflect.Type, schema map[string]any, path string)
	check = func(typ reflect.Type, schema map[string]any, path string) {
		if ref, ok := schema["$ref"].(string); ok {
			schema = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		}
		switch {
		case typ == reflect.TypeFor[time.Time]():
			require.Equal(t, "date-time", schema["format"], path)
		case typ.Kind() == reflect.Struct:
			if checked[typ] {
				return
			}
			checked[typ] = true
			checkStruct(t, typ, schema, path, check)
		case typ.Kind() == reflect.Slice || typ.Kind() == reflect.Array:
			require.Equal(t, "array", schema["type"], path)
			check(typ.Elem(), schema["items"].(map[string]any), path+"[]")
		case typ.Kind() == reflect.String:
			require.True(t, schema["type"] == "string" || schema["enum"] != nil, path)
		case typ.Kind() == reflect.Bool:
			require.Equal(t, "boolean", schema["type"], path)
		default:
			require.True(t, schema["type"] == "integer" || schema["const"] != nil, path)
		}
	}
	check(reflect.TypeFor[analyze.Result](), root, "result")
	require.Len(t, checked, 18, "every struct of the Result was compared")
}

func checkStruct(t *testing.T, typ reflect.Type, schema map[string]any, path string, check func(reflect.Type, map[string]any, string)) {
	require.Equal(t, false, schema["additionalProperties"], path)
	properties := schema["properties"].(map[string]any)
	required := []string{}
	for _, name := range schema["required"].([]any) {
		required = append(required, name.(string))
	}
	seen := 0
	for i := range typ.NumField() {
		name, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name == "-" || !typ.Field(i).IsExported() {
			continue
		}
		seen++
		at := path + "." + name
		require.Contains(t, properties, name, at)
		require.Equal(t, options == "", slices.Contains(required, name), "%s: required exactly when always written", at)
		check(typ.Field(i).Type, properties[name].(map[string]any), at)
	}
	require.Len(t, properties, seen, "%s: the schema has no other fields", path)
}
