package parsers

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// DfFilesystem is one row of df about space. Source: coreutils df(1), POSIX df.
type DfFilesystem struct {
	Device      string `cel:"device" json:"device"`
	Type        string `cel:"type" json:"type"` // empty unless df -T
	Mount       string `cel:"mount" json:"mount"`
	SizeKB      int64  `cel:"sizeKB" json:"sizeKB"` // KiB, as UsedKB and AvailKB; rounded by df itself for df -h
	UsedKB      int64  `cel:"usedKB" json:"usedKB"`
	AvailKB     int64  `cel:"availKB" json:"availKB"`         // what is left for ordinary users
	UsedPercent int64  `cel:"usedPercent" json:"usedPercent"` // 0-100, of what ordinary users may use
}

// DfInodes is one row of df -i.
type DfInodes struct {
	Device      string `cel:"device" json:"device"`
	Type        string `cel:"type" json:"type"` // empty unless df -T
	Mount       string `cel:"mount" json:"mount"`
	Inodes      int64  `cel:"inodes" json:"inodes"` // 0 where the file system has no fixed number
	Used        int64  `cel:"used" json:"used"`
	Free        int64  `cel:"free" json:"free"`
	UsedPercent int64  `cel:"usedPercent" json:"usedPercent"` // 0-100, -1 where df prints "-"
}

// FactKind implements fact.Value.
func (DfFilesystem) FactKind() fact.Kind { return "df.filesystem" }

// FactKind implements fact.Value.
func (DfInodes) FactKind() fact.Kind { return "df.inodes" }

var _ = register(Parser{
	Name:      "df",
	Doc:       "df in blocks, human sizes or inodes, GNU and busybox (df(1))",
	Artifacts: []string{"node/df", "node/df-inodes"},
	Facts:     []fact.Value{DfFilesystem{}, DfInodes{}},
	Parse:     parseDf,
})

var (
	dfRow = regexp.MustCompile(`^(\S.*?)\s+(-|-?[\d.,]+[kKMGTPEZY]?B?)\s+(-|-?[\d.,]+[kKMGTPEZY]?B?)\s+(-|-?[\d.,]+[kKMGTPEZY]?B?)\s+(-|\d+%)\s+(/.*)$`)
	// GNU df prints "1K-blocks", "1024-blocks", "512B-blocks", "1MB-blocks"; translations keep the number: "1K-块".
	dfBlocks = regexp.MustCompile(`^(\d+)([kKMGT]?)(i?B?)-\S+$`)
	dfMount  = regexp.MustCompile(`^\S+ on \S.* type \S+ \(`)
	dfWrap   = regexp.MustCompile(`^\s+[-\d]`)
)

// dfTable is what the header of a df listing says about its columns.
type dfTable struct {
	seen, inodes, typed bool
	blockBytes          float64 // bytes of a unit in the size columns; 0 for human sizes
}

func parseDf(in *Input) error {
	table, device, deviceLine := dfTable{}, "", 0
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if next, isHeader := dfHeader(line); isHeader {
			table, device = next, ""
			in.Skip(n, n)
			continue
		}
		first := n
		if device != "" && dfWrap.MatchString(line) {
			line, first = device+" "+strings.TrimSpace(line), deviceLine
		}
		device = ""
		switch {
		case dfNoise(line):
			in.Skip(n, n)
		case table.seen && len(strings.Fields(line)) <= 2 && dfWrap.MatchString(in.Peek()):
			device, deviceLine = strings.TrimSpace(line), n
		case table.seen:
			dfEmit(in, first, n, table, line)
		}
	}
	return nil
}

// dfNoise holds what df and the scripts around it print besides the table.
func dfNoise(line string) bool {
	return strings.HasPrefix(line, "df: ") || strings.HasPrefix(line, "total ") || dfMount.MatchString(line) || isPrompt(line)
}

// dfHeader reads "Filesystem Type 1K-blocks Used Available Use% Mounted on" in its many spellings. A header has a
// percent sign (or POSIX's "Capacity") and no number of its own but the block size.
func dfHeader(line string) (dfTable, bool) {
	f := strings.Fields(line)
	if len(f) < 6 || !strings.Contains(line, "%") && !strings.Contains(line, "Capacity") || strings.Contains(line, "/") {
		return dfTable{}, false
	}
	t := dfTable{seen: true}
	size := f[1]
	if t.typed = size == "Type" || size == "类型"; t.typed {
		size = f[2]
	}
	lower := strings.ToLower(size)
	switch m := dfBlocks.FindStringSubmatch(size); {
	case strings.HasPrefix(lower, "inode") || lower == "i节点":
		t.inodes = true
	case m != nil:
		count, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return dfTable{}, false
		}
		base := 1024.0
		if m[3] == "B" && m[2] != "" {
			base = 1000
		}
		t.blockBytes = float64(count) * math.Pow(base, float64(dfPower(m[2])))
	case size[0] >= '0' && size[0] <= '9':
		return dfTable{}, false
	}
	return t, true
}

func dfEmit(in *Input, first, last int, t dfTable, line string) {
	m := dfRow.FindStringSubmatch(line)
	if m == nil {
		return
	}
	device, kind := m[1], ""
	if t.typed {
		i := strings.LastIndexAny(device, " \t")
		if i < 0 {
			return
		}
		device, kind = strings.TrimSpace(device[:i]), device[i+1:]
	}
	if m[2] == "-" && m[3] == "-" { // a mount that another one hides: df could not ask it
		in.Skip(first, last)
		return
	}
	size, ok1 := t.number(m[2])
	used, ok2 := t.number(m[3])
	free, ok3 := t.number(m[4])
	if !ok1 || !ok2 || !ok3 {
		return
	}
	percent := int64(-1)
	if p, err := strconv.ParseInt(strings.TrimSuffix(m[5], "%"), 10, 64); err == nil {
		percent = p
	}
	if t.inodes {
		in.Emit(first, last, DfInodes{device, kind, m[6], size, used, free, percent})
		return
	}
	if percent < 0 {
		percent = dfPercent(used, free)
	}
	in.Emit(first, last, DfFilesystem{device, kind, m[6], size / 1024, used / 1024, free / 1024, percent})
}

// dfPercent rounds up, as df does.
func dfPercent(used, avail int64) int64 {
	if used <= 0 || used+avail <= 0 {
		return 0
	}
	return int64(math.Ceil(100 * float64(used) / (float64(used) + float64(avail))))
}

// number reads a column: bytes for sizes, a plain count for inodes.
func (t dfTable) number(s string) (int64, bool) {
	if s == "-" {
		return 0, true
	}
	unit := 1.0
	if t.blockBytes > 0 {
		unit = t.blockBytes
	}
	base := 1024.0
	if strings.HasSuffix(s, "B") { // -B MB prints powers of 1000
		s, base = s[:len(s)-1], 1000
	}
	if p := dfPower(s[len(s)-1:]); p > 0 {
		s, unit = s[:len(s)-1], math.Pow(base, float64(p))
	}
	v, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if v *= unit; err != nil || math.Abs(v) > 1<<62 {
		return 0, false
	}
	return int64(v), true
}

func dfPower(suffix string) int {
	if suffix == "" {
		return 0
	}
	return 1 + strings.Index("KMGTPEZY", strings.ToUpper(suffix))
}
