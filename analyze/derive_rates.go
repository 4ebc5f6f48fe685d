package analyze

import (
	"path"
	"strconv"
	"strings"
	"time"

	"coldcase/fact"
	"coldcase/parsers"
)

// CounterRate is how much a counter grew between the two samples that the collector takes of it. A counter that went
// backwards was reset and has no rate.
type CounterRate struct {
	Name   string `cel:"name" json:"name"`     // as the counter's own fact has it: "TcpExtListenOverflows"
	Device string `cel:"device" json:"device"` // network device, for ethtool.rate
	Cgroup string `cel:"cgroup" json:"cgroup"` // path, for cgroup.rate
	CPU    int64  `cel:"cpu" json:"cpu"`       // -1 for counters that are not of one CPU
	Value  int64  `cel:"value" json:"value"`   // in the first sample: since boot
	Delta  int64  `cel:"delta" json:"delta"`   // from the first sample to the second
	// Seconds between the samples; 0 when the case does not tell, as for loose files. PerSecond is 0 then too.
	Seconds   float64 `cel:"seconds" json:"seconds"`
	PerSecond float64 `cel:"perSecond" json:"perSecond"`
}

// FactKind implements fact.Value. Each source of counters has a kind of its own, in which rates stand: whether one was
// collected twice says nothing about another.
func (CounterRate) FactKind() fact.Kind { return "counter.rate" }

// rateOf is the derivation of the rates of one kind of counters.
func rateOf(counters fact.Kind) derivation {
	return derivation{
		zero: CounterRate{}, from: []fact.Kind{counters},
		rows: func(s *store) []*row { return deriveRates(s, counters) },
		open: func(s *store, sub Subject, _ knower) []gap { return s.sampledOnce(counters, sub) },
	}
}

func deriveRates(s *store, counters fact.Kind) []*row {
	later := map[string]*row{} // by path of the first sample and by counter
	for _, r := range s.second[counters] {
		for _, c := range counts(r) {
			key := firstPath(r.source.Path) + "\x00" + c.key()
			if later[key] == nil {
				later[key] = r
			}
		}
	}
	var out []*row
	for _, r := range s.facts[counters] {
		for _, c := range counts(r) {
			if again := later[r.source.Path+"\x00"+c.key()]; again != nil && again.place.Node == r.place.Node {
				if rate := s.rate(r, again, c); rate != nil {
					out = append(out, rate)
				}
			}
		}
	}
	return out
}

// counter is a count that can be looked up.
type counter parsers.Count

func (c counter) key() string {
	return c.Name + "\x00" + c.Device + "\x00" + c.Cgroup + "\x00" + strconv.FormatInt(c.CPU, 10)
}

func counts(r *row) []counter {
	v, ok := r.value.(parsers.Counted)
	if !ok {
		return nil
	}
	var out []counter
	for _, c := range v.Counts() {
		out = append(out, counter(c))
	}
	return out
}

// rate is the growth of one counter, nil when it was reset.
func (s *store) rate(first, second *row, c counter) *row {
	v := CounterRate{Name: c.Name, Device: c.Device, Cgroup: c.Cgroup, CPU: c.CPU, Value: c.Value}
	for _, d := range counts(second) {
		if d.key() == c.key() {
			v.Delta = d.Value - c.Value
		}
	}
	if v.Delta < 0 {
		return nil
	}
	from, to := s.started[first.source.Path], s.started[second.source.Path]
	if !from.IsZero() && to.After(from) {
		v.Seconds = to.Sub(from).Round(time.Millisecond).Seconds()
		v.PerSecond = float64(v.Delta) / v.Seconds
	}
	return &row{place: first.place, at: second.at, last: second.at, taken: second.taken, count: 1, value: v,
		source: first.source, more: []fact.Source{second.source}}
}

// firstPath is where the first sample of a second one stands: node/nstat.txt of node/nstat.second.txt.
func firstPath(second string) string {
	dir, file := path.Split(second)
	return dir + strings.Replace(file, ".second", "", 1)
}

// secondSamples are the rows that only a rate is made of.
func secondSamples(rows []*row) []*row {
	var out []*row
	for _, r := range rows {
		if strings.HasSuffix(r.source.Artifact, secondSample) {
			out = append(out, r)
		}
	}
	return out
}

// sampledOnce names the artifacts of a subject's node that lack a second sample: nothing is known of their rates.
func (s *store) sampledOnce(counters fact.Kind, sub Subject) []gap {
	again := map[string]bool{}
	for _, a := range s.seen {
		if name, second := strings.CutSuffix(a.name, secondSample); second && a.whole {
			again[a.place.Node+"\x00"+name] = true
		}
	}
	producer := map[string]bool{}
	for _, name := range parsers.Producers(counters) {
		producer[name] = true
	}
	var missing []gap
	pairs := 0
	for _, a := range s.seen {
		if !a.whole || !producer[a.artifact] || strings.HasSuffix(a.name, secondSample) || sub.Node != "" && a.place.Node != sub.Node {
			continue
		}
		if again[a.place.Node+"\x00"+a.name] {
			pairs++
		} else {
			missing = append(missing, gap{artifact: a.artifact, node: a.place.Node, reason: "no second sample"})
		}
	}
	if pairs > 0 && len(forms[counters]) > 0 { // artifacts that say the same: one of them will do
		return nil
	}
	if pairs == 0 && len(missing) == 0 { // a second sample without the first
		missing = append(missing, gap{artifact: parsers.Producers(counters)[0], node: sub.Node, reason: "no first sample"})
	}
	return missing
}
