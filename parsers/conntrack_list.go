package parsers

import (
	"regexp"
	"sort"
	"strings"

	"coldcase/fact"
)

// ConntrackGroup is a number of tracked connections that have something in common. Source: conntrack -L (conntrack(8))
// and /proc/net/nf_conntrack. The collector stops after some thousand connections: the numbers are those of the list.
type ConntrackGroup struct {
	By     string `cel:"by" json:"by"`       // "state", "source", "server"
	Proto  string `cel:"proto" json:"proto"` // "tcp", "udp", "icmp"
	Name   string `cel:"name" json:"name"`   // ESTABLISHED; empty for protocols without states. An address; address and port of a server
	Count  int64  `cel:"count" json:"count"`
	Listed int64  `cel:"listed" json:"listed"` // connections in the whole list
	// Unreplied are those of the group that nobody answered yet.
	Unreplied int64 `cel:"unreplied" json:"unreplied"`
	// Distinct is how many groups there are of the same By and Proto, of which only the largest are kept.
	Distinct int64 `cel:"distinct" json:"distinct"`
}

// FactKind implements fact.Value.
func (ConntrackGroup) FactKind() fact.Kind { return "conntrack.group" }

var _ = register(Parser{
	Name:      "conntrack",
	Doc:       "conntrack -L and /proc/net/nf_conntrack: connections by state, source and server (conntrack(8))",
	Artifacts: []string{"node/conntrack"},
	Facts:     []fact.Value{ConntrackGroup{}},
	Parse:     parseConntrack,
})

const (
	conntrackTop    = 5
	conntrackGroups = 100_000 // bound on memory
)

var (
	// [ipv4 2] tcp 6 86395 ESTABLISHED src=... dst=... sport=... dport=... ; without the family in conntrack -L
	conntrackLine = regexp.MustCompile(`^(?:ipv[46]\s+\d+\s+)?([a-z]\w*)\s+\d+\s+(?:\d+\s+)?(?:([A-Z][A-Z_0-9]+)\s+)?src=(\S+) dst=(\S+)(?: sport=\d+ dport=(\d+))?(.*)$`)
	conntrackSkip = regexp.MustCompile(`^conntrack v[\d.]+ \(conntrack-tools\): \d+ flow entries|^\[coldcase: `)
)

// conntrackCount is what is known of a group while the list is read.
type conntrackCount struct {
	ConntrackGroup
	first int // line of the first connection
}

func parseConntrack(in *Input) error {
	groups := map[string]*conntrackCount{}
	listed := int64(0)
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := conntrackLine.FindStringSubmatch(line)
		if m == nil {
			if isPrompt(line) || conntrackSkip.MatchString(line) {
				in.Skip(n, n)
			}
			continue
		}
		in.Skip(n, n)
		listed++
		unreplied := strings.Contains(m[6], "[UNREPLIED]")
		source, server := netAddrOr(m[3]), conntrackServer(m[4], m[5])
		for _, g := range [...]ConntrackGroup{{By: "state", Proto: m[1], Name: m[2]}, {By: "source", Proto: m[1], Name: source}, {By: "server", Proto: m[1], Name: server}} {
			key := g.By + " " + g.Proto + " " + g.Name
			c := groups[key]
			if c == nil {
				if len(groups) >= conntrackGroups {
					continue
				}
				c = &conntrackCount{ConntrackGroup: g, first: n}
				groups[key] = c
			}
			if c.Count++; unreplied {
				c.Unreplied++
			}
		}
	}
	emitConntrack(in, groups, listed)
	return nil
}

// conntrackServer is where connections go to: "10.96.0.1:443", "[2001:db8::53]:53", or an address without a port.
func conntrackServer(addr, port string) string {
	addr = netAddrOr(addr)
	if port == "" {
		return addr
	}
	if netIsV6(addr) {
		addr = "[" + addr + "]"
	}
	return addr + ":" + port
}

// emitConntrack writes all states, and the largest sources and servers of each protocol.
func emitConntrack(in *Input, groups map[string]*conntrackCount, listed int64) {
	all := make([]*conntrackCount, 0, len(groups))
	distinct := map[string]int64{}
	for _, c := range groups {
		all = append(all, c)
		distinct[c.By+c.Proto]++
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.Count != b.Count {
			return a.Count > b.Count
		}
		return a.By+" "+a.Proto+" "+a.Name < b.By+" "+b.Proto+" "+b.Name
	})
	kept := map[string]int{}
	for _, c := range all {
		if kept[c.By+c.Proto]++; c.By != "state" && kept[c.By+c.Proto] > conntrackTop {
			continue
		}
		c.Listed, c.Distinct = listed, distinct[c.By+c.Proto]
		in.Emit(c.first, c.first, c.ConntrackGroup)
	}
}
