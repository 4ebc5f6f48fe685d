package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// IPRoute is one route. Source: ip-route(8).
type IPRoute struct {
	Table    string   `cel:"table" json:"table"` // "main" when the text leaves it out, "local", "100"
	Type     string   `cel:"type" json:"type"`   // "unicast", "local", "blackhole", "unreachable", ...
	Dst      string   `cel:"dst" json:"dst"`     // prefix; "0.0.0.0/0" or "::/0" for default, /32 or /128 for a host
	Via      string   `cel:"via" json:"via"`     // gateway
	Dev      string   `cel:"dev" json:"dev"`
	Proto    string   `cel:"proto" json:"proto"` // "kernel", "bird", "80"; "boot" is left out by the tool without -d
	Scope    string   `cel:"scope" json:"scope"`
	Src      string   `cel:"src" json:"src"` // preferred source address
	Metric   int64    `cel:"metric" json:"metric"`
	MTU      int64    `cel:"mtu" json:"mtu"` // 0 when the device's counts
	Onlink   bool     `cel:"onlink" json:"onlink"`
	Linkdown bool     `cel:"linkdown" json:"linkdown"`
	Dead     bool     `cel:"dead" json:"dead"`
	NextHops []string `cel:"nextHops" json:"nextHops"` // of a multipath route: "via 10.0.0.1 dev eth0 weight 1"
	// Lossy is set for /proc/net/route and route -n: table main of IPv4 only, one next hop, no source, and every
	// refusing route is "unreachable".
	Lossy bool `cel:"lossy" json:"lossy"`
}

// FactKind implements fact.Value.
func (IPRoute) FactKind() fact.Kind { return "ip.route" }

var _ = register(Parser{
	Name:      "ip-route",
	Doc:       "ip route as text and JSON (ip-route(8)); as a last resort /proc/net/route and route -n (route(8))",
	Artifacts: []string{"node/ip-route"},
	Facts:     []fact.Value{IPRoute{}},
	Parse:     parseIPRoute,
})

// ipRoutePathTable is the table that a file's name states: "ip_route_show_table_100".
var ipRoutePathTable = regexp.MustCompile(`table[ _]([0-9]+|local|main|default)\b`)

func parseIPRoute(in *Input) error {
	if iprouteIsJSON(in) {
		parseIPRouteJSON(in)
		return nil
	}
	p := ipRoutes{in: in, table: "main"}
	if m := ipRoutePathTable.FindStringSubmatch(in.Path); m != nil {
		p.table = m[1]
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		p.line(n, line)
	}
	if p.routes == 0 && p.failure != "" {
		in.Absent(p.failure)
	}
	return nil
}

// ipRoutes is where the parser stands in the text.
type ipRoutes struct {
	in      *Input
	table   string
	legacy  []string // column names of /proc/net/route or route -n, when that is what follows
	v6      bool     // the tool has come to the IPv6 routes, which follow all IPv4 ones
	routes  int
	failure string
}

func (p *ipRoutes) line(n int, line string) {
	words := strings.Fields(strings.ReplaceAll(line, `\`, " ")) // -o joins lines by a backslash
	switch {
	case len(words) == 0:
	case ipRouteLegacyHead(words):
		p.legacy = words
		p.in.Skip(n, n)
	case iprouteNoise(line):
		if p.failure == "" {
			p.failure = line
		}
		p.in.Skip(n, n)
	case line == "Kernel IP routing table" || isPrompt(line):
		p.in.Skip(n, n)
	case len(p.legacy) > 0:
		if r, ok := ipRouteLegacy(p.legacy, words); ok {
			p.in.Emit(n, n, r)
			p.routes++
		}
	default:
		last := n
		for ipRouteContinues(p.in.Peek()) {
			var more string
			last, more, _ = p.in.Scan()
			words = append(words, strings.Fields(strings.ReplaceAll(more, `\`, " "))...)
		}
		r, ok := p.route(words)
		if !ok {
			return
		}
		p.in.Emit(n, last, r)
		p.routes++
	}
}

// ipRouteContinues recognises the indented lines that belong to the route above them.
func ipRouteContinues(line string) bool {
	if line == "" || line[0] != '\t' && line[0] != ' ' {
		return false
	}
	s := strings.TrimLeft(line, " \t")
	return strings.HasPrefix(s, "nexthop ") || strings.HasPrefix(s, "cache") || strings.HasPrefix(s, "nh_info ") || strings.HasPrefix(s, "nh_grp ")
}

// ipRouteIsType knows the route types of ip-route(8).
func ipRouteIsType(word string) bool {
	switch word {
	case "unicast", "local", "broadcast", "multicast", "anycast", "throw", "unreachable", "prohibit", "blackhole", "nat":
		return true
	}
	return false
}

// route reads the words of one route and its continuation lines.
func (p *ipRoutes) route(words []string) (IPRoute, bool) {
	r := IPRoute{Table: p.table, Type: "unicast", NextHops: []string{}}
	if ipRouteIsType(words[0]) {
		r.Type, words = words[0], words[1:]
	}
	if len(words) == 0 {
		return r, false
	}
	dst := words[0]
	hinted := ipRouteOptions(&r, words[1:])
	if dst == "default" {
		r.Dst = "0.0.0.0/0"
		if v6, known := ipRouteFamily(r); known && v6 || !known && (hinted || p.v6) {
			r.Dst = "::/0"
		}
		return r, len(words) > 1 || r.Type != "unicast"
	}
	prefix, ok := netPrefix(dst)
	if !ok {
		return r, false
	}
	r.Dst = prefix
	p.v6 = p.v6 || netIsV6(prefix)
	return r, true
}

// ipRouteFamily tells a default route's family from the addresses in it.
func ipRouteFamily(r IPRoute) (v6, known bool) {
	for _, s := range append([]string{r.Via, r.Src}, r.NextHops...) {
		s = strings.TrimPrefix(s, "via ")
		s, _, _ = strings.Cut(s, " ")
		if _, ok := netAddr(s); ok {
			return netIsV6(s), true
		}
	}
	return false, false
}

// ipRouteOptions reads "key value" pairs and lone flags. hintV6 reports options that only IPv6 routes print.
func ipRouteOptions(r *IPRoute, words []string) (hintV6 bool) {
	for i := 0; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch words[i] {
		case "nexthop":
			hop, used := ipRouteHop(words[i+1:])
			r.NextHops = append(r.NextHops, hop)
			i += used
			continue
		case "cache", "nh_info", "nh_grp":
			return hintV6
		case "onlink":
			r.Onlink = true
			continue
		case "linkdown":
			r.Linkdown = true
			continue
		case "dead":
			r.Dead = true
			continue
		case "via":
			if value == "inet" || value == "inet6" { // a gateway of the other family
				i++
				value = ""
				if i+1 < len(words) {
					value = words[i+1]
				}
			}
			r.Via = netAddrOr(value)
		case "mtu":
			if value == "lock" && i+2 < len(words) {
				i++
				value = words[i+1]
			}
			r.MTU = netInt(value)
		case "pref":
			hintV6 = true
		default:
			if !ipRouteOption(r, words[i], value) {
				continue // a flag that says nothing here
			}
		}
		i++
	}
	return hintV6
}

// ipRouteOption takes an option with one value; false when the word is none of those.
func ipRouteOption(r *IPRoute, name, value string) bool {
	switch name {
	case "dev":
		r.Dev = value
	case "table":
		r.Table = value
	case "proto", "protocol":
		r.Proto = value
	case "scope":
		r.Scope = value
	case "src":
		r.Src = netAddrOr(value)
	case "metric":
		r.Metric = netInt(value)
	case "nhid", "weight", "advmss", "hoplimit", "rtt", "rttvar", "window", "cwnd", "initcwnd", "initrwnd", "ssthresh", "reordering",
		"realm", "realms", "tos", "dsfield", "expires", "error", "from", "congctl", "features", "quickack", "rto_min", "ttl-propagate":
	default:
		return false
	}
	return true
}

// ipRouteHop reads one next hop and tells how many words it took.
func ipRouteHop(words []string) (hop string, used int) {
	for used < len(words) {
		switch words[used] {
		case "nexthop", "cache", "nh_info", "nh_grp":
			return strings.Join(words[:used], " "), used
		}
		used++
	}
	return strings.Join(words, " "), used
}
