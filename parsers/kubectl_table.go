package parsers

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"coldcase/fact"
)

// The tables that people paste into tickets: kubectl get pods|nodes|events, with and without -A and -o wide, and kubectl
// events. Source of the columns: pkg/printers/internalversion/printers.go of Kubernetes (printPod, printNode, printEvent)
// and kubectl's pkg/cmd/events. One file may hold several tables, each below the command that made it.
var _ = register(Parser{
	Name:      "kubectl-output",
	Doc:       "kubectl get pods|nodes|events and kubectl events as tables (Kubernetes: pkg/printers/internalversion), and kubectl's errors",
	Artifacts: []string{"cluster/kubectl-output"},
	Facts:     []fact.Value{K8sPod{}, K8sNode{}, K8sNodeCondition{}, K8sEvent{}, KubectlError{}},
	Errors:    true,
	Parse:     parseKubectlOutput,
})

// Shown are the fields that a table has columns for; nil when the whole object was read. Other fields hold zero values
// that mean nothing.
type Shown []string

// knows reports whether a field was read.
func (s Shown) knows(field string) bool {
	if s == nil {
		return true
	}
	for _, f := range s {
		if f == field {
			return true
		}
	}
	return false
}

// kubectlColumn is one column of a table: its heading, and the character at which it begins.
type kubectlColumn struct {
	name  string
	start int
}

// kubectlTable is the table that is being read.
type kubectlTable struct {
	in        *Input
	columns   []kubectlColumn
	kind      string    // Pod, Node, Event; "" for tables of other objects
	namespace string    // of the command that made the table, where it stands above it
	event     *K8sEvent // the last event, whose message may go on in the next line
	lines     [2]int    // where it stands
	pods      map[string]podLine
	order     []string // keys of pods, as they came
}

// podLine is the newest line of a pod: with --watch there are several.
type podLine struct {
	n   int
	pod K8sPod
}

func parseKubectlOutput(in *Input) error {
	t := &kubectlTable{in: in, pods: map[string]podLine{}}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		switch {
		case t.header(line), line == "":
			in.Skip(n, n)
		case t.event == nil && in.kubectlError(n, line):
		case kubectlPrompt(line) || k8sNoise.MatchString(line):
			t.command(line)
			in.Skip(n, n)
		default:
			t.row(n, line)
		}
	}
	t.finish()
	return nil
}

var (
	kubectlGap       = regexp.MustCompile(`\t| {2,}`)
	kubectlHeading   = regexp.MustCompile(`^[A-Z][A-Z0-9()/-]*(?: [A-Z0-9()/-]+){0,2}$`)
	kubectlNamespace = regexp.MustCompile(`\bkubectl\b.*\s(?:-n|--namespace)[ =]?([a-z0-9][a-z0-9.-]*)`)
)

func kubectlPrompt(line string) bool { return isPrompt(line) || strings.HasPrefix(line, "kubectl ") }

// command takes the namespace from the command above a table.
func (t *kubectlTable) command(line string) {
	t.finish()
	t.columns, t.kind, t.namespace = nil, "", ""
	if m := kubectlNamespace.FindStringSubmatch(line); m != nil {
		t.namespace = m[1]
	}
}

// header begins a table when the line consists of headings.
func (t *kubectlTable) header(line string) bool {
	columns := kubectlCells(line)
	if len(columns) < 3 {
		return false
	}
	names := map[string]bool{}
	for _, c := range columns {
		if !kubectlHeading.MatchString(c.name) {
			return false
		}
		names[c.name] = true
	}
	t.finish()
	t.columns, t.kind = columns, ""
	switch {
	case names["LAST SEEN"] && names["REASON"] && names["MESSAGE"]:
		t.kind = "Event"
	case names["READY"] && names["STATUS"] && names["RESTARTS"]:
		t.kind = "Pod"
	case names["STATUS"] && names["VERSION"] && names["AGE"]:
		t.kind = "Node"
	}
	return true
}

// kubectlCells cuts a line where two blanks or a tab stand.
func kubectlCells(line string) []kubectlColumn {
	var cells []kubectlColumn
	at := 0
	for _, gap := range append(kubectlGap.FindAllStringIndex(line, -1), []int{len(line), len(line)}) {
		if text := strings.TrimSpace(line[at:gap[0]]); text != "" {
			cells = append(cells, kubectlColumn{text, utf8.RuneCountInString(line[:at])})
		}
		at = gap[1]
	}
	return cells
}

// row files one line of the table: cut below the headings, or where the text was shifted, at its gaps.
func (t *kubectlTable) row(n int, line string) {
	files := map[string]func(int, map[string]string) bool{"Event": t.eventRow, "Pod": t.podRow, "Node": t.nodeRow}[t.kind]
	switch {
	case files == nil:
		if t.columns != nil { // another kind of object
			t.in.Skip(n, n)
		}
	case files(n, t.below(line)) || files(n, t.gaps(line)):
	case t.event != nil && len(t.event.Message) < k8sEventBytes: // kubectl events prints line ends as they are
		t.event.Message += "\n" + line
		t.lines[1] = n
	}
}

// below cuts a line below the headings; nil when a word stands across such a place.
func (t *kubectlTable) below(line string) map[string]string {
	chars := []rune(line)
	cells := map[string]string{}
	for i, c := range t.columns {
		if c.start >= len(chars) {
			break
		}
		end := len(chars)
		if i+1 < len(t.columns) {
			end = min(end, t.columns[i+1].start)
		}
		if c.start > 0 && chars[c.start-1] != ' ' && chars[c.start-1] != '\t' {
			return nil
		}
		cells[c.name] = strings.TrimSpace(string(chars[c.start:end]))
	}
	return cells
}

// gaps cuts a line at its gaps, of which the last column may have more; nil when there are too few for the columns.
func (t *kubectlTable) gaps(line string) map[string]string {
	found, cells := kubectlCells(line), map[string]string{}
	if len(found) < len(t.columns) {
		return nil
	}
	for i, c := range t.columns {
		cells[c.name] = found[i].name
		if i == len(t.columns)-1 {
			cells[c.name] = strings.TrimSpace(string([]rune(line)[found[i].start:]))
		}
	}
	return cells
}

// finish emits what may have had further lines.
func (t *kubectlTable) finish() {
	t.flushEvent()
	for _, key := range t.order {
		l := t.pods[key]
		t.in.Emit(l.n, l.n, l.pod)
	}
	t.pods, t.order = map[string]podLine{}, nil
}

// shown lists the fields whose columns the table has.
func (t *kubectlTable) shown(always []string, byColumn map[string]string) Shown {
	fields := append(Shown{}, always...)
	for _, c := range t.columns {
		if field := byColumn[c.name]; field != "" {
			fields = append(fields, field)
		}
	}
	return fields
}

// place is an object's namespace: its column, else the command's.
func (t *kubectlTable) place(cells map[string]string) string {
	return k8sFirst(cells["NAMESPACE"], t.namespace)
}

// kubectlNone is a cell without the words that stand for nothing.
func kubectlNone(cell string) string {
	if cell == "<none>" || cell == "<unknown>" {
		return ""
	}
	return cell
}

// kubectlObject cuts the kind off a name, which kubectl prints when it lists several kinds: "pod/web-1".
func kubectlObject(name, kind string) (string, bool) {
	before, after, ok := strings.Cut(name, "/")
	if !ok {
		return name, true
	}
	return after, before == kind || strings.HasPrefix(before, kind+"s") || strings.HasPrefix(before, kind+".")
}

// since is the moment an age before the collection, zero when either is not known.
func (t *kubectlTable) since(age string) time.Time { return describeSince(t.in.At, age) }
