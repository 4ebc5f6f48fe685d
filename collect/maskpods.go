package collect

import (
	"bytes"
)

// masked replaces a value that may be secret by its place: an environment value, a request header.
const masked = "[masked]"

// podMasker edits the YAML that kubectl prints, line by line: it masks the values of environment variables and of
// probes' request headers, and drops the annotation that repeats the whole object. References to Secrets and
// ConfigMaps stay, because they are names. kubectl prints block style only, so indentation tells the structure.
type podMasker struct {
	block    int // indentation of the "env:" or "httpHeaders:" key that we are below, or -1
	dropping int // continuation lines with more than this indentation belong to a masked value, or -1
}

func newPodMasker() lineEditor { return &byLine{line: (&podMasker{block: -1, dropping: -1}).line} }

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

func (m *podMasker) line(line []byte) []byte {
	text := bytes.TrimRight(line, "\r\n")
	indent := leading(text)
	if len(bytes.TrimSpace(text)) == 0 {
		if m.dropping >= 0 {
			return nil
		}
		return line
	}
	if m.dropping >= 0 {
		if indent > m.dropping || startsWithBreak(text) {
			return nil
		}
		m.dropping = -1
	}
	column, key, _ := yamlKey(text)
	if m.block >= 0 && !m.inBlock(text, indent) {
		m.block = -1
	}
	switch {
	case m.block >= 0 && string(key) == "value":
		return m.mask(text, column, key)
	case string(key) == lastApplied:
		return m.mask(text, column, key)
	case m.block < 0 && (string(key) == "env" || string(key) == "httpHeaders"):
		m.block = column
	}
	return line
}

// inBlock reports whether a line still belongs to the list below the block's key: it is deeper, or it is an item of
// the list, which YAML may write at the key's own indentation.
func (m *podMasker) inBlock(text []byte, indent int) bool {
	return indent > m.block || indent == m.block && text[indent] == '-'
}

func (m *podMasker) mask(text []byte, column int, key []byte) []byte {
	m.dropping = column
	out := append([]byte(nil), text[:column]...)
	out = append(out, key...)
	return append(out, ": '"+masked+"'\n"...)
}

// yamlKey finds a mapping key, behind any "- " of list items: its column, its text, and what follows the colon.
func yamlKey(text []byte) (column int, key, rest []byte) {
	column = leading(text)
	for bytes.HasPrefix(text[column:], []byte("- ")) {
		column += 2
		column += leading(text[column:])
	}
	end := bytes.IndexByte(text[column:], ':')
	if end < 0 {
		return column, nil, nil
	}
	after := text[column+end+1:]
	if len(after) > 0 && after[0] != ' ' {
		return column, nil, nil
	}
	return column, text[column : column+end], bytes.TrimSpace(after)
}

// startsWithBreak reports whether a line starts with a character that YAML 1.1 takes for a line break: such a line
// goes on with a text, whatever its indentation.
func startsWithBreak(text []byte) bool {
	for _, b := range []string{"\u2028", "\u2029", "\u0085"} {
		if bytes.HasPrefix(text, []byte(b)) {
			return true
		}
	}
	return false
}

func leading(text []byte) int {
	for i, c := range text {
		if c != ' ' {
			return i
		}
	}
	return len(text)
}
