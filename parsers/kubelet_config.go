package parsers

import (
	"bytes"
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"

	"coldcase/fact"
)

// KubeletSetting is one setting of the kubelet that somebody wrote down; defaults do not appear. A flag and a field
// that mean the same have the same key. Source: k8s.io/kubelet/config/v1beta1 KubeletConfiguration, kubelet --help.
type KubeletSetting struct {
	// Key is the field's path in KubeletConfiguration: "cgroupDriver", "evictionHard.memory.available". A list of
	// plain values (clusterDNS) has one fact per value under the list's own key. A flag without a field keeps its
	// own name: "container-runtime-endpoint".
	Key   string `cel:"key" json:"key"`
	Value string `cel:"value" json:"value"` // "{}" and "[]" where the field is there and empty
	From  string `cel:"from" json:"from"`   // "config" or "flag"
}

// FactKind implements fact.Value.
func (KubeletSetting) FactKind() fact.Kind { return "kubelet.setting" }

var _ = register(Parser{
	Name:      "kubelet-config",
	Doc:       "KubeletConfiguration as YAML or JSON, also as /configz prints it (kubelet.config.k8s.io/v1beta1)",
	Artifacts: []string{"node/kubelet-config"},
	Facts:     []fact.Value{KubeletSetting{}},
	Parse:     parseKubeletConfig,
})

const (
	kubeletMaxDepth    = 16
	kubeletMaxSettings = 20_000
	kubeletMaxCut      = 50      // lines given up at the end of a file that was cut off
	kubeletMaxCutSize  = 1 << 20 // bytes; a larger text is read once only
)

func parseKubeletConfig(in *Input) error {
	data := kubeletBlank(in)
	root, lines, err := kubeletDecode(data, in.Text.Lines())
	if err != nil {
		return fmt.Errorf("kubelet configuration: %w", err)
	}
	in.Skip(1, lines)
	w := &kubeletWalk{in: in, left: kubeletMaxSettings}
	w.walk("", root, 0)
	return nil
}

// kubeletBlank is the text with prompts blanked out; its line numbers are those of the input.
func kubeletBlank(in *Input) []byte {
	var b bytes.Buffer
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if isPrompt(line) {
			in.Skip(n, n)
			line = ""
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// kubeletDecode reads the first document. When the text is cut off, it drops lines from the end until the rest reads.
// The result is the root mapping and the number of lines that were understood.
func kubeletDecode(data []byte, lines int) (*yaml.Node, int, error) {
	var first error
	for cut := 0; cut <= kubeletMaxCut && len(data) > 0; cut++ {
		var doc yaml.Node
		err := yaml.Unmarshal(data, &doc)
		if err == nil && len(doc.Content) == 1 && doc.Content[0].Kind == yaml.MappingNode {
			return doc.Content[0], lines - cut, nil
		}
		if err == nil {
			err = fmt.Errorf("no mapping at its root")
		}
		if first == nil {
			first = err
		}
		if len(data) > kubeletMaxCutSize {
			break
		}
		end := bytes.LastIndexByte(bytes.TrimSuffix(data, []byte("\n")), '\n')
		data = data[:end+1]
	}
	if first == nil {
		first = fmt.Errorf("empty")
	}
	return nil, 0, first
}

type kubeletWalk struct {
	in   *Input
	left int
}

// walk visits a mapping. The wrapper of /configz, and what identifies the object, are not settings.
func (w *kubeletWalk) walk(path string, n *yaml.Node, depth int) {
	if depth > kubeletMaxDepth {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if path == "" && key.Value == "kubeletconfig" && value.Kind == yaml.MappingNode {
			w.walk("", value, depth+1)
			continue
		}
		if path == "" && (key.Value == "apiVersion" || key.Value == "kind" || key.Value == "metadata") {
			continue
		}
		w.value(kubeletJoin(path, key.Value), key.Line, value, depth)
	}
}

func (w *kubeletWalk) value(path string, line int, v *yaml.Node, depth int) {
	switch v.Kind {
	case yaml.ScalarNode:
		if v.Tag != "!!null" {
			w.emit(path, line, max(line, v.Line), v.Value)
		}
	case yaml.MappingNode:
		if len(v.Content) == 0 {
			w.emit(path, line, line, "{}")
		}
		w.walk(path, v, depth+1)
	case yaml.SequenceNode:
		if len(v.Content) == 0 {
			w.emit(path, line, line, "[]")
		}
		for i, item := range v.Content {
			if item.Kind == yaml.ScalarNode {
				w.emit(path, item.Line, item.Line, item.Value)
				continue
			}
			w.value(path+"["+strconv.Itoa(i)+"]", item.Line, item, depth+1)
		}
	}
}

func (w *kubeletWalk) emit(path string, first, last int, value string) {
	if w.left--; w.left < 0 {
		return
	}
	w.in.Emit(first, last, KubeletSetting{Key: path, Value: value, From: "config"})
}

func kubeletJoin(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
