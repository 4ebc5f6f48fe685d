package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// Uname says which kernel ran. Source: coreutils uname(1), /proc/version.
type Uname struct {
	Kernel   string `cel:"kernel" json:"kernel"`     // release: "5.4.0-100-generic"
	Hostname string `cel:"hostname" json:"hostname"` // empty for uname -r and /proc/version
	Version  string `cel:"version" json:"version"`   // build: "#113-Ubuntu SMP Thu Feb 3 18:43:29 UTC 2022"
	Arch     string `cel:"arch" json:"arch"`         // machine: "x86_64"
}

// FactKind implements fact.Value.
func (Uname) FactKind() fact.Kind { return "uname" }

var _ = register(Parser{
	Name:      "uname",
	Doc:       "uname -a, uname -r and /proc/version (uname(1))",
	Artifacts: []string{"node/uname"},
	Facts:     []fact.Value{Uname{}},
	Parse:     parseUname,
})

var (
	unameAll     = regexp.MustCompile(`^Linux (\S+) (\d\S*) (#.*)$`)
	unameProc    = regexp.MustCompile(`^Linux version (\d\S*) .*?(#\d.*)$`)
	unameRelease = regexp.MustCompile(`^\d+\.\d+\S*$`)
	unameMachine = regexp.MustCompile(`^(?:x86_64|aarch64|arm64|i[3-6]86|armv\d\w*|ppc64(?:le)?|s390x|riscv64|loongarch64|mips\w*)$`)
)

func parseUname(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		line = strings.TrimSpace(line)
		if m := unameAll.FindStringSubmatch(line); m != nil {
			version, arch := unameTail(m[3])
			in.Emit(n, n, Uname{Kernel: m[2], Hostname: m[1], Version: version, Arch: arch})
		} else if m := unameProc.FindStringSubmatch(line); m != nil {
			in.Emit(n, n, Uname{Kernel: m[1], Version: m[2]})
		} else if unameRelease.MatchString(line) {
			in.Emit(n, n, Uname{Kernel: line})
		} else if isPrompt(line) {
			in.Skip(n, n)
		}
	}
	return nil
}

// unameTail splits what follows the release: the build, then machine, processor and platform (often the same word
// three times, or missing), then "GNU/Linux".
func unameTail(s string) (version, arch string) {
	words := strings.Fields(s)
	for i := max(0, len(words)-4); i < len(words); i++ {
		if unameMachine.MatchString(words[i]) {
			return strings.Join(words[:i], " "), words[i]
		}
	}
	return s, ""
}
