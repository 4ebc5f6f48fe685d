package parsers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// What a capture file may cost. A record is read in place from the buffer, so its limit is also the buffer's size.
const (
	pcapMaxRecord     = 256<<10 + 64<<10 // the largest snap length of libpcap, and room for headers
	pcapMaxInterfaces = 4096
)

// errPcapCut says that the file ends inside a record or that a record's header cannot be true. What came before stands.
var errPcapCut = errors.New("capture is cut off or damaged")

// pcapPacket is one record of a capture. Data is valid until the next call of the reader.
type pcapPacket struct {
	nanos int64 // since 1970, UTC
	iface uint32
	link  uint16 // LINKTYPE_ of https://www.tcpdump.org/linktypes.html
	data  []byte
	wire  int // length on the wire
}

// pcapInterface is one interface of a pcapng section, or the only one of a pcap file.
type pcapInterface struct {
	name    string
	link    uint16
	snap    int64
	dropped int64
	units   pcapUnits
}

// pcapReader reads classic pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng) as a stream. It trusts
// no length in the file.
type pcapReader struct {
	r          *bufio.Reader
	order      binary.ByteOrder
	format     string // "pcap", "pcap (nanoseconds)", "pcap (modified)", "pcapng"
	header     int    // bytes of a record header of classic pcap
	nanosecond bool
	interfaces []pcapInterface // of all sections
	section    int             // index of the current section's first interface
	offset     int64
}

// newPcapReader reads the file's header. The error tells what was found instead of one.
func newPcapReader(r io.Reader) (*pcapReader, error) {
	p := &pcapReader{r: bufio.NewReaderSize(r, pcapMaxRecord+64)}
	magic, err := p.r.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("capture has no header: %w", noEOF(err))
	}
	if binary.BigEndian.Uint32(magic) == pcapngSection {
		p.format = "pcapng"
		return p, nil
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		p.order, p.header = order, 16
		switch order.Uint32(magic) {
		case 0xa1b2c3d4:
			p.format = "pcap"
		case 0xa1b23c4d:
			p.format, p.nanosecond = "pcap (nanoseconds)", true
		case 0xa1b2cd34: // Kuznetsov's patch: interface index, protocol and packet type in each record
			p.format, p.header = "pcap (modified)", 24
		default:
			continue
		}
		return p, p.classicHeader()
	}
	return nil, fmt.Errorf("not a packet capture: it begins with %q", magic)
}

func (p *pcapReader) classicHeader() error {
	h, err := p.r.Peek(24)
	if err != nil {
		return fmt.Errorf("capture has no complete header: %w", noEOF(err))
	}
	// The high bits of the link type hold the length of the frame check sequence.
	p.interfaces = []pcapInterface{{link: p.order.Uint16(pcapLow16(p.order, h[20:24])), snap: int64(p.order.Uint32(h[16:20]))}}
	return p.skip(24)
}

// pcapLow16 is the half of a 32-bit field that holds its low bits.
func pcapLow16(order binary.ByteOrder, b []byte) []byte {
	if order == binary.BigEndian {
		return b[2:4]
	}
	return b[0:2]
}

// next returns the next packet, io.EOF at the file's end, or an error that wraps errPcapCut.
func (p *pcapReader) next(pkt *pcapPacket) error {
	if p.format == "pcapng" {
		return p.nextBlock(pkt)
	}
	h, err := p.peek(p.header)
	if err != nil {
		return err
	}
	captured, wire := p.order.Uint32(h[8:12]), p.order.Uint32(h[12:16])
	if captured > pcapMaxRecord-64 {
		return fmt.Errorf("%w at byte %d: a record of %d bytes", errPcapCut, p.offset, captured)
	}
	sec, frac := int64(p.order.Uint32(h[0:4])), int64(p.order.Uint32(h[4:8]))
	if !p.nanosecond {
		frac *= 1000
	}
	b, err := p.peek(p.header + int(captured))
	if err != nil {
		return err
	}
	*pkt = pcapPacket{nanos: sec*1e9 + frac, link: p.interfaces[0].link, data: b[p.header:], wire: int(wire)}
	if p.header == 24 {
		pkt.iface = p.order.Uint32(b[16:20])
	}
	// The bytes stay valid: skip only moves the read position inside the buffer.
	return p.skip(len(b))
}

// peek returns the next n bytes without consuming them. At a clean end it returns io.EOF.
func (p *pcapReader) peek(n int) ([]byte, error) {
	b, err := p.r.Peek(n)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, io.EOF) && len(b) == 0:
		return nil, io.EOF
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w at byte %d: the last record is incomplete", errPcapCut, p.offset)
	}
	return nil, fmt.Errorf("%w at byte %d: %v", errPcapCut, p.offset, err)
}

// skip moves past n bytes, which need not be in the buffer.
func (p *pcapReader) skip(n int) error {
	done, err := p.r.Discard(n)
	p.offset += int64(done)
	if err != nil {
		return fmt.Errorf("%w at byte %d: the last record is incomplete", errPcapCut, p.offset)
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
