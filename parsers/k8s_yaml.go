package parsers

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

const k8sMaxYAML = 3 << 20 // bytes of one object as YAML; etcd refuses objects above 1.5 MiB

// k8sYAML decodes one YAML document that stands on lines first to last of the artifact.
func k8sYAML(in *Input, first, last int) (*k8sVal, error) {
	text := in.Text.Span(first, last)
	if len(text) > k8sMaxYAML || bytes.Count(text, []byte{'\n'})+bytes.Count(text, []byte{','}) > k8sMaxValues {
		return nil, errK8sLarge
	}
	root, err := k8sYAMLNode(text)
	if err != nil {
		return nil, err
	}
	return k8sConvert(root, first-1, last, in, 0)
}

// k8sYAMLNode decodes text; a panic of the decoder on hostile text is an error like any other.
func k8sYAMLNode(text []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, fmt.Errorf("yaml decoder stopped: %v", r)
		}
	}()
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, errors.New("no yaml value")
	}
	return doc.Content[0], nil
}

// k8sConvert makes a tree of a YAML node. shift is added to its line numbers; end is the last line that can belong
// to it, since YAML nodes do not know where they end. in is nil when the text is not the artifact's own.
func k8sConvert(n *yaml.Node, shift, end int, in *Input, depth int) (*k8sVal, error) {
	if depth > k8sMaxDepth {
		return nil, errK8sLarge
	}
	v := &k8sVal{first: n.Line + shift}
	v.last = max(v.first, end)
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag != "!!null" {
			v.typ, v.text = k8sScalar, n.Value
		}
		if n.Style&yaml.LiteralStyle != 0 {
			v.body = v.first + 1
		}
	case yaml.MappingNode:
		v.typ = k8sMap
		for i := 0; i+1 < len(n.Content); i += 2 {
			kid, err := k8sConvert(n.Content[i+1], shift, k8sEnd(n, i+2, shift, end, in), in, depth+1)
			if err != nil {
				return nil, err
			}
			kid.key, kid.first = n.Content[i].Value, n.Content[i].Line+shift
			kid.last = max(kid.first, kid.last)
			v.add(kid)
		}
	case yaml.SequenceNode:
		v.typ = k8sList
		for i := range n.Content {
			kid, err := k8sConvert(n.Content[i], shift, k8sEnd(n, i+1, shift, end, in), in, depth+1)
			if err != nil {
				return nil, err
			}
			v.add(kid)
		}
	}
	return v, nil // an alias stays null: kubectl writes none, and following them is how YAML bombs work
}

// k8sEnd is the last line before the node's content at index next, without blank lines.
func k8sEnd(n *yaml.Node, next, shift, end int, in *Input) int {
	if next < len(n.Content) {
		end = min(end, n.Content[next].Line+shift-1)
	}
	for in != nil && end > 1 && len(bytes.TrimSpace(in.Text.Line(end))) == 0 {
		end--
	}
	return end
}
