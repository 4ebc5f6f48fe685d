//go:build linux

package collect

import (
	"strconv"
	"strings"
)

// numberNames gives the words that iproute2 prints for numbers: its own, and those of the node's files.
type numberNames map[uint64]string

func (n numberNames) of(number uint64) string {
	if name, ok := n[number]; ok {
		return name
	}
	return strconv.FormatUint(number, 10)
}

// scopeNames are those of rtnetlink(7).
var scopeNames = numberNames{0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}

// typeNames are the route types of rtnetlink(7).
var typeNames = numberNames{
	1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole", 7: "unreachable", 8: "prohibit",
	9: "throw", 10: "nat", 11: "xresolve",
}

func (h *host) tableNames() numberNames {
	return h.names(numberNames{253: "default", 254: "main", 255: "local"}, "rt_tables")
}

func (h *host) protocolNames() numberNames {
	return h.names(numberNames{
		0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 8: "gated", 9: "ra", 10: "mrt", 11: "zebra", 12: "bird", 13: "dnrouted",
		14: "xorp", 15: "ntk", 16: "dhcp", 18: "keepalived", 42: "babel", 186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp",
	}, "rt_protos")
}

func (h *host) groupNames() numberNames { return h.names(numberNames{0: "default"}, "group") }

// names adds what the node's administrator called numbers: lines "100 name" or "0x64 name", # begins a comment.
func (h *host) names(known numberNames, file string) numberNames {
	files := []string{"/usr/share/iproute2/" + file, "/usr/lib/iproute2/" + file, "/etc/iproute2/" + file}
	files = append(files, h.glob("/etc/iproute2/"+file+".d/*.conf")...)
	for _, name := range files {
		text, err := readBounded(h.path(name), 64*kib)
		if err != nil {
			continue
		}
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(line, "#")
			words := strings.Fields(line)
			if len(words) < 2 {
				continue
			}
			if number, err := strconv.ParseUint(words[0], 0, 32); err == nil {
				known[number] = words[1]
			}
		}
	}
	return known
}
