package collect

import (
	"bytes"
	"regexp"
)

// describeMasker masks the values in the "Environment:" blocks that kubectl describe prints. Names stay, and so do
// references, in kubectl's exact words.
type describeMasker struct {
	block int // indentation of "Environment:", or -1
}

func newDescribeMasker() lineEditor { return &byLine{line: (&describeMasker{block: -1}).line} }

var (
	describeVar = regexp.MustCompile(`^( +)([-._a-zA-Z][-._a-zA-Z0-9]*):( +|$)(.*)$`)
	// What kubectl prints for valueFrom; see its describe.go, describeContainerEnvVars.
	describeRef = regexp.MustCompile(`^(?:<set to the key '[^']*' (?:of config map|in secret) '[^']*'>(?: +Optional: (?:true|false))?|\(v1:[a-zA-Z0-9._\[\]'/-]+\)|<none>|[0-9]+ \((?:limits|requests)\.[a-z0-9.-]+\)|node allocatable \((?:limits|requests)\.[a-z0-9.-]+\))$`)
)

func (m *describeMasker) line(line []byte) []byte {
	text := bytes.TrimRight(line, "\r\n")
	indent := leading(text)
	if m.block >= 0 && indent <= m.block && len(bytes.TrimSpace(text)) > 0 {
		m.block = -1
	}
	if m.block < 0 {
		if bytes.HasPrefix(text[indent:], []byte("Environment:")) {
			m.block = indent
		}
		return line
	}
	v := describeVar.FindSubmatch(text)
	switch {
	case v == nil || len(v[1]) != m.block+2: // a further line of a value
		return nil
	case len(v[4]) == 0 || describeRef.Match(v[4]):
		return line
	}
	return []byte(string(v[1]) + string(v[2]) + ":" + string(v[3]) + masked + "\n")
}
