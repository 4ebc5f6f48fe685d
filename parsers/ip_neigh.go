package parsers

import (
	"encoding/json"
	"strings"

	"coldcase/fact"
)

// IPNeigh is one entry of the neighbour (ARP, NDP) table. Source: ip-neighbour(8), /proc/net/arp.
type IPNeigh struct {
	Addr string `cel:"addr" json:"addr"`
	Dev  string `cel:"dev" json:"dev"` // "" when the tool left it out
	MAC  string `cel:"mac" json:"mac"` // "" for FAILED and INCOMPLETE
	// State is REACHABLE, STALE, DELAY, PROBE, FAILED, INCOMPLETE, PERMANENT or NOARP; "" for a proxy entry.
	// /proc/net/arp does not tell the first four apart: COMPLETE.
	State  string `cel:"state" json:"state"`
	Router bool   `cel:"router" json:"router"`
	Proxy  bool   `cel:"proxy" json:"proxy"`
	// ExternLearn is set when a program, such as a network plugin's agent, made the entry.
	ExternLearn bool `cel:"externLearn" json:"externLearn"`
}

// FactKind implements fact.Value.
func (IPNeigh) FactKind() fact.Kind { return "ip.neigh" }

var _ = register(Parser{
	Name:      "ip-neigh",
	Doc:       "ip neigh as text and JSON (ip-neighbour(8)), /proc/net/arp (proc(5))",
	Artifacts: []string{"node/ip-neigh"},
	Facts:     []fact.Value{IPNeigh{}},
	Parse:     parseIPNeigh,
})

func parseIPNeigh(in *Input) error {
	if iprouteIsJSON(in) {
		iprouteJSON(in, func(first, last int, object []byte) bool {
			var o ipNeighObject
			if json.Unmarshal(object, &o) != nil {
				return false
			}
			v, ok := o.fact()
			if ok {
				in.Emit(first, last, v)
			}
			return ok
		})
		return nil
	}
	arp := false
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case strings.HasPrefix(line, "IP address ") && strings.Contains(line, "HW type"):
			arp = true
			in.Skip(n, n)
		case iprouteNoise(line) || isPrompt(line):
			in.Skip(n, n)
		case arp:
			if v, ok := ipNeighARP(words); ok {
				in.Emit(n, n, v)
			}
		default:
			if v, ok := ipNeigh(words); ok {
				in.Emit(n, n, v)
			}
		}
	}
	return nil
}

// ipNeigh reads "192.168.77.13 dev eth0 lladdr 52:54:00:77:00:13 used 9/69/9probes 0 STALE".
func ipNeigh(words []string) (IPNeigh, bool) {
	v := IPNeigh{}
	var ok bool
	if v.Addr, ok = netAddr(words[0]); !ok || len(words) < 2 {
		return v, false
	}
	for i := 1; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch words[i] {
		case "dev":
			v.Dev = value
		case "lladdr":
			v.MAC = strings.ToLower(value)
		case "ref", "used", "probes", "proto", "nhid":
			// with -s the tool forgets the blank between used and probes: "used 2/3/3probes 0"
			if words[i] == "used" && strings.HasSuffix(value, "probes") {
				i++
			}
		default:
			v.flag(words[i])
			continue
		}
		i++
	}
	return v, v.State != "" || v.Proxy || v.Dev != ""
}

// flag takes a lone word of an entry.
func (v *IPNeigh) flag(word string) {
	switch word {
	case "router":
		v.Router = true
	case "proxy":
		v.Proxy = true
	case "extern_learn":
		v.ExternLearn = true
	case "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "INCOMPLETE", "PERMANENT", "NOARP", "NONE":
		v.State = word
	}
}

// ipNeighARP reads a line of /proc/net/arp: "192.168.77.14  0x1  0x0  00:00:00:00:00:00  *  eth0".
func ipNeighARP(words []string) (IPNeigh, bool) {
	v := IPNeigh{}
	var ok bool
	if v.Addr, ok = netAddr(words[0]); !ok || len(words) != 6 {
		return v, false
	}
	v.Dev, v.MAC = words[5], strings.ToLower(words[3])
	switch words[2] { // include/uapi/linux/if_arp.h: ATF_COM 2, ATF_PERM 4, ATF_PUBL 8
	case "0x0":
		v.State, v.MAC = "INCOMPLETE", ""
	case "0x2":
		v.State = "COMPLETE"
	case "0x6":
		v.State = "PERMANENT"
	case "0x8", "0xc", "0xe":
		v.Proxy, v.MAC = true, ""
	default:
		return v, false
	}
	return v, true
}

// ipNeighObject is an entry of "ip -j neigh".
type ipNeighObject struct {
	Dst         string         `json:"dst"`
	Dev         string         `json:"dev"`
	MAC         string         `json:"lladdr"`
	State       []string       `json:"state"`
	Router      iproutePresent `json:"router"`
	Proxy       iproutePresent `json:"proxy"`
	ExternLearn iproutePresent `json:"extern_learn"`
}

func (o ipNeighObject) fact() (IPNeigh, bool) {
	v := IPNeigh{Dev: o.Dev, MAC: strings.ToLower(o.MAC), Router: bool(o.Router), Proxy: bool(o.Proxy), ExternLearn: bool(o.ExternLearn)}
	for _, s := range o.State {
		v.flag(s)
	}
	var ok bool
	v.Addr, ok = netAddr(o.Dst)
	return v, ok
}
