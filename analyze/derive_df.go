package analyze

import (
	"strings"

	"coldcase/fact"
	"coldcase/parsers"
)

// DfDirectory is the file system that holds a directory which Kubernetes or a container runtime writes to.
type DfDirectory struct {
	Role              string `cel:"role" json:"role"` // runtime, kubelet, etcd, logs, root
	Dir               string `cel:"dir" json:"dir"`
	Mount             string `cel:"mount" json:"mount"`
	Device            string `cel:"device" json:"device"`
	UsedPercent       int64  `cel:"usedPercent" json:"usedPercent"`
	AvailKB           int64  `cel:"availKB" json:"availKB"`
	InodesUsedPercent int64  `cel:"inodesUsedPercent" json:"inodesUsedPercent"` // -1 when not collected
}

// FactKind implements fact.Value.
func (DfDirectory) FactKind() fact.Kind { return "df.directory" }

var dfDirectory = derivation{
	zero:     DfDirectory{},
	from:     []fact.Kind{"df.filesystem", "df.inodes"},
	optional: map[fact.Kind]bool{"df.inodes": true},
	rows:     deriveDirectories,
}

// directories are the defaults of each component. A directory that a node does not use lies on the root file system as
// far as df tells, so a role is listed where its own mount exists, and once for the root otherwise.
var directories = []struct{ role, dir string }{
	{"runtime", "/var/lib/docker"}, {"runtime", "/var/lib/containerd"}, {"runtime", "/var/lib/containers"},
	{"runtime", "/var/lib/rancher"}, {"runtime", "/data/docker"}, {"kubelet", "/var/lib/kubelet"}, {"etcd", "/var/lib/etcd"},
	{"logs", "/var/log"}, {"root", "/"},
}

func deriveDirectories(s *store) []*row {
	inodes := map[string]*row{}
	for _, r := range s.facts["df.inodes"] {
		inodes[r.place.Node+" "+r.value.(parsers.DfInodes).Mount] = r
	}
	byNode := map[string][]*row{}
	for _, r := range s.facts["df.filesystem"] {
		byNode[r.place.Node] = append(byNode[r.place.Node], r)
	}
	var out []*row
	for _, node := range sortedKeys(byNode) {
		seen := map[string]bool{}
		for _, d := range directories {
			holder := holding(byNode[node], d.dir)
			if holder == nil || seen[d.role+holder.value.(parsers.DfFilesystem).Mount] {
				continue
			}
			seen[d.role+holder.value.(parsers.DfFilesystem).Mount] = true
			out = append(out, directoryRow(d.role, d.dir, holder, inodes[node+" "+holder.value.(parsers.DfFilesystem).Mount]))
		}
	}
	return out
}

// holding is the file system with the longest mount point above a directory. Mounts below it, as containers make them,
// do not count.
func holding(systems []*row, dir string) *row {
	var best *row
	for _, r := range systems {
		mount := r.value.(parsers.DfFilesystem).Mount
		above := mount == dir || mount == "/" || strings.HasPrefix(dir, mount+"/")
		if above && (best == nil || len(mount) > len(best.value.(parsers.DfFilesystem).Mount)) {
			best = r
		}
	}
	return best
}

func directoryRow(role, dir string, holder, inodes *row) *row {
	v := holder.value.(parsers.DfFilesystem)
	d := DfDirectory{Role: role, Dir: dir, Mount: v.Mount, Device: v.Device, UsedPercent: v.UsedPercent, AvailKB: v.AvailKB, InodesUsedPercent: -1}
	r := &row{place: holder.place, at: holder.at, last: holder.last, count: 1, source: holder.source}
	if inodes != nil {
		d.InodesUsedPercent = inodes.value.(parsers.DfInodes).UsedPercent
		r.more = []fact.Source{inodes.source}
	}
	r.value = d
	return r
}
