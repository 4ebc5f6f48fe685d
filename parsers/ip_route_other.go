package parsers

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
)

// ipRouteObject is a route of "ip -j route".
type ipRouteObject struct {
	Type     string      `json:"type"`
	Dst      string      `json:"dst"`
	Gateway  string      `json:"gateway"`
	Via      ipRouteVia  `json:"via"`
	Dev      string      `json:"dev"`
	Table    iprouteText `json:"table"`
	Protocol iprouteText `json:"protocol"`
	Scope    iprouteText `json:"scope"`
	PrefSrc  string      `json:"prefsrc"`
	Metric   iprouteText `json:"metric"`
	Pref     string      `json:"pref"`
	Flags    []string    `json:"flags"`
	Metrics  []struct {
		MTU iprouteText `json:"mtu"`
	} `json:"metrics"`
	NextHops []ipRouteHopObject `json:"nexthops"`
}

type ipRouteVia struct {
	Host string `json:"host"`
}

type ipRouteHopObject struct {
	Gateway string      `json:"gateway"`
	Via     ipRouteVia  `json:"via"`
	Dev     string      `json:"dev"`
	Weight  iprouteText `json:"weight"`
	Flags   []string    `json:"flags"`
}

func parseIPRouteJSON(in *Input) {
	v6 := false
	iprouteJSON(in, func(first, last int, object []byte) bool {
		var o ipRouteObject
		if json.Unmarshal(object, &o) != nil || o.Dst == "" {
			return false
		}
		r, ok := o.route(v6)
		if ok {
			v6 = v6 || netIsV6(r.Dst)
			in.Emit(first, last, r)
		}
		return ok
	})
}

func (o ipRouteObject) route(afterV6 bool) (IPRoute, bool) {
	r := IPRoute{
		Table: string(o.Table), Type: o.Type, Via: netAddrOr(o.Gateway + o.Via.Host), Dev: o.Dev, Proto: string(o.Protocol), Scope: string(o.Scope),
		Src: netAddrOr(o.PrefSrc), Metric: o.Metric.int(), NextHops: []string{},
		Onlink: iprouteHas(o.Flags, "onlink"), Linkdown: iprouteHas(o.Flags, "linkdown"), Dead: iprouteHas(o.Flags, "dead"),
	}
	if r.Table == "" {
		r.Table = "main"
	}
	if r.Type == "" {
		r.Type = "unicast"
	}
	for _, m := range o.Metrics {
		if m.MTU != "" {
			r.MTU = m.MTU.int()
		}
	}
	for _, h := range o.NextHops {
		r.NextHops = append(r.NextHops, h.text())
	}
	if o.Dst == "default" {
		r.Dst = "0.0.0.0/0"
		if v6, known := ipRouteFamily(r); known && v6 || !known && (o.Pref != "" || afterV6) {
			r.Dst = "::/0"
		}
		return r, true
	}
	var ok bool
	r.Dst, ok = netPrefix(o.Dst)
	return r, ok
}

// text is the next hop as the text form prints it.
func (h ipRouteHopObject) text() string {
	var words []string
	if gw := h.Gateway + h.Via.Host; gw != "" {
		words = append(words, "via", netAddrOr(gw))
	}
	if h.Dev != "" {
		words = append(words, "dev", h.Dev)
	}
	if h.Weight != "" {
		words = append(words, "weight", string(h.Weight))
	}
	return strings.Join(append(words, h.Flags...), " ")
}

// ipRouteLegacyHead recognises the heading of /proc/net/route and of route(8).
func ipRouteLegacyHead(words []string) bool {
	return len(words) >= 8 && (words[0] == "Iface" && words[1] == "Destination" || words[0] == "Destination" && words[1] == "Gateway" && words[2] == "Genmask")
}

// ipRouteLegacy reads a line below such a heading.
func ipRouteLegacy(head, words []string) (IPRoute, bool) {
	if head[0] == "Iface" {
		return ipRouteProc(words)
	}
	r := IPRoute{Table: "main", Type: "unicast", NextHops: []string{}, Lossy: true}
	if len(words) < 8 {
		return r, false
	}
	dst := words[0]
	if dst == "default" {
		dst = "0.0.0.0"
	}
	prefix, ok := netPrefix(dst + "/" + words[2])
	if !ok {
		return r, false
	}
	r.Dst = prefix
	if strings.Contains(words[3], "G") {
		r.Via = netAddrOr(words[1])
	}
	if head[4] == "Metric" {
		r.Metric = netInt(words[4])
	}
	r.Dev = words[7]
	ipRouteRefuses(&r, strings.HasPrefix(words[3], "!"))
	return r, true
}

// ipRouteProc reads a line of /proc/net/route: addresses in hex, in the byte order of a little-endian machine
// (net/ipv4/fib_trie.c, fib_route_seq_show).
func ipRouteProc(words []string) (IPRoute, bool) {
	const gateway, reject = 0x2, 0x200 // include/uapi/linux/route.h
	r := IPRoute{Table: "main", Type: "unicast", NextHops: []string{}, Lossy: true}
	if len(words) < 9 {
		return r, false
	}
	dst, ok1 := ipRouteHex(words[1])
	gw, ok2 := ipRouteHex(words[2])
	mask, ok3 := ipRouteHex(words[7])
	flags, err := strconv.ParseUint(words[3], 16, 32)
	if !ok1 || !ok2 || !ok3 || err != nil {
		return r, false
	}
	prefix, ok := netPrefix(dst + "/" + mask)
	if !ok {
		return r, false
	}
	r.Dst, r.Dev, r.Metric, r.MTU = prefix, words[0], netInt(words[6]), netInt(words[8])
	if flags&gateway != 0 {
		r.Via = gw
	}
	ipRouteRefuses(&r, flags&reject != 0)
	return r, true
}

// ipRouteRefuses sets the type of a route without device: the kernel marks unreachable and prohibit, not blackhole.
func ipRouteRefuses(r *IPRoute, reject bool) {
	noDev := r.Dev == "*" || r.Dev == "-"
	if noDev {
		r.Dev = ""
	}
	switch {
	case reject:
		r.Type = "unreachable"
	case noDev:
		r.Type = "blackhole"
	}
}

func ipRouteHex(s string) (string, bool) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 8 {
		return "", false
	}
	return netip.AddrFrom4([4]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}).String(), true
}
