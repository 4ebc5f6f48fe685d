package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

var _ = register(Parser{
	Name:      "iptables-list",
	Doc:       "iptables -L, -nL and -nvL of one or several tables (iptables(8)); its rules are lossy",
	Artifacts: []string{"node/iptables-list"},
	Facts:     []fact.Value{IptablesChain{}, IptablesRule{}, IptablesWarning{}},
	Parse:     parseIptablesList,
})

var (
	iptablesListChain = regexp.MustCompile(`^Chain (\S+) \((?:policy (\S+)(?: (\S+) packets, (\S+) bytes)?|-?\d+ references)\)$`)
	// iptablesListMark is a line, or a part of the path, that names the table of the listing.
	iptablesListMark = regexp.MustCompile(`^(?:[Tt]able:? +[` + "`" + `']?|.*iptables\S*[ _](?:\S+[ _])*-t[ _]?)(filter|nat|mangle|raw|security)\b`)
)

// iptablesListing is one table's part of the artifact.
type iptablesListing struct {
	first    int // line
	table    string
	family   string
	builtins []string
}

func parseIptablesList(in *Input) error {
	listings, backend := iptablesListings(in)
	at := -1 // index of the listing that the current line belongs to
	var chain, columns string
	var index int64
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := iptablesListChain.FindStringSubmatch(line)
		switch {
		case iptablesNoteAt(line) == 0 || iptablesComplaint.MatchString(line):
			in.Emit(n, n, IptablesWarning{Text: line})
		case m != nil:
			for at+1 < len(listings) && listings[at+1].first <= n {
				at++
			}
			chain, columns, index = m[1], "", 0
			packets, _ := netScaled(m[3])
			bytes, _ := netScaled(m[4])
			in.Emit(n, n, IptablesChain{
				Backend: backend, Family: listings[at].family, Table: listings[at].table, Chain: chain, Policy: m[2], Packets: packets, Bytes: bytes,
			})
		case iptablesListHead(line):
			columns = line
			in.Skip(n, n)
		case chain != "" && columns != "":
			if r, ok := iptablesListRule(line, columns); ok {
				index++
				r.Backend, r.Family, r.Table, r.Chain, r.Index = backend, listings[at].family, listings[at].table, chain, index
				in.Emit(n, n, r)
			}
		case iptablesListMark.MatchString(line) || isPrompt(line):
			in.Skip(n, n)
		}
	}
	return nil
}

// iptablesListings finds out which tables the artifact lists. A listing does not name its table, but each table has
// its own built-in chains, always printed in the order of the hooks.
func iptablesListings(in *Input) (spans []iptablesListing, backend string) {
	named, cur, last, user := "", -1, -1, false
	for n := 1; n <= in.Text.Lines(); n++ {
		line := strings.TrimRight(string(in.Text.Line(n)), " \t")
		if iptablesNoteAt(line) >= 0 {
			backend = "nf_tables" // only that backend's program looks for tables of the other
		}
		m := iptablesListChain.FindStringSubmatch(line)
		if m == nil {
			if mark := iptablesListMark.FindStringSubmatch(line); mark != nil {
				named, last = mark[1], 99
			} else if cur >= 0 && strings.Contains(line, "::/0") {
				spans[cur].family = "ipv6"
			}
			continue
		}
		rank := iptablesHookRank(m[1])
		builtin := m[2] != "" && rank >= 0
		if cur < 0 || last == 99 || builtin && (user || rank <= last) {
			spans = append(spans, iptablesListing{first: n, table: named, family: "ipv4"})
			cur, last, user, named = len(spans)-1, -1, false, ""
		}
		if builtin {
			spans[cur].builtins, last = append(spans[cur].builtins, m[1]), rank
		} else {
			user = true
		}
	}
	for i := range spans {
		if spans[i].table == "" {
			spans[i].table = iptablesTableOf(spans[i].builtins)
		}
	}
	if mark := iptablesListMark.FindStringSubmatch(in.Path); mark != nil && len(spans) == 1 {
		spans[0].table = mark[1]
	}
	return spans, backend
}

func iptablesHookRank(chain string) int {
	for i, name := range []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"} {
		if chain == name {
			return i
		}
	}
	return -1
}

// iptablesTableOf names the table that has these built-in chains; the security table looks like filter.
func iptablesTableOf(builtins []string) string {
	switch strings.Join(builtins, " ") {
	case "INPUT FORWARD OUTPUT":
		return "filter"
	case "PREROUTING INPUT OUTPUT POSTROUTING", "PREROUTING OUTPUT POSTROUTING":
		return "nat"
	case "PREROUTING INPUT FORWARD OUTPUT POSTROUTING":
		return "mangle"
	case "PREROUTING OUTPUT":
		return "raw"
	}
	return ""
}

func iptablesListHead(line string) bool {
	return strings.Contains(line, "target ") && strings.Contains(line, " prot ") && strings.HasSuffix(line, "destination")
}
