package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// NetstatCounter is one protocol counter since boot, under the kernel's own name whichever tool printed it.
// Source: net-tools netstat(8) -s, iproute2 nstat(8), /proc/net/snmp and /proc/net/netstat (net/ipv4/proc.c).
type NetstatCounter struct {
	Section string `cel:"section" json:"section"` // "Ip", "Tcp", "TcpExt", "Udp", "Ip6"
	Name    string `cel:"name" json:"name"`       // MIB name: "ListenOverflows"; the phrase where it is not known
	Text    string `cel:"text" json:"text"`       // as printed: "12 times the listen queue of a socket overflowed"
	Value   int64  `cel:"value" json:"value"`
}

// FactKind implements fact.Value.
func (NetstatCounter) FactKind() fact.Kind { return "netstat.counter" }

var _ = register(Parser{
	Name:      "netstat-s",
	Doc:       "netstat -s of net-tools, phrases mapped to MIB names (netstat(8))",
	Artifacts: []string{"node/netstat-s"},
	Facts:     []fact.Value{NetstatCounter{}},
	Parse:     parseNetstatS,
})

var (
	netstatSection = regexp.MustCompile(`^([A-Z]\w+):$`)
	netstatPlain   = regexp.MustCompile(`^([A-Za-z]\w*): (-?\d+)$`)
	netstatNumber  = regexp.MustCompile(`(?:^|\s)\d+(?:\s|$)`)
)

func parseNetstatS(in *Input) error {
	section, direction := "", ""
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if isPrompt(line) {
			in.Skip(n, n)
			continue
		}
		if m := netstatSection.FindStringSubmatch(line); m != nil {
			section, direction = m[1], ""
			in.Skip(n, n)
			continue
		}
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "ICMP input histogram"):
			direction = "in "
			in.Skip(n, n)
		case strings.HasPrefix(text, "ICMP output histogram"):
			direction = "out "
			in.Skip(n, n)
		case strings.HasPrefix(text, "Forwarding is "):
			in.Skip(n, n)
		case section != "" && text != "":
			if c, ok := netstatLine(section, direction, text); ok {
				in.Emit(n, n, c)
			}
		}
	}
	return nil
}

func netstatLine(section, direction, text string) (NetstatCounter, bool) {
	c := NetstatCounter{Section: section, Text: text}
	if m := netstatPlain.FindStringSubmatch(text); m != nil && netstatPhrases(section, direction, m[1]+": #") == "" {
		v, err := strconv.ParseInt(m[2], 10, 64)
		c.Name, c.Value = netstatTrim(section, m[1]), v
		return c, err == nil
	}
	at := netstatNumber.FindStringIndex(text)
	if at == nil {
		return c, false
	}
	digits := strings.TrimSpace(text[at[0]:at[1]])
	phrase := strings.TrimSuffix(strings.Replace(text, digits, "#", 1), ".")
	v, err := strconv.ParseInt(digits, 10, 64)
	if c.Name, c.Value = netstatPhrases(section, direction, phrase), v; c.Name == "" {
		c.Name = phrase
	}
	return c, err == nil
}

// netstatTrim takes the section off names that repeat it, as "Ip6InOctets" below "Ip6:".
func netstatTrim(section, name string) string {
	if rest := strings.TrimPrefix(name, section); strings.HasSuffix(section, "6") && rest != "" {
		return rest
	}
	return name
}

// netstatPhrases is the MIB name of a phrase, in which the number stands as "#"; "" when it is not known. IPv6
// sections use the words of their IPv4 counterparts.
func netstatPhrases(section, direction, phrase string) string {
	for _, s := range []string{section, strings.TrimSuffix(section, "6"), strings.TrimSuffix(section, "Lite")} {
		if name := netstatMIB[s+" "+direction+phrase]; name != "" {
			return name
		}
		if name := netstatMIB[s+" "+phrase]; name != "" {
			return name
		}
	}
	return ""
}
