package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// Uptime says how long the node had been up. Source: /proc/uptime (proc(5)), procps uptime(1).
type Uptime struct {
	Seconds float64 `cel:"seconds" json:"seconds"` // whole minutes when it comes from the uptime command
	Load1   float64 `cel:"load1" json:"load1"`     // load averages over 1, 5, 15 minutes; 0 from /proc/uptime
	Load5   float64 `cel:"load5" json:"load5"`
	Load15  float64 `cel:"load15" json:"load15"`
}

// FactKind implements fact.Value.
func (Uptime) FactKind() fact.Kind { return "uptime" }

var _ = register(Parser{
	Name:      "uptime",
	Doc:       "/proc/uptime, uptime and uptime -p (proc(5), uptime(1))",
	Artifacts: []string{"node/uptime"},
	Facts:     []fact.Value{Uptime{}},
	Parse:     parseUptime,
})

var (
	uptimeProc  = regexp.MustCompile(`^(\d+\.\d+)\s+\d+\.\d+$`)
	uptimeText  = regexp.MustCompile(`(?:^|\s)up\s+(.*?)(?:,\s+\d+ users?\b.*|,\s+load average.*)?$`)
	uptimeLoads = regexp.MustCompile(`load averages?: (\d+[.,]\d+),? (\d+[.,]\d+),? (\d+[.,]\d+)`)
	uptimePart  = regexp.MustCompile(`^(?:(\d+):(\d\d)|(\d+) (year|week|day|hour|min|minute|sec)s?)$`)
)

func parseUptime(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		line = strings.TrimSpace(line)
		if m := uptimeProc.FindStringSubmatch(line); m != nil {
			if seconds, err := strconv.ParseFloat(m[1], 64); err == nil {
				in.Emit(n, n, Uptime{Seconds: seconds})
			}
			continue
		}
		if m := uptimeText.FindStringSubmatch(line); m != nil {
			if u, ok := uptimeParts(m[1]); ok {
				uptimeLoad(&u, line)
				in.Emit(n, n, u)
			}
			continue
		}
		if isPrompt(line) {
			in.Skip(n, n)
		}
	}
	return nil
}

// uptimeParts adds up "12 days,  3:04", "5 min" or "2 weeks, 3 days, 4 hours".
func uptimeParts(s string) (Uptime, bool) {
	units := map[string]float64{"year": 365 * 86400, "week": 7 * 86400, "day": 86400, "hour": 3600, "min": 60, "minute": 60, "sec": 1}
	var u Uptime
	for _, part := range strings.Split(s, ",") {
		m := uptimePart.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return u, false
		}
		if m[4] != "" {
			n, err := strconv.ParseInt(m[3], 10, 32)
			if err != nil {
				return u, false
			}
			u.Seconds += float64(n) * units[m[4]]
			continue
		}
		hours, err1 := strconv.ParseInt(m[1], 10, 32)
		minutes, err2 := strconv.ParseInt(m[2], 10, 32)
		if err1 != nil || err2 != nil {
			return u, false
		}
		u.Seconds += float64(hours*3600 + minutes*60)
	}
	return u, true
}

func uptimeLoad(u *Uptime, line string) {
	m := uptimeLoads.FindStringSubmatch(line)
	if m == nil {
		return
	}
	for i, p := range []*float64{&u.Load1, &u.Load5, &u.Load15} {
		if v, err := strconv.ParseFloat(strings.Replace(m[i+1], ",", ".", 1), 64); err == nil {
			*p = v
		}
	}
}
