package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// ClockState is how well the node's clock is kept. Source: chronyc(1) tracking, timedatectl(1), adjtimex(2).
type ClockState struct {
	By           string  `cel:"by" json:"by"` // chrony, systemd, kernel
	Synchronized bool    `cel:"synchronized" json:"synchronized"`
	OffsetKnown  bool    `cel:"offsetKnown" json:"offsetKnown"`
	Offset       float64 `cel:"offset" json:"offset"`   // seconds that the clock is ahead of the time source's
	Stratum      int64   `cel:"stratum" json:"stratum"` // 0 when unknown or not synchronised
	Service      string  `cel:"service" json:"service"` // "active", "inactive": systemd's word on time services; else empty
}

// FactKind implements fact.Value.
func (ClockState) FactKind() fact.Kind { return "clock.state" }

var _ = register(Parser{
	Name:      "clock",
	Doc:       "chronyc tracking, timedatectl and adjtimex(2) as key and value",
	Artifacts: []string{"node/chrony-tracking", "node/clock", "node/timedatectl"},
	Facts:     []fact.Value{ClockState{}},
	Parse:     parseClock,
})

var (
	clockPair   = regexp.MustCompile(`^\s*([A-Z][A-Za-z0-9 ()/-]*?)\s*: (.*)$`)
	clockKernel = regexp.MustCompile(`^(state|status|synchronised|offset|freq|maxerror|esterror|tai|clocksource) (.*)$`)
	clockOffset = regexp.MustCompile(`^(\d+\.\d+) seconds (slow|fast) of NTP time`)
)

func parseClock(in *Input) error {
	var c ClockState
	first, last := 0, 0
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		known := false
		if m := clockKernel.FindStringSubmatch(line); m != nil {
			if m[1] == "synchronised" {
				c.Synchronized = m[2] == "true"
			}
			c.By, known = "kernel", true
		} else if m := clockPair.FindStringSubmatch(line); m != nil {
			c.pair(m[1], strings.TrimSpace(m[2]))
			known = true
		}
		if known {
			if first == 0 {
				first = n
			}
			last = n
			in.Skip(n, n)
		} else if isPrompt(line) {
			in.Skip(n, n)
		}
	}
	if c.By != "" {
		in.Emit(first, last, c)
	}
	return nil
}

func (c *ClockState) pair(key, value string) {
	switch key {
	case "System clock synchronized", "NTP synchronized":
		c.By, c.Synchronized = "systemd", value == "yes"
	case "NTP service", "Network time on", "systemd-timesyncd.service active":
		c.Service = value
	case "Stratum":
		c.Stratum, _ = strconv.ParseInt(value, 10, 64) // 0 is unknown
	case "System time":
		if m := clockOffset.FindStringSubmatch(value); m != nil {
			c.Offset, _ = strconv.ParseFloat(m[1], 64) // digits
			if c.OffsetKnown = true; m[2] == "slow" {
				c.Offset = -c.Offset
			}
		}
	case "Leap status":
		c.By, c.Synchronized = "chrony", value != "Not synchronised"
		c.OffsetKnown = c.OffsetKnown && c.Synchronized // without a source the offset is one of nothing
	}
}
