package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// OSRelease names the distribution. Source: os-release(5), and the one-line /etc/redhat-release.
type OSRelease struct {
	ID         string `cel:"id" json:"id"`               // "ubuntu", "centos"
	VersionID  string `cel:"versionID" json:"versionID"` // "20.04"
	Name       string `cel:"name" json:"name"`
	PrettyName string `cel:"prettyName" json:"prettyName"`
}

// FactKind implements fact.Value.
func (OSRelease) FactKind() fact.Kind { return "os.release" }

var _ = register(Parser{
	Name:      "os-release",
	Doc:       "/etc/os-release and /etc/redhat-release (os-release(5))",
	Artifacts: []string{"node/os-release"},
	Facts:     []fact.Value{OSRelease{}},
	Parse:     parseOSRelease,
})

var (
	osReleaseLine = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=(.*)$`)
	osRedhatLine  = regexp.MustCompile(`^(\S.*?) release (\d[\d.]*)(?: \(.*\))?$`)
)

func parseOSRelease(in *Input) error {
	var os, redhat OSRelease
	first, last, redhatLine := 0, 0, 0
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		line = strings.TrimSpace(line)
		if isPrompt(line) || strings.HasPrefix(line, "==>") {
			in.Skip(n, n)
			continue
		}
		if m := osRedhatLine.FindStringSubmatch(line); m != nil {
			redhat = OSRelease{ID: osRedhatID(m[1]), VersionID: m[2], Name: m[1], PrettyName: line}
			redhatLine = n
			in.Skip(n, n)
			continue
		}
		m := osReleaseLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		in.Skip(n, n)
		fields := map[string]*string{"ID": &os.ID, "VERSION_ID": &os.VersionID, "NAME": &os.Name, "PRETTY_NAME": &os.PrettyName}
		if p := fields[m[1]]; p != nil {
			*p = osUnquote(m[2])
			if first == 0 {
				first = n
			}
			last = n
		}
	}
	switch {
	case first > 0:
		in.Emit(first, last, os)
	case redhatLine > 0:
		in.Emit(redhatLine, redhatLine, redhat)
	}
	return nil
}

// osRedhatID is the ID that os-release(5) has for a distribution that /etc/redhat-release spells out.
func osRedhatID(name string) string {
	switch first, _, _ := strings.Cut(strings.ToLower(name), " "); first {
	case "red":
		return "rhel"
	case "oracle":
		return "ol"
	default:
		return first
	}
}

// osUnquote takes shell quotes off: os-release(5) allows both kinds and backslash escapes inside double quotes.
func osUnquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		s = s[1 : len(s)-1]
	}
	return strings.NewReplacer(`\"`, `"`, `\$`, `$`, `\\`, `\`, "\\`", "`").Replace(s)
}
