package parsers

import (
	"bytes"
	"encoding/json"
	"errors"
)

var (
	errK8sCut   = errors.New("json ends in the middle of a value")
	errK8sJSON  = errors.New("not json")
	errK8sLarge = errors.New("larger than a kubernetes object can be")
)

const k8sMaxValues = 300_000 // values in one object: etcd's limit of 1.5 MiB for an object keeps real ones far below

// k8sJSON walks JSON text and counts its lines. It is lenient where that costs nothing (numbers are not checked) and
// exact about structure. encoding/json's decoder is several times slower, and does not know where a key stands.
type k8sJSON struct {
	text   []byte
	off    int
	line   int
	keys   map[string]string // keys seen: API keys repeat thousands of times
	values int
}

func newK8sJSON(text []byte, off, line int) *k8sJSON {
	return &k8sJSON{text: text, off: off, line: line, keys: map[string]string{}}
}

// peek skips white space and is the next byte; 0 at the end.
func (j *k8sJSON) peek() byte {
	for ; j.off < len(j.text); j.off++ {
		switch c := j.text[j.off]; c {
		case '\n':
			j.line++
		case ' ', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

func (j *k8sJSON) expect(c byte) error {
	switch got := j.peek(); got {
	case c:
		j.off++
		return nil
	case 0:
		return errK8sCut
	}
	return errK8sJSON
}

// next steps over a comma; done when close stands there.
func (j *k8sJSON) next(first bool, closing byte) (done bool, err error) {
	c := j.peek()
	if c == closing {
		j.off++
		return true, nil
	}
	if first {
		return false, nil
	}
	return false, j.expect(',')
}

// raw steps over a string and is its text between the quotes.
func (j *k8sJSON) raw() (text []byte, escaped bool, err error) {
	if err := j.expect('"'); err != nil {
		return nil, false, err
	}
	start := j.off
	for ; j.off < len(j.text); j.off++ {
		switch j.text[j.off] {
		case '"':
			j.off++
			return j.text[start : j.off-1], escaped, nil
		case '\\':
			escaped = true
			j.off++
		case '\n':
			j.line++
		}
	}
	return nil, false, errK8sCut
}

func (j *k8sJSON) str() (string, error) {
	text, escaped, err := j.raw()
	if err != nil || !escaped {
		return string(text), err
	}
	var s string
	if json.Unmarshal(j.text[j.off-len(text)-2:j.off], &s) != nil {
		return string(text), nil
	}
	return s, nil
}

func (j *k8sJSON) keyText() (string, error) {
	text, escaped, err := j.raw()
	if err != nil {
		return "", err
	}
	if known, ok := j.keys[string(text)]; ok && !escaped {
		return known, nil
	}
	key := string(text)
	if escaped {
		_ = json.Unmarshal(j.text[j.off-len(text)-2:j.off], &key)
	} else if len(j.keys) < 4096 {
		j.keys[key] = key
	}
	return key, nil
}

// word steps over true, false, null or a number.
func (j *k8sJSON) word() ([]byte, error) {
	start := j.off
	for j.off < len(j.text) && bytes.IndexByte([]byte(",]}: \t\r\n\"{["), j.text[j.off]) < 0 {
		j.off++
	}
	switch {
	case j.off == len(j.text):
		return nil, errK8sCut
	case j.off == start:
		return nil, errK8sJSON
	}
	return j.text[start:j.off], nil
}

// value reads one value. Its first line is the caller's to set when a key stands before it.
func (j *k8sJSON) value(depth int) (*k8sVal, error) {
	if j.values++; depth > k8sMaxDepth || j.values > k8sMaxValues {
		return nil, errK8sLarge
	}
	c := j.peek()
	v := &k8sVal{first: j.line}
	var err error
	switch c {
	case 0:
		return nil, errK8sCut
	case '{':
		v.typ, err = k8sMap, j.object(v, depth)
	case '[':
		v.typ, err = k8sList, j.array(v, depth)
	case '"':
		v.typ = k8sScalar
		v.text, err = j.str()
	default:
		var word []byte
		word, err = j.word()
		if v.text = string(word); v.text != "null" {
			v.typ = k8sScalar
		}
	}
	v.last = j.line
	return v, err
}

func (j *k8sJSON) object(v *k8sVal, depth int) error {
	j.off++
	for first := true; ; first = false {
		if done, err := j.next(first, '}'); done || err != nil {
			return err
		}
		j.peek()
		line := j.line
		key, err := j.keyText()
		if err != nil {
			return err
		}
		if err := j.expect(':'); err != nil {
			return err
		}
		kid, err := j.value(depth + 1)
		if kid != nil {
			kid.key, kid.first = key, line
			v.add(kid)
		}
		if err != nil {
			return err
		}
	}
}

func (j *k8sJSON) array(v *k8sVal, depth int) error {
	j.off++
	for first := true; ; first = false {
		if done, err := j.next(first, ']'); done || err != nil {
			return err
		}
		kid, err := j.value(depth + 1)
		if kid != nil {
			v.add(kid)
		}
		if err != nil {
			return err
		}
	}
}

// skip steps over one value without keeping it.
func (j *k8sJSON) skip() error {
	depth := 0
	for {
		var err error
		switch j.peek() {
		case 0:
			return errK8sCut
		case '{', '[':
			depth++
			j.off++
		case '}', ']':
			depth--
			j.off++
		case ',', ':':
			j.off++
			if depth == 0 {
				return errK8sJSON
			}
			continue
		case '"':
			_, _, err = j.raw()
		default:
			_, err = j.word()
		}
		if err != nil {
			return err
		}
		if depth <= 0 {
			return nil
		}
	}
}
