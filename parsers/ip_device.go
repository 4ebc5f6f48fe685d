package parsers

import (
	"regexp"
	"strings"
)

// ipDeviceHead is the first line of a device: "3: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 ...".
var ipDeviceHead = regexp.MustCompile(`^(\d+): (\S+): <([^>]*)>(.*)$`)

// ipOnelineAddr is a line of "ip -o addr": "3: eth0    inet 192.168.77.11/24 ...".
var ipOnelineAddr = regexp.MustCompile(`^(\d+): (\S+) +(inet6?) (.*)$`)

// ipDevices is where the parser stands in the text. Devices are handed over when the next one begins.
type ipDevices struct {
	in          *Input
	addrs       bool // addresses are wanted
	link        *IPLink
	first, last int
	kinded      bool
	columns     []string // heading of the counters that follow
	rx          bool
	unknown     []int
	held        []ipHeldAddr
}

// ipHeldAddr is an address that waits until its device is handed over.
type ipHeldAddr struct {
	first, last int
	addr        IPAddr
}

func parseIPDevices(in *Input, addrs bool) error {
	if iprouteIsJSON(in) {
		parseIPDevicesJSON(in, addrs)
		return nil
	}
	d := &ipDevices{in: in, addrs: addrs}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		d.line(n, line)
	}
	d.end()
	return nil
}

func (d *ipDevices) line(n int, line string) {
	if line == "" {
		return
	}
	if m := ipDeviceHead.FindStringSubmatch(line); m != nil {
		d.end()
		parts := strings.Split(m[4], `\    `) // -o joins lines by a backslash
		d.head(n, m[1], m[2], m[3], parts[0])
		for _, part := range parts[1:] {
			d.part(n, strings.TrimSpace(part))
		}
		return
	}
	if m := ipOnelineAddr.FindStringSubmatch(line); m != nil {
		d.end()
		text, _, _ := strings.Cut(m[4], `\`)
		name, _, _ := strings.Cut(m[2], "@")
		d.addr(n, n, name, m[3], strings.Fields(text))
		return
	}
	if line[0] == ' ' && d.link != nil {
		if !d.part(n, strings.TrimSpace(line)) {
			d.unknown = append(d.unknown, n)
		}
		return
	}
	if iprouteNoise(line) || isPrompt(line) {
		d.in.Skip(n, n)
	}
}

// end hands over the device that is open.
func (d *ipDevices) end() {
	if d.link != nil {
		d.in.Emit(d.first, d.last, *d.link)
		for _, n := range d.unknown {
			d.in.Unrecognized(n)
		}
	}
	for _, h := range d.held {
		d.in.Emit(h.first, h.last, h.addr)
	}
	*d = ipDevices{in: d.in, addrs: d.addrs}
}

func (d *ipDevices) head(n int, index, name, flags, rest string) {
	l := newIPLink()
	l.Index, l.Name = netInt(index), name
	if at := strings.LastIndexByte(name, '@'); at > 0 {
		l.Name, l.Parent = name[:at], name[at+1:]
	}
	if flags != "" {
		l.Flags = strings.Split(flags, ",")
		// busybox glues the flags that it has no name for to the last one, in hex: "LOWER_UP100"
		end := len(l.Flags) - 1
		if name := strings.TrimRight(l.Flags[end], "0123456789abcdef"); name != "" {
			l.Flags[end] = name
		}
	}
	words := strings.Fields(rest)
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "mtu":
			l.MTU = netInt(words[i+1])
		case "qdisc":
			l.Qdisc = words[i+1]
		case "state":
			l.State = words[i+1]
		case "master":
			l.Master = words[i+1]
		case "qlen":
			l.TxQueueLen = netInt(words[i+1])
		}
	}
	d.link, d.first, d.last = &l, n, n
}

// part reads one indented line of a device.
func (d *ipDevices) part(n int, line string) bool {
	words := strings.Fields(line)
	if len(words) == 0 {
		return true
	}
	columns := d.columns
	d.columns = nil
	switch word := words[0]; {
	case word == "inet" || word == "inet6":
		last := n
		if strings.HasPrefix(strings.TrimSpace(d.in.Peek()), "valid_lft ") {
			last, _, _ = d.in.Scan()
		}
		return d.addr(n, last, d.link.Name, word, words[1:])
	case word == "valid_lft":
		d.in.Skip(n, n)
		return true
	case strings.HasPrefix(word, "link/"):
		d.hardware(words)
	case word == "RX:" || word == "TX:":
		d.columns, d.rx = words[1:], word == "RX:"
	case word == "RX" || word == "TX": // RX errors: length crc ...
		d.columns = []string{"-"}
	case len(columns) > 0 && word[0] >= '0' && word[0] <= '9':
		d.counters(columns, words)
	case word == "alias":
		d.link.Alias = strings.TrimSpace(strings.TrimPrefix(line, "alias"))
	case word == "altname" && len(words) > 1:
		d.link.AltNames = append(d.link.AltNames, words[1])
	case word == "vf" || strings.HasPrefix(word, "prog/") || strings.HasPrefix(word, "xdp"):
	case strings.HasSuffix(word, "_slave"):
		ipLinkSlave(d.link, words)
	case !d.kinded && ipLinkKindWord(word):
		d.kinded = true
		d.link.Kind = word
		ipLinkKind(d.link, words[1:])
	default:
		return false
	}
	d.last = n
	return true
}

func (d *ipDevices) addr(first, last int, dev, family string, words []string) bool {
	a, ok := ipAddr(dev, family == "inet", words)
	if ok && d.addrs {
		d.held = append(d.held, ipHeldAddr{first, last, a})
	} else if ok {
		d.in.Skip(first, last)
	}
	return ok
}

// hardware reads "link/ether 52:54:00:77:00:11 brd ff:ff:ff:ff:ff:ff link-netns node-b promiscuity 0 minmtu 68 ...".
func (d *ipDevices) hardware(words []string) {
	if len(words) > 1 && netMAC(words[1]) {
		d.link.MAC = strings.ToLower(words[1])
	}
	for i := 1; i+1 < len(words); i++ {
		switch words[i] {
		case "link-netnsid":
			d.link.NetnsID = netInt(words[i+1])
		case "link-netns":
			d.link.Netns = words[i+1]
		case "promiscuity":
			d.link.Promiscuity = netInt(words[i+1])
		}
	}
}

// counters reads the line below "RX:  bytes packets errors dropped  missed   mcast".
func (d *ipDevices) counters(columns, words []string) {
	l := d.link
	for i, column := range columns {
		if i >= len(words) {
			return
		}
		value, side := netInt(words[i]), map[bool]string{true: "RX ", false: "TX "}[d.rx]
		to := map[string]*int64{
			"RX bytes": &l.RxBytes, "RX packets": &l.RxPackets, "RX errors": &l.RxErrors, "RX dropped": &l.RxDropped,
			"RX missed": &l.RxMissed, "RX overrun": &l.RxMissed,
			"TX bytes": &l.TxBytes, "TX packets": &l.TxPackets, "TX errors": &l.TxErrors, "TX dropped": &l.TxDropped, "TX carrier": &l.TxCarrier,
		}[side+column]
		if to != nil {
			*to, l.HasStats = value, true
		}
	}
}
