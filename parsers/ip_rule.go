package parsers

import (
	"encoding/json"
	"strconv"
	"strings"

	"coldcase/fact"
)

// IPRule is one rule of policy routing. Source: ip-rule(8). The text does not tell whether a rule with neither source
// nor destination is of IPv4 or IPv6.
type IPRule struct {
	Priority     int64  `cel:"priority" json:"priority"` // may repeat
	Not          bool   `cel:"not" json:"not"`           // the whole selector is turned around
	From         string `cel:"from" json:"from"`         // prefix, or "all"
	To           string `cel:"to" json:"to"`             // prefix; "" for all
	TOS          string `cel:"tos" json:"tos"`
	Fwmark       string `cel:"fwmark" json:"fwmark"` // "0x80/0x80"; without a mask "0x8"
	Iif          string `cel:"iif" json:"iif"`
	IifDetached  bool   `cel:"iifDetached" json:"iifDetached"` // the device does not exist
	Oif          string `cel:"oif" json:"oif"`
	OifDetached  bool   `cel:"oifDetached" json:"oifDetached"`
	UIDRange     string `cel:"uidRange" json:"uidRange"` // "0-99"
	IPProto      string `cel:"ipProto" json:"ipProto"`
	Sport        string `cel:"sport" json:"sport"` // "100-200"
	Dport        string `cel:"dport" json:"dport"`
	L3mdev       bool   `cel:"l3mdev" json:"l3mdev"`
	Table        string `cel:"table" json:"table"`               // of a lookup
	SuppressPLen int64  `cel:"suppressPLen" json:"suppressPLen"` // suppress_prefixlength; -1 when the rule has none
	Action       string `cel:"action" json:"action"`             // "lookup", "blackhole", "unreachable", "prohibit", "goto", "nop"
	Goto         int64  `cel:"goto" json:"goto"`                 // priority that action goto continues at
	Proto        string `cel:"proto" json:"proto"`               // who made the rule, "kernel"; "" when not printed
}

// FactKind implements fact.Value.
func (IPRule) FactKind() fact.Kind { return "ip.rule" }

var _ = register(Parser{
	Name:      "ip-rule",
	Doc:       "ip rule as text and JSON (ip-rule(8))",
	Artifacts: []string{"node/ip-rule"},
	Facts:     []fact.Value{IPRule{}},
	Parse:     parseIPRule,
})

func parseIPRule(in *Input) error {
	if iprouteIsJSON(in) {
		iprouteJSON(in, func(first, last int, object []byte) bool {
			var o ipRuleObject
			if json.Unmarshal(object, &o) != nil || o.Priority == "" {
				return false
			}
			in.Emit(first, last, o.rule())
			return true
		})
		return nil
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if r, ok := ipRule(line); ok {
			in.Emit(n, n, r)
		} else if iprouteNoise(line) || isPrompt(line) {
			in.Skip(n, n)
		}
	}
	return nil
}

// ipRule reads "2001:	not from all fwmark 0x8/0xff iif cni0 [detached] lookup 100".
func ipRule(line string) (IPRule, bool) {
	r := IPRule{SuppressPLen: -1}
	number, rest, ok := strings.Cut(line, ":")
	priority, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	words := strings.Fields(rest)
	if !ok || err != nil || len(words) < 2 {
		return r, false
	}
	r.Priority = priority
	for i := 0; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		if ipRuleOption(&r, words[i], value) {
			i++
			continue
		}
		switch words[i] {
		case "not":
			r.Not = true
		case "[detached]":
			if r.Oif != "" {
				r.OifDetached = true
			} else {
				r.IifDetached = true
			}
		case "[l3mdev-table]", "l3mdev":
			r.L3mdev, r.Action = true, "lookup"
		case "blackhole", "unreachable", "prohibit", "nop":
			r.Action = words[i]
		}
	}
	return r, r.From != "" || r.To != ""
}

// ipRuleOption takes an option with one value; false when the word is none of those.
func ipRuleOption(r *IPRule, name, value string) bool {
	switch name {
	case "from":
		r.From = ipRulePrefix(value)
	case "to":
		r.To = ipRulePrefix(value)
	case "tos", "dsfield":
		r.TOS = value
	case "fwmark":
		r.Fwmark = value
	case "iif", "dev":
		r.Iif = value
	case "oif":
		r.Oif = value
	case "uidrange":
		r.UIDRange = value
	case "ipproto":
		r.IPProto = value
	case "sport":
		r.Sport = value
	case "dport":
		r.Dport = value
	case "lookup", "table":
		if value == "[l3mdev-table]" {
			return false
		}
		r.Table, r.Action = value, "lookup"
	case "suppress_prefixlength":
		r.SuppressPLen = netInt(value)
	case "goto":
		r.Goto, r.Action = netInt(value), "goto"
	case "proto", "protocol":
		r.Proto = value
	case "realms", "suppress_ifgroup", "tun_id", "flowlabel":
	default:
		return false
	}
	return true
}

func ipRulePrefix(s string) string {
	if p, ok := netPrefix(s); ok {
		return p
	}
	return s
}

// ipRuleObject is a rule of "ip -j rule".
type ipRuleObject struct {
	Priority     iprouteText    `json:"priority"`
	Not          iproutePresent `json:"not"`
	Src          string         `json:"src"`
	SrcLen       iprouteText    `json:"srclen"`
	Dst          string         `json:"dst"`
	DstLen       iprouteText    `json:"dstlen"`
	TOS          iprouteText    `json:"tos"`
	Fwmark       iprouteText    `json:"fwmark"`
	Fwmask       iprouteText    `json:"fwmask"`
	Iif          string         `json:"iif"`
	IifDetached  iproutePresent `json:"iif_detached"`
	Oif          string         `json:"oif"`
	OifDetached  iproutePresent `json:"oif_detached"`
	UIDStart     iprouteText    `json:"uid_start"`
	UIDEnd       iprouteText    `json:"uid_end"`
	IPProto      iprouteText    `json:"ipproto"`
	Sport        iprouteText    `json:"sport"`
	SportStart   iprouteText    `json:"sport_start"`
	SportEnd     iprouteText    `json:"sport_end"`
	Dport        iprouteText    `json:"dport"`
	DportStart   iprouteText    `json:"dport_start"`
	DportEnd     iprouteText    `json:"dport_end"`
	L3mdev       iproutePresent `json:"l3mdev"`
	Table        iprouteText    `json:"table"`
	SuppressPLen *iprouteText   `json:"suppress_prefixlen"`
	Action       string         `json:"action"`
	Goto         iprouteText    `json:"goto"`
	Protocol     iprouteText    `json:"protocol"`
}

func (o ipRuleObject) rule() IPRule {
	r := IPRule{
		Priority: o.Priority.int(), Not: bool(o.Not), From: ipRuleJoin(o.Src, o.SrcLen), To: ipRuleJoin(o.Dst, o.DstLen),
		TOS: string(o.TOS), Fwmark: string(o.Fwmark), Iif: o.Iif, IifDetached: bool(o.IifDetached), Oif: o.Oif, OifDetached: bool(o.OifDetached),
		UIDRange: ipRuleRange("", o.UIDStart, o.UIDEnd), IPProto: string(o.IPProto), Sport: ipRuleRange(o.Sport, o.SportStart, o.SportEnd),
		Dport: ipRuleRange(o.Dport, o.DportStart, o.DportEnd), L3mdev: bool(o.L3mdev), Table: string(o.Table), SuppressPLen: -1,
		Action: o.Action, Goto: o.Goto.int(), Proto: string(o.Protocol),
	}
	if o.Fwmask != "" {
		r.Fwmark += "/" + string(o.Fwmask)
	}
	if o.SuppressPLen != nil {
		r.SuppressPLen = o.SuppressPLen.int()
	}
	switch {
	case r.Action != "":
	case o.Goto != "":
		r.Action = "goto"
	case o.Table != "" || r.L3mdev:
		r.Action = "lookup"
	default:
		r.Action = "nop"
	}
	return r
}

func ipRuleJoin(addr string, length iprouteText) string {
	if addr == "" || addr == "all" {
		return addr
	}
	if length != "" {
		addr += "/" + string(length)
	}
	return ipRulePrefix(addr)
}

func ipRuleRange(one, from, to iprouteText) string {
	if from != "" {
		return string(from + "-" + to)
	}
	return string(one)
}
