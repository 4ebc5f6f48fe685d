package parsers

import (
	"encoding/binary"
)

// Link types that captures on cluster nodes have. https://www.tcpdump.org/linktypes.html
const (
	pcapLinkNull     = 0
	pcapLinkEthernet = 1
	pcapLinkRawBSD   = 12
	pcapLinkRawOBSD  = 14
	pcapLinkRaw      = 101
	pcapLinkLoop     = 108
	pcapLinkSLL      = 113
	pcapLinkIPv4     = 228
	pcapLinkIPv6     = 229
	pcapLinkSLL2     = 276
)

var pcapLinkNames = map[uint16]string{
	pcapLinkNull: "NULL", pcapLinkEthernet: "EN10MB", pcapLinkRawBSD: "RAW", pcapLinkRawOBSD: "RAW", pcapLinkRaw: "RAW", pcapLinkLoop: "LOOP",
	pcapLinkSLL: "LINUX_SLL", pcapLinkIPv4: "IPV4", pcapLinkIPv6: "IPV6", pcapLinkSLL2: "LINUX_SLL2",
}

// pcapResult is how far the walk through a packet's headers came.
type pcapResult uint8

const (
	pcapUnknown   pcapResult = iota // link type not known, or a header is damaged or cut off
	pcapNotIP                       // decoded, but not IP: ARP, LLDP, spanning tree
	pcapIP                          // IP without usable ports: ICMP, a later fragment, encrypted
	pcapTransport                   // TCP or UDP with ports
)

const (
	pcapTCP = 6
	pcapUDP = 17

	pcapFIN = 0x01
	pcapSYN = 0x02
	pcapRST = 0x04
	pcapACK = 0x10

	pcapMaxTunnels    = 4
	pcapMaxExtensions = 8
	pcapMaxTags       = 4
)

// pcapAddr is an IPv6 address, or an IPv4 address in its mapped form.
type pcapAddr [16]byte

// pcapHeaders is what the rules need of a packet: its innermost addresses and transport header.
type pcapHeaders struct {
	iface            uint32 // the container's interface, or the index that a cooked header carries
	depth            uint8  // tunnels around the inner packet
	proto            uint8
	ttl              uint8
	flags            uint8
	id               uint16 // IPv4 identification, 0 for IPv6
	window           uint16
	srcPort, dstPort uint16
	src, dst         pcapAddr
	seq, ack         uint32
	payload          []byte // of UDP and ICMP, as far as it was captured
}

// decode walks from the link layer to the innermost transport header. Every access is preceded by a length check.
func (h *pcapHeaders) decode(pkt *pcapPacket) pcapResult {
	*h = pcapHeaders{iface: pkt.iface}
	b := pkt.data
	switch pkt.link {
	case pcapLinkEthernet:
		return h.ethernet(b)
	case pcapLinkSLL:
		if len(b) < 16 {
			return pcapUnknown
		}
		return h.etherType(binary.BigEndian.Uint16(b[14:]), b[16:])
	case pcapLinkSLL2:
		if len(b) < 20 {
			return pcapUnknown
		}
		h.iface = binary.BigEndian.Uint32(b[4:])
		return h.etherType(binary.BigEndian.Uint16(b), b[20:])
	case pcapLinkRaw, pcapLinkRawBSD, pcapLinkRawOBSD, pcapLinkIPv4, pcapLinkIPv6:
		return h.ip(b)
	case pcapLinkNull, pcapLinkLoop:
		if len(b) < 4 {
			return pcapUnknown
		}
		// The address family's number and byte order are those of the capturing system; the IP version decides.
		return h.ip(b[4:])
	}
	return pcapUnknown
}

func (h *pcapHeaders) ethernet(b []byte) pcapResult {
	if len(b) < 14 {
		return pcapUnknown
	}
	return h.etherType(binary.BigEndian.Uint16(b[12:]), b[14:])
}

// etherType follows VLAN tags (802.1Q, 802.1ad, the older 0x9100) to the network layer.
func (h *pcapHeaders) etherType(t uint16, b []byte) pcapResult {
	for tags := 0; t == 0x8100 || t == 0x88a8 || t == 0x9100; tags++ {
		if len(b) < 4 || tags == pcapMaxTags {
			return pcapUnknown
		}
		t, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	if t == 0x0800 || t == 0x86dd {
		return h.ip(b)
	}
	return pcapNotIP
}

func (h *pcapHeaders) ip(b []byte) pcapResult {
	if len(b) == 0 {
		return pcapUnknown
	}
	switch b[0] >> 4 {
	case 4:
		return h.ipv4(b)
	case 6:
		return h.ipv6(b)
	}
	return pcapUnknown
}

func (h *pcapHeaders) ipv4(b []byte) pcapResult {
	if len(b) < 20 {
		return pcapUnknown
	}
	size, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if size < 20 || size > len(b) {
		return pcapUnknown
	}
	h.src, h.dst = pcapMapped(b[12:16]), pcapMapped(b[16:20])
	h.id, h.ttl = binary.BigEndian.Uint16(b[4:]), b[8]
	fragment := binary.BigEndian.Uint16(b[6:]) & 0x1fff
	// A length of 0 is that of a packet above 64 KiB (BIG TCP): then everything that was captured belongs to it.
	if total >= size && total < len(b) {
		b = b[:total]
	}
	return h.transport(b[9], fragment, b[size:])
}

func (h *pcapHeaders) ipv6(b []byte) pcapResult {
	if len(b) < 40 {
		return pcapUnknown
	}
	copy(h.src[:], b[8:24])
	copy(h.dst[:], b[24:40])
	h.id, h.ttl = 0, b[7]
	next, size := b[6], int(binary.BigEndian.Uint16(b[4:]))
	b = b[40:]
	if size > 0 && size < len(b) {
		b = b[:size]
	}
	fragment := uint16(0)
	for range pcapMaxExtensions {
		length := 0
		switch next {
		case 0, 43, 60, 135: // hop-by-hop, routing, destination, mobility
			if len(b) < 8 {
				return pcapUnknown
			}
			length = int(b[1])*8 + 8
		case 51: // authentication counts in words of 4 bytes
			if len(b) < 8 {
				return pcapUnknown
			}
			length = int(b[1])*4 + 8
		case 44:
			if len(b) < 8 {
				return pcapUnknown
			}
			length, fragment = 8, binary.BigEndian.Uint16(b[2:])>>3
		default:
			return h.transport(next, fragment, b)
		}
		if length > len(b) {
			return pcapUnknown
		}
		next, b = b[0], b[length:]
	}
	return pcapUnknown
}

// pcapMapped needs exactly four bytes.
func pcapMapped(b []byte) pcapAddr {
	a := pcapAddr{10: 0xff, 11: 0xff}
	copy(a[12:], b)
	return a
}
