package parsers

import (
	"regexp"
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
	Doc:       "/proc/mounts (proc(5)), and what mount(8) prints",
	Artifacts: []string{"node/mounts"},
	Facts:     []fact.Value{Mount{}},
	Parse:     parseMounts,
})

var mountEscapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`, `\043`, "#")

// mountListed is a line of mount(8): "/dev/sda1 on / type xfs (rw,relatime)", with -l also "[label]" at the end.
var mountListed = regexp.MustCompile(`^(.+?) on (/.*) type (\S+) \(([^)]*)\)(?: \[.*\])?$`)

func parseMounts(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if m := mountListed.FindStringSubmatch(line); m != nil {
			in.Emit(n, n, newMount(m[1], m[2], m[3], m[4]))
			continue
		}
		f := strings.Fields(line)
		switch {
		case len(f) == 6 && strings.HasPrefix(f[1], "/"):
			in.Emit(n, n, newMount(mountEscapes.Replace(f[0]), mountEscapes.Replace(f[1]), f[2], f[3]))
		case isPrompt(line):
			in.Skip(n, n)
		}
	}
	return nil
}

func newMount(device, dir, kind, options string) Mount {
	list := strings.Split(options, ",")
	return Mount{Device: device, Dir: dir, Type: kind, ReadOnly: slices.Contains(list, "ro"), Options: list}
}
