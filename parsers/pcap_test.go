package parsers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"coldcase/fact"
)

const testEpoch = int64(1_767_225_600) * 1e9 // 2026-01-01

// testCapture builds a classic pcap file with nanosecond stamps.
type testCapture struct {
	bytes.Buffer
	link uint16
}

func newTestCapture(link uint16) *testCapture {
	c := &testCapture{link: link}
	for _, v := range []uint32{0xa1b23c4d, 4<<16 | 2, 0, 0, 262144, uint32(link)} {
		c.u32(v)
	}
	return c
}

func (c *testCapture) u32(v uint32) { c.Write(binary.LittleEndian.AppendUint32(nil, v)) }

// add appends a record at an offset from testEpoch.
func (c *testCapture) add(millis float64, data []byte) {
	at := testEpoch + int64(millis*1e6)
	for _, v := range []uint32{uint32(at / 1e9), uint32(at % 1e9), uint32(len(data)), uint32(len(data))} {
		c.u32(v)
	}
	c.Write(data)
}

// testIP builds an IPv4 packet; ports and the rest of the transport header are in body.
func testIP(src, dst string, proto byte, id uint16, body []byte) []byte {
	b := make([]byte, 20, 20+len(body))
	b[0], b[8], b[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(body)))
	binary.BigEndian.PutUint16(b[4:], id)
	copy(b[12:16], netip.MustParseAddr(src).AsSlice())
	copy(b[16:20], netip.MustParseAddr(dst).AsSlice())
	return append(b, body...)
}

func testTCP(sport, dport uint16, seq, ack uint32, flags byte, payload int) []byte {
	b := make([]byte, 20+payload)
	binary.BigEndian.PutUint16(b, sport)
	binary.BigEndian.PutUint16(b[2:], dport)
	binary.BigEndian.PutUint32(b[4:], seq)
	binary.BigEndian.PutUint32(b[8:], ack)
	b[12], b[13] = 5<<4, flags
	return b
}

func testUDP(sport, dport uint16, payload []byte) []byte {
	b := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(b, sport)
	binary.BigEndian.PutUint16(b[2:], dport)
	binary.BigEndian.PutUint16(b[4:], uint16(8+len(payload)))
	return append(b, payload...)
}

func testDNS(t require.TestingT, id uint16, response bool, name string, kind dnsmessage.Type) []byte {
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, Response: response},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
	}
	b, err := m.Pack()
	require.NoError(t, err)
	return b
}

func testEthernet(kind uint16, body []byte) []byte {
	return append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, byte(kind >> 8), byte(kind)}, body...)
}

// testSLL2 wraps an IPv4 packet in the header that "tcpdump -i any" writes.
func testSLL2(ifindex uint32, body []byte) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b, 0x0800)
	binary.BigEndian.PutUint32(b[4:], ifindex)
	return append(b, body...)
}

// testRead parses a capture and returns its summary and the other facts.
func testRead(t require.TestingT, data []byte) (PcapCapture, []fact.Fact) {
	in := NewInput("capture/pcap", "node-a/eth0.pcap", "node-a", fixtureTime, nil)
	require.NoError(t, ParseCapture(bytes.NewReader(data), in))
	require.NotEmpty(t, in.facts)
	sum, ok := in.facts[0].Value.(PcapCapture)
	require.True(t, ok)
	return sum, in.facts[1:]
}

func TestCaptureIsPlaced(t *testing.T) {
	c := newTestCapture(pcapLinkRaw)
	syn := testIP("10.0.0.1", "10.0.0.2", pcapTCP, 7, testTCP(1000, 80, 5, 0, pcapSYN, 0))
	rst := testIP("10.0.0.2", "10.0.0.1", pcapTCP, 0, testTCP(80, 1000, 0, 6, pcapRST|pcapACK, 0))
	c.add(0, syn)
	c.add(0.25, rst)
	sum, facts := testRead(t, c.Bytes())
	require.Equal(t, int64(2), sum.Packets)
	require.Equal(t, int64(1), sum.Flows)
	require.Len(t, facts, 1)
	require.Equal(t, fact.Place{Node: "node-a", Capture: "node-a/eth0.pcap"}, facts[0].Place)
	require.Equal(t, 2, facts[0].Source.Packet)
	refused := facts[0].Value.(PcapSynRefused)
	require.InDelta(t, 0.25, refused.RstAfterMillis, 1e-9)
}

// Every packet of "-i any" shows at each interface that it crosses; none of the copies is a repetition.
func TestCaptureCopiesAreNotRepetitions(t *testing.T) {
	syn := testIP("10.0.0.1", "10.0.0.2", pcapTCP, 7, testTCP(1000, 80, 5, 0, pcapSYN, 0))
	again := testIP("10.0.0.1", "10.0.0.2", pcapTCP, 8, testTCP(1000, 80, 5, 0, pcapSYN, 0))
	cases := []struct {
		name     string
		link     uint16
		wrap     func(iface uint32, b []byte) []byte
		at       []float64
		packets  [][]byte
		attempts int64
	}{
		{"other interface, late", pcapLinkSLL2, testSLL2, []float64{0, 300, 2000}, [][]byte{syn, syn, nil}, 0},
		{"same interface, same id, at once", pcapLinkRaw, nil, []float64{0, 0.4, 2000}, [][]byte{syn, syn, nil}, 0},
		{"same interface, same id, slow copy", pcapLinkRaw, nil, []float64{0, 30, 2000}, [][]byte{syn, syn, nil}, 0},
		{"same interface, next id", pcapLinkRaw, nil, []float64{0, 1000, 2000}, [][]byte{syn, again, nil}, 2},
		{"same id after a second", pcapLinkRaw, nil, []float64{0, 1000, 2000}, [][]byte{syn, syn, nil}, 2},
		{"capture ends at once", pcapLinkRaw, nil, []float64{0, 400, 900}, [][]byte{syn, again, nil}, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := newTestCapture(tc.link)
			for i, p := range tc.packets {
				if p == nil {
					p = testIP("10.0.0.2", "10.0.0.1", 1, 0, make([]byte, 8))
				}
				if tc.wrap != nil {
					p = tc.wrap(uint32(2+i), p)
				}
				c.add(tc.at[i], p)
			}
			_, facts := testRead(t, c.Bytes())
			if tc.attempts == 0 {
				require.Empty(t, facts)
				return
			}
			require.Len(t, facts, 1)
			v := facts[0].Value.(PcapSynUnanswered)
			require.Equal(t, tc.attempts, v.Attempts)
			require.True(t, v.SawReverse)
		})
	}
}

// On a node's bridge the request shows the pod that DNAT chose, the answer still the Service.
func TestCaptureNATOnOneWay(t *testing.T) {
	c := newTestCapture(pcapLinkRaw)
	for i, ms := range []float64{0, 1000, 3000} {
		c.add(ms, testIP("10.244.1.5", "10.244.1.7", pcapTCP, uint16(i+1), testTCP(1000, 8080, 500, 0, pcapSYN, 0)))
	}
	c.add(3001, testIP("10.96.0.20", "10.244.1.5", pcapTCP, 0, testTCP(80, 1000, 900, 501, pcapSYN|pcapACK, 0)))
	c.add(9000, testIP("10.244.1.7", "10.244.1.5", pcapTCP, 0, testTCP(8080, 1000, 901, 501, pcapRST|pcapACK, 0)))
	_, facts := testRead(t, c.Bytes())
	require.Empty(t, facts, "a late answer is an answer, and a RST after it refuses nothing")
}

func TestCaptureDNS(t *testing.T) {
	const client, server = "10.244.1.5", "10.96.0.10"
	query := func(port, id uint16, kind dnsmessage.Type) []byte {
		return testIP(client, server, pcapUDP, 1, testUDP(port, 53, testDNS(t, id, false, "Web.Default.svc.", kind)))
	}
	answer := func(port, id uint16, kind dnsmessage.Type) []byte {
		return testIP(server, client, pcapUDP, 1, testUDP(53, port, testDNS(t, id, true, "web.default.svc.", kind)))
	}
	a, aaaa := dnsmessage.TypeA, dnsmessage.TypeAAAA

	race := newTestCapture(pcapLinkRaw)
	race.add(0, query(40000, 1, a))
	race.add(0.02, query(40000, 2, aaaa))
	race.add(1, answer(40000, 1, a))
	race.add(5005, query(40000, 1, a))
	race.add(5006, answer(40000, 1, a))
	race.add(5007, query(40000, 2, aaaa))
	race.add(5008, answer(40000, 2, aaaa))
	sum, facts := testRead(t, race.Bytes())
	require.Equal(t, int64(3), sum.DNSResponses)
	require.Len(t, facts, 1)
	d := facts[0].Value.(PcapDNSUnanswered)
	require.InDelta(t, 5.00698, d.ResentAfterSeconds, 1e-6)
	d.ResentAfterSeconds = 0
	require.Equal(t, PcapDNSUnanswered{
		Capture: "node-a/eth0.pcap", Client: client, Server: server, SrcPort: 40000, Name: "web.default.svc", Type: "AAAA", ID: 2,
		Retries: 1, SiblingAnswered: true, AnsweredLater: true, SawReverse: true, Unanswered: 1,
	}, d)
	require.Equal(t, 2, facts[0].Source.Packet)

	slow := newTestCapture(pcapLinkRaw)
	slow.add(0, query(40000, 1, a))
	slow.add(5000, query(40000, 1, a))
	slow.add(5600, answer(40000, 1, a))
	slow.add(10600, answer(40000, 1, a))
	_, facts = testRead(t, slow.Bytes())
	require.Empty(t, facts, "two questions, two answers: nothing was lost")

	otherSocket := newTestCapture(pcapLinkRaw)
	otherSocket.add(0, query(40000, 1, a))
	otherSocket.add(5000, query(41000, 7, a))
	otherSocket.add(5001, answer(41000, 7, a))
	_, facts = testRead(t, otherSocket.Bytes())
	require.Len(t, facts, 1)
	d = facts[0].Value.(PcapDNSUnanswered)
	require.True(t, d.AnsweredLater)
	require.False(t, d.SiblingAnswered)
	require.InDelta(t, 5, d.ResentAfterSeconds, 1e-9)

	oneWay := newTestCapture(pcapLinkRaw)
	oneWay.add(0, query(40000, 1, a))
	oneWay.add(9000, query(41000, 7, aaaa))
	_, facts = testRead(t, oneWay.Bytes())
	require.Empty(t, facts, "a capture of queries only tells nothing about answers")
}

func TestCaptureTunnels(t *testing.T) {
	syn := testIP("10.244.1.5", "10.244.2.7", pcapTCP, 7, testTCP(1000, 80, 5, 0, pcapSYN, 0))
	vxlan := func(port uint16, frame []byte) []byte {
		return testIP("192.168.1.1", "192.168.1.2", pcapUDP, 1, testUDP(50000, port, append([]byte{8, 0, 0, 0, 0, 0, 1, 0}, frame...)))
	}
	deep := syn
	for range pcapMaxTunnels + 1 {
		deep = testIP("192.168.1.1", "192.168.1.2", 4, 1, deep)
	}
	geneve := testIP("192.168.1.1", "192.168.1.2", pcapUDP, 1,
		testUDP(50000, 6081, append([]byte{1, 0, 0x65, 0x58, 0, 0, 1, 0, 9, 9, 9, 9}, testEthernet(0x0800, syn)...)))
	cases := []struct {
		name  string
		data  []byte
		depth uint8
		dst   string
		proto uint8
	}{
		{"vxlan 4789", vxlan(4789, testEthernet(0x0800, syn)), 1, "10.244.2.7", pcapTCP},
		{"vxlan 8472", vxlan(8472, testEthernet(0x0800, syn)), 1, "10.244.2.7", pcapTCP},
		{"geneve with an option", geneve, 1, "10.244.2.7", pcapTCP},
		{"gre with a key in ipip", testIP("1.1.1.1", "1.1.1.2", 4, 1, testIP("2.2.2.1", "2.2.2.2", 47, 1, append([]byte{0x20, 0, 8, 0, 0, 0, 0, 5}, syn...))), 2, "10.244.2.7", pcapTCP},
		{"too many tunnels", deep, pcapMaxTunnels, "192.168.1.2", 4},
		{"damaged inner frame", vxlan(8472, testEthernet(0x0800, []byte{0x45})), 0, "192.168.1.2", pcapUDP},
		{"vlan in vxlan", vxlan(8472, testEthernet(0x8100, append([]byte{0, 1, 8, 0}, syn...))), 1, "10.244.2.7", pcapTCP},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var h pcapHeaders
			h.decode(&pcapPacket{link: pcapLinkRaw, data: tc.data})
			require.Equal(t, tc.depth, h.depth)
			require.Equal(t, tc.dst, h.dst.String())
			require.Equal(t, tc.proto, h.proto)
		})
	}
}

// Cutting a capture anywhere must leave what came before.
func TestCaptureCutAnywhere(t *testing.T) {
	c := newTestCapture(pcapLinkRaw)
	for i := range 20 {
		c.add(float64(i), testIP("10.0.0.1", "10.0.0.2", pcapTCP, 1, testTCP(1000, 80, uint32(i), 0, pcapACK, 30)))
	}
	record := (c.Len() - 24) / 20
	for n := 24; n <= c.Len(); n++ {
		sum, _ := testRead(t, c.Bytes()[:n])
		require.Equal(t, int64((n-24)/record), sum.Packets)
		require.Equal(t, (n-24)%record != 0, sum.Truncated, "cut at byte %d", n)
	}
}

func TestCaptureNotOne(t *testing.T) {
	in := NewInput("capture/pcap", "x", "", fixtureTime, nil)
	require.ErrorContains(t, ParseCapture(strings.NewReader("PK\x03\x04 a zip file, not a capture"), in), "not a packet capture")
	in = NewInput("capture/pcap", "x", "", fixtureTime, nil)
	require.NoError(t, ParseCapture(strings.NewReader(""), in))
	require.NotEmpty(t, in.absent)
}

// A record that claims gigabytes must cost nothing.
func TestCaptureAllocationIsBounded(t *testing.T) {
	c := newTestCapture(pcapLinkRaw)
	for _, v := range []uint32{1, 2, 0x7fffffff, 0x7fffffff} {
		c.u32(v)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sum, _ := testRead(t, c.Bytes())
	runtime.ReadMemStats(&after)
	require.True(t, sum.Truncated)
	require.Contains(t, sum.Problem, "2147483647 bytes")
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
}

func TestFlowTableEvictsTheIdle(t *testing.T) {
	flows := newPcapFlows(3)
	see := func(port uint16) {
		flows.see(&pcapHeaders{proto: pcapTCP, srcPort: port, dstPort: 80, dst: pcapAddr{15: 1}})
	}
	for _, port := range []uint16{1, 2, 3, 1, 4, 1, 2} { // 4 throws 2 out, 2 throws 3 out
		see(port)
	}
	require.Equal(t, int64(5), flows.opened)
	require.Equal(t, int64(2), flows.evicted)
	require.Len(t, flows.index, 3)
	require.NotContains(t, flows.index, pcapFlowKey{proto: pcapTCP, aPort: 3, bPort: 80, b: pcapAddr{15: 1}})
}

// FuzzCapture checks that no input makes the reader or the decoders panic, read on forever or hold much memory.
func FuzzCapture(f *testing.F) {
	files, err := filepath.Glob(fixtureDir + "/capture_pcap/*.txtar")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		require.NoError(f, err)
		digits := strings.Join(strings.Fields(string(txtarFile(ar, "input.hex"))), "")
		data := make([]byte, len(digits)/2)
		for i := range data {
			data[i] = byte(strings.IndexByte("0123456789abcdef", digits[2*i])<<4 | strings.IndexByte("0123456789abcdef", digits[2*i+1]))
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := NewInput("capture/pcap", "x.pcap", "node-a", fixtureTime, nil)
		if err := ParseCapture(bytes.NewReader(data), in); err != nil {
			return
		}
		for _, found := range in.facts {
			require.GreaterOrEqual(t, found.Source.Packet, 1)
		}
		reader, err := newPcapReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		var h pcapHeaders
		var pkt pcapPacket
		for n := 0; ; n++ {
			require.LessOrEqual(t, n, len(data))
			if err := reader.next(&pkt); err != nil {
				require.True(t, errors.Is(err, io.EOF) || errors.Is(err, errPcapCut), "%v", err)
				return
			}
			require.LessOrEqual(t, len(pkt.data), len(data))
			h.decode(&pkt) // here, unlike in a run, a panic is not caught
			require.LessOrEqual(t, len(h.payload), len(pkt.data))
		}
	})
}

// BenchmarkCapture reads 64 MiB: 20,000 flows, a fifth in VXLAN, 600 bytes per packet.
func BenchmarkCapture(b *testing.B) {
	c := newTestCapture(pcapLinkEthernet)
	for i := 0; c.Len() < 64<<20; i++ {
		flow := i / 4 % 20_000
		flags, seq := byte(pcapACK), uint32(i)
		if i/4/20_000 == 0 && i%4 == 0 {
			flags = pcapSYN
		}
		ip := testIP("10.0.0.1", "10.1.0.2", pcapTCP, uint16(i), testTCP(uint16(flow), 443, seq, 1, flags, 540))
		if i%5 == 0 {
			ip = testIP("192.168.0.1", "192.168.0.2", pcapUDP, 1, testUDP(5, 8472, append([]byte{8, 0, 0, 0, 0, 0, 1, 0}, testEthernet(0x0800, ip)...)))
		}
		c.add(float64(i)/100, testEthernet(0x0800, ip))
	}
	b.SetBytes(int64(c.Len()))
	b.ReportAllocs()
	for b.Loop() {
		in := NewInput("capture/pcap", "x.pcap", "", fixtureTime, nil)
		require.NoError(b, ParseCapture(bytes.NewReader(c.Bytes()), in))
	}
}
