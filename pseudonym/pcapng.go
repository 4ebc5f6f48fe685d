package pseudonym

import (
	"encoding/binary"
	"fmt"
)

// Block types of pcapng, from draft-ietf-opsawg-pcapng. Blocks of other types may hold anything and are left out.
const (
	ngSection   = 0x0a0d0d0a
	ngInterface = 1
	ngStats     = 5
	ngPacket    = 6
)

// maxBlock bounds a block: a packet and its options.
const maxBlock = maxPacket + 64<<10

func (c *Capture) block(b []byte) (int, error) {
	if binary.LittleEndian.Uint32(b) == ngSection {
		switch uint32(0x1a2b3c4d) {
		case binary.LittleEndian.Uint32(b[8:]):
			c.order = binary.LittleEndian
		case binary.BigEndian.Uint32(b[8:]):
			c.order = binary.BigEndian
		default:
			return 0, fmt.Errorf("%w: a section without byte order", ErrCapture)
		}
		c.links = nil
	}
	size := c.order.Uint32(b[4:])
	if size < 12 || size%4 != 0 || size > maxBlock {
		return 0, fmt.Errorf("%w: a block of %d bytes", ErrCapture, size)
	}
	if len(b) < int(size) {
		return 0, nil
	}
	kind := c.order.Uint32(b)
	body := append([]byte(nil), b[8:size-4]...)
	var err error
	switch {
	case kind == ngSection && len(body) >= 16:
		err = c.put(kind, body[:16], nil)
	case kind == ngInterface && len(body) >= 8:
		link := uint32(c.order.Uint16(body))
		if !knownLink(link) {
			return 0, fmt.Errorf("%w: link type %d", ErrCapture, link)
		}
		c.links = append(c.links, link)
		err = c.put(kind, body[:8], c.options(body[8:], map[uint16]bool{9: true, 14: true}, map[uint16]bool{2: true, 3: true}))
	case kind == ngStats && len(body) >= 12:
		err = c.put(kind, body[:12], c.options(body[12:], map[uint16]bool{2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true}, map[uint16]bool{1: true}))
	case kind == ngPacket && len(body) >= 20:
		err = c.ngPacket(body)
	}
	return int(size), err
}

func (c *Capture) ngPacket(body []byte) error {
	device, size := c.order.Uint32(body), c.order.Uint32(body[12:])
	if int(device) >= len(c.links) || uint64(size) > uint64(len(body)-20) {
		return fmt.Errorf("%w: a packet without interface or end", ErrCapture)
	}
	options := body[min(20+(int(size)+3)&^3, len(body)):]
	packet := c.m.Packet(c.links[device], body[20:20+size])
	head := append([]byte(nil), body[:20]...)
	c.lengths(head[12:], packet, int(size))
	rest := pad4(packet)
	return c.put(ngPacket, append(head, rest...), c.options(options, map[uint16]bool{2: true, 4: true}, nil))
}

// options keeps some options as they are, replaces what is in others, and drops the rest.
func (c *Capture) options(b []byte, plain, text map[uint16]bool) []byte {
	var out []byte
	for len(b) >= 4 {
		code, n := c.order.Uint16(b), int(c.order.Uint16(b[2:]))
		end := 4 + (n+3)&^3
		if code == 0 || end > len(b) {
			break
		}
		value := b[4 : 4+n]
		if text[code] {
			value = []byte(c.m.Text(string(value)))
		}
		if plain[code] || text[code] {
			head := append([]byte(nil), b[:4]...)
			c.order.PutUint16(head[2:], uint16(len(value)))
			out = append(append(out, head...), pad4(value)...)
		}
		b = b[end:]
	}
	if out != nil {
		out = append(out, 0, 0, 0, 0)
	}
	return out
}

func pad4(b []byte) []byte {
	out := append([]byte(nil), b...)
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	return out
}

// put writes a block.
func (c *Capture) put(kind uint32, body, options []byte) error {
	size := uint32(12 + len(body) + len(options))
	out := make([]byte, 8, size)
	c.order.PutUint32(out, kind)
	c.order.PutUint32(out[4:], size)
	out = append(append(out, body...), options...)
	tail := make([]byte, 4)
	c.order.PutUint32(tail, size)
	_, err := c.w.Write(append(out, tail...))
	return err
}
