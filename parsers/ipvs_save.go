package parsers

import (
	"strconv"
	"strings"
)

// save reads a line of ipvsadm -S: "-A -t 10.96.0.1:443 -s rr -p 10800" or "-a -t 10.96.0.1:443 -r 10.42.0.5:443 -m -w 1".
func (d *ipvsDump) save(n int, words []string) {
	service := IPVSService{}
	server := IPVSServer{Weight: 1, Active: -1, Inactive: -1, Forward: "Route"} // what ipvsadm(8) takes when told nothing
	key, known := "", true
	var flags []string
	for i := 1; i < len(words); i++ {
		value, used := "", false
		if i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
			value = words[i+1]
		}
		switch words[i] {
		case "-t", "--tcp-service", "-u", "--udp-service", "--sctp-service", "-f", "--fwmark-service":
			key, used = words[i]+" "+value, true
			known = ipvsSaveService(&service, words[i], value)
		case "-s", "--scheduler":
			service.Scheduler, used = value, true
		case "-p", "--persistent":
			service.Persistent, used = 300, value != "" // ipvsadm(8)'s default
			if value != "" {
				service.Persistent = netInt(value)
			}
		case "-M", "--netmask":
			flags, used = append(flags, "mask "+value), true
		case "-b", "--sched-flags":
			flags, used = append(flags, "("+value+")"), true
		case "-o", "--ops":
			flags = append(flags, "ops")
		default:
			used = server.saveOption(words[i], value)
		}
		if used && value != "" {
			i++
		}
	}
	service.Flags = strings.Join(flags, " ")
	switch open := d.saved[key]; {
	case !known || key == "":
	case words[0] == "-A" || words[0] == "--add-service":
		d.begin(n, service)
		d.saved[key] = d.open
	case open != nil && server.Addr != "":
		d.add(open, n, server)
	}
}

// saveOption takes one option of a real server and reports whether it has a value.
func (s *IPVSServer) saveOption(name, value string) (hasValue bool) {
	switch name {
	case "-r", "--real-server":
		var exact bool
		s.Addr, s.Port, exact = ipvsEndpoint(value, false)
		s.Lossy = !exact
	case "-m", "--masquerading":
		s.Forward = "Masq"
		return false
	case "-g", "--gatewaying":
		s.Forward = "Route"
		return false
	case "-i", "--ipip":
		s.Forward = "Tunnel"
		return false
	case "-w", "--weight":
		s.Weight = netInt(value)
	case "-6", "--ipv6":
		return false
	}
	return true
}

func ipvsSaveService(s *IPVSService, option, value string) bool {
	switch option {
	case "-t", "--tcp-service":
		s.Proto = "TCP"
	case "-u", "--udp-service":
		s.Proto = "UDP"
	case "--sctp-service":
		s.Proto = "SCTP"
	default:
		mark, err := strconv.ParseInt(value, 10, 64)
		s.Proto, s.Fwmark = "FWM", mark
		return err == nil
	}
	if value == "" {
		return false
	}
	var exact bool
	s.Addr, s.Port, exact = ipvsEndpoint(value, false)
	s.Lossy = !exact
	return true
}
