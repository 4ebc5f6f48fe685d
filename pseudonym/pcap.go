package pseudonym

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrCapture means that a capture is not of a form whose addresses can be replaced; nothing of it was passed on.
var ErrCapture = errors.New("the capture's form is unknown, so its addresses cannot be replaced")

// maxPacket bounds one packet of a capture; it is libpcap's largest snapshot length.
const maxPacket = 256 << 10

// Link types, from https://www.tcpdump.org/linktypes.html.
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw      = 101
	linkLoop     = 108
	linkSLL      = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// Capture rewrites a capture file, classic (pcap-savefile(5)) or pcapng, packet by packet. Addresses, and names in
// DNS messages, are replaced, and lengths and checksums follow; what else the packets carry becomes zeros.
type Capture struct {
	m     *Mapper
	w     io.Writer
	buf   []byte
	order binary.ByteOrder
	ng    bool
	link  uint32
	links []uint32 // of pcapng's interfaces
	err   error
}

// Capture starts a capture file; its bytes are written to the result.
func (m *Mapper) Capture(w io.Writer) *Capture { return &Capture{m: m, w: w} }

// Write takes any piece of the file. An incomplete packet at the end of the file is left out.
func (c *Capture) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	c.buf = append(c.buf, p...)
	if c.err = c.drain(); c.err != nil {
		return 0, c.err
	}
	return len(p), nil
}

func (c *Capture) drain() error {
	at := 0
	defer func() { c.buf = append(c.buf[:0], c.buf[at:]...) }()
	for {
		n, err := c.step(c.buf[at:])
		at += n
		if n == 0 || err != nil {
			return err
		}
	}
}

// step rewrites one header, packet or block, and says how long it was; 0 when it is not all there.
func (c *Capture) step(b []byte) (int, error) {
	switch {
	case len(b) < 12 || !c.ng && c.order != nil && len(b) < 16 || c.order == nil && len(b) < 24:
		return 0, nil
	case c.ng || c.order == nil && binary.LittleEndian.Uint32(b) == ngSection:
		c.ng = true
		return c.block(b)
	case c.order == nil:
		return 24, c.header(b[:24])
	}
	return c.packet(b)
}

func (c *Capture) packet(b []byte) (int, error) {
	head := append([]byte(nil), b[:16]...)
	size := c.order.Uint32(head[8:])
	if size > maxPacket {
		return 0, fmt.Errorf("%w: a packet of %d bytes", ErrCapture, size)
	}
	end := 16 + int(size)
	if len(b) < end {
		return 0, nil
	}
	packet := c.m.Packet(c.link, b[16:end])
	c.lengths(head[8:], packet, int(size))
	_, err := c.w.Write(append(head, packet...))
	return end, err
}

// lengths writes the captured and the original length of a packet that may have grown.
func (c *Capture) lengths(b, packet []byte, size int) {
	c.order.PutUint32(b, uint32(len(packet)))
	c.order.PutUint32(b[4:], uint32(int(c.order.Uint32(b[4:]))+len(packet)-size))
}

func (c *Capture) header(h []byte) error {
	switch binary.LittleEndian.Uint32(h) {
	case 0xa1b2c3d4, 0xa1b23c4d:
		c.order = binary.LittleEndian
	case 0xd4c3b2a1, 0x4d3cb2a1:
		c.order = binary.BigEndian
	default:
		return fmt.Errorf("%w: it begins with %x", ErrCapture, h[:4])
	}
	c.link = c.order.Uint32(h[20:]) & 0xffff
	if !knownLink(c.link) {
		return fmt.Errorf("%w: link type %d", ErrCapture, c.link)
	}
	_, err := c.w.Write(h)
	return err
}

func knownLink(t uint32) bool {
	switch t {
	case linkNull, linkEthernet, linkRaw, 12, 14, linkLoop, linkSLL, linkIPv4, linkIPv6, linkSLL2:
		return true
	}
	return false
}

// Packet returns a packet with everything replaced; the result shares nothing with p.
func (m *Mapper) Packet(link uint32, p []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := append([]byte(nil), p...)
	switch link {
	case linkEthernet:
		return m.ethernet(b)
	case linkSLL:
		return m.cooked(b, 16, 14, 6)
	case linkSLL2:
		return m.cooked(b, 20, 0, 12)
	case linkNull, linkLoop:
		return join(b, 4, m.ip)
	}
	return m.ip(b, 0)
}

// maxNesting bounds packets in packets.
const maxNesting = 6

// join replaces what follows the first n bytes.
func join(b []byte, n int, f func([]byte, int) []byte) []byte {
	if len(b) <= n {
		return b
	}
	return append(b[:n:n], f(b[n:], 0)...)
}

// cooked rewrites the headers of Linux' "any" device: where the packet begins, its type stands, and the address.
func (m *Mapper) cooked(b []byte, size, kind, addr int) []byte {
	if len(b) < size {
		clear(b)
		return b
	}
	if b[addr-1] == 6 {
		m.macAt(b[addr:])
	} else if b[addr-1] != 0 {
		clear(b[addr : addr+8])
	}
	t := binary.BigEndian.Uint16(b[kind:])
	return join(b, size, func(p []byte, depth int) []byte { return m.typed(t, p, depth) })
}

func (m *Mapper) ethernet(b []byte) []byte { return m.frame(b, 0) }

func (m *Mapper) frame(b []byte, depth int) []byte {
	if len(b) < 14 {
		clear(b)
		return b
	}
	m.macAt(b)
	m.macAt(b[6:])
	t := binary.BigEndian.Uint16(b[12:])
	return append(b[:14:14], m.typed(t, b[14:], depth)...)
}

func (m *Mapper) macAt(b []byte) {
	if len(b) >= 6 {
		a := m.mac(MAC(b[:6]), false)
		copy(b, a[:])
	}
}

// typed rewrites what an EtherType announces.
func (m *Mapper) typed(t uint16, b []byte, depth int) []byte {
	switch t {
	case 0x8100, 0x88a8, 0x9100: // VLAN tags
		if len(b) >= 4 && depth < maxNesting {
			next := binary.BigEndian.Uint16(b[2:])
			return append(b[:4:4], m.typed(next, b[4:], depth+1)...)
		}
	case 0x0800, 0x86dd:
		return m.ip(b, depth)
	case 0x6558: // Ethernet in GRE or Geneve
		return m.frame(b, depth)
	case 0x0806:
		if len(b) >= 28 && b[4] == 6 && b[5] == 4 {
			m.macAt(b[8:])
			m.addr4At(b[14:])
			m.macAt(b[18:])
			m.addr4At(b[24:])
			clear(b[28:])
			return b
		}
	}
	clear(b)
	return b
}
