package parsers

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"coldcase/fact"
)

// k8sGetParser is a parser of "kubectl get -o yaml|json" for one artifact. Objects of other kinds than the named ones
// are understood and skipped, so that an artifact yields the kinds of facts that it declares and no other; without
// kinds all that coldcase knows are read. Source of the forms: the Kubernetes API reference.
func k8sGetParser(name, doc, artifact string, facts []fact.Value, kinds ...string) Parser {
	return Parser{Name: name, Doc: doc, Artifacts: []string{artifact}, Facts: facts, Parse: func(in *Input) error {
		e := &k8sEmitter{in: in, kinds: kinds, pointers: true, slices: map[string]*k8sSliceCount{}}
		return e.parseGet()
	}}
}

// k8sEmitter turns objects into facts. Between objects it keeps only counts of endpoint slices.
type k8sEmitter struct {
	in       *Input
	kinds    []string
	pointers bool
	slices   map[string]*k8sSliceCount
	order    []string // keys of slices, in the order of the text
	objects  int
	problem  error
}

const k8sSpan = 8 // lines that a fact quotes at most

// emit records a fact that was read from a value.
func (e *k8sEmitter) emit(at *k8sVal, v fact.Value) { e.emitAt(at, time.Time{}, v) }

func (e *k8sEmitter) emitAt(at *k8sVal, when time.Time, v fact.Value) {
	if at == nil {
		return
	}
	e.emitLines(at, at.first, at.last, when, v)
}

// emitLines is emitAt with lines that differ from the value's.
func (e *k8sEmitter) emitLines(at *k8sVal, first, last int, when time.Time, v fact.Value) {
	pointer := ""
	if e.pointers {
		pointer = at.pointer()
	}
	e.in.EmitAt(first, min(last, first+k8sSpan-1), pointer, when, v)
}

var (
	k8sNoise    = regexp.MustCompile(`^(?:Warning: |WARNING: |[IWE]\d{4} [\d:.]+ |No resources found|# )`)
	k8sListKind = regexp.MustCompile(`^kind: *["']?(\w+)`)
)

// parseGet reads documents, one after the other: YAML ends at "---", JSON where its value ends.
func (e *k8sEmitter) parseGet() error {
	lines, noise := e.in.Text.Lines(), 0
	for n := 1; n <= lines; {
		line := e.in.Text.Line(n)
		trimmed := bytes.TrimSpace(line)
		switch {
		case len(trimmed) == 0 || k8sMark(line) || k8sNoise.Match(line):
			e.in.Skip(n, n)
			noise++
			n++
		case trimmed[0] == '{' || trimmed[0] == '[':
			n = e.json(n)
		default:
			last := n
			for last < lines && !k8sMark(e.in.Text.Line(last+1)) {
				last++
			}
			e.yaml(n, last)
			n = last + 1
		}
	}
	e.emitSlices()
	if e.objects == 0 && noise < lines {
		return fmt.Errorf("no kubernetes object in %q: %w", e.in.Artifact, errors.Join(e.problem, errK8sNone))
	}
	return nil
}

var errK8sNone = errors.New("nothing understood")

// k8sMark is true for the lines that separate YAML documents.
func k8sMark(line []byte) bool {
	return bytes.HasPrefix(line, []byte("---")) || string(bytes.TrimRight(line, " \r")) == "..."
}

// object gives one object to the code of its kind. fallback is its kind when the object itself has none.
func (e *k8sEmitter) object(o *k8sVal, fallback string) bool {
	kind := o.str("kind")
	if kind == "" {
		kind = fallback
	}
	if o == nil || o.typ != k8sMap || kind == "" {
		return false
	}
	if kind == "List" || strings.HasSuffix(kind, "List") && o.get("items") != nil {
		for _, item := range o.list("items") {
			e.object(item, e.listKind(kind))
		}
		e.objects++
		return true
	}
	e.objects++
	if e.accepts(kind) {
		e.emitObject(kind, o)
	}
	return true
}

func (e *k8sEmitter) accepts(kind string) bool {
	for _, k := range e.kinds {
		if k == kind {
			return true
		}
	}
	return len(e.kinds) == 0
}

// listKind is the kind of the items of a list that does not say it at each: "Pod" for a PodList.
func (e *k8sEmitter) listKind(kind string) string {
	if item := strings.TrimSuffix(kind, "List"); item != "" {
		return item
	}
	if len(e.kinds) > 0 {
		return e.kinds[0]
	}
	return ""
}

func (e *k8sEmitter) emitObject(kind string, o *k8sVal) {
	switch kind {
	case "Node":
		k8sNode(e, o)
	case "Pod":
		k8sPod(e, o)
	case "Service":
		k8sService(e, o)
	case "Endpoints":
		k8sEndpointsObject(e, o)
	case "EndpointSlice":
		k8sEndpointSlice(e, o)
	case "Ingress":
		k8sIngress(e, o)
	case "Event":
		k8sEvent(e, o)
	case "ConfigMap":
		k8sConfigMap(e, o)
	case "DaemonSet":
		k8sDaemonSet(e, o)
	case "Lease":
		k8sLease(e, o)
	case "Namespace":
		k8sNamespace(e, o)
	case "APIService":
		k8sAPIService(e, o)
	case "PersistentVolumeClaim":
		k8sVolumeClaim(e, o)
	case "PersistentVolume":
		k8sPersistentVolume(e, o)
	case "Deployment":
		k8sDeployment(e, o)
	case "PodDisruptionBudget":
		k8sDisruptionBudget(e, o)
	case "ClusterRoleBinding":
		k8sRoleBinding(e, o)
	case "IPPool":
		calicoPool(e, o)
	case "FelixConfiguration":
		calicoFelix(e, o)
	case "NetworkPolicy":
		k8sNetworkPolicy(e, o)
	case "IngressClass":
		k8sIngressClass(e, o)
	case "ValidatingWebhookConfiguration":
		k8sWebhooks(e, o)
	}
}
