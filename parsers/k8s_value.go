package parsers

import (
	"strconv"
	"strings"
	"time"
)

// k8sVal is a YAML or JSON value that knows its lines. Objects of all forms, "kubectl describe" too, become trees of
// it in the shape of the API, so that one piece of code makes the facts of all of them.
type k8sVal struct {
	typ    k8sType
	text   string // of a scalar
	key    string // under which it stands in its parent, when that is a map
	index  int    // in its parent, when that is a list
	parent *k8sVal
	first  int // line of its key, or of its first character
	last   int // line of its last character
	body   int // first line of a literal block scalar's text; 0 when the value's lines are not lines of the artifact
	kids   []*k8sVal
}

type k8sType uint8

const (
	k8sNull k8sType = iota
	k8sScalar
	k8sMap
	k8sList
)

const k8sMaxDepth = 64 // API objects nest about 15 deep, CRD schemas about 40

func (v *k8sVal) add(kid *k8sVal) *k8sVal {
	kid.parent, kid.index = v, len(v.kids)
	v.kids = append(v.kids, kid)
	return kid
}

// get walks down maps; nil when there is no such value. It is safe on nil.
func (v *k8sVal) get(path ...string) *k8sVal {
	for _, key := range path {
		if v == nil || v.typ != k8sMap {
			return nil
		}
		var found *k8sVal
		for _, kid := range v.kids {
			if kid.key == key {
				found = kid
				break
			}
		}
		v = found
	}
	return v
}

// str is the text of the scalar at path, or "".
func (v *k8sVal) str(path ...string) string {
	if v = v.get(path...); v != nil && v.typ == k8sScalar {
		return v.text
	}
	return ""
}

// num is the integer at path, or 0.
func (v *k8sVal) num(path ...string) int64 {
	n, err := strconv.ParseInt(v.str(path...), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (v *k8sVal) flag(path ...string) bool { return v.str(path...) == "true" }

func (v *k8sVal) time(path ...string) time.Time { return k8sTime(v.str(path...)) }

// list is the items of the list at path; empty when there is none.
func (v *k8sVal) list(path ...string) []*k8sVal {
	if v = v.get(path...); v != nil && v.typ == k8sList {
		return v.kids
	}
	return nil
}

// entries is the entries of the map at path, in the order of the text; empty when there is none.
func (v *k8sVal) entries(path ...string) []*k8sVal {
	if v = v.get(path...); v != nil && v.typ == k8sMap {
		return v.kids
	}
	return nil
}

// strs is the texts of the list of scalars at path.
func (v *k8sVal) strs(path ...string) []string {
	var all []string
	for _, item := range v.list(path...) {
		if item.typ == k8sScalar {
			all = append(all, item.text)
		}
	}
	return all
}

// strMap is the map of scalars at path.
func (v *k8sVal) strMap(path ...string) map[string]string {
	entries := v.entries(path...)
	if len(entries) == 0 {
		return nil
	}
	m := make(map[string]string, len(entries))
	for _, e := range entries {
		if e.typ == k8sScalar {
			m[e.key] = e.text
		}
	}
	return m
}

// pointer is the value's JSON pointer (RFC 6901) in its document.
func (v *k8sVal) pointer() string {
	if v == nil || v.parent == nil {
		return ""
	}
	token := v.key
	if v.parent.typ == k8sList {
		token = strconv.Itoa(v.index)
	}
	return v.parent.pointer() + "/" + k8sPointerEscape.Replace(token)
}

var k8sPointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// or is the first value that is there.
func (v *k8sVal) or(other *k8sVal) *k8sVal {
	if v != nil {
		return v
	}
	return other
}

// line is the artifact's line that holds line i (from 0) of a scalar's text; first and last of the whole value when
// the text is escaped or folded.
func (v *k8sVal) line(i int) (first, last int) {
	if v.body > 0 {
		n := min(v.body+i, v.last)
		return n, n
	}
	return v.first, v.last
}

// k8sTime reads the stamps of the API (RFC 3339) and of describe (RFC 1123 with a numeric zone); zero otherwise.
func k8sTime(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t, err = time.Parse(time.RFC1123Z, s)
	}
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}

// k8sCut bounds a text to n bytes, at a rune's boundary.
func k8sCut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
