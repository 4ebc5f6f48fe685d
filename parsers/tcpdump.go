package parsers

import (
	"errors"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"coldcase/fact"
)

var _ = register(Parser{
	Name:      "tcpdump",
	Doc:       "what tcpdump prints instead of writing a capture: refused and unanswered connections, lost DNS queries (tcpdump(8), 3.9 to 4.99)",
	Artifacts: []string{"capture/text"},
	Facts:     []fact.Value{PcapCapture{}, PcapSynUnanswered{}, PcapSynRefused{}, PcapDNSUnanswered{}},
	Parse:     parseTcpdump,
})

const (
	tcpdumpMaxLines = 64       // of one packet: -v and hex dumps take several
	tcpdumpMaxText  = 4 << 10  // bytes of one packet that are looked at
	tcpdumpMaxKnown = 64 << 10 // connections and queries that are remembered
)

var (
	tcpdumpStamp = regexp.MustCompile(`^(?:(\d{4}-\d\d-\d\d) )?(\d\d):(\d\d):(\d\d)\.(\d{6})\d{0,3} `)
	tcpdumpEpoch = regexp.MustCompile(`^(\d{9,10})\.(\d{6})\d{0,3} `)
	tcpdumpEnds  = regexp.MustCompile(`([0-9a-fA-F][0-9a-fA-F:.]*)\.([a-z0-9][a-z0-9-]*) > ([0-9a-fA-F][0-9a-fA-F:.]*)\.([a-z0-9][a-z0-9-]*): `)
	tcpdumpNames = regexp.MustCompile(`\bIP6? .*\S+\.[a-z0-9-]+ > \S+\.[a-z0-9-]+: (?:Flags |UDP|\d+[+%|*$-]* )`)
	tcpdumpTCP   = regexp.MustCompile(`^Flags \[([SFRPWEUe.]+|none)\]`)
	tcpdumpTCP3  = regexp.MustCompile(`^([SFRP.]+) (\d+):\d+\(\d+\)`) // tcpdump 3.9
	tcpdumpField = regexp.MustCompile(`\b(seq|ack|win) (\d+)`)
	tcpdumpTTL   = regexp.MustCompile(`\bttl (\d+), id (\d+),`)
	tcpdumpQuery = regexp.MustCompile(`^(\d+)[+%|*$-]* (?:\[[^\]]*\] )*([A-Z]+)\? (\S+) \(\d+\)`)
	tcpdumpReply = regexp.MustCompile(`^(\d+)[+%|*$-]* .*?\d+/\d+/\d+`)
	tcpdumpLost  = regexp.MustCompile(`^(\d+) packets dropped by kernel`)
	tcpdumpTail  = regexp.MustCompile(`^(?:\d+ packets (?:captured|received by filter|dropped by (?:kernel|interface))|tcpdump: |listening on |dropped privs to )`)
)

// tcpdumpPorts are the services that tcpdump names when it is not told -n.
var tcpdumpPorts = map[string]uint16{"domain": 53, "mdns": 5353, "http": 80, "https": 443, "http-alt": 8080, "webcache": 8080, "ssh": 22}

var tcpdumpTypes = map[string]dnsmessage.Type{
	"A": dnsmessage.TypeA, "AAAA": dnsmessage.TypeAAAA, "SRV": dnsmessage.TypeSRV, "PTR": dnsmessage.TypePTR, "TXT": dnsmessage.TypeTXT,
	"MX": dnsmessage.TypeMX, "NS": dnsmessage.TypeNS, "CNAME": dnsmessage.TypeCNAME, "SOA": dnsmessage.TypeSOA,
}

// tcpdumpRun is one pass over the text.
type tcpdumpRun struct {
	in      *Input
	sum     PcapCapture
	flows   *pcapFlows
	syns    *pcapSyns
	dns     *pcapDNS
	seqs    map[pcapFlowKey]uint32       // of SYNs: later packets of a connection are printed with relative numbers
	asked   map[pcapFlowKey]pcapQueryKey // answers are printed without their question
	named   bool                         // there are packets with names in place of addresses
	dated   bool
	first   int64 // nanoseconds, of the day when the text has no date
	last    int64
	spans   map[int]int // last lines of packets that take several, by their first
	lines   int         // of the packet at hand
	at      int
	text    strings.Builder
	packets int
}

func parseTcpdump(in *Input) error {
	flows := newPcapFlows(pcapMaxFlows)
	r := &tcpdumpRun{
		in: in, sum: PcapCapture{Path: in.Path, Format: "text", LinkType: "text", Interfaces: []string{}}, flows: flows, syns: newPcapSyns(),
		dns: newPcapDNS(flows), spans: map[int]int{}, seqs: map[pcapFlowKey]uint32{}, asked: map[pcapFlowKey]pcapQueryKey{},
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		switch {
		case tcpdumpStamp.MatchString(line) || tcpdumpEpoch.MatchString(line):
			r.packet()
			r.at, r.lines = n, 1
			r.text.WriteString(line)
		case line == "" || tcpdumpTail.MatchString(line):
			if m := tcpdumpLost.FindStringSubmatch(line); m != nil {
				r.sum.Dropped, _ = strconv.ParseInt(m[1], 10, 64)
			}
			in.Skip(n, n)
		case r.at > 0 && n == r.at+r.lines && r.lines < tcpdumpMaxLines:
			r.lines++
			if r.text.Len()+len(line) < tcpdumpMaxText {
				r.text.WriteString(" " + strings.TrimSpace(line))
			}
		}
	}
	r.packet()
	if r.named {
		in.Partial("packets with names in place of addresses were left out; tcpdump -nn prints addresses")
	}
	if r.packets == 0 {
		return errors.New("no packet as tcpdump prints them")
	}
	r.finish()
	return nil
}

// packet hands the packet at hand to the rules.
func (r *tcpdumpRun) packet() {
	text := r.text.String()
	r.text.Reset()
	if r.at == 0 || text == "" {
		return
	}
	r.packets++
	if last := r.at + r.lines - 1; last > r.at && len(r.spans) < tcpdumpMaxKnown {
		r.spans[r.at] = last
	}
	nanos, rest := r.clock(text)
	r.in.Skip(r.at, r.at+r.lines-1)
	all := tcpdumpEnds.FindAllStringSubmatchIndex(rest, 8)
	if len(all) == 0 {
		r.named = r.named || tcpdumpNames.MatchString(rest)
		return // ARP, ICMP, or names instead of addresses
	}
	m := all[len(all)-1] // the innermost of a tunnel
	var h pcapHeaders
	if !h.ends(rest[m[2]:m[3]], rest[m[4]:m[5]], rest[m[6]:m[7]], rest[m[8]:m[9]]) {
		return
	}
	if t := tcpdumpTTL.FindAllStringSubmatch(rest[:m[0]], 8); len(t) > 0 {
		h.ttl, h.id = uint8(number(t[len(t)-1][1])), uint16(number(t[len(t)-1][2]))
	}
	body := rest[m[1]:]
	switch flags := tcpdumpFlags(body); {
	case flags != "":
		r.tcp(&h, flags, body, nanos)
	default:
		r.udp(&h, body, nanos)
	}
}

// clock reads the stamp. Without a date a time that goes back by hours is the next day.
func (r *tcpdumpRun) clock(text string) (nanos int64, rest string) {
	if m := tcpdumpEpoch.FindStringSubmatch(text); m != nil {
		r.dated = true
		nanos, rest = number(m[1])*1e9+number(m[2])*1000, text[len(m[0]):]
	} else if m := tcpdumpStamp.FindStringSubmatch(text); m != nil {
		nanos, rest = (number(m[2])*3600+number(m[3])*60+number(m[4]))*1e9+number(m[5])*1000, text[len(m[0]):]
		if day, err := time.Parse(time.DateOnly, m[1]); err == nil {
			r.dated = true
			nanos += day.UnixNano()
		} else if r.last-nanos > int64(12*time.Hour) {
			nanos += int64(24 * time.Hour)
		}
	}
	if r.packets == 1 {
		r.first = nanos
	}
	r.last = max(r.last, nanos)
	return nanos, rest
}

// ends reads both addresses and ports.
func (h *pcapHeaders) ends(src, srcPort, dst, dstPort string) bool {
	from, err1 := netip.ParseAddr(src)
	to, err2 := netip.ParseAddr(dst)
	h.src, h.dst = from.As16(), to.As16()
	var ok1, ok2 bool
	h.srcPort, ok1 = tcpdumpPort(srcPort)
	h.dstPort, ok2 = tcpdumpPort(dstPort)
	return err1 == nil && err2 == nil && ok1 && ok2
}

func tcpdumpPort(s string) (uint16, bool) {
	if p, ok := tcpdumpPorts[s]; ok {
		return p, true
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil
}

func tcpdumpFlags(body string) string {
	if m := tcpdumpTCP.FindStringSubmatch(body); m != nil {
		return m[1]
	}
	if m := tcpdumpTCP3.FindStringSubmatch(body); m != nil {
		return m[1]
	}
	return ""
}

func (r *tcpdumpRun) tcp(h *pcapHeaders, flags, body string, nanos int64) {
	h.proto = pcapTCP
	for letter, bit := range map[string]uint8{"S": pcapSYN, "F": pcapFIN, "R": pcapRST, ".": pcapACK} {
		if strings.Contains(flags, letter) {
			h.flags |= bit
		}
	}
	if m := tcpdumpTCP3.FindStringSubmatch(body); m != nil {
		h.seq = uint32(number(m[2]))
	}
	for _, m := range tcpdumpField.FindAllStringSubmatch(body, 4) {
		switch m[1] {
		case "seq":
			h.seq = uint32(number(m[2]))
		case "ack":
			h.ack, h.flags = uint32(number(m[2])), h.flags|pcapACK
		case "win":
			h.window = uint16(min(number(m[2]), 65535))
		}
	}
	r.flows.see(h)
	mine := pcapFlowKey{a: h.src, aPort: h.srcPort, b: h.dst, bPort: h.dstPort}
	theirs := pcapFlowKey{a: h.dst, aPort: h.dstPort, b: h.src, bPort: h.srcPort}
	if seq, known := r.seqs[theirs]; known && h.flags&(pcapSYN|pcapRST) != 0 {
		h.ack = seq + 1
	}
	if h.flags&(pcapSYN|pcapACK) == pcapSYN && len(r.seqs) < tcpdumpMaxKnown {
		r.seqs[mine] = h.seq
	}
	if h.flags&(pcapSYN|pcapRST) != 0 {
		r.syns.see(h, r.at, nanos)
	}
}

func (r *tcpdumpRun) udp(h *pcapHeaders, body string, nanos int64) {
	h.proto = pcapUDP
	r.flows.see(h)
	if q := tcpdumpQuery.FindStringSubmatch(body); q != nil && tcpdumpTypes[q[2]] != 0 {
		key := pcapQueryKey{client: h.src, port: h.srcPort, id: uint16(number(q[1])), kind: tcpdumpTypes[q[2]], name: strings.TrimSuffix(strings.ToLower(q[3]), ".")}
		if len(r.asked) < tcpdumpMaxKnown {
			r.asked[pcapFlowKey{a: h.src, aPort: h.srcPort, bPort: key.id}] = key
		}
		r.dns.query(key, h, r.at, nanos)
		return
	}
	if a := tcpdumpReply.FindStringSubmatch(body); a != nil && (h.srcPort == pcapDNSPort || h.srcPort == pcapDNSPod) {
		r.dns.responses++
		if key, ok := r.asked[pcapFlowKey{a: h.dst, aPort: h.dstPort, bPort: uint16(number(a[1]))}]; ok {
			r.dns.answer(key, h, nanos)
		}
	}
}

// finish emits the summary on the first packet's line, then the rest, each on the line of its packet.
func (r *tcpdumpRun) finish() {
	r.syns.finish()
	r.dns.finish(r.last)
	found := append(r.syns.unanswered(r.in.Path, r.last, r.flows), r.syns.refused(r.in.Path)...)
	found = append(found, r.dns.facts(r.in.Path)...)
	s := &r.sum
	s.Packets, s.Flows, s.FlowsEvicted = int64(r.packets), r.flows.opened, r.flows.evicted
	s.DurationSeconds = float64(r.last-r.first) / 1e9
	s.SynUnanswered, s.SynRefused, s.DNSUnanswered, s.DNSResponses = r.syns.lost, r.syns.refusals, r.dns.lost, r.dns.responses
	if r.dated {
		s.First, s.Last = pcapTime(r.first), pcapTime(r.last)
	}
	r.in.EmitAt(1, 1, "", s.First, *s)
	for _, f := range found {
		at := time.Time{}
		if r.dated {
			at = pcapTime(f.nanos)
		}
		r.in.EmitAt(f.packet, max(f.packet, r.spans[f.packet]), "", at, f.value)
	}
}

// number reads digits that an expression has matched; too many of them are 0.
func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}
