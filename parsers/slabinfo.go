package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// slabSmall is what a cache must hold to be worth a fact, in bytes; caches that signatures name are facts anyway.
const slabSmall = 16 << 20

// SlabCache is one cache of kernel objects. Source: slabinfo(5), version 2.
type SlabCache struct {
	Name       string `cel:"name" json:"name"`
	Active     int64  `cel:"active" json:"active"` // objects in use
	Total      int64  `cel:"total" json:"total"`
	ObjectSize int64  `cel:"objectSize" json:"objectSize"` // bytes
	Bytes      int64  `cel:"bytes" json:"bytes"`           // objects in all slabs times their size
}

// FactKind implements fact.Value.
func (SlabCache) FactKind() fact.Kind { return "slab.cache" }

var _ = register(Parser{
	Name:      "slabinfo",
	Doc:       "/proc/slabinfo, large caches only (slabinfo(5))",
	Artifacts: []string{"node/slabinfo"},
	Facts:     []fact.Value{SlabCache{}},
	Parse:     parseSlabinfo,
})

var slabLine = regexp.MustCompile(`^(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+\s+\d+ : tunables`)

func parseSlabinfo(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := slabLine.FindStringSubmatch(line)
		if m == nil {
			if strings.HasPrefix(line, "slabinfo - version") || strings.HasPrefix(line, "# name") || isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		c := SlabCache{Name: m[1]}
		for i, to := range []*int64{&c.Active, &c.Total, &c.ObjectSize} {
			*to, _ = strconv.ParseInt(m[i+2], 10, 64) // digits
		}
		if c.ObjectSize > 1<<24 || c.Total > 1<<38 {
			continue // no kernel has such
		}
		c.Bytes = c.Total * c.ObjectSize
		if c.Bytes >= slabSmall || c.Name == "dentry" || c.Name == "nf_conntrack" {
			in.Emit(n, n, c)
		} else {
			in.Skip(n, n)
		}
	}
	return nil
}
