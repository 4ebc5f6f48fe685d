package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// FileAttributes is a file that cannot be changed as others can. Source: lsattr(1), ioctl_iflags(2).
type FileAttributes struct {
	Path       string `cel:"path" json:"path"`
	Immutable  bool   `cel:"immutable" json:"immutable"`   // i: cannot be written, renamed or removed, not even by root
	AppendOnly bool   `cel:"appendOnly" json:"appendOnly"` // a: can only be appended to
}

// FactKind implements fact.Value.
func (FileAttributes) FactKind() fact.Kind { return "file.attributes" }

var _ = register(Parser{
	Name:      "lsattr",
	Doc:       "lsattr, files with the attributes i and a only (lsattr(1))",
	Artifacts: []string{"node/lsattr"},
	Facts:     []fact.Value{FileAttributes{}},
	Parse:     parseLsattr,
})

var lsattrLine = regexp.MustCompile(`^([a-zA-Z-]{13,24}) (/.*)$`)

func parseLsattr(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := lsattrLine.FindStringSubmatch(line)
		if m == nil {
			if strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "lsattr: ") || strings.HasPrefix(line, "/") && strings.HasSuffix(line, ":") || isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		a := FileAttributes{Path: m[2], Immutable: strings.Contains(m[1], "i"), AppendOnly: strings.Contains(m[1], "a")}
		if a.Immutable || a.AppendOnly {
			in.Emit(n, n, a)
		} else {
			in.Skip(n, n)
		}
	}
	return nil
}
