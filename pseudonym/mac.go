package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
)

// MAC is an EUI-48 address.
type MAC = [6]byte

// macRounds is the number of rounds of the Feistel network; four make a strong permutation of a strong function.
const macRounds = 8

// permute maps 46 bits to 46 bits, or back.
func (m *Mapper) permute(v uint64, back bool) uint64 {
	const half = 1<<23 - 1
	left, right := uint32(v>>23)&half, uint32(v)&half
	for i := range macRounds {
		if back {
			left, right = right^m.round(macRounds-1-i, left)&half, left
		} else {
			left, right = right, left^m.round(i, right)&half
		}
	}
	return uint64(left)<<23 | uint64(right)
}

func (m *Mapper) round(i int, half uint32) uint32 {
	h := hmac.New(sha256.New, m.macKey[:])
	_, _ = h.Write(binary.BigEndian.AppendUint32([]byte{byte(i)}, half)) // a hash takes everything
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// MAC maps an Ethernet address. The bits for groups and for locally administered addresses are kept, and so are
// addresses that are the same everywhere: zero, broadcast, groups, and the one that Calico gives every pod's gateway.
func (m *Mapper) MAC(a MAC) MAC {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mac(a, false)
}

// RevealMAC maps back.
func (m *Mapper) RevealMAC(a MAC) MAC {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mac(a, true)
}

func (m *Mapper) mac(a MAC, back bool) MAC {
	if a[0] == 0x33 && a[1] == 0x33 && a[2] == 0xff { // RFC 2464: the group of solicited
		b := solicited.Addr().As16()
		copy(b[13:], a[3:])
		to := m.v6.move(netip.AddrFrom16(b), back).As16()
		copy(a[3:], to[13:])
		return a
	}
	if publicMAC(a) {
		return a
	}
	if to, ok := m.macs[macFrom{a, back}]; ok {
		return to
	}
	if len(m.macs) >= cacheSize {
		clear(m.macs)
	}
	from, v := a, packMAC(a)
	for { // a public address is nobody's pseudonym: walk on until it is none
		v = m.permute(v, back)
		if a = unpackMAC(v, from[0]&3); !publicMAC(a) {
			break
		}
	}
	m.macs[macFrom{from, back}] = a
	return a
}

type macFrom struct {
	mac  MAC
	back bool
}

func packMAC(a MAC) uint64 {
	v := uint64(a[0] >> 2)
	for _, b := range a[1:] {
		v = v<<8 | uint64(b)
	}
	return v
}

func unpackMAC(v uint64, low byte) MAC {
	var a MAC
	for i := 5; i > 0; i-- {
		a[i] = byte(v)
		v >>= 8
	}
	a[0] = byte(v)<<2 | low
	return a
}

// publicMAC reports addresses that name nobody.
func publicMAC(a MAC) bool {
	switch {
	case a == MAC{}, a == MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, a == MAC{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}:
		return true
	case a[0] == 0x01 && a[1] == 0x00 && a[2] == 0x5e: // RFC 1112
		return true
	case a[0] == 0x01 && a[1] == 0x80 && a[2] == 0xc2: // IEEE 802.1
		return true
	}
	return a[0] == 0x33 && a[1] == 0x33 // RFC 2464
}
