package parsers

import (
	"strings"

	"coldcase/fact"
)

// IPAddr is one address of a device. Source: ip-address(8).
type IPAddr struct {
	Dev       string   `cel:"dev" json:"dev"`
	Addr      string   `cel:"addr" json:"addr"`
	PrefixLen int64    `cel:"prefixLen" json:"prefixLen"` // of Peer where there is one
	Scope     string   `cel:"scope" json:"scope"`         // "global", "link", "host"
	Peer      string   `cel:"peer" json:"peer"`           // other end of a point-to-point device
	Broadcast string   `cel:"broadcast" json:"broadcast"`
	Label     string   `cel:"label" json:"label"` // "eth0:vip"; IPv4 only
	Flags     []string `cel:"flags" json:"flags"` // "secondary", "dynamic", "tentative", "dadfailed", "deprecated", ...
}

// FactKind implements fact.Value.
func (IPAddr) FactKind() fact.Kind { return "ip.addr" }

var _ = register(Parser{
	Name:      "ip-addr",
	Doc:       "ip addr with -d, -s, -o and -j (ip-address(8))",
	Artifacts: []string{"node/ip-addr"},
	Facts:     []fact.Value{IPLink{}, IPAddr{}},
	Parse:     func(in *Input) error { return parseIPDevices(in, true) },
})

// ipAddr reads the words behind "inet" or "inet6": "10.90.0.1 peer 10.90.0.2/32 scope global ipip1".
func ipAddr(dev string, v4 bool, words []string) (IPAddr, bool) {
	a := IPAddr{Dev: dev, Flags: []string{}}
	if len(words) == 0 {
		return a, false
	}
	ok := a.set(words[0], &a.Addr)
	for i := 1; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch word := words[i]; word {
		case "peer":
			a.set(value, &a.Peer)
		case "brd":
			a.Broadcast = netAddrOr(value)
		case "any", "metric", "proto":
		case "scope":
			a.Scope = value
		case "flags": // busybox
			a.Flags = append(a.Flags, "flags "+value)
		default:
			if v4 && i == len(words)-1 && (word == dev || strings.HasPrefix(word, dev+":")) {
				a.Label = word
			} else {
				a.Flags = append(a.Flags, word)
			}
			continue
		}
		i++
	}
	return a, ok
}

// set splits "10.42.0.1/24" into to and PrefixLen; an address without length is a host's.
func (a *IPAddr) set(s string, to *string) bool {
	prefix, ok := netPrefix(s)
	if !ok {
		return false
	}
	addr, length, _ := strings.Cut(prefix, "/")
	*to, a.PrefixLen = addr, netInt(length)
	return true
}
