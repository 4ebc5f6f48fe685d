package parsers

import (
	"strings"

	"coldcase/fact"
)

// IPSet is one set of the kernel's ipset. Source: ipset(8).
type IPSet struct {
	Name       string `cel:"name" json:"name"`
	Type       string `cel:"type" json:"type"`             // "hash:ip,port"
	Family     string `cel:"family" json:"family"`         // "inet", "inet6"; "" for types without addresses
	Entries    int64  `cel:"entries" json:"entries"`       // as the header counts them; without a count, those listed
	Listed     int64  `cel:"listed" json:"listed"`         // entries that the text shows: fewer than Entries when it was cut
	Timeout    int64  `cel:"timeout" json:"timeout"`       // default of new entries, seconds; 0 means that entries stay
	MaxElem    int64  `cel:"maxElem" json:"maxElem"`       // 0 for types without a limit
	References int64  `cel:"references" json:"references"` // rules and sets that use it; -1 when not told
}

// IPSetEntry is one member of a set.
type IPSetEntry struct {
	Set     string `cel:"set" json:"set"`
	Entry   string `cel:"entry" json:"entry"` // as ipset prints it: "10.96.0.10,udp:53", "10.42.0.0/16", a set's name
	Comment string `cel:"comment" json:"comment"`
	NoMatch bool   `cel:"noMatch" json:"noMatch"` // an exception from a wider prefix in the set
	Timeout int64  `cel:"timeout" json:"timeout"` // seconds left; -1 when it stays
	Packets int64  `cel:"packets" json:"packets"` // -1 when the set does not count
	Bytes   int64  `cel:"bytes" json:"bytes"`
}

// FactKind implements fact.Value.
func (IPSet) FactKind() fact.Kind { return "ipset.set" }

// FactKind implements fact.Value.
func (IPSetEntry) FactKind() fact.Kind { return "ipset.entry" }

var _ = register(Parser{
	Name:      "ipset",
	Doc:       "ipset list, ipset list -t and ipset save (ipset(8))",
	Artifacts: []string{"node/ipset"},
	Facts:     []fact.Value{IPSet{}, IPSetEntry{}},
	Parse:     parseIPSet,
})

// ipsetMember is an entry with its line.
type ipsetMember struct {
	line  int
	entry IPSetEntry
}

// ipsetOpen is the set that the following lines belong to.
type ipsetOpen struct {
	set         IPSet
	first, last int // its own lines, without the entries
	members     []ipsetMember
	inMembers   bool
	counted     bool
}

func parseIPSet(in *Input) error {
	var open *ipsetOpen
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch key, value, colon := strings.Cut(line, ": "); {
		case colon && key == "Name":
			open.emit(in)
			open = &ipsetOpen{set: IPSet{Name: strings.TrimSpace(value), References: -1}, first: n, last: n}
		case words[0] == "create" && len(words) >= 3:
			open.emit(in)
			open = &ipsetOpen{set: IPSet{Name: words[1], Type: words[2], References: -1}, first: n, last: n}
			open.options(words[3:])
		case words[0] == "add" && len(words) >= 3:
			entry := ipsetEntry(strings.TrimLeft(strings.TrimPrefix(line, "add"), " "))
			if open == nil || open.set.Name != words[1] { // list:set members follow all sets
				open.emit(in)
				open = nil
				in.Emit(n, n, entry)
				continue
			}
			open.members = append(open.members, ipsetMember{n, entry})
		case open != nil && line == "Members:":
			open.inMembers, open.last = true, n
		case open != nil && open.inMembers:
			open.members = append(open.members, ipsetMember{n, ipsetEntry(open.set.Name + " " + line)})
		case open != nil && colon:
			open.header(n, key, value)
		case strings.HasPrefix(line, "ipset v") || isPrompt(line):
			in.Skip(n, n)
		}
	}
	open.emit(in)
	return nil
}

// header reads one "Key: value" line of ipset list.
func (o *ipsetOpen) header(n int, key, value string) {
	value = strings.TrimSpace(value)
	switch key {
	case "Type":
		o.set.Type = value
	case "Header":
		o.options(strings.Fields(value))
	case "References":
		o.set.References = netInt(value)
	case "Number of entries":
		o.set.Entries, o.counted = netInt(value), true
	case "Revision", "Size in memory":
	default:
		return
	}
	o.last = n
}

// options reads the set's parameters, the same in "create" and in "Header:".
func (o *ipsetOpen) options(words []string) {
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "family":
			o.set.Family = words[i+1]
		case "timeout":
			o.set.Timeout = netInt(words[i+1])
		case "maxelem":
			o.set.MaxElem = netInt(words[i+1])
		}
	}
}

// emit hands over the set and its entries; there may be none open.
func (o *ipsetOpen) emit(in *Input) {
	if o == nil {
		return
	}
	o.set.Listed = int64(len(o.members))
	if !o.counted {
		o.set.Entries = o.set.Listed
	}
	in.Emit(o.first, o.last, o.set)
	for _, m := range o.members {
		in.Emit(m.line, m.line, m.entry)
	}
}

// ipsetEntry reads `KUBE-CLUSTER-IP 10.96.0.1,tcp:443 timeout 59 nomatch packets 0 bytes 0 comment "a b"`.
func ipsetEntry(line string) IPSetEntry {
	e := IPSetEntry{Timeout: -1, Packets: -1, Bytes: -1}
	if before, comment, ok := strings.Cut(line, ` comment "`); ok {
		text, after, _ := strings.Cut(comment, `"`) // a comment holds no quotes
		e.Comment, line = text, before+after
	}
	words := strings.Fields(line)
	for i, w := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case i == 0:
			e.Set = w
		case i == 1:
			e.Entry = w
		case w == "nomatch":
			e.NoMatch = true
		case w == "timeout":
			e.Timeout = netInt(next)
		case w == "packets":
			e.Packets = netInt(next)
		case w == "bytes":
			e.Bytes = netInt(next)
		}
	}
	return e
}
