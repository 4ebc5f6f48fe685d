package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// KernelModule is one loaded module. Source: lsmod(8), /proc/modules (kernel/module/procfs.c).
type KernelModule struct {
	Name   string   `cel:"name" json:"name"`
	Size   int64    `cel:"size" json:"size"`     // bytes
	UsedBy []string `cel:"usedBy" json:"usedBy"` // modules that need it
	Refs   int64    `cel:"refs" json:"refs"`     // users, modules or not
}

// FactKind implements fact.Value.
func (KernelModule) FactKind() fact.Kind { return "kernel.module" }

var _ = register(Parser{
	Name:      "lsmod",
	Doc:       "lsmod and /proc/modules (lsmod(8))",
	Artifacts: []string{"node/lsmod"},
	Facts:     []fact.Value{KernelModule{}},
	Parse:     parseLsmod,
})

var lsmodLine = regexp.MustCompile(`^([\w-]+)\s+(\d+)\s+(-?\d+|-)(?:\s+(\S+))?(?:\s.*)?$`)

func parseLsmod(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if strings.HasPrefix(line, "Module ") || strings.HasPrefix(line, "libkmod: ") || isPrompt(line) {
			in.Skip(n, n)
			continue
		}
		m := lsmodLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		size, err := strconv.ParseInt(m[2], 10, 64)
		if err != nil {
			continue
		}
		refs, err := strconv.ParseInt(m[3], 10, 64)
		if err != nil && m[3] != "-" { // "-": a kernel that cannot unload modules does not count
			continue
		}
		in.Emit(n, n, KernelModule{Name: m[1], Size: size, UsedBy: lsmodUsers(m[4]), Refs: refs})
	}
	return nil
}

// lsmodUsers reads "xt_nat,nft_chain_nat" of lsmod and "xt_nat,nft_chain_nat," of /proc/modules, where "-" means none
// and "[permanent]" is a mark, not a module.
func lsmodUsers(s string) []string {
	users := []string{}
	for _, u := range strings.Split(s, ",") {
		if u != "" && u != "-" && !strings.HasPrefix(u, "[") {
			users = append(users, u)
		}
	}
	return users
}
