package analyze

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"coldcase/fact"
)

// Signature is one known failure, as its YAML file states it. docs/adding-a-signature.md explains each key.
type Signature struct {
	ID          string            `yaml:"id"`
	Title       string            `yaml:"title"`
	Family      string            `yaml:"family"` // of the signatures of one table: what they have in common, as a title
	Severity    Severity          `yaml:"severity"`
	Kind        string            `yaml:"kind"` // fault, benign, advice, configuration
	Since       string            `yaml:"since"`
	Scope       string            `yaml:"scope"`
	Description string            `yaml:"description"`
	Select      Selections        `yaml:"select"`
	Condition   string            `yaml:"condition"`
	Severities  []SeverityRule    `yaml:"severities"` // where a match weighs otherwise than Severity says
	Confidence  []ConfidenceRule  `yaml:"confidence"`
	Explains    []string          `yaml:"explains"`
	Message     string            `yaml:"message"`
	CannotProve string            `yaml:"cannotProve"`
	Remediation []Step            `yaml:"remediation"`
	References  []string          `yaml:"references"`
	Versions    map[string]string `yaml:"versions"` // name -> range, read by versionIn(v, versions.name)

	File string `yaml:"-"` // where it was loaded from
	Pack int    `yaml:"-"` // which of the file systems that LoadSignatures was given holds the file

	lines map[string]int // of the keys of the file, by key
}

// ConfidenceRule gives a confidence when its condition holds; the first rule that holds wins.
type ConfidenceRule struct {
	Is      Confidence `yaml:"is"`
	When    string     `yaml:"when"`    // CEL; empty: always
	Because string     `yaml:"because"` // what is missing for more; a template like Message
}

// SeverityRule gives a severity when its condition holds; the first rule that holds wins.
type SeverityRule struct {
	Is   Severity `yaml:"is"`
	When string   `yaml:"when"` // CEL
}

// Selections are a signature's selections in the order of the file.
type Selections []Selection

// Selection picks facts of one kind. What it picks is the evidence.
type Selection struct {
	Name    string            `yaml:"-"`
	From    fact.Kind         `yaml:"from"`
	Pattern Strings           `yaml:"pattern"` // RE2, against the message of a log record or event; several are variants
	Where   string            `yaml:"where"`   // CEL over "it"
	Types   map[string]string `yaml:"types"`   // of named groups: int, float; string is the default
	Join    string            `yaml:"join"`    // "device" or "key=field": only rows whose key agrees are judged together
	Absent  bool              `yaml:"absent"`  // the default condition wants no row, and that the kind was collected
	Context bool              `yaml:"context"` // for the message or confidence only: the default condition ignores it
	Count   int64             `yaml:"count"`   // at least so many occurrences, else the selection is empty
	Within  Duration          `yaml:"within"`  // the Count occurrences must lie in such a window
	After   string            `yaml:"after"`   // only what happened after the first row of that selection
	Near    string            `yaml:"near"`    // only what happened within Within of a row of that selection
	Apart   string            `yaml:"apart"`   // only what did not happen within Within of a row of that selection, on whichever subject
	// Also marks another witness of the same: it can make a match, and that it was not collected leaves nothing open.
	Also bool `yaml:"also"`
	// Anywhere takes rows of other nodes too: a disk that a lost node still holds.
	Anywhere bool `yaml:"anywhere"`

	line int // of the file
}

// Strings reads one string or a list of strings.
type Strings []string

// Duration reads "90s" or "10m".
type Duration time.Duration

var scopes = map[string]bool{"node": true, "pod": true, "service": true, "ingress": true, "capture": true, "cluster": true}

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *Strings) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*s = Strings{n.Value}
		return nil
	}
	var list []string
	if err := n.Decode(&list); err != nil {
		return err
	}
	*s = list
	return nil
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v <= 0 {
		return fmt.Errorf("line %d: %q is not a positive duration such as 90s or 10m", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalYAML implements yaml.Unmarshaler: it keeps the order of the file.
func (s *Selections) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: select must map names to selections", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		var sel Selection
		if err := n.Content[i+1].Decode(&sel); err != nil {
			return err
		}
		sel.Name, sel.line = n.Content[i].Value, n.Content[i].Line
		*s = append(*s, sel)
	}
	return nil
}

// at is a place in the signature's file, for messages; line 0 is the file as a whole.
func (s *Signature) at(line int) string {
	if line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, line)
}

// atKey is where a key of the signature stands.
func (s *Signature) atKey(key string) string { return s.at(s.lines[key]) }

// joinKey splits Join into the key that is compared and the field that holds it here.
func (s *Selection) joinKey() (key, field string) {
	if key, field, ok := strings.Cut(s.Join, "="); ok {
		return key, field
	}
	return s.Join, s.Join
}

// isLog reports whether the selection reads log records.
func (s *Selection) isLog() bool { return strings.HasPrefix(string(s.From), "log.") }

var (
	idForm   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	nameForm = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
)

// validate checks what needs neither CEL nor the other signatures.
func (s *Signature) validate() error {
	switch {
	case !idForm.MatchString(s.ID):
		return fmt.Errorf("id %q is not lower-case words joined by dashes", s.ID)
	case s.Title == "" || s.Description == "" || s.Message == "" || s.Since == "":
		return fmt.Errorf("title, description, message and since must all be given")
	case s.Severity.Rank() == 0:
		return fmt.Errorf("severity %q is none of critical, warning, info", s.Severity)
	case !scopes[s.Scope]:
		return fmt.Errorf("scope %q is none of node, pod, service, ingress, capture, cluster", s.Scope)
	case s.Kind != "fault" && s.Kind != "benign" && s.Kind != "advice" && s.Kind != "configuration":
		return fmt.Errorf("kind %q is none of fault, benign, advice, configuration", s.Kind)
	case len(s.Select) == 0:
		return fmt.Errorf("select is empty: a signature without evidence cannot exist")
	}
	for i := range s.Select {
		if err := s.Select[i].validate(s); err != nil {
			return fmt.Errorf("selection %q: %w", s.Select[i].Name, err)
		}
	}
	return s.validateSteps()
}

func (s *Signature) validateSteps() error {
	for _, c := range s.Confidence {
		if c.Is != Confirmed && c.Is != Likely && c.Is != Possible {
			return fmt.Errorf("confidence %q is none of confirmed, likely, possible", c.Is)
		}
	}
	for _, r := range s.Severities {
		if r.Is.Rank() == 0 || r.When == "" {
			return fmt.Errorf("severities: %q when %q: wants one of critical, warning, info, and a condition", r.Is, r.When)
		}
	}
	for i, step := range s.Remediation {
		if step.Do == "" {
			return fmt.Errorf("remediation step %d says not what to do", i+1)
		}
		switch step.Risk {
		case "none", "low", "medium", "high":
		default:
			return fmt.Errorf("remediation step %d has risk %q, none of none, low, medium, high", i+1, step.Risk)
		}
	}
	return nil
}

func (s *Selection) validate(sig *Signature) error {
	switch {
	case !nameForm.MatchString(s.Name) || s.Name == "it" || s.Name == "subject" || s.Name == "versions":
		return fmt.Errorf("the name must be a lower-case word, and none of it, subject, versions")
	case s.From == "":
		return fmt.Errorf("from is missing")
	case s.isLog() && len(s.Pattern) == 0:
		return fmt.Errorf("a log selection needs a pattern")
	case s.Within != 0 && s.Count == 0 && s.Near == "" && s.Apart == "":
		return fmt.Errorf("within needs count, near or apart")
	case (s.Near != "" || s.Apart != "") && s.Within == 0:
		return fmt.Errorf("near and apart need within")
	case s.Also && sig.Condition == "":
		return fmt.Errorf("also needs a condition that says what the others are")
	}
	for _, other := range []string{s.After, s.Near, s.Apart} {
		if other != "" && !sig.selectedBefore(other, s.Name) {
			return fmt.Errorf("%q is no selection above it", other)
		}
	}
	for name, typ := range s.Types {
		if typ != "int" && typ != "float" && typ != "string" {
			return fmt.Errorf("type %q of %q is none of int, float, string", typ, name)
		}
	}
	return nil
}

func (s *Signature) selectedBefore(name, user string) bool {
	for i := range s.Select {
		switch s.Select[i].Name {
		case user:
			return false
		case name:
			return true
		}
	}
	return false
}

// condition is the signature's CEL condition, or the default one: every selection has a row and every absent one none.
func (s *Signature) condition() string {
	if s.Condition != "" {
		return s.Condition
	}
	var terms []string
	for i := range s.Select {
		switch sel := &s.Select[i]; {
		case sel.Context:
		case sel.Absent:
			terms = append(terms, "size("+sel.Name+") == 0")
		default:
			terms = append(terms, "size("+sel.Name+") > 0")
		}
	}
	return strings.Join(terms, " && ")
}
