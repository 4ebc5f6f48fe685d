package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// ConntrackCPU holds one CPU's connection tracking counters since boot. Counters that a kernel does not have are 0.
// Source: conntrack(8) -S, net/netfilter/nf_conntrack_standalone.c (ct_cpu_seq_show).
type ConntrackCPU struct {
	CPU           int64 `cel:"cpu" json:"cpu"`
	Found         int64 `cel:"found" json:"found"`
	Invalid       int64 `cel:"invalid" json:"invalid"`
	Insert        int64 `cel:"insert" json:"insert"`
	InsertFailed  int64 `cel:"insertFailed" json:"insertFailed"`   // a race of two packets, or no free tuple
	Drop          int64 `cel:"drop" json:"drop"`                   // table full or no memory
	EarlyDrop     int64 `cel:"earlyDrop" json:"earlyDrop"`         // old entries thrown out to make room
	Error         int64 `cel:"error" json:"error"`                 // icmp_error in the kernel's table
	SearchRestart int64 `cel:"searchRestart" json:"searchRestart"` // lookups begun anew after a resize
	ClashResolve  int64 `cel:"clashResolve" json:"clashResolve"`   // races that the kernel could settle
	ChainTooLong  int64 `cel:"chainTooLong" json:"chainTooLong"`
}

// FactKind implements fact.Value.
func (ConntrackCPU) FactKind() fact.Kind { return "conntrack.cpu" }

var _ = register(Parser{
	Name:      "conntrack-stats",
	Doc:       "conntrack -S and /proc/net/stat/nf_conntrack (conntrack(8))",
	Artifacts: []string{"node/conntrack-stats"},
	Facts:     []fact.Value{ConntrackCPU{}},
	Parse:     parseConntrackStats,
})

var (
	conntrackCPULine = regexp.MustCompile(`^cpu=(\d+)\s+\w+=\d`)
	// The tool's own messages, and the flow table that some collectors save in the same file.
	conntrackNoise = regexp.MustCompile(`^conntrack v|\(conntrack-tools\)|command not found|Operation failed|Operation not permitted|` +
		`^(?:ipv[46]\s+\d+\s+)?[a-z]\w*\s+\d+ .*\bsrc=\S+ dst=`)
	conntrackHex = regexp.MustCompile(`^[0-9a-f]{8}(?:\s+[0-9a-f]{8})+$`)
)

func parseConntrackStats(in *Input) error {
	var columns []string
	rows := int64(0)
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		line = strings.TrimSpace(line)
		switch {
		case conntrackCPULine.MatchString(line):
			if cpu, ok := conntrackPairs(line); ok {
				in.Emit(n, n, cpu)
			}
		case strings.HasPrefix(line, "entries ") && strings.Contains(line, "insert_failed"):
			columns, rows = strings.Fields(line), 0
			in.Skip(n, n)
		case columns != nil && conntrackHex.MatchString(line):
			cpu := ConntrackCPU{CPU: rows}
			if conntrackColumns(&cpu, columns, strings.Fields(line)) {
				in.Emit(n, n, cpu)
			}
			rows++
		case conntrackNoise.MatchString(line) || isPrompt(line):
			in.Skip(n, n)
		}
	}
	return nil
}

// conntrackPairs reads "cpu=0 found=12 invalid=0 ...".
func conntrackPairs(line string) (ConntrackCPU, bool) {
	var cpu ConntrackCPU
	for _, pair := range strings.Fields(line) {
		key, text, ok := strings.Cut(pair, "=")
		value, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil {
			return cpu, false
		}
		cpu.set(key, value)
	}
	return cpu, true
}

// conntrackColumns reads one row of the kernel's table: hexadecimal, one row per possible CPU.
func conntrackColumns(cpu *ConntrackCPU, columns, cells []string) bool {
	for i, cell := range cells {
		value, err := strconv.ParseInt(cell, 16, 64)
		if err != nil || i >= len(columns) {
			return false
		}
		cpu.set(columns[i], value)
	}
	return len(cells) == len(columns)
}

func (c *ConntrackCPU) set(key string, value int64) {
	fields := map[string]*int64{
		"cpu": &c.CPU, "found": &c.Found, "invalid": &c.Invalid, "insert": &c.Insert, "insert_failed": &c.InsertFailed,
		"drop": &c.Drop, "early_drop": &c.EarlyDrop, "error": &c.Error, "icmp_error": &c.Error,
		"search_restart": &c.SearchRestart, "clash_resolve": &c.ClashResolve, "clashres": &c.ClashResolve,
		"chaintoolong": &c.ChainTooLong, "chainlength": &c.ChainTooLong,
	}
	if p := fields[key]; p != nil {
		*p = value
	}
}
