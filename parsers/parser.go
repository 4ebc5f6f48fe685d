// Package parsers turns artifacts into facts, one file per grammar.
//
// A parser is a pure function of bytes: it opens nothing, knows no bundle, asks no clock and judges nothing.
// A line that it cannot read is data for the coverage report, never an error: the rest still parses.
package parsers

import (
	"fmt"
	"sort"
	"strings"

	"coldcase/fact"
)

// Parser describes how one grammar is read. It is a value; its own file registers it with
//
//	var _ = register(Parser{...})
type Parser struct {
	Name      string       // grammar, in lower case with dashes: "buddyinfo"
	Doc       string       // one line: what it reads, and where the format is defined
	Artifacts []string     // canonical names that it reads, without instance part
	Facts     []fact.Value // zero values of everything that it emits
	Errors    bool         // what programs say when they fail is its data, not the sign of a failed collection
	// Parse reads the whole artifact. It returns an error only when nothing of the artifact can be understood.
	Parse func(*Input) error
}

var registry = map[string]Parser{} // by artifact

func register(p Parser) Parser {
	for _, a := range p.Artifacts {
		if other, taken := registry[a]; taken {
			panic(fmt.Sprintf("parsers: %s and %s both read artifact %s", other.Name, p.Name, a))
		}
		registry[a] = p
	}
	return p
}

// For finds the parser of an artifact; its name may carry an instance part ("node/ethtool-k/eth0").
func For(artifact string) (Parser, bool) {
	if p, ok := registry[artifact]; ok {
		return p, true
	}
	if parts := strings.SplitN(artifact, "/", 3); len(parts) == 3 {
		p, ok := registry[parts[0]+"/"+parts[1]]
		return p, ok
	}
	return Parser{}, false
}

// All returns every parser once, sorted by name.
func All() []Parser {
	seen := map[string]bool{}
	var all []Parser
	for _, p := range registry {
		if !seen[p.Name] {
			seen[p.Name] = true
			all = append(all, p)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// Producers lists the artifacts that can yield a kind of fact, sorted.
func Producers(kind fact.Kind) []string {
	var names []string
	for artifact, p := range registry {
		for _, v := range p.Facts {
			if v.FactKind() == kind {
				names = append(names, artifact)
				break
			}
		}
	}
	sort.Strings(names)
	return names
}
