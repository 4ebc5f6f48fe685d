package parsers

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// SocketListen is one socket that waits for peers. Source: iproute2 ss(8), net-tools netstat(8).
type SocketListen struct {
	Proto   string `cel:"proto" json:"proto"` // "tcp", "udp", "sctp"
	Addr    string `cel:"addr" json:"addr"`   // "0.0.0.0", "::", an address, or "*" where ss prints it for every address
	Port    int64  `cel:"port" json:"port"`
	Process string `cel:"process" json:"process"` // empty when the tool was not allowed to see it
	PID     int64  `cel:"pid" json:"pid"`         // 0 when unknown
	Waiting int64  `cel:"waiting" json:"waiting"` // TCP: connections that wait to be accepted; UDP: bytes to be read
	Backlog int64  `cel:"backlog" json:"backlog"` // TCP: how many may wait; 0 when unknown, as with netstat
}

// FactKind implements fact.Value.
func (SocketListen) FactKind() fact.Kind { return "socket.listen" }

var _ = register(Parser{
	Name:      "netstat-listen",
	Doc:       "ss -lntup and netstat -tunlp (ss(8), netstat(8))",
	Artifacts: []string{"node/netstat-listen"},
	Facts:     []fact.Value{SocketListen{}},
	Parse:     parseSockets,
})

var (
	// users:(("sshd",pid=812,fd=3)) since iproute2 4.0, users:(("sshd",812,3)) before
	socketUsers = regexp.MustCompile(`users:\(\("([^"]*)",(?:pid=)?(\d+),`)
	// 812/sshd: /usr/sbin/sshd
	socketOwner = regexp.MustCompile(`^(\d+)/([^\s:]+)`)
	// sockets of other families and in other states, and ss -m's and -i's second lines
	socketOther = regexp.MustCompile(`^(?:nl|u_|p_|unix|raw|mptcp|tipc|vsock|v_|xdp|icmp|\s)|\b(?:ESTAB|ESTABLISHED|TIME[-_]WAIT|CLOSE[-_]WAIT|` +
		`SYN[-_]SENT|SYN[-_]RECV|FIN[-_]WAIT\S*|LAST[-_]ACK|CLOSING|CLOSED?|UNCONN)\b`)
	socketHeader = regexp.MustCompile(`^(?:Netid|State|Proto|Active|RefCnt)\b|^\(|^Recv-Q`)
)

func parseSockets(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if socket, ok := socketLine(line); ok {
			in.Emit(n, n, socket)
		} else if socketHeader.MatchString(line) || socketOther.MatchString(line) || isPrompt(line) {
			in.Skip(n, n)
		}
	}
	return nil
}

// socketLine reads a row of ss, with or without its Netid column, or of netstat.
func socketLine(line string) (SocketListen, bool) {
	f := strings.Fields(line)
	if len(f) < 5 {
		return SocketListen{}, false
	}
	switch f[0] {
	case "LISTEN":
		return socketSS("tcp", f, line)
	case "UNCONN":
		return socketSS("udp", f, line)
	case "tcp", "tcp6", "udp", "udp6", "sctp":
		if f[1] == "LISTEN" || f[1] == "UNCONN" && f[0] == "udp" {
			return socketSS(f[0], f[1:], line)
		}
		return socketNetstat(strings.TrimSuffix(f[0], "6"), f)
	}
	return SocketListen{}, false
}

// socketSS reads "LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(...)".
func socketSS(proto string, f []string, line string) (SocketListen, bool) {
	if len(f) < 5 {
		return SocketListen{}, false
	}
	s, ok := socketAddress(proto, f[3])
	s.Waiting, _ = strconv.ParseInt(f[1], 10, 64) // 0 where it is no number
	if f[0] == "LISTEN" {
		s.Backlog, _ = strconv.ParseInt(f[2], 10, 64)
	}
	if m := socketUsers.FindStringSubmatch(line); m != nil {
		s.Process = m[1]
		s.PID, _ = strconv.ParseInt(m[2], 10, 64) // digits; a number beyond int64 is no PID and stays at its bound
	}
	return s, ok
}

// socketNetstat reads "tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 812/sshd"; UDP rows have no state.
func socketNetstat(proto string, f []string) (SocketListen, bool) {
	listens := len(f) > 5 && f[5] == "LISTEN"
	if !listens && (proto != "udp" || !strings.HasSuffix(f[4], ":*")) {
		return SocketListen{}, false
	}
	s, ok := socketAddress(proto, f[3])
	s.Waiting, _ = strconv.ParseInt(f[1], 10, 64) // 0 where it is no number
	for _, word := range f[5:] {
		if m := socketOwner.FindStringSubmatch(word); m != nil {
			s.Process = m[2]
			s.PID, _ = strconv.ParseInt(m[1], 10, 64)
			break
		}
	}
	return s, ok
}

// socketAddress splits "[::ffff:10.0.0.1]:443", ":::22", "127.0.0.53%lo:53" and "*:22". Ports must be numbers.
func socketAddress(proto, text string) (SocketListen, bool) {
	i := strings.LastIndexByte(text, ':')
	if i <= 0 {
		return SocketListen{}, false
	}
	port, err := strconv.ParseUint(text[i+1:], 10, 16)
	if err != nil {
		return SocketListen{}, false
	}
	host, _, _ := strings.Cut(strings.Trim(text[:i], "[]"), "%")
	host = strings.TrimSuffix(host, "]")
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.Unmap().String()
	} else if host != "*" {
		return SocketListen{}, false
	}
	return SocketListen{Proto: proto, Addr: host, Port: int64(port)}, true
}
