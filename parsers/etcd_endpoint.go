package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// EtcdEndpoint is what one member of etcd says of itself. Source: etcdctl endpoint status and endpoint health.
type EtcdEndpoint struct {
	Endpoint string `cel:"endpoint" json:"endpoint"` // as it was asked: "https://10.0.0.1:2379"
	ID       string `cel:"id" json:"id"`             // of the member, in hexadecimal; empty in health
	Version  string `cel:"version" json:"version"`
	DBSize   int64  `cel:"dbSize" json:"dbSize"` // bytes of the file; 0 in health
	Leader   bool   `cel:"leader" json:"leader"`
	Errors   string `cel:"errors" json:"errors"`   // alarms of the member, or why it is not healthy
	Asked    string `cel:"asked" json:"asked"`     // status, health
	Healthy  bool   `cel:"healthy" json:"healthy"` // of health
}

// FactKind implements fact.Value.
func (EtcdEndpoint) FactKind() fact.Kind { return "etcd.endpoint" }

var _ = register(Parser{
	Name:      "etcd-endpoint",
	Doc:       "etcdctl endpoint status and endpoint health as table, and health as text (etcdctl 3)",
	Artifacts: []string{"cluster/etcd-endpoints"},
	Facts:     []fact.Value{EtcdEndpoint{}},
	Parse:     parseEtcdEndpoint,
})

var (
	etcdHealth = regexp.MustCompile(`^(\S+) is (healthy|unhealthy): (.*)$`)
	etcdNoise  = regexp.MustCompile(`^\+[-+]+\+$|^Error: unhealthy cluster$|^\{"level":|^Failed to get the status of endpoint `)
	etcdSize   = regexp.MustCompile(`^(\d+(?:\.\d+)?) (B|kB|MB|GB|TB)$`)
	etcdUnits  = map[string]float64{"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
)

func parseEtcdEndpoint(in *Input) error {
	var columns []string
	var row EtcdEndpoint
	first, last := 0, 0
	emit := func() {
		if first > 0 {
			in.Emit(first, last, row)
		}
		first = 0
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if m := etcdHealth.FindStringSubmatch(line); m != nil {
			e := EtcdEndpoint{Endpoint: m[1], Asked: "health", Healthy: m[2] == "healthy"}
			if !e.Healthy {
				e.Errors = m[3]
			}
			in.Emit(n, n, e)
			continue
		}
		cells := etcdCells(line)
		switch {
		case len(cells) > 0 && cells[0] == "ENDPOINT":
			emit()
			columns = cells
			in.Skip(n, n)
		case len(cells) > 0 && len(cells) == len(columns) && cells[0] == "": // a cell of the row above goes on
			row.Errors = strings.TrimSpace(row.Errors + " " + cells[len(cells)-1])
			last = n
		case len(cells) > 0 && len(cells) == len(columns):
			emit()
			row, first, last = etcdRow(columns, cells), n, n
		case etcdNoise.MatchString(line), isPrompt(line):
			in.Skip(n, n)
		}
	}
	emit()
	return nil
}

// etcdCells splits a row of a table; nil when the line is none.
func etcdCells(line string) []string {
	if len(line) < 2 || line[0] != '|' || line[len(line)-1] != '|' {
		return nil
	}
	cells := strings.Split(line[1:len(line)-1], "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

func etcdRow(columns, cells []string) EtcdEndpoint {
	e := EtcdEndpoint{Asked: "status"}
	for i, cell := range cells {
		switch columns[i] {
		case "ENDPOINT":
			e.Endpoint = cell
		case "ID":
			e.ID = cell
		case "VERSION":
			e.Version = cell
		case "DB SIZE":
			if m := etcdSize.FindStringSubmatch(cell); m != nil {
				size, _ := strconv.ParseFloat(m[1], 64) // digits
				e.DBSize = int64(size * etcdUnits[m[2]])
			}
		case "IS LEADER":
			e.Leader = cell == "true"
		case "HEALTH":
			e.Asked, e.Healthy = "health", cell == "true"
		case "ERRORS", "ERROR":
			e.Errors = cell
		}
	}
	return e
}
