package parsers

import (
	"net/netip"
	"sort"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"coldcase/fact"
)

// PcapDNSUnanswered is a DNS query whose first transmission got no answer.
type PcapDNSUnanswered struct {
	Capture string `cel:"capture" json:"capture"`
	Client  string `cel:"client" json:"client"`
	Server  string `cel:"server" json:"server"`
	SrcPort int64  `cel:"srcPort" json:"srcPort"`
	Name    string `cel:"name" json:"name"` // lower case, without the final dot
	Type    string `cel:"type" json:"type"` // "A", "AAAA", "SRV"
	ID      int64  `cel:"id" json:"id"`
	Retries int64  `cel:"retries" json:"retries"` // from the same socket, or from another one of the client
	// ResentAfterSeconds is the time to the first repetition; 0 when it was never asked again.
	ResentAfterSeconds float64 `cel:"resentAfterSeconds" json:"resentAfterSeconds"`
	// SiblingAnswered: the query for the other address family, sent from the same socket within 10 ms, was answered
	// before this one was asked again. With ResentAfterSeconds near 5 that is the conntrack race.
	SiblingAnswered bool  `cel:"siblingAnswered" json:"siblingAnswered"`
	AnsweredLater   bool  `cel:"answeredLater" json:"answeredLater"` // a repetition was answered
	SawReverse      bool  `cel:"sawReverse" json:"sawReverse"`       // the capture has packets from Server to Client
	Unanswered      int64 `cel:"unanswered" json:"unanswered"`       // such queries in the whole capture
}

// FactKind implements fact.Value.
func (PcapDNSUnanswered) FactKind() fact.Kind { return "pcap.dns-unanswered" }

// FactPlace implements fact.Placed.
func (d PcapDNSUnanswered) FactPlace() fact.Place { return fact.Place{Capture: d.Capture} }

const (
	pcapDNSPort = 53
	pcapDNSPod  = 5353 // where DNS pods of some distributions listen

	pcapMaxQueries  = 64 << 10
	pcapDNSForget   = 90 * 1000 * pcapMilli // older queries are judged and forgotten
	pcapDNSReuse    = 60 * 1000 * pcapMilli // the same id from the same port is a new query by then
	pcapDNSResend   = 100 * pcapMilli       // sooner it is a copy of the same packet
	pcapDNSOther    = 31 * 1000 * pcapMilli // a query for the same from another socket, within this time, is a repetition
	pcapDNSSibling  = 10 * pcapMilli
	pcapDNSPatience = 5 * 1000 * pcapMilli // the default timeout of resolvers
)

type pcapQueryKey struct {
	client   pcapAddr
	port, id uint16
	kind     dnsmessage.Type
	name     string
}

// pcapQuery is a question that waits for its answer, or got it a moment ago.
type pcapQuery struct {
	key             pcapQueryKey
	server          pcapAddr
	iface           uint32
	packet          int
	first, last     int64
	sends, answers  int64
	retries         int64
	answered        int64 // when first, 0: not yet
	lastAnswer      int64
	answerIface     uint32
	resent          int64 // when first asked again without an answer, 0: not
	sibling, repeat *pcapQuery
	newer           *pcapQuery
}

// pcapDNS pairs queries with answers by client, transaction id, name and type. The server is no part of it: NAT may
// have changed its address on one of the two ways.
type pcapDNS struct {
	flows          *pcapFlows
	queries        map[pcapQueryKey]*pcapQuery
	latest         map[pcapQueryKey]*pcapQuery // without port and id
	sockets        map[pcapQueryKey]*pcapQuery // without id and type
	oldest, newest *pcapQuery
	count          int
	lost           int64
	responses      int64
	found          []pcapFound
}

func newPcapDNS(flows *pcapFlows) *pcapDNS {
	return &pcapDNS{
		flows: flows, queries: map[pcapQueryKey]*pcapQuery{}, latest: map[pcapQueryKey]*pcapQuery{}, sockets: map[pcapQueryKey]*pcapQuery{},
	}
}

func (t *pcapDNS) see(h *pcapHeaders, packet int, nanos int64) {
	if netip.AddrFrom16(h.dst).Unmap().IsMulticast() { // mDNS
		return
	}
	var p dnsmessage.Parser
	head, err := p.Start(h.payload)
	if err != nil || head.OpCode != 0 {
		return
	}
	q, err := p.Question()
	if err != nil {
		return
	}
	key := pcapQueryKey{id: head.ID, kind: q.Type, name: pcapName(q.Name)}
	switch {
	case head.Response && (h.srcPort == pcapDNSPort || h.srcPort == pcapDNSPod):
		key.client, key.port = h.dst, h.dstPort
		t.responses++
		t.answer(key, h, nanos)
	case !head.Response && (h.dstPort == pcapDNSPort || h.dstPort == pcapDNSPod):
		key.client, key.port = h.src, h.srcPort
		t.query(key, h, packet, nanos)
	}
}

// pcapName is compared in lower case: resolvers may mix the case to harden themselves.
func pcapName(n dnsmessage.Name) string {
	s := strings.ToLower(strings.ToValidUTF8(n.String(), "?"))
	if len(s) > 1 {
		s = strings.TrimSuffix(s, ".")
	}
	return s
}

func (t *pcapDNS) query(key pcapQueryKey, h *pcapHeaders, packet int, nanos int64) {
	for t.oldest != nil && (t.count >= pcapMaxQueries || nanos-t.oldest.first > pcapDNSForget) {
		t.retire(t.oldest, nanos)
	}
	if q := t.queries[key]; q != nil && nanos-q.first < pcapDNSReuse {
		if h.iface == q.iface && nanos-q.last >= pcapDNSResend {
			q.sends, q.last = q.sends+1, nanos
			q.again(nil, nanos)
		}
		return
	}
	q := &pcapQuery{key: key, server: h.dst, iface: h.iface, packet: packet, first: nanos, last: nanos, sends: 1}
	t.relate(q)
	t.queries[key] = q
	if t.newest != nil {
		t.newest.newer = q
	} else {
		t.oldest = q
	}
	t.newest = q
	t.count++
}

// relate finds the query that a new one repeats, and the one that was sent along with it.
func (t *pcapDNS) relate(q *pcapQuery) {
	same := pcapQueryKey{client: q.key.client, kind: q.key.kind, name: q.key.name}
	if before := t.latest[same]; before != nil {
		if gap := q.first - before.last; gap >= pcapDNSResend && q.first-before.first < pcapDNSOther {
			before.again(q, q.first)
		}
	}
	t.latest[same] = q
	socket := pcapQueryKey{client: q.key.client, port: q.key.port, name: q.key.name}
	if other := t.sockets[socket]; other != nil && other.key.kind != q.key.kind {
		if gap := q.first - other.first; gap >= 0 && gap <= pcapDNSSibling {
			q.sibling, other.sibling = other, q
		}
	}
	t.sockets[socket] = q
}

// again notes that the client asked again, by another query when repeat is not nil.
func (q *pcapQuery) again(repeat *pcapQuery, nanos int64) {
	if q.answered != 0 {
		return
	}
	q.retries++
	if q.resent == 0 {
		q.resent = nanos
	}
	if repeat != nil {
		q.repeat = repeat
	}
}

func (t *pcapDNS) answer(key pcapQueryKey, h *pcapHeaders, nanos int64) {
	q := t.queries[key]
	switch {
	case q == nil:
	case q.answered == 0:
		q.answered, q.lastAnswer, q.answerIface, q.answers = nanos, nanos, h.iface, 1
	case h.iface == q.answerIface && nanos-q.lastAnswer >= pcapMilli:
		q.answers, q.lastAnswer = q.answers+1, nanos
	}
}

// retire forgets the oldest query and judges it; end is the time up to which the capture was read.
func (t *pcapDNS) retire(q *pcapQuery, end int64) {
	t.oldest = q.newer
	if t.oldest == nil {
		t.newest = nil
	}
	t.count--
	pcapForget(t.queries, q.key, q)
	pcapForget(t.latest, pcapQueryKey{client: q.key.client, kind: q.key.kind, name: q.key.name}, q)
	pcapForget(t.sockets, pcapQueryKey{client: q.key.client, port: q.key.port, name: q.key.name}, q)
	reverse := t.flows.spoke(q.server, q.key.client)
	if q.answered == 0 && q.resent == 0 && (end-q.first < pcapDNSPatience || !reverse) {
		return // too early to tell, or a one-way capture
	}
	// As many answers as questions: a slow server, nothing was lost.
	if q.answers >= q.sends {
		return
	}
	// Asked again although it was answered: that query was not lost in front of the capture point.
	if q.answered != 0 && q.resent == 0 {
		return
	}
	t.lost++
	if len(t.found) >= pcapMaxFacts {
		return
	}
	t.found = append(t.found, pcapFound{packet: q.packet, nanos: q.first, value: q.fact(reverse)})
}

func pcapForget(m map[pcapQueryKey]*pcapQuery, key pcapQueryKey, q *pcapQuery) {
	if m[key] == q {
		delete(m, key)
	}
}

func (q *pcapQuery) fact(reverse bool) PcapDNSUnanswered {
	d := PcapDNSUnanswered{
		Client: q.key.client.String(), Server: q.server.String(), SrcPort: int64(q.key.port), Name: q.key.name,
		Type: strings.TrimPrefix(q.key.kind.String(), "Type"), ID: int64(q.key.id), Retries: q.retries, SawReverse: reverse,
		AnsweredLater: q.answered != 0 || q.repeat != nil && q.repeat.answered != 0,
	}
	if q.resent != 0 {
		d.ResentAfterSeconds = float64(q.resent-q.first) / 1e9
	}
	if s := q.sibling; s != nil {
		d.SiblingAnswered = s.answered != 0 && (q.resent == 0 || s.answered < q.resent)
	}
	return d
}

func (t *pcapDNS) finish(end int64) {
	for t.oldest != nil {
		t.retire(t.oldest, end)
	}
}

// facts are in the order of their packets.
func (t *pcapDNS) facts(path string) []pcapFound {
	for i := range t.found {
		d := t.found[i].value.(PcapDNSUnanswered)
		d.Capture, d.Unanswered = path, t.lost
		t.found[i].value = d
	}
	sort.SliceStable(t.found, func(i, j int) bool { return t.found[i].packet < t.found[j].packet })
	return t.found
}
