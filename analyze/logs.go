package analyze

import (
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"coldcase/analyze/logscan"
	"coldcase/bundle"
	"coldcase/fact"
	"coldcase/parsers"
)

// Bounds of what is kept per pattern. Beyond them only counts go on.
const (
	maxGroups  = 2000 // different sets of captured values, per pattern
	maxSamples = 3    // lines quoted per group, the newest besides
	maxTimes   = 4096 // dated occurrences per group, for windows
)

// logStore groups the log lines that matched a pattern by what they captured.
type logStore struct {
	set      *Set
	groups   []map[string]*row  // by pattern
	matched  map[fact.Kind]bool // log sources of which a record matched any pattern
	overflow []*row
	sources  map[string]map[string]bool // who wrote in a log, by its path
	spans    map[string][2]time.Time    // of a log's first and last dated line, by its path
}

func newLogStore(set *Set) *logStore {
	return &logStore{
		set: set, groups: make([]map[string]*row, len(set.patterns)), overflow: make([]*row, len(set.patterns)), matched: map[fact.Kind]bool{},
		sources: map[string]map[string]bool{}, spans: map[string][2]time.Time{},
	}
}

// suppressed finds the kernel's own word that it left lines out: counts near it are lower bounds.
var suppressed = Selection{From: "log.kernel", Pattern: Strings{`\d+ callbacks suppressed`}}

// suppressionWindow is how far from such a line the lines that it replaced may lie: the default rate limit's interval.
const suppressionWindow = 10 * time.Second

func logSources(kind fact.Kind) []string {
	switch source := strings.TrimPrefix(string(kind), "log."); source {
	case "any":
		return nil
	case parsers.SourceContainer: // of any container, the cluster's own among them
		return []string{source, parsers.SourceEtcd, parsers.SourceAPIServer, parsers.SourceControllerManager, parsers.SourceScheduler,
			parsers.SourceCoreDNS, parsers.SourceCNI, parsers.SourceIngress}
	default:
		return []string{source}
	}
}

// scan runs the matcher over one log and files its hits.
func (ls *logStore) scan(r io.Reader, ctx *parsers.LogContext, e *bundle.Entry, place fact.Place) (logscan.Stats, error) {
	stats, err := ls.set.matcher.Scan(r, ctx, e.Path, func(h *logscan.Hit) error {
		ls.add(h, place, e.Artifact, e.Display)
		return nil
	})
	ls.sources[e.Display], ls.spans[e.Display] = stats.Sources, [2]time.Time{stats.First, stats.Last}
	return stats, err
}

// add files one hit.
func (ls *logStore) add(h *logscan.Hit, place fact.Place, artifact, path string) {
	ls.matched[ls.set.patterns[h.Pattern].kind] = true
	vars, key := ls.captures(h)
	key = place.Node + "\x00" + place.Namespace + "\x00" + place.Pod + "\x00" + key
	r := ls.groups[h.Pattern][key]
	if r == nil {
		if len(ls.groups[h.Pattern]) >= maxGroups {
			if ls.overflow[h.Pattern] == nil {
				ls.overflow[h.Pattern] = &row{place: place, vars: vars, atLeast: true}
			}
			r = ls.overflow[h.Pattern]
		} else {
			r = &row{place: place, vars: vars}
			if ls.groups[h.Pattern] == nil {
				ls.groups[h.Pattern] = map[string]*row{}
			}
			ls.groups[h.Pattern][key] = r
		}
	}
	r.addHit(h, artifact, path)
}

func (ls *logStore) captures(h *logscan.Hit) (map[string]any, string) {
	vars := map[string]any{"message": string(h.Record.Message), "ident": h.Record.Ident, "host": h.Record.Host}
	var key strings.Builder
	for i, name := range ls.set.matcher.GroupNames(h.Pattern) {
		if name == "" || 2*i+3 >= len(h.Groups) || h.Groups[2*i+2] < 0 {
			continue
		}
		value := string(h.Record.Message[h.Groups[2*i+2]:h.Groups[2*i+3]])
		vars[name] = value
		key.WriteString(value)
		key.WriteByte(0)
	}
	return vars, key.String()
}

func (r *row) addHit(h *logscan.Hit, artifact, path string) {
	n := max(1, h.Record.Count)
	r.count += n
	s := sample{at: h.Record.Time, raw: h.Raw, before: h.Before, after: h.After, mark: markIn(h),
		source: fact.Source{Artifact: artifact, Path: path, First: int(h.Line), Last: int(h.Line)}}
	if h.Record.HasMono && !ofEarlierBoot(artifact) {
		s.mono = h.Record.Mono
		if s.at.IsZero() && len(r.monos) < maxTimes {
			r.monos = append(r.monos, s.mono)
		}
	}
	if len(r.samples) <= maxSamples {
		r.samples = append(r.samples, s)
	} else {
		r.samples[maxSamples] = s
	}
	if !s.at.IsZero() {
		r.seenAt(s.at)
	}
}

func (r *row) seenAt(t time.Time) {
	if !r.dated || t.Before(r.at) {
		r.at = t
	}
	if !r.dated || t.After(r.last) {
		r.last = t
	}
	r.dated = true
	if len(r.times) < maxTimes {
		r.times = append(r.times, t)
	}
}

// markIn finds the matched part in the raw line; it is not there when escapes were undone.
func markIn(h *logscan.Hit) [2]int {
	if len(h.Groups) < 2 {
		return [2]int{}
	}
	at := strings.Index(h.Raw, string(h.Record.Message[h.Groups[0]:h.Groups[1]]))
	if at < 0 {
		return [2]int{}
	}
	return [2]int{at, at + h.Groups[1] - h.Groups[0]}
}

// rows returns the groups of a selection, resolved, typed and sorted.
func (ls *logStore) rows(s *store, sel *Selection) []*row {
	var out []*row
	for _, expr := range sel.Pattern {
		i, ok := ls.set.byKey[string(sel.From)+"\x00"+expr]
		if !ok {
			continue
		}
		for _, key := range sortedKeys(ls.groups[i]) {
			out = append(out, ls.finished(s, ls.groups[i][key], sel))
		}
		if ls.overflow[i] != nil {
			out = append(out, ls.finished(s, ls.overflow[i], sel))
		}
	}
	sortRows(out)
	if sel != &suppressed && sel.From == "log.kernel" {
		markLowerBounds(out, ls.rows(s, &suppressed))
	}
	return out
}

// markLowerBounds flags the rows in whose time the kernel suppressed lines on the same node.
func markLowerBounds(rows, gaps []*row) {
	for _, r := range rows {
		for _, g := range gaps {
			if r.dated && g.dated && r.place.Node == g.place.Node &&
				!g.last.Before(r.at.Add(-suppressionWindow)) && !g.at.After(r.last.Add(suppressionWindow)) {
				r.atLeast = true
			}
		}
	}
}

// finished is a group as one selection wants it: its own types, and the pod that a cgroup path names.
func (ls *logStore) finished(s *store, group *row, sel *Selection) *row {
	r := *group
	r.samples = append([]sample(nil), group.samples...)
	sort.SliceStable(r.samples, func(i, j int) bool { return lessSource(r.samples[i].source, r.samples[j].source) })
	r.source = r.samples[0].source
	r.vars = make(map[string]any, len(group.vars)+1)
	for name, v := range group.vars {
		r.vars[name] = typed(v, sel.Types[name])
	}
	if boot := s.node(r.place.Node).boot; !boot.IsZero() && !r.dated {
		r.dateFromBoot(boot)
	}
	r.placeByCaptures(s)
	s.resolve(&r.place)
	return &r
}

// dateFromBoot dates kernel lines that carry only the time since boot.
func (r *row) dateFromBoot(boot time.Time) {
	for i := range r.samples {
		if r.samples[i].mono > 0 {
			r.samples[i].at = boot.Add(r.samples[i].mono)
			r.seenAt(r.samples[i].at)
		}
	}
	r.times = nil
	for _, mono := range r.monos {
		r.times = append(r.times, boot.Add(mono))
	}
	r.monos = nil
}

// placeByCaptures reads the pod out of groups with these names: cgroup, podUID, podNamespace and podName.
func (r *row) placeByCaptures(s *store) {
	text := func(name string) string { v, _ := r.vars[name].(string); return v }
	if cgroup := text("cgroup"); cgroup != "" {
		r.placeByCgroup(s, cgroup)
	}
	if uid := text("podUID"); uid != "" {
		r.place.PodUID = uid
	}
	if ns, name := text("podNamespace"), text("podName"); ns != "" && name != "" {
		r.place.Namespace, r.place.Pod = ns, name
	}
}

func (r *row) placeByCgroup(s *store, path string) {
	uid, id := parsers.PodOfCgroup(path)
	if box, ok := s.boxes[id]; ok && id != "" {
		r.vars["container"] = box.name
		r.place.Namespace, r.place.Pod = box.place.Namespace, box.place.Pod
		return
	}
	if uid != "" {
		r.place.PodUID = uid
	}
}

func typed(v any, typ string) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	switch typ {
	case "int":
		n, _ := strconv.ParseInt(text, 10, 64)
		return n
	case "float":
		f, _ := strconv.ParseFloat(text, 64)
		return f
	}
	return v
}
