package parsers

import (
	"bytes"
	"errors"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"coldcase/fact"
)

// PcapCapture sums up one packet capture.
type PcapCapture struct {
	Path     string `cel:"path" json:"path"`
	Format   string `cel:"format" json:"format"`     // "pcap", "pcap (nanoseconds)", "pcap (modified)", "pcapng"
	LinkType string `cel:"linkType" json:"linkType"` // "EN10MB", "LINUX_SLL2"; several are parted by commas
	Packets  int64  `cel:"packets" json:"packets"`
	Bytes    int64  `cel:"bytes" json:"bytes"`     // on the wire
	Dropped  int64  `cel:"dropped" json:"dropped"` // by interface and system, as pcapng counts them; classic pcap does not say
	Flows    int64  `cel:"flows" json:"flows"`     // conversations: address pairs with protocol and ports, innermost headers
	// FlowsEvicted counts flows that were forgotten to bound memory; one that came back is counted twice in Flows.
	FlowsEvicted    int64     `cel:"flowsEvicted" json:"flowsEvicted"`
	SnapLen         int64     `cel:"snapLen" json:"snapLen"` // 0: not limited
	First           time.Time `cel:"first" json:"first,omitzero"`
	Last            time.Time `cel:"last" json:"last,omitzero"`
	DurationSeconds float64   `cel:"durationSeconds" json:"durationSeconds"`
	Truncated       bool      `cel:"truncated" json:"truncated"` // the file ends inside a record, or is damaged
	Problem         string    `cel:"problem" json:"problem"`     // where and how, when Truncated
	Unknown         int64     `cel:"unknown" json:"unknown"`     // packets with an unknown link type or damaged headers
	Interfaces      []string  `cel:"interfaces" json:"interfaces"`
	// Totals, whatever number of facts of each kind the capture yields.
	SynUnanswered int64 `cel:"synUnanswered" json:"synUnanswered"`
	SynRefused    int64 `cel:"synRefused" json:"synRefused"`
	DNSUnanswered int64 `cel:"dnsUnanswered" json:"dnsUnanswered"`
	DNSResponses  int64 `cel:"dnsResponses" json:"dnsResponses"`
}

// FactKind implements fact.Value.
func (PcapCapture) FactKind() fact.Kind { return "pcap.capture" }

// FactPlace implements fact.Placed.
func (c PcapCapture) FactPlace() fact.Place { return fact.Place{Capture: c.Path} }

var _ = register(Parser{
	Name:      "pcap",
	Doc:       "packet captures, pcap and pcapng: refused and unanswered connections, lost DNS queries, packets too large for a link (draft-ietf-opsawg-pcapng)",
	Artifacts: []string{"capture/pcap"},
	Facts:     []fact.Value{PcapCapture{}, PcapSynUnanswered{}, PcapSynRefused{}, PcapDNSUnanswered{}, PcapFragNeeded{}},
	Parse:     parsePcap,
})

const (
	pcapMaxFacts   = 4096 // of each kind; the totals in PcapCapture stay exact
	pcapMaxNames   = 64   // interfaces that are listed
	pcapMaxIfIndex = 4096 // cooked interface indexes that are told apart
)

func parsePcap(in *Input) error {
	in.Skip(1, in.Text.Lines())
	return ParseCapture(bytes.NewReader(in.Text.Bytes()), in)
}

// ParseCapture reads a capture as a stream, in bounded memory, and emits its facts to in. It returns an error when r
// holds no capture at all; a capture that is cut off yields what could be read, and PcapCapture says so.
func ParseCapture(r io.Reader, in *Input) error {
	reader, err := newPcapReader(r)
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) && (in.Text == nil || len(in.Text.Bytes()) == 0) {
			in.Absent("the capture holds no data: " + err.Error())
			return nil
		}
		return err
	}
	run := newPcapRun(in)
	var pkt pcapPacket
	for {
		err := reader.next(&pkt)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			run.sum.Truncated, run.sum.Problem = true, err.Error()
			break
		}
		run.packet(&pkt)
	}
	run.finish(reader)
	return nil
}

// pcapRun is one pass over a capture.
type pcapRun struct {
	in          *Input
	sum         PcapCapture
	first, last int64
	headers     pcapHeaders
	flows       *pcapFlows
	syns        *pcapSyns
	dns         *pcapDNS
	frags       pcapFrags
	links       map[uint16]bool
	indexes     map[uint32]bool // of cooked and modified captures
}

func newPcapRun(in *Input) *pcapRun {
	flows := newPcapFlows(pcapMaxFlows)
	return &pcapRun{
		in: in, sum: PcapCapture{Path: in.Path, Interfaces: []string{}}, flows: flows,
		syns: newPcapSyns(), dns: newPcapDNS(flows), frags: pcapFrags{seen: map[pcapFragKey]*pcapFrag{}}, links: map[uint16]bool{}, indexes: map[uint32]bool{},
	}
}

// packet counts one packet and hands it to the rules. A bug in decoding costs that packet, not the capture.
func (r *pcapRun) packet(pkt *pcapPacket) {
	r.sum.Packets++
	r.sum.Bytes += int64(pkt.wire)
	if pkt.nanos != 0 {
		if r.first == 0 || pkt.nanos < r.first {
			r.first = pkt.nanos
		}
		r.last = max(r.last, pkt.nanos)
	}
	defer func() {
		if recover() != nil {
			r.sum.Unknown++
		}
	}()
	if !r.links[pkt.link] {
		r.links[pkt.link] = true
	}
	h := &r.headers
	result := h.decode(pkt)
	if h.iface != 0 && len(r.indexes) < pcapMaxIfIndex && !r.indexes[h.iface] {
		r.indexes[h.iface] = true
	}
	switch result {
	case pcapUnknown:
		r.sum.Unknown++
	case pcapIP:
		r.flows.see(h)
		r.frags.see(h, int(r.sum.Packets), pkt.nanos)
	case pcapTransport:
		r.flows.see(h)
		n := int(r.sum.Packets)
		switch {
		case h.proto == pcapTCP && h.flags&(pcapSYN|pcapRST) != 0:
			r.syns.see(h, n, pkt.nanos)
		case h.proto == pcapUDP && (h.dstPort == pcapDNSPort || h.srcPort == pcapDNSPort || h.dstPort == pcapDNSPod || h.srcPort == pcapDNSPod):
			r.dns.see(h, n, pkt.nanos)
		}
	}
}

// finish emits the summary first, then the rest in the order of their packets.
func (r *pcapRun) finish(p *pcapReader) {
	r.syns.finish()
	r.dns.finish(r.last)
	s := &r.sum
	s.Format = p.format
	s.Flows, s.FlowsEvicted = r.flows.opened, r.flows.evicted
	s.First, s.Last = pcapTime(r.first), pcapTime(r.last)
	s.DurationSeconds = float64(r.last-r.first) / 1e9
	for _, i := range p.interfaces {
		s.SnapLen = max(s.SnapLen, i.snap)
		s.Dropped += i.dropped
	}
	s.LinkType = r.linkNames(p)
	s.Interfaces = r.interfaceNames(p)
	unanswered := r.syns.unanswered(r.in.Path, r.last, r.flows)
	refused := r.syns.refused(r.in.Path)
	s.SynUnanswered, s.SynRefused = r.syns.lost, r.syns.refusals
	s.DNSUnanswered, s.DNSResponses = r.dns.lost, r.dns.responses
	r.in.EmitPacket(1, s.First, *s)
	for _, f := range unanswered {
		r.in.EmitPacket(f.packet, pcapTime(f.nanos), f.value)
	}
	for _, f := range refused {
		r.in.EmitPacket(f.packet, pcapTime(f.nanos), f.value)
	}
	for _, f := range append(r.dns.facts(r.in.Path), r.frags.facts(r.in.Path)...) {
		r.in.EmitPacket(f.packet, pcapTime(f.nanos), f.value)
	}
}

// pcapFound is a fact with the packet that shows it.
type pcapFound struct {
	packet int
	nanos  int64
	value  fact.Value
}

func (r *pcapRun) linkNames(p *pcapReader) string {
	for _, i := range p.interfaces {
		r.links[i.link] = true
	}
	var links []int
	for link := range r.links {
		links = append(links, int(link))
	}
	sort.Ints(links)
	var names []string
	for _, link := range links[:min(len(links), pcapMaxNames)] {
		name := pcapLinkNames[uint16(link)]
		if name == "" {
			name = "LINKTYPE " + strconv.Itoa(link)
		}
		names = append(names, name)
	}
	return strings.Join(names, ",")
}

// interfaceNames are those of pcapng, or the indexes that cooked headers carry.
func (r *pcapRun) interfaceNames(p *pcapReader) []string {
	names := []string{}
	for _, i := range p.interfaces {
		if i.name != "" && len(names) < pcapMaxNames {
			names = append(names, strings.ToValidUTF8(i.name, "?"))
		}
	}
	if len(names) > 0 || p.format == "pcapng" {
		return names
	}
	var indexes []int
	for i := range r.indexes {
		indexes = append(indexes, int(i))
	}
	sort.Ints(indexes)
	for _, i := range indexes[:min(len(indexes), pcapMaxNames)] {
		names = append(names, "index "+strconv.Itoa(i))
	}
	return names
}

func pcapTime(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}
