package parsers

import (
	"encoding/binary"
	"sort"
	"strconv"

	"coldcase/fact"
)

// PcapFragNeeded is a router's word to a sender that its packets are too large for the next link and must not be
// fragmented: ICMP type 3 code 4 (RFC 792, RFC 1191) and ICMPv6 type 2 (RFC 4443).
type PcapFragNeeded struct {
	Capture string  `cel:"capture" json:"capture"`
	From    string  `cel:"from" json:"from"`   // who refused the packet
	To      string  `cel:"to" json:"to"`       // who had sent it
	Dst     string  `cel:"dst" json:"dst"`     // where the packet was to go; empty when the snap length cut it off
	MTU     int64   `cel:"mtu" json:"mtu"`     // of the next link, in bytes; 0 when the router does not say
	Proto   string  `cel:"proto" json:"proto"` // of the refused packet: "tcp", "udp", "ipip", "esp", or its number; empty with Dst
	Count   int64   `cel:"count" json:"count"`
	Seconds float64 `cel:"seconds" json:"seconds"` // from the first to the last
}

// FactKind implements fact.Value.
func (PcapFragNeeded) FactKind() fact.Kind { return "pcap.frag-needed" }

// FactPlace implements fact.Placed.
func (f PcapFragNeeded) FactPlace() fact.Place { return fact.Place{Capture: f.Capture} }

const (
	pcapICMP   = 1
	pcapICMPv6 = 58
)

var pcapProtoNames = map[uint8]string{1: "icmp", 4: "ipip", 6: "tcp", 17: "udp", 41: "ipv6", 47: "gre", 50: "esp", 58: "icmpv6"}

type pcapFragKey struct {
	from, to, dst pcapAddr
	mtu           uint32
	proto         uint8
}

type pcapFrag struct {
	key         pcapFragKey
	iface       uint32
	packet      int
	first, last int64
	count       int64
}

// pcapFrags counts the messages of each router to each sender.
type pcapFrags struct {
	seen map[pcapFragKey]*pcapFrag
}

// see takes an ICMP packet. What a capture on all interfaces shows twice is counted where it was seen first.
func (t *pcapFrags) see(h *pcapHeaders, packet int, nanos int64) {
	key, ok := pcapFragOf(h)
	if !ok {
		return
	}
	f := t.seen[key]
	if f == nil {
		if len(t.seen) >= pcapMaxFacts {
			return
		}
		f = &pcapFrag{key: key, iface: h.iface, packet: packet, first: nanos}
		t.seen[key] = f
	}
	if f.iface == h.iface {
		f.count, f.last = f.count+1, nanos
	}
}

// pcapFragOf reads the message and, as far as it was captured, the head of the refused packet that it quotes.
func pcapFragOf(h *pcapHeaders) (pcapFragKey, bool) {
	b, key := h.payload, pcapFragKey{from: h.src, to: h.dst}
	if len(b) < 8 {
		return key, false
	}
	quoted := b[8:]
	switch {
	case h.proto == pcapICMP && b[0] == 3 && b[1] == 4:
		key.mtu = uint32(binary.BigEndian.Uint16(b[6:]))
		if len(quoted) >= 20 && quoted[0]>>4 == 4 {
			key.proto, key.dst = quoted[9], pcapMapped(quoted[16:20])
		}
	case h.proto == pcapICMPv6 && b[0] == 2:
		key.mtu = binary.BigEndian.Uint32(b[4:])
		if len(quoted) >= 40 && quoted[0]>>4 == 6 {
			key.proto = quoted[6]
			copy(key.dst[:], quoted[24:40])
		}
	default:
		return key, false
	}
	return key, true
}

// facts are in the order of their packets.
func (t *pcapFrags) facts(path string) []pcapFound {
	var found []pcapFound
	for _, f := range t.seen {
		v := PcapFragNeeded{
			Capture: path, From: f.key.from.String(), To: f.key.to.String(), MTU: int64(f.key.mtu), Count: f.count,
			Seconds: float64(f.last-f.first) / 1e9,
		}
		if f.key.dst != (pcapAddr{}) {
			v.Dst, v.Proto = f.key.dst.String(), pcapProtoName(f.key.proto)
		}
		found = append(found, pcapFound{packet: f.packet, nanos: f.first, value: v})
	}
	sort.Slice(found, func(i, j int) bool { return found[i].packet < found[j].packet })
	return found
}

func pcapProtoName(proto uint8) string {
	if name := pcapProtoNames[proto]; name != "" {
		return name
	}
	return strconv.Itoa(int(proto))
}
