package collect

import (
	"bytes"
	"regexp"
)

// argMasker masks the word behind an option that names a secret, where each word of a command has a line of its own:
// in YAML's lists and in what kubectl describe prints. On one line the redactor sees both.
type argMasker struct {
	option   []byte // indentation and dash of the line before, when that is such an option
	dropping int    // lines with more than this indentation belong to a masked word, or -1
}

func newArgMasker() lineEditor { return &byLine{line: (&argMasker{dropping: -1}).line} }

// secretOption is a line that holds an option and nothing else; its last word is that of argPattern.
var secretOption = regexp.MustCompile(`(?i)^( *(?:- )*)["']?--?[a-z0-9_.-]*(?:token|password|passwd|secret|api-?key|access-?key|secret-?key)["']?$`)

func (m *argMasker) line(line []byte) []byte {
	text := bytes.TrimRight(line, "\r\n")
	if m.dropping >= 0 {
		if leading(text) > m.dropping {
			return nil
		}
		m.dropping = -1
	}
	before := m.option
	m.option = nil
	if o := secretOption.FindSubmatch(text); o != nil {
		m.option = bytes.Clone(o[1])
		return line
	}
	if len(before) == 0 || !bytes.HasPrefix(text, before) {
		return line
	}
	value := text[len(before):]
	if len(value) == 0 || value[0] == ' ' || plainValue.Match(value) {
		return line
	}
	if !bytes.HasSuffix(before, []byte("- ")) {
		return append(before, redacted+"\n"...)
	}
	m.dropping = len(before) - 2
	return append(before, "'"+redacted+"'\n"...) // without quotes it would be a list
}
