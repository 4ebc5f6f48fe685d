package parsers

import (
	"encoding/json"
	"strings"

	"coldcase/fact"
)

// BridgeFDB is one entry of a bridge's or a vxlan device's forwarding table. Source: bridge(8).
type BridgeFDB struct {
	MAC         string `cel:"mac" json:"mac"`       // 00:00:00:00:00:00 is where a vxlan sends what it has no entry for
	Dev         string `cel:"dev" json:"dev"`       // "" when the tool was asked for one device
	Dst         string `cel:"dst" json:"dst"`       // of vxlan: the remote tunnel end point
	VLAN        int64  `cel:"vlan" json:"vlan"`     // 0 when none is printed
	Port        int64  `cel:"port" json:"port"`     // UDP port, 0 for the device's own
	VNI         int64  `cel:"vni" json:"vni"`       // 0 for the device's own
	Via         string `cel:"via" json:"via"`       // device that the tunnel packet leaves by
	Master      string `cel:"master" json:"master"` // the bridge whose table holds the entry
	Self        bool   `cel:"self" json:"self"`     // the device's own table holds the entry
	Permanent   bool   `cel:"permanent" json:"permanent"`
	State       string `cel:"state" json:"state"` // "permanent", "static", "stale"; "" for a learned entry in use
	ExternLearn bool   `cel:"externLearn" json:"externLearn"`
	Offload     bool   `cel:"offload" json:"offload"`
	Sticky      bool   `cel:"sticky" json:"sticky"`
}

// FactKind implements fact.Value.
func (BridgeFDB) FactKind() fact.Kind { return "bridge.fdb" }

var _ = register(Parser{
	Name:      "bridge-fdb",
	Doc:       "bridge fdb as text and JSON (bridge(8))",
	Artifacts: []string{"node/bridge-fdb"},
	Facts:     []fact.Value{BridgeFDB{}},
	Parse:     parseBridgeFDB,
})

func parseBridgeFDB(in *Input) error {
	if iprouteIsJSON(in) {
		iprouteJSON(in, func(first, last int, object []byte) bool {
			var o bridgeFDBObject
			if json.Unmarshal(object, &o) != nil || !netMAC(o.MAC) {
				return false
			}
			in.Emit(first, last, o.fact())
			return true
		})
		return nil
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && netMAC(words[0]):
			in.Emit(n, n, bridgeFDB(words))
		case iprouteNoise(line) || isPrompt(line):
			in.Skip(n, n)
		}
	}
	return nil
}

// bridgeFDB reads "5a:11:22:33:44:03 dev flannel.1 dst 192.168.77.13 port 4789 vni 7 self permanent".
func bridgeFDB(words []string) BridgeFDB {
	v := BridgeFDB{MAC: strings.ToLower(words[0])}
	for i := 1; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch words[i] {
		case "dev":
			v.Dev = value
		case "dst":
			v.Dst = netAddrOr(value)
		case "vlan":
			v.VLAN = netInt(value)
		case "port":
			v.Port = netInt(value)
		case "vni":
			v.VNI = netInt(value)
		case "via":
			v.Via = value
		case "master":
			v.Master = value
		case "used", "src_vni", "nhid", "link-netnsid":
		default:
			v.flag(words[i])
			continue
		}
		i++
	}
	return v
}

// flag takes a lone word of an entry.
func (v *BridgeFDB) flag(word string) {
	switch word {
	case "self":
		v.Self = true
	case "permanent", "static", "stale":
		v.State, v.Permanent = word, word == "permanent"
	case "extern_learn":
		v.ExternLearn = true
	case "offload":
		v.Offload = true
	case "sticky":
		v.Sticky = true
	}
}

// bridgeFDBObject is an entry of "bridge -j fdb".
type bridgeFDBObject struct {
	MAC    string      `json:"mac"`
	Dev    string      `json:"ifname"`
	Dst    string      `json:"dst"`
	VLAN   iprouteText `json:"vlan"`
	Port   iprouteText `json:"port"`
	VNI    iprouteText `json:"vni"`
	Via    string      `json:"viaIf"`
	Master string      `json:"master"`
	Flags  []string    `json:"flags"`
	State  string      `json:"state"`
}

func (o bridgeFDBObject) fact() BridgeFDB {
	v := BridgeFDB{
		MAC: strings.ToLower(o.MAC), Dev: o.Dev, Dst: netAddrOr(o.Dst), VLAN: o.VLAN.int(), Port: o.Port.int(), VNI: o.VNI.int(), Via: o.Via, Master: o.Master,
	}
	for _, f := range append(o.Flags, o.State) {
		v.flag(f)
	}
	return v
}
