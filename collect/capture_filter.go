//go:build linux

package collect

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

// packetFilter says which packets are wanted: programs for the kernel where tcpdump can compile the text, else a test of
// our own that knows the commonest words.
type packetFilter struct {
	text     string
	snaplen  int
	ethernet []unix.SockFilter // for packets with an Ethernet header
	network  []unix.SockFilter // for packets that begin with the network header
	own      packetTest        // nil when the kernel filters, or when everything is wanted
}

// filterTime bounds tcpdump, which may look up names of hosts.
const filterTime = 5 * time.Second

// newFilter compiles a filter. The error tells the person who wrote it what is wrong.
func newFilter(ctx context.Context, text string, snaplen int) (*packetFilter, error) {
	f := &packetFilter{text: strings.TrimSpace(text), snaplen: snaplen}
	if f.text == "" {
		return f, nil
	}
	if len(f.text) > 4*kib || strings.HasPrefix(f.text, "-") {
		return nil, fmt.Errorf("capture filter %.40q: too long, or not a filter", f.text)
	}
	var o outcome
	f.ethernet, o = compileFilter(ctx, "EN10MB", f.text, snaplen)
	if o.status == bundle.StatusOK {
		f.network, o = compileFilter(ctx, "RAW", f.text, snaplen)
	}
	switch o.status {
	case bundle.StatusOK:
		return f, nil
	case bundle.StatusMissingBinary, bundle.StatusUnsupported, bundle.StatusPermission:
		own, err := parseFilter(f.text)
		if err != nil {
			return nil, fmt.Errorf("capture filter %q: %w; %s, and without it only %s are understood", f.text, err, o.err, filterWords)
		}
		return &packetFilter{text: f.text, snaplen: snaplen, own: own}, nil
	}
	reason := lastLine(o.stderr)
	if reason == "" {
		reason = o.err
	}
	return nil, fmt.Errorf("capture filter %q: %s", f.text, reason)
}

// compileFilter has tcpdump print the program for packets of one link type. It opens no device for that.
func compileFilter(ctx context.Context, link, text string, snaplen int) ([]unix.SockFilter, outcome) {
	out := &bytes.Buffer{}
	o := runProgram(ctx, filterTime, []string{"tcpdump", "-ddd", "-s", strconv.Itoa(snaplen), "-y", link, text}, environment(nil), &bounded{buf: out, limit: 256 * kib})
	if o.status != bundle.StatusOK {
		return nil, o
	}
	program, err := parseProgram(out.String())
	if err != nil {
		return nil, outcome{status: bundle.StatusUnsupported, err: err.Error()}
	}
	return program, o
}

// parseProgram reads what tcpdump -ddd prints: the number of instructions, then code, jt, jf and k of each.
func parseProgram(text string) ([]unix.SockFilter, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if n, err := strconv.Atoi(lines[0]); err != nil || n != len(lines)-1 || n < 1 || n > 4096 {
		return nil, fmt.Errorf("tcpdump printed no filter program: %.80q", lines[0])
	}
	program := make([]unix.SockFilter, len(lines)-1)
	for i, line := range lines[1:] {
		in := &program[i]
		if _, err := fmt.Sscanf(line, "%d %d %d %d", &in.Code, &in.Jt, &in.Jf, &in.K); err != nil {
			return nil, fmt.Errorf("tcpdump printed no filter program: %.80q", line)
		}
	}
	return program, nil
}

// kernel reports whether nothing is left for match to do.
func (f *packetFilter) kernel() bool { return f.own == nil }

// program is what is attached to the socket; it also cuts packets to the snap length.
func (f *packetFilter) program(ethernet bool) []unix.SockFilter {
	switch {
	case f.ethernet != nil && ethernet:
		return f.ethernet
	case f.network != nil:
		return f.network
	}
	return []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: uint32(f.snaplen)}}
}

// match reports whether a packet that the kernel let through is wanted. protocol is its EtherType.
func (f *packetFilter) match(data []byte, protocol uint16, ethernet bool) bool {
	if f.own == nil {
		return true
	}
	if ethernet {
		if len(data) < 14 {
			return false
		}
		data = data[14:]
	}
	h := readHeaders(data, protocol)
	return f.own(&h)
}
