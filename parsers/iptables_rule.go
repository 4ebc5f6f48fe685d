package parsers

import (
	"strconv"
	"strings"

	"coldcase/fact"
)

// IptablesRule is one rule. Empty fields state nothing; a ...Not field turns the field before it around.
// Source: iptables(8), iptables-extensions(8).
type IptablesRule struct {
	Backend       string   `cel:"backend" json:"backend"`
	Family        string   `cel:"family" json:"family"`
	Table         string   `cel:"table" json:"table"`
	Chain         string   `cel:"chain" json:"chain"`
	Index         int64    `cel:"index" json:"index"`     // position in its chain, from 1, as "iptables --line-numbers" counts
	Packets       int64    `cel:"packets" json:"packets"` // -1 when the dump has no counters
	Bytes         int64    `cel:"bytes" json:"bytes"`     // -1 when the dump has no counters
	Src           string   `cel:"src" json:"src"`         // prefix, "10.42.0.0/16"; a host has /32 or /128
	SrcNot        bool     `cel:"srcNot" json:"srcNot"`
	Dst           string   `cel:"dst" json:"dst"`
	DstNot        bool     `cel:"dstNot" json:"dstNot"`
	InIface       string   `cel:"inIface" json:"inIface"` // "eth+" matches all that begin with eth
	InNot         bool     `cel:"inNot" json:"inNot"`
	OutIface      string   `cel:"outIface" json:"outIface"`
	OutNot        bool     `cel:"outNot" json:"outNot"`
	Proto         string   `cel:"proto" json:"proto"` // "tcp", "udp", "icmp", "ipencap", ...; numbers without a usual name stay
	ProtoNot      bool     `cel:"protoNot" json:"protoNot"`
	SrcPort       string   `cel:"srcPort" json:"srcPort"` // "53", "30000:32767" or "80,443" (multiport)
	SrcPortNot    bool     `cel:"srcPortNot" json:"srcPortNot"`
	DstPort       string   `cel:"dstPort" json:"dstPort"`
	DstPortNot    bool     `cel:"dstPortNot" json:"dstPortNot"`
	Comment       string   `cel:"comment" json:"comment"`
	Mark          string   `cel:"mark" json:"mark"` // match, "0x4000/0x4000"
	MarkNot       bool     `cel:"markNot" json:"markNot"`
	CTState       string   `cel:"ctState" json:"ctState"` // of -m conntrack or -m state, "RELATED,ESTABLISHED"
	CTStateNot    bool     `cel:"ctStateNot" json:"ctStateNot"`
	DstType       string   `cel:"dstType" json:"dstType"` // of -m addrtype, "LOCAL"
	DstTypeNot    bool     `cel:"dstTypeNot" json:"dstTypeNot"`
	SrcType       string   `cel:"srcType" json:"srcType"`
	SrcTypeNot    bool     `cel:"srcTypeNot" json:"srcTypeNot"`
	Probability   float64  `cel:"probability" json:"probability"`     // of -m statistic --mode random; 0 when it has none
	MatchSet      []string `cel:"matchSet" json:"matchSet"`           // "KUBE-LOOP-BACK dst,dst,src", negated "! NAME dst"
	Matches       []string `cel:"matches" json:"matches"`             // modules in order: "comment", "udp", "addrtype"
	MatchArgs     []string `cel:"matchArgs" json:"matchArgs"`         // every option of a module: "conntrack: ! --ctstate DNAT"
	Target        string   `cel:"target" json:"target"`               // built-in, extension or chain; "" for a rule that only counts
	Goto          bool     `cel:"goto" json:"goto"`                   // -g: the chain does not return here
	TargetArgs    string   `cel:"targetArgs" json:"targetArgs"`       // "--to-destination 10.42.0.5:53"
	ToDestination string   `cel:"toDestination" json:"toDestination"` // of DNAT, "10.42.0.5:53"
	ToSource      string   `cel:"toSource" json:"toSource"`           // of SNAT
	SetMark       string   `cel:"setMark" json:"setMark"`             // of MARK, value/mask of --set-xmark
	RejectWith    string   `cel:"rejectWith" json:"rejectWith"`
	Lossy         bool     `cel:"lossy" json:"lossy"` // matches may be missing or abbreviated: from a listing, or with a match that the collector could not spell out ("--undecoded")
	Text          string   `cel:"text" json:"text"`   // the rule, normalised, without counters
}

// FactKind implements fact.Value.
func (IptablesRule) FactKind() fact.Kind { return "iptables.rule" }

// iptablesShort are the options that every rule knows, by all their names.
var iptablesShort = map[string]string{
	"-s": "-s", "--source": "-s", "--src": "-s", "-d": "-d", "--destination": "-d", "--dst": "-d",
	"-i": "-i", "--in-interface": "-i", "-o": "-o", "--out-interface": "-o", "-p": "-p", "--protocol": "-p", "--proto": "-p",
	"-m": "-m", "--match": "-m", "-j": "-j", "--jump": "-j", "-g": "-g", "--goto": "-g", "-c": "-c", "--set-counters": "-c",
}

// iptablesRule reads a rule of iptables-save or iptables -S. Options that it does not know stay in Text.
func iptablesRule(line string) (IptablesRule, bool) {
	r := IptablesRule{Packets: -1, Bytes: -1, MatchSet: []string{}, Matches: []string{}, MatchArgs: []string{}}
	if line[0] == '[' {
		counters, rest, ok := strings.Cut(line[1:], "] ")
		packets, bytes, colon := strings.Cut(counters, ":")
		if !ok || !colon || !iptablesCounters(&r, packets, bytes) {
			return r, false
		}
		line = strings.TrimLeft(rest, " ")
	}
	tokens, ok := iptablesLex(line)
	if !ok || len(tokens) < 2 || tokens[0].text != "-A" {
		return r, false
	}
	r.Chain = tokens[1].text
	p := iptablesArgs{rule: &r, tokens: tokens[2:]}
	p.text.Grow(len(line))
	p.text.WriteString("-A " + r.Chain)
	for len(p.tokens) > 0 {
		p.option()
	}
	r.Text, r.TargetArgs = p.text.String(), p.target.String()
	return r, true
}

func iptablesCounters(r *IptablesRule, packets, bytes string) bool {
	var err1, err2 error
	r.Packets, err1 = strconv.ParseInt(packets, 10, 64)
	r.Bytes, err2 = strconv.ParseInt(bytes, 10, 64)
	return err1 == nil && err2 == nil
}

// iptablesArgs consumes a rule's words.
type iptablesArgs struct {
	rule   *IptablesRule
	tokens []iptablesToken
	module string // last -m or, without one, the protocol: owner of the options that follow
	text   strings.Builder
	target strings.Builder
	jumped bool
}

func (p *iptablesArgs) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0].text
	p.tokens = p.tokens[1:]
	return t
}

// bang consumes a "!", which stands before the option since 1.4.3 and behind it in older versions.
func (p *iptablesArgs) bang() bool {
	if len(p.tokens) > 0 && !p.tokens[0].quoted && p.tokens[0].text == "!" {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

// values consumes the words up to the next option.
func (p *iptablesArgs) values() []iptablesToken {
	start := p.tokens
	for len(p.tokens) > 0 {
		t := p.tokens[0]
		if !t.quoted && (t.text == "!" || len(t.text) > 1 && t.text[0] == '-') {
			break
		}
		p.tokens = p.tokens[1:]
	}
	return start[:len(start)-len(p.tokens)]
}

// iptablesJoin is the values' text without quotes.
func iptablesJoin(values []iptablesToken) string {
	if len(values) == 1 {
		return values[0].text
	}
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = v.text
	}
	return strings.Join(words, " ")
}

func (p *iptablesArgs) option() {
	not := p.bang()
	name := p.next()
	if name == "" {
		return
	}
	not = p.bang() || not
	short, common := iptablesShort[name]
	if !common || p.jumped && (short == "-m" || short == "-c") {
		p.extension(name, not, p.values())
		return
	}
	if short == "-c" {
		packets := p.next()
		iptablesCounters(p.rule, packets, p.next())
		return
	}
	value := p.next()
	iptablesWrite(&p.text, short, not, iptablesToken{text: value})
	p.common(short, not, value)
}

func (p *iptablesArgs) common(short string, not bool, value string) {
	r := p.rule
	switch short {
	case "-s":
		r.Src, r.SrcNot = iptablesPrefix(value), not
	case "-d":
		r.Dst, r.DstNot = iptablesPrefix(value), not
	case "-i":
		r.InIface, r.InNot = value, not
	case "-o":
		r.OutIface, r.OutNot = value, not
	case "-p":
		r.Proto, r.ProtoNot = netProto(value), not
		if p.module == "" {
			p.module = r.Proto
		}
	case "-m":
		p.module = value
		r.Matches = append(r.Matches, value)
	case "-j", "-g":
		r.Target, r.Goto, p.jumped = value, short == "-g", true
	}
}

// extension takes an option of a match or, after -j, of the target.
func (p *iptablesArgs) extension(name string, not bool, values []iptablesToken) {
	value := iptablesJoin(values)
	iptablesWrite(&p.text, name, not, values...)
	p.rule.Lossy = p.rule.Lossy || name == "--undecoded"
	if p.jumped {
		iptablesWrite(&p.target, name, not, values...)
		p.targetOption(name, value)
		return
	}
	if name == "--comment" {
		p.rule.Comment = value
		return
	}
	if strings.HasPrefix(name, "-") {
		p.rule.MatchArgs = append(p.rule.MatchArgs, iptablesArg(p.module, name, not, values))
	}
	p.matchOption(name, not, value)
}

func (p *iptablesArgs) matchOption(name string, not bool, value string) {
	r := p.rule
	switch name {
	case "--dport", "--destination-port", "--dports", "--destination-ports":
		r.DstPort, r.DstPortNot = value, not
	case "--sport", "--source-port", "--sports", "--source-ports":
		r.SrcPort, r.SrcPortNot = value, not
	case "--mark":
		if p.module == "mark" {
			r.Mark, r.MarkNot = value, not
		}
	case "--ctstate", "--state":
		r.CTState, r.CTStateNot = value, not
	case "--dst-type":
		r.DstType, r.DstTypeNot = value, not
	case "--src-type":
		r.SrcType, r.SrcTypeNot = value, not
	case "--probability":
		r.Probability, _ = strconv.ParseFloat(value, 64)
		if !(r.Probability >= 0 && r.Probability <= 1) { // NaN cannot be written as JSON
			r.Probability = 0
		}
	case "--match-set", "--set":
		if p.module == "set" {
			if not {
				value = "! " + value
			}
			r.MatchSet = append(r.MatchSet, value)
		}
	}
}

func (p *iptablesArgs) targetOption(name, value string) {
	switch name {
	case "--to-destination":
		p.rule.ToDestination = value
	case "--to-source":
		p.rule.ToSource = value
	case "--set-xmark":
		p.rule.SetMark = value
	case "--reject-with":
		p.rule.RejectWith = value
	}
}

// iptablesWrite appends an option with its values in the modern form, negation in front.
func iptablesWrite(b *strings.Builder, name string, not bool, values ...iptablesToken) {
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if not {
		b.WriteString("! ")
	}
	b.WriteString(name)
	for _, v := range values {
		b.WriteByte(' ')
		iptablesQuote(b, v)
	}
}

// iptablesArg is one entry of MatchArgs.
func iptablesArg(module, name string, not bool, values []iptablesToken) string {
	var b strings.Builder
	b.WriteString(module)
	b.WriteByte(':')
	iptablesWrite(&b, name, not, values...)
	return b.String()
}

// iptablesPrefix is the canonical prefix; a host name or a mask with holes stays as it is.
func iptablesPrefix(s string) string {
	if p, ok := netPrefix(s); ok {
		return p
	}
	return s
}
