package parsers

import (
	"encoding/binary"
)

// transport reads the header above IP: a transport protocol or a tunnel, into which it goes.
func (h *pcapHeaders) transport(proto uint8, fragment uint16, b []byte) pcapResult {
	h.proto = proto
	if fragment != 0 {
		return pcapIP
	}
	switch proto {
	case pcapTCP:
		return h.tcp(b)
	case pcapUDP:
		return h.udp(b)
	case 4, 41: // IP in IP, IPv6 in IPv4
		if r, ok := h.inner(b, (*pcapHeaders).ip); ok {
			return r
		}
	case 47:
		return h.gre(b)
	case pcapICMP, pcapICMPv6:
		h.payload = b
	}
	return pcapIP
}

// tcp needs the first 16 bytes only: a short snap length behind a tunnel must not hide ports and flags.
func (h *pcapHeaders) tcp(b []byte) pcapResult {
	if len(b) < 14 {
		return pcapIP
	}
	h.srcPort, h.dstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	h.seq, h.ack, h.flags = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]), b[13]
	if len(b) >= 16 {
		h.window = binary.BigEndian.Uint16(b[14:])
	}
	return pcapTransport
}

func (h *pcapHeaders) udp(b []byte) pcapResult {
	if len(b) < 8 {
		return pcapIP
	}
	src, dst := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	b = b[8:]
	if r, ok := h.udpTunnel(dst, b); ok {
		return r
	}
	h.srcPort, h.dstPort, h.payload = src, dst, b
	return pcapTransport
}

// udpTunnel recognises VXLAN (RFC 7348; Linux and flannel use port 8472), Geneve (RFC 8926) and flannel's own UDP
// encapsulation by port and shape.
func (h *pcapHeaders) udpTunnel(port uint16, b []byte) (pcapResult, bool) {
	switch {
	case (port == 4789 || port == 8472) && len(b) >= 8 && b[0]&0x08 != 0 && b[7] == 0:
		return h.inner(b[8:], (*pcapHeaders).ethernet)
	case port == 6081 && len(b) >= 8 && b[0]>>6 == 0:
		size := 8 + int(b[0]&0x3f)*4
		if size > len(b) {
			return 0, false
		}
		kind := binary.BigEndian.Uint16(b[2:])
		return h.inner(b[size:], func(h *pcapHeaders, b []byte) pcapResult { return h.payloadType(kind, b) })
	case port == 8285 && len(b) >= 20:
		return h.inner(b, (*pcapHeaders).ip)
	}
	return 0, false
}

// gre reads RFC 2784 and RFC 2890 headers.
func (h *pcapHeaders) gre(b []byte) pcapResult {
	if len(b) < 4 {
		return pcapIP
	}
	flags, kind := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	size := 4
	for _, bit := range []uint16{0x8000, 0x2000, 0x1000} { // checksum, key, sequence number
		if flags&bit != 0 {
			size += 4
		}
	}
	if flags&0x4007 != 0 || size > len(b) { // routing, or not version 0
		return pcapIP
	}
	if r, ok := h.inner(b[size:], func(h *pcapHeaders, b []byte) pcapResult { return h.payloadType(kind, b) }); ok {
		return r
	}
	return pcapIP
}

// payloadType goes on after a tunnel header that names its content by EtherType.
func (h *pcapHeaders) payloadType(kind uint16, b []byte) pcapResult {
	if kind == 0x6558 { // transparent Ethernet bridging
		return h.ethernet(b)
	}
	return h.etherType(kind, b)
}

// inner decodes what a tunnel carries. When that is damaged, cut off or too deep, the outer headers stay and ok is false.
func (h *pcapHeaders) inner(b []byte, walk func(*pcapHeaders, []byte) pcapResult) (pcapResult, bool) {
	if h.depth >= pcapMaxTunnels {
		return 0, false
	}
	outer := *h
	*h = pcapHeaders{iface: outer.iface, depth: outer.depth + 1}
	r := walk(h, b)
	if r == pcapUnknown {
		*h = outer
		return 0, false
	}
	return r, true
}
