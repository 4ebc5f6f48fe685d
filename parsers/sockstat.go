package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// SocketUse is one number of /proc/net/sockstat or sockstat6. Source: net/ipv4/proc.c (sockstat_seq_show).
type SocketUse struct {
	Proto string `cel:"proto" json:"proto"` // "TCP", "UDP6", "FRAG", "sockets" for all of them
	Name  string `cel:"name" json:"name"`   // inuse, orphan, tw, alloc, used, and mem in pages, memory in bytes
	Value int64  `cel:"value" json:"value"`
}

// FactKind implements fact.Value.
func (SocketUse) FactKind() fact.Kind { return "socket.use" }

var _ = register(Parser{
	Name:      "sockstat",
	Doc:       "/proc/net/sockstat and sockstat6 (proc(5), net/ipv4/proc.c)",
	Artifacts: []string{"node/sockstat", "node/sockstat6"},
	Facts:     []fact.Value{SocketUse{}},
	Parse:     parseSockstat,
})

var sockstatLine = regexp.MustCompile(`^(\w+):((?: \w+ \d+)+)$`)

func parseSockstat(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		m := sockstatLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			if isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		words := strings.Fields(m[2])
		for i := 0; i+1 < len(words); i += 2 {
			if value, err := strconv.ParseInt(words[i+1], 10, 64); err == nil {
				in.Emit(n, n, SocketUse{Proto: m[1], Name: words[i], Value: value})
			}
		}
	}
	return nil
}
