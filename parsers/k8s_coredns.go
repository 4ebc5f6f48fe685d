package parsers

import (
	"strings"

	"coldcase/fact"
)

// CorednsDirective is one line of a Corefile: a plugin of a server block, or an option inside a plugin's own block.
// Source: coredns.io/manual/configuration.
type CorednsDirective struct {
	ConfigMap string   `cel:"configMap" json:"configMap"` // coredns, or node-local-dns: NodeLocal DNSCache is CoreDNS too
	Zone      string   `cel:"zone" json:"zone"`           // the server block's label: ".:53"
	Plugin    string   `cel:"plugin" json:"plugin"`       // forward, kubernetes, cache, ...
	Option    string   `cel:"option" json:"option"`       // inside the plugin's block: max_concurrent; empty for the plugin's own line
	Args      []string `cel:"args" json:"args"`
}

// FactKind implements fact.Value.
func (CorednsDirective) FactKind() fact.Kind { return "coredns.directive" }

// corefile reads a Corefile: server blocks, plugins within, options within these; deeper blocks do not exist.
func corefile(e *k8sEmitter, key *k8sVal, configMap string) {
	var zone, plugin string
	depth := 0
	for i, line := range strings.Split(key.text, "\n") {
		words := strings.Fields(line)
		for n, w := range words {
			if strings.HasPrefix(w, "#") {
				words = words[:n]
				break
			}
		}
		if len(words) == 0 {
			continue
		}
		if words[0] == "}" {
			depth = max(0, depth-1)
			continue
		}
		opens := words[len(words)-1] == "{"
		if opens {
			words = words[:len(words)-1]
		}
		if depth == 0 {
			zone = strings.Join(words, " ")
		} else if len(words) > 0 {
			d := CorednsDirective{ConfigMap: configMap, Zone: zone, Plugin: words[0], Args: words[1:]}
			if depth > 1 {
				d.Plugin, d.Option = plugin, words[0]
			} else {
				plugin = words[0]
			}
			first, last := key.line(i)
			e.emitLines(key, first, last, e.in.At, d)
		}
		if opens {
			depth++
		}
	}
}
