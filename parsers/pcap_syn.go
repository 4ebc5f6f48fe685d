package parsers

import (
	"sort"

	"coldcase/fact"
)

// PcapSynUnanswered is a connection attempt that was repeated and got neither SYN,ACK nor RST.
type PcapSynUnanswered struct {
	Capture    string  `cel:"capture" json:"capture"`
	Src        string  `cel:"src" json:"src"`
	Dst        string  `cel:"dst" json:"dst"`
	SrcPort    int64   `cel:"srcPort" json:"srcPort"`
	DstPort    int64   `cel:"dstPort" json:"dstPort"`
	Attempts   int64   `cel:"attempts" json:"attempts"`     // SYNs with the same sequence number, copies left out
	Seconds    float64 `cel:"seconds" json:"seconds"`       // from the first to the last
	SawReverse bool    `cel:"sawReverse" json:"sawReverse"` // the capture has packets from Dst to Src: it is not one-way
}

// PcapSynRefused is a port that answered connection attempts of one client with RST.
type PcapSynRefused struct {
	Capture        string  `cel:"capture" json:"capture"`
	Src            string  `cel:"src" json:"src"`
	Dst            string  `cel:"dst" json:"dst"`
	DstPort        int64   `cel:"dstPort" json:"dstPort"`
	Count          int64   `cel:"count" json:"count"`
	RstAfterMillis float64 `cel:"rstAfterMillis" json:"rstAfterMillis"` // of the first, as the fields below
	RstTTL         int64   `cel:"rstTTL" json:"rstTTL"`
	SynTTL         int64   `cel:"synTTL" json:"synTTL"`
	Window         int64   `cel:"window" json:"window"` // of the RST; the kernel sends 0 for a closed port
}

// FactKind implements fact.Value.
func (PcapSynUnanswered) FactKind() fact.Kind { return "pcap.syn-unanswered" }

// FactKind implements fact.Value.
func (PcapSynRefused) FactKind() fact.Kind { return "pcap.syn-refused" }

// FactPlace implements fact.Placed.
func (s PcapSynUnanswered) FactPlace() fact.Place { return fact.Place{Capture: s.Capture} }

// FactPlace implements fact.Placed.
func (s PcapSynRefused) FactPlace() fact.Place { return fact.Place{Capture: s.Capture} }

const (
	pcapMaxSyns    = 256 << 10 // unanswered SYNs that are remembered
	pcapMaxSameSeq = 64        // of them with the same sequence number: more is a forged capture, and would cost time

	pcapMilli     = int64(1e6)
	pcapCopyNoID  = 20 * pcapMilli  // a SYN without IP identification that comes again this soon is a copy
	pcapCopySame  = 100 * pcapMilli // so is one with the same identification; no system repeats a SYN this soon
	pcapMinWindow = int64(1e9)      // the capture must go on this long after a SYN before silence means anything
)

// pcapSyn is a SYN that waits for its answer. Lists: by sequence number, and all by age.
type pcapSyn struct {
	src, dst         pcapAddr
	srcPort, dstPort uint16
	seq, iface       uint32
	id               uint16
	ttl              uint8
	packet           int
	first, last      int64
	attempts         int64
	sameSeq          *pcapSyn
	older, newer     *pcapSyn
}

// pcapRefusal is the key of a PcapSynRefused.
type pcapRefusal struct {
	src, dst pcapAddr
	port     uint16
}

// pcapSyns pairs SYNs with their answers. It pairs by sequence number, not by address: on a node's bridge the request
// may already show the address that DNAT chose while the answer still shows the Service's.
type pcapSyns struct {
	bySeq          map[uint32]*pcapSyn
	oldest, newest *pcapSyn
	count          int
	done           []*pcapSyn // repeated without answer
	lost, refusals int64
	refusal        map[pcapRefusal]*pcapFound
}

func newPcapSyns() *pcapSyns {
	return &pcapSyns{bySeq: map[uint32]*pcapSyn{}, refusal: map[pcapRefusal]*pcapFound{}}
}

func (t *pcapSyns) see(h *pcapHeaders, packet int, nanos int64) {
	switch {
	case h.flags&(pcapSYN|pcapACK|pcapRST) == pcapSYN:
		t.syn(h, packet, nanos)
	case h.flags&pcapACK != 0:
		s := t.match(h)
		if s == nil {
			return
		}
		t.remove(s)
		if h.flags&pcapRST != 0 {
			t.refuse(s, h, packet, nanos)
		}
	}
}

// syn notes a first SYN, a repetition, or a copy that the capture shows because it listens at several interfaces.
func (t *pcapSyns) syn(h *pcapHeaders, packet int, nanos int64) {
	same := 0
	for s := t.bySeq[h.seq]; s != nil; s = s.sameSeq {
		if same++; same >= pcapMaxSameSeq {
			return
		}
		if s.src == h.src && s.dst == h.dst && s.srcPort == h.srcPort && s.dstPort == h.dstPort {
			if s.repeats(h, nanos) {
				s.attempts, s.last, s.id = s.attempts+1, nanos, h.id
			}
			return
		}
	}
	if t.count >= pcapMaxSyns {
		t.retire(t.oldest)
	}
	s := &pcapSyn{
		src: h.src, dst: h.dst, srcPort: h.srcPort, dstPort: h.dstPort, seq: h.seq, iface: h.iface, id: h.id, ttl: h.ttl,
		packet: packet, first: nanos, last: nanos, attempts: 1, sameSeq: t.bySeq[h.seq], older: t.newest,
	}
	t.bySeq[h.seq] = s
	if t.newest != nil {
		t.newest.newer = s
	} else {
		t.oldest = s
	}
	t.newest = s
	t.count++
}

// repeats tells a repetition from a copy of the SYN seen last. Only the interface that showed it first counts; where the
// capture does not tell interfaces apart, the IP identification and the time do.
func (s *pcapSyn) repeats(h *pcapHeaders, nanos int64) bool {
	gap := nanos - s.last
	switch {
	case h.iface != s.iface || gap < pcapMilli:
		return false
	case h.id != s.id:
		return true
	case h.id == 0:
		return gap >= pcapCopyNoID
	}
	return gap >= pcapCopySame
}

// match finds the SYN that an answer acknowledges: the exact reverse, else one of the same client, else one that shares
// an end with it, as NAT may have changed the other.
func (t *pcapSyns) match(h *pcapHeaders) *pcapSyn {
	var best *pcapSyn
	rank := 0
	for s := t.bySeq[h.ack-1]; s != nil; s = s.sameSeq {
		client := s.src == h.dst && s.srcPort == h.dstPort
		server := s.dst == h.src && s.dstPort == h.srcPort
		r := 0
		switch {
		case client && server:
			return s
		case client:
			r = 3
		case server:
			r = 2
		case s.src == h.dst || s.dst == h.src || s.srcPort == h.dstPort || s.dstPort == h.srcPort:
			r = 1
		}
		if r > rank {
			best, rank = s, r
		}
	}
	return best
}

func (t *pcapSyns) refuse(s *pcapSyn, h *pcapHeaders, packet int, nanos int64) {
	t.refusals++
	key := pcapRefusal{s.src, s.dst, s.dstPort}
	if f := t.refusal[key]; f != nil {
		v := f.value.(PcapSynRefused)
		v.Count++
		f.value = v
		return
	}
	if len(t.refusal) >= pcapMaxFacts {
		return
	}
	t.refusal[key] = &pcapFound{packet: packet, nanos: nanos, value: PcapSynRefused{
		Src: s.src.String(), Dst: s.dst.String(), DstPort: int64(s.dstPort), Count: 1, RstAfterMillis: float64(nanos-s.last) / 1e6,
		RstTTL: int64(h.ttl), SynTTL: int64(s.ttl), Window: int64(h.window),
	}}
}

// retire takes a SYN out without an answer.
func (t *pcapSyns) retire(s *pcapSyn) {
	t.remove(s)
	if s.attempts < 2 {
		return
	}
	t.lost++
	if len(t.done) < pcapMaxFacts {
		t.done = append(t.done, s)
	}
}

func (t *pcapSyns) remove(s *pcapSyn) {
	if head := t.bySeq[s.seq]; head == s && s.sameSeq == nil {
		delete(t.bySeq, s.seq)
	} else if head == s {
		t.bySeq[s.seq] = s.sameSeq
	} else {
		for p := head; p != nil; p = p.sameSeq {
			if p.sameSeq == s {
				p.sameSeq = s.sameSeq
				break
			}
		}
	}
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		t.oldest = s.newer
	}
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		t.newest = s.older
	}
	s.older, s.newer, s.sameSeq = nil, nil, nil
	t.count--
}

// finish retires what still waits, oldest first.
func (t *pcapSyns) finish() {
	for t.oldest != nil {
		t.retire(t.oldest)
	}
}

// unanswered are the facts about repeated SYNs, in the order of their packets.
func (t *pcapSyns) unanswered(path string, end int64, flows *pcapFlows) []pcapFound {
	var out []pcapFound
	for _, s := range t.done {
		if end-s.first < pcapMinWindow {
			t.lost--
			continue
		}
		out = append(out, pcapFound{packet: s.packet, nanos: s.first, value: PcapSynUnanswered{
			Capture: path, Src: s.src.String(), Dst: s.dst.String(), SrcPort: int64(s.srcPort), DstPort: int64(s.dstPort),
			Attempts: s.attempts, Seconds: float64(s.last-s.first) / 1e9, SawReverse: flows.spoke(s.dst, s.src),
		}})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].packet < out[j].packet })
	return out
}

// refused are the facts about refusing ports, in the order of their first RST.
func (t *pcapSyns) refused(path string) []pcapFound {
	var out []pcapFound
	for _, f := range t.refusal {
		v := f.value.(PcapSynRefused)
		v.Capture = path
		out = append(out, pcapFound{packet: f.packet, nanos: f.nanos, value: v})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].packet < out[j].packet })
	return out
}
