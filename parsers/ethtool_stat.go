package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// EthtoolStat is one of a driver's own counters since the device came up. Only those that count losses are kept; their
// names are the driver's. Source: ethtool(8), -S.
type EthtoolStat struct {
	Device string `cel:"device" json:"device"`
	Name   string `cel:"name" json:"name"` // "rx_missed_errors", "bw_in_allowance_exceeded"
	Value  int64  `cel:"value" json:"value"`
}

// FactKind implements fact.Value.
func (EthtoolStat) FactKind() fact.Kind { return "ethtool.stat" }

// Counts implements Counted.
func (s EthtoolStat) Counts() []Count {
	return []Count{{Name: s.Name, Device: s.Device, CPU: -1, Value: s.Value}}
}

var _ = register(Parser{
	Name:      "ethtool-stat",
	Doc:       "ethtool -S of one device (ethtool(8)); counters of losses only",
	Artifacts: []string{"node/ethtool-S"},
	Facts:     []fact.Value{EthtoolStat{}},
	Parse:     parseEthtoolS,
})

var (
	ethtoolStat = regexp.MustCompile(`^\s+([\w\[\]. -]+?): (-?\d+)$`)
	ethtoolLoss = regexp.MustCompile(`(?i)drop|miss|err|discard|no_?buf|out_of_buffer|exceeded|fifo|over|timeout|nobuf|bad_|alloc_fail|^rx_packets$|^tx_packets$`)
)

func parseEthtoolS(in *Input) error {
	device := ethtoolDevice(in)
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if m := ethtoolStat.FindStringSubmatch(line); m != nil {
			value, err := strconv.ParseInt(m[2], 10, 64)
			if err == nil && ethtoolLoss.MatchString(m[1]) {
				in.Emit(n, n, EthtoolStat{Device: device, Name: m[1], Value: value})
			} else {
				in.Skip(n, n)
			}
		} else if strings.HasSuffix(line, "statistics:") || line == "no stats available" || isPrompt(line) {
			in.Skip(n, n)
		}
	}
	return nil
}

// EthtoolDriver is the driver of a device. Source: ethtool(8), -i.
type EthtoolDriver struct {
	Device   string `cel:"device" json:"device"`
	Driver   string `cel:"driver" json:"driver"`     // "ena", "ixgbe", "virtio_net", "veth"
	Version  string `cel:"version" json:"version"`   // of the driver; the kernel's own where it has none
	Firmware string `cel:"firmware" json:"firmware"` // empty where there is none
}

// FactKind implements fact.Value.
func (EthtoolDriver) FactKind() fact.Kind { return "ethtool.driver" }

var _ = register(Parser{
	Name:      "ethtool-driver",
	Doc:       "ethtool -i of one device (ethtool(8))",
	Artifacts: []string{"node/ethtool-i"},
	Facts:     []fact.Value{EthtoolDriver{}},
	Parse:     parseEthtoolI,
})

var ethtoolKey = regexp.MustCompile(`^([a-z][a-z0-9-]*):(?: (.*))?$`)

func parseEthtoolI(in *Input) error {
	d := EthtoolDriver{Device: ethtoolDevice(in)}
	first, last := 0, 0
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := ethtoolKey.FindStringSubmatch(line)
		if m == nil {
			if isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		switch m[1] {
		case "driver":
			d.Driver, first = m[2], n
		case "version":
			d.Version = m[2]
		case "firmware-version":
			d.Firmware = strings.TrimSpace(strings.TrimPrefix(m[2], "N/A"))
		}
		in.Skip(n, n)
		last = n
	}
	if first > 0 {
		in.Emit(first, last, d)
	}
	return nil
}
