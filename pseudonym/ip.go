package pseudonym

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"net/netip"
)

// block is a range of addresses that keeps its prefix, so that its class can still be told.
type block struct {
	prefix netip.Prefix
	whole  bool // the rest of the address is kept too: it names nobody
}

var blocks4 = []block{
	{netip.MustParsePrefix("0.0.0.0/8"), true},
	{netip.MustParsePrefix("127.0.0.0/8"), true},
	{netip.MustParsePrefix("169.254.0.0/16"), true},
	{netip.MustParsePrefix("224.0.0.0/3"), true}, // multicast, broadcast, and what netmasks look like
	{netip.MustParsePrefix("10.0.0.0/8"), false},
	{netip.MustParsePrefix("100.64.0.0/10"), false},
	{netip.MustParsePrefix("172.16.0.0/12"), false},
	{netip.MustParsePrefix("192.168.0.0/16"), false},
}

var blocks6 = []block{
	{netip.MustParsePrefix("::/80"), true}, // unspecified, loopback
	{netip.MustParsePrefix("ff00::/8"), true},
	{netip.MustParsePrefix("2000::/3"), false},
	{netip.MustParsePrefix("fc00::/7"), false},
	{netip.MustParsePrefix("fe80::/10"), false},
	{netip.MustParsePrefix("fe80::/64"), false},
}

var (
	// solicited is RFC 4291's solicited-node group: it ends in the last 24 bits of somebody's address.
	solicited = netip.MustParsePrefix("ff02::1:ff00:0/104")
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
)

// cacheSize bounds each cache of mapped addresses.
const cacheSize = 1 << 16

// tree is the prefix-preserving permutation of one address family: the bit below every prefix is flipped or not, as
// the key says. It is an automorphism of the binary tree, so it keeps every containment.
type tree struct {
	cipher cipher.Block
	pad    [16]byte
	blocks []block
	bits   int
	cache  [2]map[netip.Addr]netip.Addr // forward, backward
}

func newTree(k Key, family string, bits int, blocks []block) (*tree, error) {
	secret := k.derive("address " + family)
	c, err := aes.NewCipher(secret[:16])
	if err != nil {
		return nil, fmt.Errorf("start the cipher: %w", err)
	}
	t := &tree{cipher: c, blocks: blocks, bits: bits}
	c.Encrypt(t.pad[:], secret[16:])
	t.cache = [2]map[netip.Addr]netip.Addr{{}, {}}
	return t, nil
}

// move maps an address forward, or back.
func (t *tree) move(a netip.Addr, back bool) netip.Addr {
	cache := t.cache[0]
	if back {
		cache = t.cache[1]
	}
	if to, ok := cache[a]; ok {
		return to
	}
	if len(cache) >= cacheSize {
		clear(cache)
	}
	to := t.compute(a, back)
	cache[a] = to
	return to
}

func (t *tree) compute(a netip.Addr, back bool) netip.Addr {
	in := a.AsSlice()
	out := make([]byte, len(in))
	var orig [16]byte // the original's bits so far, which is what decides the next bit
	for i := range t.bits {
		mask := byte(0x80) >> (i % 8)
		bit := in[i/8]&mask != 0
		flip := !t.keeps(orig, i) && t.flip(orig, i)
		if bit != flip {
			out[i/8] |= mask
		}
		if back && bit != flip || !back && bit {
			orig[i/8] |= mask
		}
	}
	to, _ := netip.AddrFromSlice(out)
	return to
}

// flip is Crypto-PAn's function: the first bit of the cipher of the prefix, filled up with secret bits.
func (t *tree) flip(orig [16]byte, n int) bool {
	in, out := t.pad, [16]byte{}
	copy(in[:n/8], orig[:n/8])
	if n%8 != 0 {
		keep := byte(0xff) << (8 - n%8)
		in[n/8] = orig[n/8]&keep | t.pad[n/8]&^keep
	}
	t.cipher.Encrypt(out[:], in[:])
	return out[0]&0x80 != 0
}

// keeps reports whether the bit below an original prefix of n bits is never flipped.
func (t *tree) keeps(orig [16]byte, n int) bool {
	addr := netip.AddrFrom16(orig)
	if t.bits == 32 {
		addr = netip.AddrFrom4([4]byte(orig[:4]))
	}
	for _, b := range t.blocks {
		switch {
		case n < b.prefix.Bits():
			if p, err := b.prefix.Addr().Prefix(n); err == nil && p.Contains(addr) {
				return true
			}
		case b.whole && b.prefix.Contains(addr):
			return n < solicited.Bits() || !solicited.Contains(addr)
		}
	}
	return false
}

// Addr maps an address. An IPv4 address inside an IPv6 one is mapped as what it is.
func (m *Mapper) Addr(a netip.Addr) netip.Addr {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.addr(a, false)
}

// RevealAddr maps an address back.
func (m *Mapper) RevealAddr(a netip.Addr) netip.Addr {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.addr(a, true)
}

func (m *Mapper) addr(a netip.Addr, back bool) netip.Addr {
	a = a.WithZone("")
	switch {
	case !a.IsValid():
		return a
	case a.Is4():
		return m.note(m.v4.move(a, back))
	case a.Is4In6():
		return netip.AddrFrom16(m.note(m.v4.move(a.Unmap(), back)).As16())
	case nat64.Contains(a):
		b := a.As16()
		inner := m.v4.move(netip.AddrFrom4([4]byte(b[12:])), back).As4()
		copy(b[12:], inner[:])
		return netip.AddrFrom16(b)
	}
	return m.note(m.v6.move(a, back))
}

// Prefix maps an address that stands before a prefix length. Where its host bits are zero it names a network, and
// the result's are zero as well; else it is an address of a host that happens to tell the size of its network.
func (m *Mapper) Prefix(p netip.Prefix) netip.Prefix {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.prefix(p, false)
}

// RevealPrefix maps back. A host whose pseudonym ends in zeros is taken for its network.
func (m *Mapper) RevealPrefix(p netip.Prefix) netip.Prefix {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.prefix(p, true)
}

func (m *Mapper) prefix(p netip.Prefix, back bool) netip.Prefix {
	a, bits := p.Addr(), p.Bits()
	to := netip.PrefixFrom(m.addr(a, back), bits)
	if a.BitLen()-bits >= 2 && p.Masked().Addr() == a { // of two addresses, as RFC 3021 has it, both are hosts
		return netip.PrefixFrom(m.note(to.Masked().Addr()), bits)
	}
	return to
}
