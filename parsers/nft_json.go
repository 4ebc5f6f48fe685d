package parsers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"coldcase/fact"
)

// NftTable is one table of nf_tables. Source of all: libnftables-json(5).
type NftTable struct {
	Family  string `cel:"family" json:"family"` // "ip", "ip6", "inet", "arp", "bridge", "netdev"
	Name    string `cel:"name" json:"name"`
	Dormant bool   `cel:"dormant" json:"dormant"` // its chains see no packets
}

// NftChain is one chain.
type NftChain struct {
	Family   string `cel:"family" json:"family"`
	Table    string `cel:"table" json:"table"`
	Name     string `cel:"name" json:"name"`
	Hook     string `cel:"hook" json:"hook"`         // "prerouting"; "" for a chain that only rules lead to
	Type     string `cel:"type" json:"type"`         // "filter", "nat", "route"; "" without a hook
	Priority int64  `cel:"priority" json:"priority"` // lower comes first; 0 without a hook
	Policy   string `cel:"policy" json:"policy"`     // "accept" or "drop"; "" without a hook
}

// NftRule is one rule. What iptables-nft made of extensions has no meaning here beyond its name: "xt conntrack".
type NftRule struct {
	Family  string   `cel:"family" json:"family"`
	Table   string   `cel:"table" json:"table"`
	Chain   string   `cel:"chain" json:"chain"`
	Handle  int64    `cel:"handle" json:"handle"`
	Comment string   `cel:"comment" json:"comment"`
	Matches string   `cel:"matches" json:"matches"` // about as nft prints them, at most 512 bytes
	Verdict string   `cel:"verdict" json:"verdict"` // "accept", "drop", "jump", "vmap", "dnat", "reject", "xt" for a target of iptables, ...; "" when packets go on
	Target  string   `cel:"target" json:"target"`   // chain of jump and goto, address and port of a translation, map of vmap, name of an xt target
	Jumps   []string `cel:"jumps" json:"jumps"`     // chains that the rule may lead to, those of a map within it too; at most 256
	Packets int64    `cel:"packets" json:"packets"` // -1 without a counter
	Bytes   int64    `cel:"bytes" json:"bytes"`     // -1 without a counter
}

// NftSet is one set or map that has a name.
type NftSet struct {
	Family   string   `cel:"family" json:"family"`
	Table    string   `cel:"table" json:"table"`
	Name     string   `cel:"name" json:"name"`
	Map      bool     `cel:"map" json:"map"`
	Key      string   `cel:"key" json:"key"`     // type: "ipv4_addr . inet_proto . inet_service"
	Value    string   `cel:"value" json:"value"` // type of a map's values, "verdict"; "" for a set
	Flags    []string `cel:"flags" json:"flags"` // sorted as printed: "interval", "timeout"
	Elements int64    `cel:"elements" json:"elements"`
}

// FactKind implements fact.Value.
func (NftTable) FactKind() fact.Kind { return "nft.table" }

// FactKind implements fact.Value.
func (NftChain) FactKind() fact.Kind { return "nft.chain" }

// FactKind implements fact.Value.
func (NftRule) FactKind() fact.Kind { return "nft.rule" }

// FactKind implements fact.Value.
func (NftSet) FactKind() fact.Kind { return "nft.set" }

var _ = register(Parser{
	Name:      "nft-json",
	Doc:       "nft -j list ruleset, and the collector's own form of it (libnftables-json(5))",
	Artifacts: []string{"node/nft-ruleset-json"},
	Facts:     []fact.Value{NftTable{}, NftChain{}, NftRule{}, NftSet{}},
	Parse:     parseNftJSON,
})

// nftJSONObject has the fields of all kinds of objects.
type nftJSONObject struct {
	Family   string            `json:"family"`
	Table    string            `json:"table"`
	Name     string            `json:"name"`
	Chain    string            `json:"chain"`
	Handle   int64             `json:"handle"`
	Comment  string            `json:"comment"`
	Hook     string            `json:"hook"`
	Type     any               `json:"type"`
	Priority int64             `json:"prio"`
	Policy   string            `json:"policy"`
	Flags    any               `json:"flags"`
	Map      any               `json:"map"`
	Elements []json.RawMessage `json:"elem"`
	Expr     []json.RawMessage `json:"expr"`
}

// parseNftJSON reads the list object by object, so that what was cut off keeps its head.
func parseNftJSON(in *Input) error {
	data := in.Text.Bytes()
	start := bytes.IndexByte(data, '{')
	if start < 0 {
		return fmt.Errorf("no JSON object in %d bytes", len(data))
	}
	dec := json.NewDecoder(bytes.NewReader(data[start:]))
	line := func() int { return in.Text.LineAt(max(0, start+int(dec.InputOffset())-1)) }
	for _, want := range []json.Token{json.Delim('{'), "nftables", json.Delim('[')} {
		if got, err := dec.Token(); err != nil || got != want {
			return fmt.Errorf("no list of nftables: want %q, got %v: %w", want, got, err)
		}
		in.Skip(line(), line())
	}
	for index := 0; dec.More(); index++ {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			in.Partial(fmt.Sprintf("the list ends in item %d: %v", index, err))
			return nil
		}
		end := start + int(dec.InputOffset())
		first, last := in.Text.LineAt(end-len(raw)), in.Text.LineAt(end-1)
		if !nftJSONItem(in, first, last, fmt.Sprintf("/nftables/%d", index), raw) {
			for n := first; n <= last; n++ {
				in.Unrecognized(n)
			}
		}
	}
	for range 2 {
		if _, err := dec.Token(); err != nil {
			in.Partial(fmt.Sprintf("the list has no end: %v", err))
			return nil
		}
		in.Skip(line(), line())
	}
	return nil
}

// nftJSONItem reads {"rule": {...}}. Kinds without a fact of their own are skipped; what is none is refused.
func nftJSONItem(in *Input, first, last int, pointer string, raw []byte) bool {
	var item map[string]json.RawMessage
	if json.Unmarshal(raw, &item) != nil || len(item) != 1 {
		return false
	}
	for kind, body := range item {
		switch kind {
		case "table", "chain", "rule", "set", "map":
		default: // metainfo, flowtables, counters and other objects
			in.Skip(first, last)
			return true
		}
		var o nftJSONObject
		if json.Unmarshal(body, &o) != nil || o.Family == "" {
			return false
		}
		in.EmitAt(first, last, pointer+"/"+kind, time.Time{}, o.fact(kind))
	}
	return true
}

func (o nftJSONObject) fact(kind string) fact.Value {
	text := func(v any) string {
		s, _ := v.(string)
		return s
	}
	switch kind {
	case "table":
		return NftTable{Family: o.Family, Name: o.Name, Dormant: strings.Contains(nftText(o.Flags), "dormant")}
	case "chain":
		return NftChain{Family: o.Family, Table: o.Table, Name: o.Name, Hook: o.Hook, Type: text(o.Type), Priority: o.Priority, Policy: o.Policy}
	case "rule":
		return nftRule(o)
	}
	s := NftSet{Family: o.Family, Table: o.Table, Name: o.Name, Map: kind == "map", Key: nftTypeText(o.Type), Flags: []string{}, Elements: int64(len(o.Elements))}
	if s.Map {
		s.Value = nftTypeText(o.Map)
	}
	if flags := nftText(o.Flags); flags != "" {
		s.Flags = strings.Split(flags, ",")
	}
	return s
}

// nftTypeText is a type's name; of a concatenation a list in some versions of nft, a text in others.
func nftTypeText(v any) string { return strings.ReplaceAll(nftText(v), ",", " . ") }
