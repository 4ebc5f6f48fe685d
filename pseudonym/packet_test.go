package pseudonym

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

var be = binary.BigEndian

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func raw(addr string) []byte { return netip.MustParseAddr(addr).AsSlice() }

// checked writes the checksum of b and what goes before it into b[at:].
func checked(b []byte, at int, pseudo ...[]byte) []byte {
	be.PutUint16(b[at:], 0)
	be.PutUint16(b[at:], ^uint16(fold(sum(cat(append(pseudo, b)...)))))
	return b
}

func frame(kind uint16, payload []byte) []byte {
	return cat([]byte{0x52, 0x54, 0, 0x12, 0x34, 0x56, 0x52, 0x54, 0, 0x12, 0x34, 0x57}, be.AppendUint16(nil, kind), payload)
}

func pack4(src, dst string, proto byte, payload []byte) []byte {
	h := cat([]byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, proto, 0, 0}, raw(src), raw(dst))
	be.PutUint16(h[2:], uint16(20+len(payload)))
	return cat(checked(h, 10), payload)
}

// pseudo is what the checksums of UDP and TCP cover besides.
func pseudo(src, dst string, proto byte, n int) []byte {
	return cat(raw(src), raw(dst), []byte{0, proto}, be.AppendUint16(nil, uint16(n)))
}

func packUDP(src, dst string, sport, dport uint16, payload []byte) []byte {
	b := cat(be.AppendUint16(be.AppendUint16(nil, sport), dport), be.AppendUint16(nil, uint16(8+len(payload))), []byte{0, 0}, payload)
	return checked(b, 6, pseudo(src, dst, protoUDP, len(b)))
}

func packDNS(t *testing.T) []byte {
	name := dnsmessage.MustNewName("db.shop.svc.cluster.local.")
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: 7, RecursionDesired: true})
	b.EnableCompression()
	require.NoError(t, b.StartQuestions())
	require.NoError(t, b.Question(dnsmessage.Question{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}))
	require.NoError(t, b.StartAnswers())
	require.NoError(t, b.AResource(dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 5}, dnsmessage.AResource{A: [4]byte{10, 40, 1, 7}}))
	require.NoError(t, b.CNAMEResource(dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET}, dnsmessage.CNAMEResource{CNAME: name}))
	msg, err := b.Finish()
	require.NoError(t, err)
	return msg
}

// packets are what nodes see, with the same inner packet behind each tunnel.
func packets(t *testing.T) map[string][]byte {
	inner := pack4("10.40.1.7", "10.96.0.10", protoUDP, packUDP("10.40.1.7", "10.96.0.10", 60442, 53, packDNS(t)))
	tcp := cat([]byte{0x15, 0xb3, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 2, 0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 5, 180}, []byte("GET / HTTP/1.1\r\nHost: checkout.shop\r\n\r\n"))
	checked(tcp, 16, pseudo("10.40.1.7", "10.96.44.21", protoTCP, len(tcp)))
	six := packUDP("fd00::7", "fd00::a", 4444, 53, packDNS(t))
	head6 := cat([]byte{0x60, 0, 0, 0}, be.AppendUint16(nil, uint16(len(six))), []byte{protoUDP, 64}, raw("fd00::7"), raw("fd00::a"))
	vxlan := packUDP("192.168.77.11", "192.168.77.12", 3333, 4789, cat([]byte{8, 0, 0, 0, 0, 0, 9, 0}, frame(0x0800, inner)))
	return map[string][]byte{
		"dns":   frame(0x0800, inner),
		"vlan":  frame(0x8100, cat([]byte{0, 7, 8, 0}, inner)),
		"ipip":  frame(0x0800, pack4("192.168.77.11", "192.168.77.12", protoIPIP, inner)),
		"gre":   frame(0x0800, pack4("192.168.77.11", "192.168.77.12", protoGRE, cat([]byte{0, 0, 8, 0}, inner))),
		"vxlan": frame(0x0800, pack4("192.168.77.11", "192.168.77.12", protoUDP, vxlan)),
		"icmp":  frame(0x0800, pack4("10.96.0.10", "10.40.1.7", protoICMP, checked(cat([]byte{3, 3, 0, 0, 0, 0, 0, 0}, inner), 2))),
		"tcp":   frame(0x0800, pack4("10.40.1.7", "10.96.44.21", protoTCP, tcp)),
		"ipv6":  frame(0x86dd, cat(head6, six)),
		"arp":   frame(0x0806, cat([]byte{0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56}, raw("192.168.77.11"), make([]byte, 6), raw("192.168.77.12"))),
	}
}

func requireClean(t *testing.T, b []byte) {
	for _, a := range []string{"10.40.1.7", "10.96.0.10", "10.96.44.21", "192.168.77.11", "192.168.77.12", "fd00::7", "fd00::a"} {
		require.NotContains(t, string(b), string(raw(a)), a)
	}
	for _, s := range []string{"shop", "checkout", "\x52\x54\x00\x12\x34"} {
		require.NotContains(t, string(b), s)
	}
}

// requireFits checks every length and checksum of an IP packet and of what is in it; dns counts the messages.
func requireFits(t *testing.T, m *Mapper, b []byte) (dns int) {
	if b[0]>>4 == 6 {
		require.EqualValues(t, len(b)-40, be.Uint16(b[4:]))
		return requireTransport(t, m, b[6], b[40:], b[8:40])
	}
	require.EqualValues(t, len(b), be.Uint16(b[2:]))
	require.EqualValues(t, 0xffff, fold(sum(b[:20])), "the checksum of IP")
	return requireTransport(t, m, b[9], b[20:], b[12:20])
}

func requireTransport(t *testing.T, m *Mapper, proto byte, b, addrs []byte) int {
	over := cat(addrs, []byte{0, proto}, be.AppendUint16(nil, uint16(len(b))), b)
	switch proto {
	case protoUDP:
		require.EqualValues(t, len(b), be.Uint16(b[4:]))
		require.EqualValues(t, 0xffff, fold(sum(over)), "the checksum of UDP")
		if be.Uint16(b[2:]) == 4789 {
			return requireFits(t, m, b[8+8+14:])
		}
		var msg dnsmessage.Message
		require.NoError(t, msg.Unpack(b[8:]))
		require.Equal(t, m.Text("db.shop.svc.cluster.local")+".", msg.Questions[0].Name.String())
		require.Equal(t, m.Addr(netip.MustParseAddr("10.40.1.7")).As4(), msg.Answers[0].Body.(*dnsmessage.AResource).A)
		require.Equal(t, msg.Questions[0].Name, msg.Answers[1].Body.(*dnsmessage.CNAMEResource).CNAME)
		return 1
	case protoTCP:
		require.EqualValues(t, 0xffff, fold(sum(over)), "the checksum of TCP")
		require.Equal(t, []byte{2, 4, 5, 180}, b[20:24])
	case protoICMP:
		require.EqualValues(t, 0xffff, fold(sum(b)), "the checksum of ICMP")
		return requireFits(t, m, b[8:])
	case protoIPIP:
		return requireFits(t, m, b)
	case protoGRE:
		return requireFits(t, m, b[4:])
	}
	return 0
}

// Every header says what it said, with other addresses, and every length and checksum fits.
func TestPacketsAreWhole(t *testing.T) {
	m := testMapper(t, 21)
	m.Learn(Namespace, "shop")
	dns := 0
	for name, p := range packets(t) {
		before := bytes.Clone(p)
		out := m.Packet(linkEthernet, p)
		require.Equal(t, before, p)
		requireClean(t, out)
		switch name {
		case "arp":
			src := m.Addr(netip.MustParseAddr("192.168.77.11")).As4()
			require.Equal(t, src[:], out[28:32])
		case "vlan":
			dns += requireFits(t, m, out[18:])
		default:
			dns += requireFits(t, m, out[14:])
		}
	}
	require.Equal(t, 7, dns)
}

// Packets that are cut anywhere, and captures in both forms, written in any pieces, neither fail nor leak.
func TestCapturesAreRewritten(t *testing.T) {
	m := testMapper(t, 22)
	m.Learn(Namespace, "shop")
	for _, ng := range []bool{false, true} {
		file := captureHead(ng)
		n := 0
		for _, p := range packets(t) {
			for cut := 1; cut <= len(p); cut += 7 {
				file = append(file, capturePacket(ng, p[:cut], len(p))...)
				n++
			}
		}
		var whole, pieces bytes.Buffer
		_, err := m.Capture(&whole).Write(file)
		require.NoError(t, err)
		c := m.Capture(&pieces)
		for i := range file {
			_, err := c.Write(file[i : i+1])
			require.NoError(t, err)
		}
		require.Equal(t, whole.Bytes(), pieces.Bytes())
		requireClean(t, whole.Bytes())
		require.Equal(t, n, countPackets(t, whole.Bytes(), ng))
	}
}

var le = binary.LittleEndian

func words32(values ...uint32) (b []byte) {
	for _, v := range values {
		b = le.AppendUint32(b, v)
	}
	return b
}

func captureHead(ng bool) []byte {
	if ng { // the interface's name tells a namespace
		return cat(words32(ngSection, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28), words32(ngInterface, 32, linkEthernet, 65535, 2|4<<16), []byte("shop"), words32(0, 32))
	}
	return words32(0xa1b2c3d4, 4<<16|2, 0, 0, 65535, linkEthernet)
}

func capturePacket(ng bool, p []byte, length int) []byte {
	if !ng {
		return cat(words32(1700000000, 0, uint32(len(p)), uint32(length)), p)
	}
	body := pad4(p)
	size := uint32(32 + len(body))
	return cat(words32(ngPacket, size, 0, 0, 0, uint32(len(p)), uint32(length)), body, words32(size))
}

func countPackets(t *testing.T, b []byte, ng bool) (n int) {
	at := 24
	if ng {
		at = 0
	}
	for at < len(b) {
		if !ng {
			at += 16 + int(le.Uint32(b[at+8:]))
			n++
			continue
		}
		size := int(le.Uint32(b[at+4:]))
		require.EqualValues(t, size, le.Uint32(b[at+size-4:]))
		if le.Uint32(b[at:]) == ngPacket {
			n++
		}
		at += size
	}
	require.Equal(t, len(b), at)
	return n
}

func FuzzPacket(f *testing.F) {
	f.Add([]byte("\x45\x00\x00\x20"), uint32(101))
	f.Fuzz(func(t *testing.T, p []byte, link uint32) {
		if len(p) > 1<<12 {
			return
		}
		m := testMapper(t, 23)
		for _, l := range []uint32{link, linkEthernet, linkSLL, linkSLL2, linkNull, linkRaw} {
			m.Packet(l, p)
		}
	})
}
