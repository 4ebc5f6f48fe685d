package collect

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// secretLine is a setting whose name speaks of a secret: a token, a password, a key.
var secretLine = regexp.MustCompile(`(?i)^(.*?(?:token|passw|secret|credential|private|key)[a-z0-9_.-]*["']?\s*[:=]\s*)(\S.*)$`)

// maskConfigMaps copies ConfigMaps in YAML, with every line masked whose name speaks of a secret, and without the
// annotation that repeats the object. It walks the YAML, since a value may be written in any of its styles.
func maskConfigMaps(w io.Writer, text []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("configmaps are no YAML: %w", err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	maskNode(&doc)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return fmt.Errorf("write configmaps: %w", err)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func maskNode(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			maskNode(c)
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Value == "binaryData" || key.Value == lastApplied:
			*value = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: masked}
		case key.Value == "data" && value.Kind == yaml.MappingNode:
			maskData(value)
		default:
			maskNode(value)
		}
	}
}

func maskData(data *yaml.Node) {
	for i := 0; i+1 < len(data.Content); i += 2 {
		key, value := data.Content[i], data.Content[i+1]
		if secretLine.MatchString(key.Value + ": x") {
			*value = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: masked}
			continue
		}
		lines := strings.Split(value.Value, "\n")
		for j, l := range lines {
			lines[j] = maskSecretLine(l)
		}
		value.Value = strings.Join(lines, "\n")
	}
}

// maskSecretLine masks what a setting is set to. Names of files, switches and empty values tell nothing.
func maskSecretLine(line string) string {
	m := secretLine.FindStringSubmatch(line)
	if m == nil || plainSetting.MatchString(m[2]) {
		return line
	}
	end := ""
	if strings.HasSuffix(m[2], ",") {
		end = ","
	}
	return m[1] + `"` + masked + `"` + end
}

var plainSetting = regexp.MustCompile(`^(?:["']?(?:/[\w./-]*|true|false|null|0s)?["']?,?|[{\[|>]-?)$`)
