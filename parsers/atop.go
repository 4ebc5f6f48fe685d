package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// AtopSample is the head of one screen. Source: atop(1), text output. The first screen of a run shows the time since
// boot.
type AtopSample struct {
	Sample    int64   `cel:"sample" json:"sample"` // from 1
	SinceBoot bool    `cel:"sinceBoot" json:"sinceBoot"`
	Load1     float64 `cel:"load1" json:"load1"`
	CPUs      int64   `cel:"cpus" json:"cpus"`     // numcpu
	Idle      float64 `cel:"idle" json:"idle"`     // percent of one processor, summed up over all
	IOWait    float64 `cel:"iowait" json:"iowait"` // likewise
}

// FactKind implements fact.Value.
func (AtopSample) FactKind() fact.Kind { return "atop.sample" }

// AtopDisk is one disk, logical volume or software RAID in a screen.
type AtopDisk struct {
	Sample    int64   `cel:"sample" json:"sample"`
	SinceBoot bool    `cel:"sinceBoot" json:"sinceBoot"`
	Type      string  `cel:"type" json:"type"` // DSK, LVM, MDD
	Device    string  `cel:"device" json:"device"`
	Busy      float64 `cel:"busy" json:"busy"`   // percent of the interval in which a request was under way
	AvgMs     float64 `cel:"avgMs" json:"avgMs"` // milliseconds per request
	Queue     float64 `cel:"queue" json:"queue"` // mean length; 0 when the screen is too narrow for it
	Reads     int64   `cel:"reads" json:"reads"` // requests
	Writes    int64   `cel:"writes" json:"writes"`
}

// FactKind implements fact.Value.
func (AtopDisk) FactKind() fact.Kind { return "atop.disk" }

var _ = register(Parser{
	Name:      "atop",
	Doc:       "atop's screens as text: the lines ATOP, CPU, CPL, DSK, LVM and MDD (atop(1))",
	Artifacts: []string{"node/atop"},
	Facts:     []fact.Value{AtopSample{}, AtopDisk{}},
	Parse:     parseAtop,
})

var (
	atopHead  = regexp.MustCompile(`^ATOP - \S+\s+\d{4}/\d\d/\d\d\s+\d\d:\d\d:\d\d\s`)
	atopLabel = regexp.MustCompile(`^([A-Za-z]{3}) \|`)
	atopPair  = regexp.MustCompile(`^([a-zA-Z0-9/]+)\s+(-?[\d.]+(?:e\d+)?)\s*(%|ms|us|ns|s)?$`)
)

func parseAtop(in *Input) error {
	var s AtopSample
	head, last := 0, 0
	disks := map[int]AtopDisk{} // of this screen, by line: only below them it says whether it is of the time since boot
	end := func() {
		if head > 0 {
			in.Emit(head, last, s)
		}
		for n := head; len(disks) > 0; n++ {
			if d, ok := disks[n]; ok {
				d.SinceBoot = s.SinceBoot
				in.Emit(n, n, d)
				delete(disks, n)
			}
		}
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if atopHead.MatchString(line) {
			end()
			s = AtopSample{Sample: s.Sample + 1}
			head, last = n, n
			in.Skip(n, n)
			continue
		}
		m := atopLabel.FindStringSubmatch(line)
		if m == nil || head == 0 {
			if head > 0 || isPrompt(line) { // the list of processes
				in.Skip(n, n)
			}
			s.SinceBoot = s.SinceBoot || strings.Contains(line, "System and Process Activity since Boot")
			continue
		}
		cells := strings.Split(line, "|")
		switch m[1] {
		case "CPU":
			s.Idle, s.IOWait, last = atopValue(cells, "idle"), atopValue(cells, "wait"), n
		case "CPL":
			s.Load1, s.CPUs, last = atopValue(cells, "avg1"), int64(atopValue(cells, "numcpu")), n
		case "DSK", "LVM", "MDD":
			if len(cells) > 2 {
				disks[n] = atopDisk(s, m[1], cells)
			}
		}
		in.Skip(n, n)
	}
	end()
	return nil
}

func atopDisk(s AtopSample, label string, cells []string) AtopDisk {
	return AtopDisk{Sample: s.Sample, Type: label, Device: strings.TrimSpace(cells[1]), Busy: atopValue(cells, "busy"),
		AvgMs: atopValue(cells, "avio"), Queue: atopValue(cells, "avq"), Reads: int64(atopValue(cells, "read")), Writes: int64(atopValue(cells, "write"))}
}

// atopValue finds "busy 99%" or "avio 9.8 ms" among the cells; 0 when the screen has none. Times are milliseconds.
func atopValue(cells []string, key string) float64 {
	for _, cell := range cells {
		m := atopPair.FindStringSubmatch(strings.TrimSpace(cell))
		if m == nil || m[1] != key {
			continue
		}
		v, err := strconv.ParseFloat(m[2], 64)
		switch {
		case err != nil || v > 1e15:
			return 0
		case m[3] == "us":
			return v / 1000
		case m[3] == "ns":
			return v / 1e6
		case m[3] == "s":
			return v * 1000
		}
		return v
	}
	return 0
}
