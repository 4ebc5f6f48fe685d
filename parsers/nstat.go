package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

var _ = register(Parser{
	Name:      "nstat",
	Doc:       "nstat -az, /proc/net/snmp, /proc/net/netstat and /proc/net/snmp6 (nstat(8), net/ipv4/proc.c)",
	Artifacts: []string{"node/nstat"},
	Facts:     []fact.Value{NetstatCounter{}},
	Parse:     parseNstat,
})

var (
	nstatLine = regexp.MustCompile(`^([A-Z]\w+)\s+(-?\d+)(?:\s+[\d.]+)?$`)
	nstatPair = regexp.MustCompile(`^([A-Z]\w+): (\S.*)$`)
	// The longest section first: "IcmpMsgInType3" belongs to IcmpMsg.
	nstatName = regexp.MustCompile(`^(UdpLite6|IcmpMsg|MPTcpExt|TcpExt|IpExt|UdpLite|Icmp6|Udp6|Sctp|Icmp|Ip6|Tcp|Udp|Ip)(\w+)$`)
)

func parseNstat(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if isPrompt(line) || strings.HasPrefix(line, "nstat: ") {
			in.Skip(n, n)
			continue
		}
		if m := nstatLine.FindStringSubmatch(line); m != nil {
			if c, ok := nstatCounter(m[1], m[2]); ok {
				in.Emit(n, n, c)
			}
			continue
		}
		names, values := nstatPair.FindStringSubmatch(line), nstatPair.FindStringSubmatch(in.Peek())
		if names != nil && values != nil && names[1] == values[1] {
			in.Scan()
			nstatTable(in, n, names[1], strings.Fields(names[2]), strings.Fields(values[2]))
		}
	}
	return nil
}

// nstatCounter splits "TcpExtListenOverflows" into its section and its name.
func nstatCounter(full, value string) (NetstatCounter, bool) {
	v, err := strconv.ParseInt(value, 10, 64)
	m := nstatName.FindStringSubmatch(full)
	if m == nil || err != nil {
		return NetstatCounter{}, false
	}
	return NetstatCounter{Section: m[1], Name: m[2], Text: full, Value: v}, true
}

// nstatTable reads the kernel's own form: a line of names above a line of values, from line n on.
func nstatTable(in *Input, n int, section string, names, values []string) {
	if len(names) != len(values) {
		in.Unrecognized(n)
		return
	}
	in.Skip(n, n+1)
	for i, name := range names {
		v, err := strconv.ParseInt(values[i], 10, 64)
		if err != nil {
			in.Unrecognized(n + 1)
			continue
		}
		in.Emit(n, n+1, NetstatCounter{Section: section, Name: name, Text: section + name, Value: v})
	}
}
