package parsers

import (
	"net/netip"
	"strconv"
	"strings"

	"coldcase/fact"
)

// IPVSTable says that an IPVS table was read. One without services is an empty table, not a missing one.
type IPVSTable struct {
	Version  string `cel:"version" json:"version"` // of the kernel module, "1.2.1"; "" in a save without header
	Services int64  `cel:"services" json:"services"`
}

// IPVSService is one virtual service. Source: ipvsadm(8), net/netfilter/ipvs/ip_vs_ctl.c (/proc/net/ip_vs).
type IPVSService struct {
	Proto     string `cel:"proto" json:"proto"`         // TCP, UDP, SCTP, FWM
	Addr      string `cel:"addr" json:"addr"`           // virtual address; "" for FWM, a name when Lossy
	Port      int64  `cel:"port" json:"port"`           // 0 for FWM, or when Lossy hides it
	Fwmark    int64  `cel:"fwmark" json:"fwmark"`       // 0 unless FWM
	Scheduler string `cel:"scheduler" json:"scheduler"` // "rr"; "" in --stats and --rate
	// Persistent is the timeout in seconds, 0 when the service is not persistent, -1 when it is but the text does
	// not give seconds (/proc/net/ip_vs counts jiffies).
	Persistent int64  `cel:"persistent" json:"persistent"`
	Flags      string `cel:"flags" json:"flags"` // "ops", "mask 255.255.255.0", "(sh-port)"
	Servers    int64  `cel:"servers" json:"servers"`
	// ServersWithWeight counts real servers that take new connections: weight above 0, or not printed.
	ServersWithWeight int64 `cel:"serversWithWeight" json:"serversWithWeight"`
	// Lossy is set when names or cut columns stand for addresses (-n was missing), or the format prints no weights.
	Lossy bool `cel:"lossy" json:"lossy"`
}

// IPVSServer is one real server of a service.
type IPVSServer struct {
	Proto    string `cel:"proto" json:"proto"`
	VIP      string `cel:"vip" json:"vip"` // "" for FWM
	VPort    int64  `cel:"vport" json:"vport"`
	Fwmark   int64  `cel:"fwmark" json:"fwmark"`
	Addr     string `cel:"addr" json:"addr"`
	Port     int64  `cel:"port" json:"port"`
	Forward  string `cel:"forward" json:"forward"`   // Masq, Route, Tunnel, Local, Bypass; "" when not printed
	Weight   int64  `cel:"weight" json:"weight"`     // -1 when not printed
	Active   int64  `cel:"active" json:"active"`     // connections; -1 when not printed
	Inactive int64  `cel:"inactive" json:"inactive"` // connections; -1 when not printed
	Lossy    bool   `cel:"lossy" json:"lossy"`
}

// FactKind implements fact.Value.
func (IPVSTable) FactKind() fact.Kind { return "ipvs.table" }

// FactKind implements fact.Value.
func (IPVSService) FactKind() fact.Kind { return "ipvs.service" }

// FactKind implements fact.Value.
func (IPVSServer) FactKind() fact.Kind { return "ipvs.server" }

var _ = register(Parser{
	Name:      "ipvs",
	Doc:       "ipvsadm -L in all forms, ipvsadm -S and /proc/net/ip_vs (ipvsadm(8), ip_vs_ctl.c)",
	Artifacts: []string{"node/ipvsadm", "node/ipvsadm-save", "node/proc-ip_vs"},
	Facts:     []fact.Value{IPVSTable{}, IPVSService{}, IPVSServer{}},
	Parse:     parseIPVS,
})

// ipvsColumns says which figures stand behind a real server's address.
type ipvsColumns int

const (
	ipvsPlain      ipvsColumns = iota // Forward Weight ActiveConn InActConn
	ipvsCounters                      // --stats, --rate
	ipvsThresholds                    // Uthreshold Lthreshold ActiveConn InActConn
	ipvsPersistent                    // Weight PersistConn ActiveConn InActConn
)

// ipvsOpen is a service whose servers may still follow.
type ipvsOpen struct {
	line    int
	service IPVSService
	servers []ipvsLine
}

type ipvsLine struct {
	line   int
	server IPVSServer
}

// ipvsDump is where the parser stands in the text.
type ipvsDump struct {
	in          *Input
	table       IPVSTable
	first, last int // lines of the header, or without one the first service's
	columns     ipvsColumns
	hex         bool // /proc/net/ip_vs
	connections bool // ipvsadm -Lnc
	headless    bool // a listing that does not begin with its header
	open        *ipvsOpen
	saved       map[string]*ipvsOpen // of ipvsadm -S, by "-t 10.96.0.1:443"
	order       []*ipvsOpen
}

func parseIPVS(in *Input) error {
	d := &ipvsDump{in: in, hex: strings.HasPrefix(in.Artifact, "node/proc-ip_vs"), saved: map[string]*ipvsOpen{}}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if words := strings.Fields(line); len(words) > 0 {
			d.line(n, line, words)
		}
	}
	d.end()
	return nil
}

func (d *ipvsDump) line(n int, line string, words []string) {
	switch {
	case strings.HasPrefix(line, "IP Virtual Server version "):
		d.end()
		*d = ipvsDump{in: d.in, hex: d.hex, first: n, last: n, saved: map[string]*ipvsOpen{}}
		if len(words) > 4 {
			d.table.Version = words[4]
		}
	case words[0] == "Prot" && strings.Contains(line, "LocalAddress:Port"):
		d.heading(n, line)
	case words[0] == "->" && len(words) > 1 && words[1] == "RemoteAddress:Port":
		// the kernel pads no column in this line
		d.hex = d.hex || strings.Contains(line, "RemoteAddress:Port Forward Weight")
		d.heading(n, line)
	case strings.HasPrefix(line, "IPVS connection entries"):
		d.connections = true
		d.in.Skip(n, n)
	case d.connections || strings.HasPrefix(line, "Timeout (tcp ") || isPrompt(line):
		d.in.Skip(n, n)
	case words[0] == "->" && d.open != nil:
		if s, ok := d.server(words[1:]); ok {
			d.add(d.open, n, s)
		}
	case words[0] == "-A" || words[0] == "-a" || words[0] == "--add-service" || words[0] == "--add-server":
		d.save(n, words)
	default:
		if s, ok := d.service(words); ok {
			if d.first == 0 { // as "ipvsadm -Ln | grep -A 3 ADDRESS" leaves it
				d.headless = true
				d.in.Partial("the listing has no header, so it may be a part of the table")
			}
			d.begin(n, s)
		}
	}
}

func (d *ipvsDump) heading(n int, line string) {
	switch {
	case strings.Contains(line, "InPkts"), strings.Contains(line, "InPPS"):
		d.columns = ipvsCounters
	case strings.Contains(line, "Uthreshold"):
		d.columns = ipvsThresholds
	case strings.Contains(line, "PersistConn"):
		d.columns = ipvsPersistent
	}
	d.span(n)
}

func (d *ipvsDump) span(n int) {
	if d.first == 0 {
		d.first = n
	}
	d.last = max(d.last, n)
}

func (d *ipvsDump) begin(n int, s IPVSService) {
	s.Lossy = s.Lossy || d.columns == ipvsCounters || d.columns == ipvsThresholds
	d.open = &ipvsOpen{line: n, service: s}
	d.order = append(d.order, d.open)
	d.table.Services++
	if d.first == 0 {
		d.span(n)
	}
}

func (d *ipvsDump) add(o *ipvsOpen, n int, s IPVSServer) {
	v := &o.service
	s.Proto, s.VIP, s.VPort, s.Fwmark = v.Proto, v.Addr, v.Port, v.Fwmark
	s.Lossy = s.Lossy || v.Lossy
	v.Servers++
	if s.Weight != 0 {
		v.ServersWithWeight++
	}
	o.servers = append(o.servers, ipvsLine{n, s})
}

// end hands over everything since the last header.
func (d *ipvsDump) end() {
	if d.first == 0 {
		return
	}
	if !d.headless {
		d.in.Emit(d.first, d.last, d.table)
	}
	for _, o := range d.order {
		d.in.Emit(o.line, o.line, o.service)
		for _, s := range o.servers {
			d.in.Emit(s.line, s.line, s.server)
		}
	}
}

// service reads "TCP  10.96.0.1:443 rr persistent 10800 mask 255.255.255.0".
func (d *ipvsDump) service(words []string) (IPVSService, bool) {
	s := IPVSService{Proto: words[0]}
	if len(words) < 2 {
		return s, false
	}
	switch s.Proto {
	case "TCP", "UDP", "SCTP":
		var exact bool
		s.Addr, s.Port, exact = ipvsEndpoint(words[1], d.hex)
		s.Lossy = !exact
	case "FWM":
		mark, err := strconv.ParseInt(words[1], map[bool]int{false: 10, true: 16}[d.hex], 64)
		if err != nil {
			return s, false
		}
		s.Fwmark = mark
	default:
		return s, false
	}
	if d.columns == ipvsCounters {
		return s, true
	}
	if len(words) > 2 {
		s.Scheduler = words[2]
		d.flags(&s, words[3:])
	}
	return s, true
}

// flags reads what follows the scheduler.
func (d *ipvsDump) flags(s *IPVSService, words []string) {
	var rest []string
	for i := 0; i < len(words); i++ {
		if words[i] != "persistent" {
			rest = append(rest, words[i])
			continue
		}
		s.Persistent = -1
		if i+1 < len(words) {
			i++
			if !d.hex {
				s.Persistent = netInt(words[i])
			}
		}
		if d.hex && i+1 < len(words) { // the mask, in hex, is always there
			i++
			if words[i] != "FFFFFFFF" {
				rest = append(rest, "mask", ipvsHexAddr(words[i]))
			}
		}
	}
	s.Flags = strings.Join(rest, " ")
}

// server reads what follows "->".
func (d *ipvsDump) server(words []string) (IPVSServer, bool) {
	s := IPVSServer{Weight: -1, Active: -1, Inactive: -1}
	if len(words) < 2 {
		return s, false
	}
	var exact bool
	s.Addr, s.Port, exact = ipvsEndpoint(words[0], d.hex)
	s.Lossy = !exact
	figures := words[1:]
	switch d.columns {
	case ipvsCounters:
		return s, len(figures) >= 5
	case ipvsPlain:
		if len(figures) < 4 || !ipvsIsNumber(figures[1]) {
			return s, false
		}
		s.Forward, s.Weight = figures[0], netInt(figures[1])
	case ipvsPersistent:
		if len(figures) < 4 || !ipvsIsNumber(figures[0]) {
			return s, false
		}
		s.Weight = netInt(figures[0])
	case ipvsThresholds:
		if len(figures) < 4 {
			return s, false
		}
	}
	s.Active, s.Inactive = netInt(figures[2]), netInt(figures[3])
	return s, true
}

func ipvsIsNumber(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

// ipvsPorts are the names that ipvsadm without -n prints most often for a Service's port (/etc/services).
var ipvsPorts = map[string]int64{"http": 80, "https": 443, "domain": 53, "http-alt": 8080, "ssh": 22}

// ipvsEndpoint reads "10.96.0.1:443", "[fd00:96::a]:53", "0A600001:01BB" or "node-a:https". exact is false when a
// name stands for the address or a part was cut off.
func ipvsEndpoint(s string, hex bool) (addr string, port int64, exact bool) {
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 {
		return s, 0, false
	}
	host, name := s[:colon], s[colon+1:]
	base := 10
	if hex {
		base = 16
		if host = ipvsHexAddr(host); len(name) != 4 {
			return host, 0, false
		}
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	addr, exact = netAddr(host)
	if !exact {
		addr = host
	}
	n, err := strconv.ParseUint(name, base, 16)
	if err != nil {
		return addr, ipvsPorts[name], false
	}
	return addr, int64(n), exact
}

// ipvsHexAddr turns the kernel's "0A600001" into "10.96.0.1"; other text stays.
func ipvsHexAddr(s string) string {
	if len(s) != 8 {
		return s
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return s
	}
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
}
