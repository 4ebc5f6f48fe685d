package parsers

import (
	"strconv"
	"strings"

	"coldcase/fact"
)

// BuddyZone is one line of /proc/buddyinfo: the free blocks of one zone, by order.
// Source: Documentation/filesystems/proc.rst, "buddyinfo".
type BuddyZone struct {
	NUMANode int64   `cel:"numaNode" json:"numaNode"`
	Zone     string  `cel:"zone" json:"zone"` // DMA, DMA32, Normal, HighMem, Movable
	Free     []int64 `cel:"free" json:"free"` // free[n] blocks of 2^n pages; the length is the kernel's number of orders
}

// FactKind implements fact.Value.
func (BuddyZone) FactKind() fact.Kind { return "buddyinfo.zone" }

var _ = register(Parser{
	Name:      "buddyinfo",
	Doc:       "/proc/buddyinfo, free memory blocks by order (Documentation/filesystems/proc.rst)",
	Artifacts: []string{"node/buddyinfo"},
	Facts:     []fact.Value{BuddyZone{}},
	Parse:     parseBuddyinfo,
})

func parseBuddyinfo(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if zone, ok := buddyZone(line); ok {
			in.Emit(n, n, zone)
		}
	}
	return nil
}

// buddyZone reads "Node 0, zone   Normal   4381   1093    185 ...".
func buddyZone(line string) (BuddyZone, bool) {
	fields := strings.Fields(line)
	if len(fields) < 5 || fields[0] != "Node" || fields[2] != "zone" {
		return BuddyZone{}, false
	}
	numa, err := strconv.ParseInt(strings.TrimSuffix(fields[1], ","), 10, 64)
	if err != nil {
		return BuddyZone{}, false
	}
	zone := BuddyZone{NUMANode: numa, Zone: fields[3]}
	for _, f := range fields[4:] {
		count, err := strconv.ParseInt(f, 10, 64)
		if err != nil || count < 0 {
			return BuddyZone{}, false
		}
		zone.Free = append(zone.Free, count)
	}
	return zone, true
}
