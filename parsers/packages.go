package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// Package is one installed package. Source: dpkg-query(1) -W, rpm(8) -qa.
type Package struct {
	Name    string `cel:"name" json:"name"`
	Version string `cel:"version" json:"version"` // as the packager writes it: "1.28.4-1.1", "5.14.0-362.8.1.el9_3"
	Arch    string `cel:"arch" json:"arch"`       // empty when not printed
}

// FactKind implements fact.Value.
func (Package) FactKind() fact.Kind { return "package" }

var _ = register(Parser{
	Name:      "packages",
	Doc:       "lines of name, version and architecture, dpkg -l, and rpm -qa's own form",
	Artifacts: []string{"node/packages"},
	Facts:     []fact.Value{Package{}},
	Parse:     parsePackages,
})

// packageNVRA is rpm's name-version-release.arch.
var packageNVRA = regexp.MustCompile(`^([A-Za-z0-9][\w.+-]*)-([^-\s]+-[^-\s]+)\.(x86_64|aarch64|noarch|i686|ppc64le|s390x)$`)

// dpkgHead are the lines above the list of dpkg -l.
var dpkgHead = regexp.MustCompile(`^(?:Desired=|\| Status=|\|/ Err|\|\|/ Name|\+\+\+-)`)

// dpkgListed is a line of dpkg -l: wanted and present state, name, version, architecture, description.
var dpkgListed = regexp.MustCompile(`^[uirph][ncHUFWti]R?\s+\S+\s+\S*\d\S*\s+(?:all|amd64|arm64|i386|armhf|ppc64el|s390x)\s`)

func parsePackages(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		f := strings.Fields(line)
		switch {
		case isPrompt(line), dpkgHead.MatchString(line):
			in.Skip(n, n)
		case dpkgListed.MatchString(line):
			if f[0] == "ii" {
				in.Emit(n, n, Package{Name: strings.TrimSuffix(f[1], ":amd64"), Version: f[2], Arch: f[3]})
			} else {
				in.Skip(n, n) // removed, its settings are left
			}
		case len(f) == 4 && f[3] != "installed": // dpkg: removed, its settings are left
			in.Skip(n, n)
		case len(f) >= 2 && len(f) <= 4 && strings.ContainsAny(f[1], "0123456789"):
			p := Package{Name: strings.TrimSuffix(f[0], ":amd64"), Version: f[1]}
			if len(f) > 2 {
				p.Arch = f[2]
			}
			in.Emit(n, n, p)
		case len(f) > 0:
			if m := packageNVRA.FindStringSubmatch(f[0]); m != nil {
				in.Emit(n, n, Package{Name: m[1], Version: m[2], Arch: m[3]})
			}
		}
	}
	return nil
}
