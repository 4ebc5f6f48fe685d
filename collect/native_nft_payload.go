//go:build linux

package collect

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Bases of payload expressions.
const (
	nftLink, nftNetwork, nftTransport = unix.NFT_PAYLOAD_LL_HEADER, unix.NFT_PAYLOAD_NETWORK_HEADER, unix.NFT_PAYLOAD_TRANSPORT_HEADER
)

// nftLayers are the values of meta that establish a protocol.
var nftLayers = map[string]*nftLayer{
	"nfproto":  {nftNetwork, map[uint64]string{2: "ip", 10: "ip6"}},
	"protocol": {nftNetwork, map[uint64]string{0x0800: "ip", 0x86dd: "ip6", 0x0806: "arp"}},
	"l4proto":  nftTransports,
	"iiftype":  {nftLink, map[uint64]string{unix.ARPHRD_ETHER: "ether"}},
}

var nftTransports = &nftLayer{nftTransport, map[uint64]string{
	1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 50: "esp", 51: "ah", 58: "icmpv6", 108: "comp", 132: "sctp", 136: "udplite",
}}

// nftField is a field of a header: offset and size in bytes, and of a smaller one the mask.
type nftField struct {
	name         string
	offset, size uint64
	typ          uint64 // number; 0 is an integer
	mask         uint64
	shift        int
}

// nftHeaders are the fields that rules look at.
var nftHeaders = map[string][]nftField{
	"ip": {
		{name: "dscp", offset: 1, size: 1, typ: 36, mask: 0xfc, shift: 2}, {name: "length", offset: 2, size: 2}, {name: "id", offset: 4, size: 2},
		{name: "frag-off", offset: 6, size: 2}, {name: "ttl", offset: 8, size: 1}, {name: "protocol", offset: 9, size: 1, typ: 12},
		{name: "checksum", offset: 10, size: 2}, {name: "saddr", offset: 12, size: 4, typ: 7}, {name: "daddr", offset: 16, size: 4, typ: 7},
	},
	"ip6": {
		{name: "dscp", offset: 0, size: 2, typ: 36, mask: 0x0fc0, shift: 6}, {name: "length", offset: 4, size: 2},
		{name: "nexthdr", offset: 6, size: 1, typ: 12}, {name: "hoplimit", offset: 7, size: 1},
		{name: "saddr", offset: 8, size: 16, typ: 8}, {name: "daddr", offset: 24, size: 16, typ: 8},
	},
	"arp": {
		{name: "htype", offset: 0, size: 2}, {name: "ptype", offset: 2, size: 2, typ: 10}, {name: "operation", offset: 6, size: 2},
		{name: "saddr ether", offset: 8, size: 6, typ: 9}, {name: "saddr ip", offset: 14, size: 4, typ: 7},
		{name: "daddr ether", offset: 18, size: 6, typ: 9}, {name: "daddr ip", offset: 24, size: 4, typ: 7},
	},
	"tcp": {
		{name: "sport", offset: 0, size: 2, typ: 13}, {name: "dport", offset: 2, size: 2, typ: 13}, {name: "sequence", offset: 4, size: 4},
		{name: "ackseq", offset: 8, size: 4}, {name: "flags", offset: 13, size: 1, typ: 15}, {name: "window", offset: 14, size: 2},
		{name: "checksum", offset: 16, size: 2}, {name: "urgptr", offset: 18, size: 2},
	},
	"udp": {
		{name: "sport", offset: 0, size: 2, typ: 13}, {name: "dport", offset: 2, size: 2, typ: 13}, {name: "length", offset: 4, size: 2},
		{name: "checksum", offset: 6, size: 2},
	},
	"sctp": {
		{name: "sport", offset: 0, size: 2, typ: 13}, {name: "dport", offset: 2, size: 2, typ: 13}, {name: "vtag", offset: 4, size: 4},
	},
	"icmp": {
		{name: "type", offset: 0, size: 1, typ: 14}, {name: "code", offset: 1, size: 1, typ: nftICMPCode},
		{name: "id", offset: 4, size: 2}, {name: "sequence", offset: 6, size: 2},
	},
	"icmpv6": {
		{name: "type", offset: 0, size: 1, typ: 29}, {name: "code", offset: 1, size: 1, typ: nftICMPv6Code},
		{name: "id", offset: 4, size: 2}, {name: "sequence", offset: 6, size: 2},
	},
	"th":   {{name: "sport", offset: 0, size: 2, typ: 13}, {name: "dport", offset: 2, size: 2, typ: 13}},
	"esp":  {{name: "spi", offset: 0, size: 4}, {name: "sequence", offset: 4, size: 4}},
	"ah":   {{name: "spi", offset: 4, size: 4}, {name: "sequence", offset: 8, size: 4}},
	"vlan": {{name: "id", offset: 14, size: 2, mask: 0x0fff}, {name: "type", offset: 16, size: 2, typ: 10}},
	"ether": {
		{name: "daddr", offset: 0, size: 6, typ: 9}, {name: "saddr", offset: 6, size: 6, typ: 9}, {name: "type", offset: 12, size: 2, typ: 10},
	},
}

// headers are the protocols that a payload expression may be about, the likeliest first.
func (u *nftRule) headers(base uint64) []string {
	switch base {
	case nftLink:
		return []string{"ether", "vlan"}
	case nftNetwork:
		if name := u.protocol[nftNetwork]; name != "" {
			return []string{name}
		}
		return map[byte][]string{unix.NFPROTO_IPV4: {"ip"}, unix.NFPROTO_IPV6: {"ip6"}, unix.NFPROTO_ARP: {"arp"}}[u.family]
	case nftTransport:
		if name := u.protocol[nftTransport]; name != "" {
			return []string{name}
		}
		return []string{"th"}
	}
	return nil
}

// field is what a payload expression loads. What no header explains is shown as the bits that it is.
func (u *nftRule) field(a attrs) *nftValue {
	base, offset, size := a.big(unix.NFTA_PAYLOAD_BASE), a.big(unix.NFTA_PAYLOAD_OFFSET), a.big(unix.NFTA_PAYLOAD_LEN)
	for _, protocol := range u.headers(base) {
		for _, f := range nftHeaders[protocol] {
			whole := f.size == size && f.mask == 0
			part := nftTypes[f.typ].kind == nftAddress && size < f.size && f.offset == offset
			if f.offset != offset || !whole && !part {
				continue
			}
			u.implyAll(base, protocol)
			v := &nftValue{expr: nftPayload(protocol, f.name), typ: nftTypes[f.typ]}
			v.typ.size = int(f.size)
			if protocol == "ip" && f.name == "protocol" || protocol == "ip6" && f.name == "nexthdr" {
				v.layer = nftTransports
			}
			return v
		}
	}
	name := map[uint64]string{nftLink: "ll", nftNetwork: "nh", nftTransport: "th", 3: "ih"}[base]
	raw := nftObject{"payload": nftObject{"base": name, "offset": offset * 8, "len": size * 8}}
	return &nftValue{expr: raw, typ: nftType{name: "integer", size: int(min(size, 1<<8))}, raw: a}
}

func nftPayload(protocol, field string) nftObject {
	return nftObject{"payload": nftObject{"protocol": protocol, "field": field}}
}

// implyAll drops what a field of a protocol implies: that the packet is of it, and for ICMP of which IP.
func (u *nftRule) implyAll(base uint64, protocol string) {
	u.imply(base, protocol)
	switch protocol {
	case "vlan":
		u.imply(nftLink, "ether")
	case "icmp":
		u.imply(nftNetwork, "ip")
	case "icmpv6":
		u.imply(nftNetwork, "ip6")
	}
}

// maskedField is a value with a mask. A field that does not fill its bytes has one of its own.
func (u *nftRule) maskedField(v *nftValue, mask []byte) *nftValue {
	if v.raw != nil {
		base, offset, size := v.raw.big(unix.NFTA_PAYLOAD_BASE), v.raw.big(unix.NFTA_PAYLOAD_OFFSET), v.raw.big(unix.NFTA_PAYLOAD_LEN)
		for _, protocol := range u.headers(base) {
			for _, f := range nftHeaders[protocol] {
				if f.mask != 0 && f.mask == nftBig(mask) && f.offset == offset && f.size == size {
					u.implyAll(base, protocol)
					inside := &nftValue{expr: nftPayload(protocol, f.name), typ: nftTypes[f.typ]}
					inside.typ.shift, inside.typ.size = f.shift, int(f.size)
					return inside
				}
			}
		}
	}
	masked := *v
	masked.mask = mask
	return &masked
}

// nftCodes are the words of reject, by type.
var nftCodes = map[string]numberNames{
	"icmp": {
		0: "net-unreachable", 1: "host-unreachable", 2: "prot-unreachable", 3: "port-unreachable", 9: "net-prohibited", 10: "host-prohibited", 13: "admin-prohibited",
	},
	"icmpv6": {0: "no-route", 1: "admin-prohibited", 3: "addr-unreachable", 4: "port-unreachable", 5: "policy-fail", 6: "reject-route"},
	"icmpx":  {0: "no-route", 1: "port-unreachable", 2: "host-unreachable", 3: "admin-prohibited"},
}

// port is a register's value as a port.
func (v *nftValue) port() any {
	if len(v.bytes) >= 2 {
		return binary.BigEndian.Uint16(v.bytes)
	}
	return v.shown()
}
