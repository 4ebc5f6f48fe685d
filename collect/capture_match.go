package collect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// filterWords is what parseFilter understands of pcap-filter(7).
const filterWords = `"[src|dst] host ADDRESS", "[src|dst] net PREFIX", "[tcp|udp] [src|dst] port NUMBER", "ip", "ip6", "arp", "icmp", "icmp6", "tcp", "udp", "proto NUMBER", "and", "or", "not" and brackets`

// packetHeaders are the fields of a packet that filters ask for. They are those of the outermost headers, as in tcpdump.
type packetHeaders struct {
	protocol uint16 // EtherType
	src, dst netip.Addr
	proto    int // IP protocol; -1 is none
	ports    bool
	srcPort  int
	dstPort  int
}

type packetTest func(*packetHeaders) bool

// readHeaders reads what there is; data begins with the network header.
func readHeaders(data []byte, protocol uint16) packetHeaders {
	h := packetHeaders{protocol: protocol, proto: -1}
	rest, first := data, true
	switch {
	case protocol == 0x0800 && len(data) >= 20 && data[0]>>4 == 4:
		h.src, h.dst = netip.AddrFrom4([4]byte(data[12:16])), netip.AddrFrom4([4]byte(data[16:20]))
		h.proto = int(data[9])
		first = binary.BigEndian.Uint16(data[6:])&0x1fff == 0
		rest = data[min(int(data[0]&15)*4, len(data)):]
	case protocol == 0x86dd && len(data) >= 40 && data[0]>>4 == 6:
		h.src, h.dst = netip.AddrFrom16([16]byte(data[8:24])), netip.AddrFrom16([16]byte(data[24:40]))
		h.proto = int(data[6])
		rest = data[40:]
	case protocol == 0x0806 && len(data) >= 28 && binary.BigEndian.Uint16(data[2:]) == 0x0800:
		h.src, h.dst = netip.AddrFrom4([4]byte(data[14:18])), netip.AddrFrom4([4]byte(data[24:28]))
		return h
	default:
		return h
	}
	if first && len(rest) >= 4 && (h.proto == 6 || h.proto == 17 || h.proto == 132) {
		h.ports, h.srcPort, h.dstPort = true, int(binary.BigEndian.Uint16(rest)), int(binary.BigEndian.Uint16(rest[2:]))
	}
	return h
}

// filterParser reads a filter by recursive descent.
type filterParser struct {
	words []string
	depth int
}

var errFilterEnd = errors.New("it ends too early")

// parseFilter understands the commonest part of pcap-filter(7), in which "and" and "or" have the same precedence.
func parseFilter(text string) (packetTest, error) {
	text = strings.NewReplacer("(", " ( ", ")", " ) ", "!", " not ", "&&", " and ", "||", " or ").Replace(text)
	p := &filterParser{words: strings.Fields(text)}
	test, err := p.expression()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q is not understood", p.words[0])
	}
	return test, err
}

// take consumes the next word when it is one of these, or any word when there are none.
func (p *filterParser) take(words ...string) string {
	if len(p.words) == 0 {
		return ""
	}
	next := p.words[0]
	for _, w := range words {
		if w == next {
			p.words = p.words[1:]
			return next
		}
	}
	if len(words) == 0 {
		p.words = p.words[1:]
		return next
	}
	return ""
}

func (p *filterParser) expression() (packetTest, error) {
	left, err := p.term()
	for err == nil {
		op := p.take("and", "or")
		if op == "" {
			return left, nil
		}
		var right packetTest
		if right, err = p.term(); err == nil {
			left = joinTests(op, left, right)
		}
	}
	return nil, err
}

func joinTests(op string, left, right packetTest) packetTest {
	if op == "and" {
		return func(h *packetHeaders) bool { return left(h) && right(h) }
	}
	return func(h *packetHeaders) bool { return left(h) || right(h) }
}

func (p *filterParser) term() (packetTest, error) {
	if p.depth++; p.depth > 100 {
		return nil, errors.New("it is nested too deep")
	}
	defer func() { p.depth-- }()
	switch p.take("not", "(") {
	case "not":
		inner, err := p.term()
		return func(h *packetHeaders) bool { return !inner(h) }, err
	case "(":
		inner, err := p.expression()
		if err == nil && p.take(")") == "" {
			err = errors.New("a bracket is not closed")
		}
		return inner, err
	}
	return p.primitive()
}

// etherTypes and ipProtocols are the words for what a packet carries.
var (
	etherTypes  = map[string]uint16{"ip": 0x0800, "ip6": 0x86dd, "arp": 0x0806}
	ipProtocols = map[string]int{"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58}
)

func (p *filterParser) primitive() (packetTest, error) {
	carries := p.take("tcp", "udp", "icmp", "icmp6", "ip", "ip6", "arp")
	direction := p.take("src", "dst")
	kind := p.take("host", "net", "port", "proto")
	if kind == "" {
		if carries != "" && direction == "" {
			return carriesTest(carries), nil
		}
		if len(p.words) == 0 {
			return nil, errFilterEnd
		}
		return nil, fmt.Errorf("%q is not understood", p.words[0])
	}
	value := p.take()
	if value == "" {
		return nil, errFilterEnd
	}
	var test packetTest
	var err error
	switch kind {
	case "host", "net":
		test, err = addressTest(kind, direction, value)
	case "port":
		test, err = portTest(direction, value)
	case "proto":
		test, err = protoTest(direction, value)
	}
	if err != nil || carries == "" {
		return test, err
	}
	return joinTests("and", carriesTest(carries), test), nil
}

func carriesTest(word string) packetTest {
	if t, ok := etherTypes[word]; ok {
		return func(h *packetHeaders) bool { return h.protocol == t }
	}
	n := ipProtocols[word]
	return func(h *packetHeaders) bool { return h.proto == n }
}

// either applies a test to source, destination or both.
func either[T any](direction string, test func(T) bool, src, dst T) bool {
	return direction != "dst" && test(src) || direction != "src" && test(dst)
}

func addressTest(kind, direction, value string) (packetTest, error) {
	prefix, err := netip.ParsePrefix(value)
	if kind == "host" || err != nil {
		addr, err := netip.ParseAddr(value)
		if err != nil || addr.Zone() != "" {
			return nil, fmt.Errorf("%q is no address", value)
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	return func(h *packetHeaders) bool { return either(direction, prefix.Contains, h.src, h.dst) }, nil
}

func portTest(direction, value string) (packetTest, error) {
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%q is no port number", value)
	}
	same := func(n int) bool { return n == int(port) }
	return func(h *packetHeaders) bool { return h.ports && either(direction, same, h.srcPort, h.dstPort) }, nil
}

func protoTest(direction, value string) (packetTest, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(value, `\`), 10, 8)
	if err != nil {
		known, ok := ipProtocols[strings.TrimPrefix(value, `\`)]
		if !ok {
			return nil, fmt.Errorf("%q is no protocol number", value)
		}
		n = uint64(known)
	}
	if direction != "" {
		return nil, fmt.Errorf("%q before proto is not understood", direction)
	}
	return func(h *packetHeaders) bool { return h.proto == int(n) }, nil
}
