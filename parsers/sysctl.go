package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// SysctlValue is one kernel setting. Source: procps sysctl(8).
type SysctlValue struct {
	// Key in procps' form: dots between components; a dot inside a component, as in the name of the interface
	// eth0.100, is written as a slash: "net.ipv4.conf.eth0/100.rp_filter".
	Key   string `cel:"key" json:"key"`
	Value string `cel:"value" json:"value"` // several values are parted by one space each
}

// FactKind implements fact.Value.
func (SysctlValue) FactKind() fact.Kind { return "sysctl.value" }

var _ = register(Parser{
	Name:      "sysctl",
	Doc:       "sysctl -a and \"path = value\" lists (sysctl(8))",
	Artifacts: []string{"node/sysctl"},
	Facts:     []fact.Value{SysctlValue{}},
	Parse:     parseSysctl,
})

var (
	sysctlLine  = regexp.MustCompile(`^\s*([/\w][\w./:@+-]*)\s*=\s*(.*)$`)
	sysctlNoise = regexp.MustCompile(`^(?:sysctl|error): |permission denied on key|reading key `)
)

func parseSysctl(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if sysctlNoise.MatchString(line) || isPrompt(line) {
			in.Skip(n, n)
			continue
		}
		if m := sysctlLine.FindStringSubmatch(line); m != nil {
			in.Emit(n, n, SysctlValue{Key: sysctlKey(m[1]), Value: strings.Join(strings.Fields(m[2]), " ")})
		}
	}
	return nil
}

var sysctlSwap = strings.NewReplacer("/", ".", ".", "/")

// sysctlKey turns a path below /proc/sys into procps' form. Whichever of "/" and "." comes first is the separator, as
// sysctl(8) itself decides.
func sysctlKey(key string) string {
	path := strings.TrimPrefix(key, "/proc/sys/")
	if i := strings.IndexAny(path, "./"); i >= 0 && path[i] == '/' {
		return sysctlSwap.Replace(strings.TrimPrefix(path, "/"))
	}
	return path
}
