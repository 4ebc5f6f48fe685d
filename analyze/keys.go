package analyze

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// checkKeys refuses keys that a type does not know, in a document that was decoded into it before: a misspelt key would
// otherwise be a condition that is silently missing. The library can check this too, but only while it reads text; a file
// with a table would then have to be written out and read again for each of its rows.
func checkKeys(n *yaml.Node, t reflect.Type) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case t == reflect.TypeFor[Selections]() && n.Kind == yaml.MappingNode: // names of our own choice
		for i := 1; i < len(n.Content); i += 2 {
			if err := checkKeys(n.Content[i], t.Elem()); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if err := checkKeys(item, t.Elem()); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if err := checkKey(n.Content[i], n.Content[i+1], t); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkKey(key, value *yaml.Node, t reflect.Type) error {
	if key.Tag == "!!merge" { // <<: one mapping, or several, whose keys count as this one's
		if value.Kind == yaml.SequenceNode {
			t = reflect.SliceOf(t)
		}
		return checkKeys(value, t)
	}
	var known []string
	for i := range t.NumField() {
		switch name := yamlKey(t.Field(i)); name {
		case "-": // not read from the file
		case key.Value:
			return checkKeys(value, t.Field(i).Type)
		default:
			known = append(known, name)
		}
	}
	return fmt.Errorf("line %d: unknown key %q; known are %s", key.Line, key.Value, strings.Join(known, ", "))
}

// yamlKey is the key that the YAML library reads a field from.
func yamlKey(f reflect.StructField) string {
	tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case !f.IsExported():
		return "-"
	case tag != "":
		return tag
	}
	return strings.ToLower(f.Name)
}
