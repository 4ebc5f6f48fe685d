//go:build linux

package collect

import (
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// packet is one packet as the socket delivered it.
type packet struct {
	data   []byte // at most the snap length
	wire   int    // length on the wire
	at     time.Time
	from   *unix.SockaddrLinklayer
	cooked bool      // data begins with the network header
	tag    [2]uint16 // VLAN protocol and tag that were taken off; 0 is none
}

// chunkSize holds the largest packet; the oldest packets are dropped by the chunk.
const chunkSize = 128 * kib

// packetRing holds the newest packets as blocks of a pcapng file. Its memory is no part of Go's heap, so that the
// garbage collector does not double it, and costs nothing until it is used.
type packetRing struct {
	memory  []byte
	chunks  []packetChunk // oldest first
	limit   int           // chunks
	kept    int64         // packets
	evicted int64         // packets that were dropped for newer ones
	buf     []byte
}

type packetChunk struct {
	memory  []byte // of chunkSize
	used    int
	packets int64
}

func newPacketRing(size int) (*packetRing, error) {
	limit := max(size/chunkSize, 2)
	memory, err := unix.Mmap(-1, 0, limit*chunkSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("memory for packets: %w", err)
	}
	return &packetRing{memory: memory, limit: limit}, nil
}

func (r *packetRing) free() {
	_ = unix.Munmap(r.memory) // it is ours; nothing can be done about a failure
	r.memory, r.chunks = nil, nil
}

// release gives a chunk's memory back when it was written; the chunk reads as zeros then.
func (r *packetRing) release(i int) {
	if i >= 0 && i < len(r.chunks) {
		_ = unix.Madvise(r.chunks[i].memory, unix.MADV_DONTNEED) // only saves memory
	}
}

func (r *packetRing) add(p *packet) {
	r.buf = p.block(r.buf[:0])
	last := len(r.chunks) - 1
	if last < 0 || r.chunks[last].used+len(r.buf) > chunkSize {
		r.grow()
		last = len(r.chunks) - 1
	}
	c := &r.chunks[last]
	c.used += copy(c.memory[c.used:], r.buf)
	c.packets++
	r.kept++
}

// grow appends an empty chunk: a fresh one, or the oldest.
func (r *packetRing) grow() {
	if n := len(r.chunks); n < r.limit {
		r.chunks = append(r.chunks, packetChunk{memory: r.memory[n*chunkSize : (n+1)*chunkSize]})
		return
	}
	oldest := r.chunks[0]
	r.kept -= oldest.packets
	r.evicted += oldest.packets
	copy(r.chunks, r.chunks[1:])
	r.chunks[r.limit-1] = packetChunk{memory: oldest.memory}
}

// Blocks, options and link types of draft-ietf-opsawg-pcapng and https://www.tcpdump.org/linktypes.html.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockStats     = 5
	blockPacket    = 6
	linkEthernet   = 1
	linkSLL2       = 276
)

var le = binary.LittleEndian

// block appends the packet as an enhanced packet block.
func (p *packet) block(b []byte) []byte {
	data, wire := p.data, p.wire
	header := 0 // bytes in front of data
	switch {
	case p.cooked:
		header = 20
	case p.tag[0] != 0 && len(data) >= 12:
		header = 4
	}
	at := uint64(p.at.UnixNano())
	size := 28 + (header+len(data)+3)/4*4 + 12 + 4
	for _, v := range []uint32{blockPacket, uint32(size), 0, uint32(at >> 32), uint32(at), uint32(header + len(data)), uint32(header + wire)} {
		b = le.AppendUint32(b, v)
	}
	switch header {
	case 20:
		b = p.sll2(b)
	case 4:
		b = append(b, data[:12]...)
		b = binary.BigEndian.AppendUint16(b, p.tag[0])
		b = binary.BigEndian.AppendUint16(b, p.tag[1])
		data = data[12:]
	}
	b = append(b, data...)
	for (header+len(p.data))%4 != 0 {
		b = append(b, 0)
		header++
	}
	b = pcapngOption(b, 2, le.AppendUint32(nil, p.flags()))
	b = le.AppendUint32(b, 0)
	return le.AppendUint32(b, uint32(size))
}

// flags is epb_flags: direction, and how the packet was addressed.
func (p *packet) flags() uint32 {
	switch p.from.Pkttype {
	case unix.PACKET_OUTGOING:
		return 2
	case unix.PACKET_HOST:
		return 1 | 1<<2
	case unix.PACKET_MULTICAST:
		return 1 | 2<<2
	case unix.PACKET_BROADCAST:
		return 1 | 3<<2
	}
	return 1 | 4<<2
}

// sll2 appends the cooked header of LINKTYPE_LINUX_SLL2.
func (p *packet) sll2(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, swap16(p.from.Protocol))
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(p.from.Ifindex))
	b = binary.BigEndian.AppendUint16(b, p.from.Hatype)
	b = append(b, p.from.Pkttype, p.from.Halen)
	return append(b, p.from.Addr[:]...)
}

// pcapngOption appends an option of a block, padded.
func pcapngOption(b []byte, code uint16, value []byte) []byte {
	b = le.AppendUint16(b, code)
	b = le.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

// pcapngBlock puts a block's type and length around its body.
func pcapngBlock(kind uint32, body []byte) []byte {
	size := uint32(len(body) + 12)
	b := le.AppendUint32(nil, kind)
	b = le.AppendUint32(b, size)
	b = append(b, body...)
	return le.AppendUint32(b, size)
}

// headParts is how many parts of pcapng's result come before the ring's chunks.
const headParts = 2

// pcapng is the point's capture as the parts of a file: one interface, nanoseconds, and its counters at the end.
func (p *capturePoint) pcapng() [][]byte {
	section := le.AppendUint32(nil, 0x1a2b3c4d)
	section = append(section, 1, 0, 0, 0)
	section = le.AppendUint64(section, 1<<64-1) // length unknown
	section = pcapngOption(section, 4, []byte(p.tool))
	link, header := uint16(linkSLL2), 20
	if p.ethernet {
		link, header = linkEthernet, 4
	}
	device := le.AppendUint16(nil, link)
	device = append(device, 0, 0)
	device = le.AppendUint32(device, uint32(p.snaplen+header))
	device = pcapngOption(device, 2, []byte(p.device))
	device = pcapngOption(device, 3, []byte(p.name))
	device = pcapngOption(device, 9, []byte{9})
	if p.filter.text != "" {
		device = pcapngOption(device, 11, append([]byte{0}, p.filter.text...))
	}
	parts := [][]byte{pcapngBlock(blockSection, le.AppendUint32(section, 0)), pcapngBlock(blockInterface, le.AppendUint32(device, 0))}
	for _, c := range p.ring.chunks {
		parts = append(parts, c.memory[:c.used])
	}
	return append(parts, pcapngBlock(blockStats, p.counters()))
}

// counters is the body of the interface statistics block.
func (p *capturePoint) counters() []byte {
	stamp := func(t time.Time) []byte {
		n := uint64(t.UnixNano())
		return le.AppendUint32(le.AppendUint32(nil, uint32(n>>32)), uint32(n))
	}
	b := le.AppendUint32(nil, 0)
	b = append(b, stamp(p.ended)...)
	if p.ring.evicted > 0 {
		b = pcapngOption(b, 1, fmt.Appendf(nil, "the oldest %d packets were dropped to bound the size", p.ring.evicted))
	}
	b = pcapngOption(b, 2, stamp(p.started))
	b = pcapngOption(b, 3, stamp(p.ended))
	b = pcapngOption(b, 6, le.AppendUint64(nil, p.accepted))
	b = pcapngOption(b, 7, le.AppendUint64(nil, p.dropped))
	b = pcapngOption(b, 8, le.AppendUint64(nil, uint64(p.ring.kept)))
	return le.AppendUint32(b, 0)
}
