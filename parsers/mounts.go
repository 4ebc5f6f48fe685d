package parsers

import (
	"slices"
	"strings"

	"coldcase/fact"
)

// Mount is one mounted file system, in the order of mounting. Source: /proc/mounts (proc(5), fstab(5)).
type Mount struct {
	Device   string   `cel:"device" json:"device"` // "/dev/sda1", "tmpfs", "10.0.0.9:/export"
	Dir      string   `cel:"dir" json:"dir"`
	Type     string   `cel:"type" json:"type"` // "xfs", "nfs4", "overlay"
	ReadOnly bool     `cel:"readOnly" json:"readOnly"`
	Options  []string `cel:"options" json:"options"`
}

// FactKind implements fact.Value.
func (Mount) FactKind() fact.Kind { return "mount" }

var _ = register(Parser{
	Name:      "mounts",
	Doc:       "/proc/mounts (proc(5))",
	Artifacts: []string{"node/mounts"},
	Facts:     []fact.Value{Mount{}},
	Parse:     parseMounts,
})

var mountEscapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`, `\043`, "#")

func parseMounts(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		f := strings.Fields(line)
		if len(f) != 6 || !strings.HasPrefix(f[1], "/") {
			if isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		options := strings.Split(f[3], ",")
		in.Emit(n, n, Mount{Device: mountEscapes.Replace(f[0]), Dir: mountEscapes.Replace(f[1]), Type: f[2],
			ReadOnly: slices.Contains(options, "ro"), Options: options})
	}
	return nil
}
