package parsers

import (
	"errors"
	"regexp"
	"strings"

	"coldcase/fact"
)

// describeParser is a parser of "kubectl describe": build makes an API-shaped tree of one object, so that the code
// behind "kubectl get" makes the facts. Source of the format: k8s.io/kubectl, pkg/describe/describe.go.
func describeParser(name, doc, kind string, facts []fact.Value, build func(*describeObject) *k8sVal, artifacts ...string) Parser {
	return Parser{Name: name, Doc: doc, Artifacts: artifacts, Facts: append(facts[:len(facts):len(facts)], K8sEvent{}), Parse: func(in *Input) error {
		objects := describeObjects(in)
		for _, o := range objects {
			o.kind = kind
			root := build(o)
			o.e.emitObject(kind, root)
			describeEvents(o, root)
		}
		if len(objects) == 0 && in.Text.Lines() > 0 { // of no object it prints nothing
			return errors.New("no output of kubectl describe")
		}
		return nil
	}}
}

var (
	_ = register(describeParser("describe-pods", "kubectl describe pods", "Pod", k8sPodFacts, describePod, "cluster/describe-pods", "cluster/describe-pod"))
	_ = register(describeParser("describe-nodes", "kubectl describe nodes", "Node", append(k8sNodeFacts[:len(k8sNodeFacts):len(k8sNodeFacts)], K8sLease{}), describeNode, "cluster/describe-nodes"))
	_ = register(describeParser("describe-services", "kubectl describe services", "Service",
		append(k8sServiceFacts[:len(k8sServiceFacts):len(k8sServiceFacts)], k8sEndpointFacts...), describeService, "cluster/describe-services"))
	_ = register(describeParser("describe-ingresses", "kubectl describe ingresses", "Ingress", k8sIngressFacts, describeIngress, "cluster/describe-ingresses"))
	_ = register(describeParser("describe-endpoints", "kubectl describe endpoints", "Endpoints", k8sEndpointFacts, describeEndpoints, "cluster/describe-endpoints"))
)

// describeObject is the text of one object: its sections, in order.
type describeObject struct {
	in          *Input
	e           *k8sEmitter
	kind        string
	first, last int
	sections    []*describeItem
	events      []*describeItem // lines below "Events:", flat
}

// describeItem is one line with what is indented below it.
type describeItem struct {
	n, last  int    // its line, and the last line of its continuation
	indent   int    // column of its first character
	col      int    // column of its value
	key, val string // of "Key:  value"; key is empty when the line has another form
	text     string // the line without indentation
	kids     []*describeItem
}

// end is the last line of the item and all below it.
func (i *describeItem) end() int {
	if len(i.kids) == 0 {
		return i.last
	}
	return max(i.last, i.kids[len(i.kids)-1].end())
}

// flat is everything below the item, in the order of the text.
func (i *describeItem) flat() []*describeItem {
	var all []*describeItem
	for _, kid := range i.kids {
		all = append(append(all, kid), kid.flat()...)
	}
	return all
}

// kid is the item with a key below this one, or nil.
func (i *describeItem) kid(key string) *describeItem {
	if i == nil {
		return nil
	}
	for _, kid := range i.kids {
		if kid.key == key {
			return kid
		}
	}
	return nil
}

// value is the kid's value without "<none>" and its like.
func (i *describeItem) value(key string) string {
	if kid := i.kid(key); kid != nil {
		return describeNone(kid.val)
	}
	return ""
}

var (
	describeKey    = regexp.MustCompile(`^(\S[^:=]*):(?:\s+(.*))?$`)
	describeSecond = regexp.MustCompile(`^(?:Namespace|Roles|Labels|Priority|Image\(s\)): `)
)

func describeLine(n int, line string) *describeItem {
	text := strings.TrimLeft(line, " \t")
	i := &describeItem{n: n, last: n, indent: len(line) - len(text), text: text}
	if m := describeKey.FindStringSubmatchIndex(text); m != nil {
		i.key, i.col = text[m[2]:m[3]], i.indent+len(text)
		if m[4] >= 0 {
			i.val, i.col = text[m[4]:m[5]], i.indent+m[4]
		}
	}
	return i
}

// describeObjects cuts the artifact at the lines "Name:" that another head line follows: the text of a message may
// hold such a line too.
func describeObjects(in *Input) []*describeObject {
	var all []*describeObject
	for n := 1; n <= in.Text.Lines(); n++ {
		line := string(in.Text.Line(n))
		if strings.HasPrefix(line, "Name:") && describeSecond.Match(in.Text.Line(n+1)) {
			all = append(all, &describeObject{in: in, first: n, e: &k8sEmitter{in: in}})
		}
		switch {
		case len(all) > 0:
			all[len(all)-1].last = n
		case k8sNoise.MatchString(line):
			in.Skip(n, n)
		}
	}
	for _, o := range all {
		o.read()
	}
	return all
}

func describeNone(text string) string {
	switch text {
	case "<none>", "<unset>", "<nil>", "<unknown>":
		return ""
	}
	return text
}
