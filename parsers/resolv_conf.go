package parsers

import (
	"slices"
	"strings"

	"coldcase/fact"
)

// ResolvEntry is one line of a resolver configuration. Source: resolv.conf(5).
type ResolvEntry struct {
	Keyword string   `cel:"keyword" json:"keyword"` // nameserver, search, domain, options, sortlist
	Values  []string `cel:"values" json:"values"`   // one address of a nameserver; the words of the others, in order
	Index   int64    `cel:"index" json:"index"`     // position among the lines of this keyword, from 1: resolvers use three nameservers and the last search
}

// FactKind implements fact.Value.
func (ResolvEntry) FactKind() fact.Kind { return "resolv.entry" }

var _ = register(Parser{
	Name:      "resolv-conf",
	Doc:       "/etc/resolv.conf (resolv.conf(5))",
	Artifacts: []string{"node/resolv-conf"},
	Facts:     []fact.Value{ResolvEntry{}},
	Parse:     parseResolvConf,
})

var resolvKeywords = []string{"nameserver", "search", "domain", "options", "sortlist"}

func parseResolvConf(in *Input) error {
	index := map[string]int64{}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case words[0][0] == '#' || words[0][0] == ';' || isPrompt(line):
			in.Skip(n, n)
		case len(words) > 1 && slices.Contains(resolvKeywords, words[0]):
			values := words[1:]
			if i := slices.IndexFunc(values, func(w string) bool { return w[0] == '#' || w[0] == ';' }); i > 0 {
				values = values[:i] // a remark behind the values, which glibc reads as one only behind an address
			}
			index[words[0]]++
			in.Emit(n, n, ResolvEntry{Keyword: words[0], Values: values, Index: index[words[0]]})
		case slices.Contains(resolvKeywords, words[0]): // "search" alone clears the list
			in.Skip(n, n)
		}
	}
	return nil
}
