package report

import (
	"slices"
	"time"
)

// Measures of the timeline, in SVG units: about one pixel each on a wide screen.
const (
	plotLeft   = 48
	plotRight  = 952
	breakWidth = 44
	minStretch = 72
	tickRoom   = 96
	maxBreaks  = 3
)

// stretch is a part of the time axis with one scale. Long silences between stretches are left out.
type stretch struct {
	from, to time.Time
	x0, x1   float64
	moments  int
}

// axis maps times to horizontal positions.
type axis struct{ stretches []stretch }

type tick struct {
	X     float64
	Label string
	Date  string // under the label, where the date is new
}

type axisBreak struct {
	X     float64
	Label string // how long nothing happened
}

// newAxis fits the moments (sorted, at least one) onto the plot. A silence of more than a quarter of the whole
// period becomes a break, so that a reboot last month does not squeeze today's minutes into one dot.
func newAxis(moments []time.Time) axis {
	total := moments[len(moments)-1].Sub(moments[0])
	type gap struct {
		at   int
		size time.Duration
	}
	var gaps []gap
	for i := 1; i < len(moments); i++ {
		if d := moments[i].Sub(moments[i-1]); d > total/4 && d > time.Minute {
			gaps = append(gaps, gap{i, d})
		}
	}
	if len(gaps) > maxBreaks || len(moments) < 4 {
		gaps = nil
	}
	var a axis
	start := 0
	for _, g := range append(gaps, gap{at: len(moments)}) {
		part := moments[start:g.at]
		a.stretches = append(a.stretches, stretch{from: part[0], to: part[len(part)-1], moments: len(part)})
		start = g.at
	}
	a.place(len(moments))
	return a
}

// place shares the width: half by duration, half by how much there is to show.
func (a *axis) place(moments int) {
	var sum time.Duration
	for _, s := range a.stretches {
		sum += s.to.Sub(s.from)
	}
	n := len(a.stretches)
	room := float64(plotRight-plotLeft) - float64(n-1)*breakWidth - float64(n)*minStretch
	x := float64(plotLeft)
	for i := range a.stretches {
		s := &a.stretches[i]
		share := float64(s.moments) / float64(moments)
		if sum > 0 {
			share = (share + float64(s.to.Sub(s.from))/float64(sum)) / 2
		}
		s.x0 = x
		s.x1 = x + minStretch + room*share
		x = s.x1 + breakWidth
	}
}

// x is the position of t; what lies in a break goes to the nearer end before it.
func (a *axis) x(t time.Time) float64 {
	for i := len(a.stretches) - 1; i >= 0; i-- {
		s := a.stretches[i]
		if t.Before(s.from) && i > 0 {
			continue
		}
		d := s.to.Sub(s.from)
		if d <= 0 {
			return (s.x0 + s.x1) / 2
		}
		return s.x0 + (s.x1-s.x0)*min(max(float64(t.Sub(s.from))/float64(d), 0), 1)
	}
	return plotLeft
}

var tickSteps = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// ticks labels the axis in UTC.
func (a *axis) ticks() []tick {
	var out []tick
	date := ""
	add := func(t time.Time, layout string) {
		k := tick{X: a.x(t), Label: t.UTC().Format(layout)}
		if d := t.UTC().Format("Mon, 2 Jan 2006"); d != date && layout != "2 Jan" {
			k.Date, date = d, d
		} else if y := t.UTC().Format("2006"); layout == "2 Jan" && y != date {
			k.Date, date = y, y
		}
		out = append(out, k)
	}
	for _, s := range a.stretches {
		d := s.to.Sub(s.from)
		most := max(int64((s.x1-s.x0)/tickRoom), 1)
		at := slices.IndexFunc(tickSteps, func(step time.Duration) bool { return int64(d/step) <= most })
		if at < 0 {
			at = len(tickSteps) - 1
		}
		step, before := tickSteps[at], len(out)
		layout := "15:04:05"
		switch {
		case step >= 24*time.Hour:
			layout = "2 Jan"
		case step >= time.Minute:
			layout = "15:04"
		}
		first := s.from.UTC().Truncate(step)
		if first.Before(s.from) {
			first = first.Add(step)
		}
		for t := first; !t.After(s.to) && len(out)-before <= 16; t = t.Add(step) {
			add(t, layout)
		}
		if len(out) == before {
			add(s.from, "15:04:05")
		}
	}
	return out
}

// breaks tells where silence was left out.
func (a *axis) breaks() []axisBreak {
	var out []axisBreak
	for i := 1; i < len(a.stretches); i++ {
		out = append(out, axisBreak{
			X:     (a.stretches[i-1].x1 + a.stretches[i].x0) / 2,
			Label: lasting(a.stretches[i].from.Sub(a.stretches[i-1].to)),
		})
	}
	return out
}
