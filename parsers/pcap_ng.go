package parsers

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// pcapng block types and options, of draft-ietf-opsawg-pcapng.
const (
	pcapngSection   = 0x0a0d0d0a
	pcapngInterface = 1
	pcapngPacket    = 2 // obsolete
	pcapngSimple    = 3
	pcapngStats     = 5
	pcapngEnhanced  = 6

	pcapngName       = 2
	pcapngTSResol    = 9
	pcapngTSOffset   = 14
	pcapngIfDrop     = 5
	pcapngOSDrop     = 7
	pcapngByteOrder  = 0x1a2b3c4d
	pcapngMaxMeta    = 64 << 10 // of a block that describes an interface or its counters
	pcapngMaxNameLen = 64
)

// pcapUnits is how an interface counts time: since its offset, in steps of 1/perSecond seconds. The zero value stands
// for pcapng's default, microseconds.
type pcapUnits struct {
	perSecond uint64 // 0: microseconds
	offset    int64  // seconds
}

// pcapMaxSeconds is in the year 2262, where nanoseconds since 1970 no longer fit.
const pcapMaxSeconds = 9_223_372_035

// nanos turns a time stamp into nanoseconds since 1970. Stamps outside 1970 to 2262 become 0.
func (u pcapUnits) nanos(ts uint64) int64 {
	per := u.perSecond
	if per == 0 {
		per = 1e6
	}
	sec, rest := ts/per, ts%per
	hi, lo := bits.Mul64(rest, 1e9)
	frac, _ := bits.Div64(hi, lo, per) // rest < per, so the quotient is below 1e9
	if sec > pcapMaxSeconds {
		return 0
	}
	total := int64(sec) + u.offset
	if total > pcapMaxSeconds || total < 0 {
		return 0
	}
	return total*1e9 + int64(frac)
}

// nextBlock walks blocks until one holds a packet.
func (p *pcapReader) nextBlock(pkt *pcapPacket) error {
	for {
		h, err := p.peek(12)
		if err != nil {
			return err
		}
		if binary.BigEndian.Uint32(h) == pcapngSection {
			if err := p.startSection(h[8:12]); err != nil {
				return err
			}
		}
		kind, size := p.order.Uint32(h), p.order.Uint32(h[4:8])
		if size < 12 || size%4 != 0 {
			return fmt.Errorf("%w at byte %d: a block of %d bytes", errPcapCut, p.offset, size)
		}
		found, err := p.block(kind, int(size), pkt)
		if err != nil || found {
			return err
		}
	}
}

// startSection takes the byte order from a section header. Interface numbers begin anew in each section.
func (p *pcapReader) startSection(magic []byte) error {
	switch {
	case binary.LittleEndian.Uint32(magic) == pcapngByteOrder:
		p.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic) == pcapngByteOrder:
		p.order = binary.BigEndian
	default:
		return fmt.Errorf("%w at byte %d: a section without byte order", errPcapCut, p.offset)
	}
	p.section = len(p.interfaces)
	return nil
}

// block consumes one block and reports whether it held a packet.
func (p *pcapReader) block(kind uint32, size int, pkt *pcapPacket) (bool, error) {
	switch kind {
	case pcapngEnhanced, pcapngPacket, pcapngSimple:
		if size > pcapMaxRecord {
			return false, fmt.Errorf("%w at byte %d: a packet block of %d bytes", errPcapCut, p.offset, size)
		}
		b, err := p.peek(size)
		if err != nil {
			return false, err
		}
		found := p.packetBlock(kind, b[8:size-4], pkt)
		return found, p.skip(size)
	case pcapngInterface, pcapngStats:
		b, err := p.peek(min(size, pcapngMaxMeta))
		if err != nil {
			return false, err
		}
		if kind == pcapngInterface {
			p.addInterface(b[8:])
		} else {
			p.addStats(b[8:])
		}
	}
	return false, p.skip(size)
}

// packetBlock decodes the body of a packet block. A block that names no interface of its section holds no packet.
func (p *pcapReader) packetBlock(kind uint32, b []byte, pkt *pcapPacket) bool {
	var index, captured, wire uint32
	var stamp uint64
	switch {
	case kind == pcapngSimple && len(b) >= 4:
		wire = p.order.Uint32(b)
		b = b[4:]
		captured = min(wire, uint32(len(b)))
	case kind != pcapngSimple && len(b) >= 20:
		index = p.order.Uint32(b)
		if kind == pcapngPacket { // 16 bits of interface, 16 bits of drops
			index = uint32(p.order.Uint16(b))
		}
		stamp = uint64(p.order.Uint32(b[4:]))<<32 | uint64(p.order.Uint32(b[8:]))
		captured, wire = p.order.Uint32(b[12:]), p.order.Uint32(b[16:])
		b = b[20:]
	default:
		return false
	}
	if int64(p.section)+int64(index) >= int64(len(p.interfaces)) {
		return false
	}
	at := p.section + int(index)
	iface := &p.interfaces[at]
	if kind == pcapngSimple && iface.snap > 0 {
		captured = uint32(min(int64(captured), iface.snap))
	}
	b = b[:min(int(captured), len(b))]
	*pkt = pcapPacket{nanos: iface.units.nanos(stamp), iface: uint32(at), link: iface.link, data: b, wire: int(wire)}
	return true
}

func (p *pcapReader) addInterface(b []byte) {
	if len(b) < 8 || len(p.interfaces) >= pcapMaxInterfaces {
		return
	}
	i := pcapInterface{link: p.order.Uint16(b), snap: int64(p.order.Uint32(b[4:]))}
	p.options(b[8:], func(code uint16, value []byte) {
		switch {
		case code == pcapngName:
			i.name = string(value[:min(len(value), pcapngMaxNameLen)])
		case code == pcapngTSResol && len(value) >= 1:
			i.units.perSecond = pcapResolution(value[0])
		case code == pcapngTSOffset && len(value) >= 8:
			i.units.offset = int64(p.order.Uint64(value))
		}
	})
	p.interfaces = append(p.interfaces, i)
}

// pcapResolution reads if_tsresol: a power of ten, or of two when the high bit is set.
func pcapResolution(b byte) uint64 {
	if b&0x80 != 0 {
		return 1 << min(b&0x7f, 63)
	}
	per := uint64(1)
	for range min(b, 19) {
		per *= 10
	}
	return per
}

func (p *pcapReader) addStats(b []byte) {
	if len(b) < 12 {
		return
	}
	index := int64(p.section) + int64(p.order.Uint32(b))
	if index >= int64(len(p.interfaces)) {
		return
	}
	drop := uint64(0)
	p.options(b[12:], func(code uint16, value []byte) {
		if (code == pcapngIfDrop || code == pcapngOSDrop) && len(value) >= 8 {
			drop += p.order.Uint64(value) & math.MaxInt32
		}
	})
	// The counters are totals: a later block replaces an earlier one.
	p.interfaces[index].dropped = int64(drop)
}

// options calls f for each option of a block. What is left of the block's trailer reads as end-of-options or is short.
func (p *pcapReader) options(b []byte, f func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, size := p.order.Uint16(b), int(p.order.Uint16(b[2:]))
		if code == 0 || size > len(b)-4 {
			return
		}
		f(code, b[4:4+size])
		b = b[min(len(b), 4+(size+3)/4*4):]
	}
}
