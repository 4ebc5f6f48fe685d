//go:build linux

package collect

import (
	"context"
	"fmt"
	"strings"
)

// nstatSettings are no counters; nstat(8) leaves them out.
var nstatSettings = map[string]bool{
	"IpForwarding": true, "IpDefaultTTL": true, "TcpRtoAlgorithm": true, "TcpRtoMin": true, "TcpRtoMax": true, "TcpMaxConn": true, "TcpCurrEstab": true,
}

// nativeNstat prints what "nstat -azs" prints. Files of protocols that the kernel lacks are left out.
func nativeNstat(_ context.Context, h *host, k *sink) error {
	if _, err := fmt.Fprintln(k, "#kernel"); err != nil {
		return err
	}
	for i, name := range []string{"/proc/net/snmp", "/proc/net/snmp6", "/proc/net/netstat", "/proc/net/sctp/snmp"} {
		text, err := readBounded(h.path(name), mib)
		if err != nil {
			if i == 0 {
				return err
			}
			continue
		}
		for _, counter := range nstatCounters(text) {
			if nstatSettings[counter[0]] {
				continue
			}
			if _, err := fmt.Fprintf(k, "%-32s%-16s%6.1f\n", counter[0], counter[1], 0.0); err != nil {
				return err
			}
		}
	}
	return nil
}

// nstatCounters reads both of the kernel's forms: "Ip: names" above "Ip: values", and "Ip6InReceives 12".
func nstatCounters(text string) (counters [][2]string) {
	var head []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case !strings.HasSuffix(words[0], ":"):
			counters = append(counters, [2]string{words[0], words[1]})
		case head == nil || head[0] != words[0] || len(head) != len(words):
			head = words
		default:
			for i := 1; i < len(words); i++ {
				counters = append(counters, [2]string{strings.TrimSuffix(words[0], ":") + head[i], words[i]})
			}
			head = nil
		}
	}
	return counters
}
