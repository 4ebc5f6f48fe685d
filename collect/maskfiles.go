package collect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// masker copies a whole file without what may be secret in it. After an error nothing of what it wrote may be kept.
type masker = func(io.Writer, []byte) error

var (
	// secretJSON is a key whose name speaks of a secret, with its value, wherever on a line they stand.
	secretJSON = regexp.MustCompile(`(?i)("[^"\\\n]*(?:token|passw|secret|credential|private|auth|key)[^"\\\n]*"\s*[:=]\s*)("(?:[^"\\]|\\.)*")`)
	secretTOML = regexp.MustCompile(`(?i)^(\s*[a-z0-9_.-]*(?:token|passw|secret|credential|private|auth|key)[a-z0-9_.-]*\s*[:=]\s*)([^\s\[{].*|\[\s*["'].*)$`)
)

// maskSettings copies a settings file in JSON, TOML or INI. Values that name a file, a switch or a number stay.
func maskSettings(w io.Writer, text []byte) error {
	if bytes.Contains(text, []byte("PRIVATE KEY-----")) {
		return errors.New("it holds a private key")
	}
	text = secretJSON.ReplaceAllFunc(text, func(m []byte) []byte {
		parts := secretJSON.FindSubmatch(m)
		if len(parts) < 3 || plainSetting.Match(parts[2]) {
			return m
		}
		return append(append([]byte(nil), parts[1]...), `"`+masked+`"`...)
	})
	for line := range strings.Lines(string(text)) {
		body := strings.TrimRight(line, "\r\n")
		if m := secretTOML.FindStringSubmatch(body); m != nil && !plainSetting.MatchString(m[2]) {
			line = m[1] + `"` + masked + `"` + line[len(body):]
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

// maskManifest copies pod manifests in YAML or JSON, in any style, with the values of environment variables and of
// probes' headers masked, and without the annotation that repeats the object.
func maskManifest(w io.Writer, text []byte) (err error) {
	defer func() { // the YAML library panics on some hostile documents
		if r := recover(); r != nil {
			err = fmt.Errorf("it is not readable as YAML: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	for {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return enc.Close()
		case err != nil:
			return fmt.Errorf("it is no YAML: %w", err)
		}
		dropComments(&doc)
		maskPodNode(&doc)
		if err := enc.Encode(&doc); err != nil {
			return fmt.Errorf("write it again: %w", err)
		}
	}
}

// dropComments removes comments, in which a commented-out variable may stand with its value.
func dropComments(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		dropComments(c)
	}
}

func maskPodNode(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			maskPodNode(c)
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch key.Value {
		case lastApplied, "stringData", "data", "binaryData":
			*value = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: masked}
		case "env", "httpHeaders":
			maskValues(value)
		default:
			maskPodNode(value)
		}
	}
}

// maskValues masks every "value" below a list of variables or headers; names and references stay.
func maskValues(n *yaml.Node) {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "value" {
			*c = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: masked}
			continue
		}
		maskValues(c)
	}
}
