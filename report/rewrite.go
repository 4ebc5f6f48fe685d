package report

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"coldcase/analyze"
	"coldcase/fact"
)

// rewrite returns a deep copy of r whose texts went through add, whose lists are never nil, and whose times all can
// be written: one walk over the types, so that no field can be forgotten.
func rewrite(r *analyze.Result, add appendRune) *analyze.Result {
	out := &analyze.Result{}
	copyInto(reflect.ValueOf(out).Elem(), reflect.ValueOf(r).Elem(), add)
	return out
}

func copyInto(dst, src reflect.Value, add appendRune) {
	switch v := src.Interface().(type) {
	case time.Time:
		dst.Set(reflect.ValueOf(writable(v)))
		return
	case fact.Source: // provenance for the analysis; what a reader needs of it stands in Evidence
		return
	}
	switch src.Kind() {
	case reflect.String:
		text, _ := translate(src.String(), nil, add)
		dst.SetString(text)
	case reflect.Struct:
		for i := range src.NumField() {
			if !src.Type().Field(i).IsExported() { // the analysis's own notes
				continue
			}
			copyInto(dst.Field(i), src.Field(i), add)
		}
		if e, ok := src.Interface().(analyze.Evidence); ok {
			text, marks := translate(e.Text, e.Mark, add)
			dst.FieldByName("Text").SetString(text)
			dst.FieldByName("Mark").Set(reflect.ValueOf(marks))
		}
	case reflect.Slice:
		dst.Set(reflect.MakeSlice(src.Type(), src.Len(), src.Len()))
		for i := range src.Len() {
			copyInto(dst.Index(i), src.Index(i), add)
		}
	default:
		dst.Set(src)
	}
}

// writable is t in UTC, or zero when its year cannot be written in RFC 3339.
func writable(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func sortMarks(marks [][2]int) {
	slices.SortFunc(marks, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
}
