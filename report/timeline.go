package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"coldcase/analyze"
)

const (
	laneHeight  = 46
	laneLow     = 32 // its height where there are many
	laneRoom    = 12 // below a lane's line
	fewLanes    = 8
	columnSize  = 9 // events closer than this become one bar
	maxLanes    = 24
	maxPeriods  = 40 // lasting events drawn per lane
	axisHeight  = 40
	breakHeight = 18
)

// timeline is the picture of dated evidence: a lane per node, a mark per event or group of events.
type timeline struct {
	Top     int // of the picture: above the lanes there is room for the breaks' words
	Height  int
	AxisY   int
	Lanes   []*lane
	Ticks   []tick
	Breaks  []axisBreak
	Events  int
	Summary string // the picture in words
}

type lane struct {
	Name    string
	Y       int
	Line    int
	height  int
	Node    int // index for filters, -1 for none
	Periods []mark
	Marks   []mark
	events  []*analyze.Event
	rank    int
}

// mark is one shape: a dot for one event, a bar for several, a thin line for a lasting one.
type mark struct {
	X, Y, W, H float64
	Dot        bool
	Period     bool
	Severity   analyze.Severity
	Anchor     string // where a click leads; empty when its finding is unknown
	Findings   string // indexes for filters
	Title      string
}

// drawTimeline returns nil when no evidence is dated.
func drawTimeline(r *analyze.Result, c *cards) *timeline {
	var moments []time.Time
	var events []*analyze.Event
	for i := range r.Timeline {
		e := &r.Timeline[i]
		if e.At.IsZero() {
			continue
		}
		events = append(events, e)
		moments = append(moments, e.At)
		if e.Until.After(e.At) {
			moments = append(moments, e.Until)
		}
	}
	if len(events) == 0 {
		return nil
	}
	slices.SortFunc(moments, time.Time.Compare)
	moments = slices.CompactFunc(moments, time.Time.Equal)
	a := newAxis(moments)
	t := &timeline{Events: len(events), Ticks: a.ticks(), Breaks: a.breaks(), Lanes: lanesOf(events, r, c)}
	for i, l := range t.Lanes {
		l.height = laneHeight
		if len(t.Lanes) > fewLanes {
			l.height = laneLow
		}
		l.Y = i * l.height
		l.Line = l.Y + l.height - laneRoom
		l.draw(&a, c)
	}
	last := t.Lanes[len(t.Lanes)-1]
	t.AxisY = last.Y + last.height + 4
	t.Height = t.AxisY + axisHeight
	if len(t.Breaks) > 0 {
		t.Top, t.Height = -breakHeight, t.Height+breakHeight
	}
	t.Summary = fmt.Sprintf("Timeline of %s on %s, %s", count(len(events), "event"), count(len(t.Lanes), "lane"),
		between(moments[0], moments[len(moments)-1]))
	return t
}

// lanesOf sorts events into lanes: nodes in the case's order, then what belongs to none. Beyond maxLanes the quietest
// share the last one.
func lanesOf(events []*analyze.Event, r *analyze.Result, c *cards) []*lane {
	byNode := map[string]*lane{}
	var lanes []*lane
	open := func(name string) *lane {
		l := byNode[name]
		if l == nil {
			l = &lane{Name: cmp.Or(name, "cluster"), Node: c.nodeIndex(name)}
			byNode[name] = l
			lanes = append(lanes, l)
		}
		return l
	}
	for _, n := range r.Nodes {
		open(n.Name)
	}
	for _, e := range events {
		l := open(e.Node)
		l.events = append(l.events, e)
		l.rank = max(l.rank, c.severity(e.Finding).Rank())
	}
	lanes = slices.DeleteFunc(lanes, func(l *lane) bool { return len(l.events) == 0 })
	if len(lanes) <= maxLanes {
		return lanes
	}
	loud := slices.Clone(lanes)
	slices.SortStableFunc(loud, func(a, b *lane) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(len(b.events), len(a.events)))
	})
	rest := &lane{Name: count(len(lanes)-maxLanes+1, "other node"), Node: -1}
	for _, l := range loud[maxLanes-1:] {
		rest.events = append(rest.events, l.events...)
	}
	kept := loud[:maxLanes-1]
	lanes = slices.DeleteFunc(lanes, func(l *lane) bool { return !slices.Contains(kept, l) })
	return append(lanes, rest)
}

func (l *lane) draw(a *axis, c *cards) {
	columns := map[int][]*analyze.Event{}
	var lasting []*analyze.Event
	for _, e := range l.events {
		columns[int(a.x(e.At)/columnSize)] = append(columns[int(a.x(e.At)/columnSize)], e)
		if e.Until.After(e.At) {
			lasting = append(lasting, e)
		}
	}
	slices.SortStableFunc(lasting, func(x, y *analyze.Event) int { return cmp.Compare(y.Until.Sub(y.At), x.Until.Sub(x.At)) })
	for _, e := range lasting[:min(len(lasting), maxPeriods)] {
		m := l.mark([]*analyze.Event{e}, c)
		m.Period = true
		m.X, m.H, m.Y = a.x(e.At), 4, float64(l.Line)-2
		m.W = max(a.x(e.Until)-m.X, 2)
		l.Periods = append(l.Periods, m)
	}
	keys := make([]int, 0, len(columns))
	for k := range columns {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		group := columns[k]
		m := l.mark(group, c)
		if m.Dot = len(group) == 1; m.Dot {
			m.X, m.Y = a.x(group[0].At), float64(l.Line)
		} else {
			m.W, m.H = columnSize-2, min(10+3*math.Log2(float64(len(group))), float64(l.height-18))
			m.X = float64(k*columnSize) + 1
			m.Y = float64(l.Line) + 5 - m.H
		}
		l.Marks = append(l.Marks, m)
	}
}

// mark words a group of events; it is as severe as the worst of them and leads there.
func (l *lane) mark(group []*analyze.Event, c *cards) mark {
	m := mark{Severity: analyze.Info}
	lines, listed := []string{}, map[string]bool{}
	var findings []int
	for _, e := range group {
		sev, i := c.severity(e.Finding), c.index(e.Finding)
		if sev.Rank() > m.Severity.Rank() || m.Anchor == "" {
			m.Severity, m.Anchor = worse(sev, m.Severity), c.anchor(i)
		}
		if i >= 0 && !slices.Contains(findings, i) {
			findings = append(findings, i)
		}
		text := clip(oneLine(e.Text), 160)
		if listed[text] || len(lines) >= 6 {
			continue
		}
		listed[text] = true
		lines = append(lines, text)
	}
	m.Findings = indexList(findings)
	if len(group) == 1 {
		m.Title = eventTitle(group[0], m.Severity)
		return m
	}
	first, last := span(times(group))
	m.Title = fmt.Sprintf("%s, %s\n%s", count(len(group), "event"), between(first, last), strings.Join(lines, "\n"))
	return m
}

func eventTitle(e *analyze.Event, sev analyze.Severity) string {
	title := clock(e.At) + ", " + string(sev) + "\n" + clip(oneLine(e.Text), 300) + "\n" + e.Source
	if e.Count > 1 {
		title += "\n" + count(e.Count, "time")
		if e.Until.After(e.At) {
			title += " until " + clock(e.Until)
		}
	}
	return title
}

func times(events []*analyze.Event) []time.Time {
	var all []time.Time
	for _, e := range events {
		all = append(all, e.At)
	}
	return all
}

func worse(a, b analyze.Severity) analyze.Severity {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}
