//go:build linux

package collect

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"coldcase/bundle"
)

// Capture asks for packets: of these devices, at the same time, for so long.
type Capture struct {
	Devices []string
	Seconds int    // 0 is 10
	Filter  string // in pcap-filter(7)'s language
}

const (
	captureSnaplen = "256"    // bytes per packet: headers and a DNS message, but little payload
	captureLimit   = 16 * mib // bytes per device, held in memory until all have ended
)

var _ = register(Artifact{
	Name: "capture/pcap", Path: "capture/pcap", Group: "capture", Privacy: PrivacyTraffic, Keep: Keep{Head: captureLimit}, Gather: gatherCapture,
	What: []string{"tcpdump -n -i DEVICE -s " + captureSnaplen + " -w - FILTER, only for the devices of --capture"},
})

// captured is what one device's tcpdump left.
type captured struct {
	argv    []string
	data    *bounded
	outcome outcome
	started time.Time
}

// gatherCapture listens on all devices at once, so that one packet can be followed from device to device.
func gatherCapture(ctx context.Context, s *session, a Artifact) {
	if lookProgram("tcpdump") == "" {
		s.absent(a, bundle.StatusMissingBinary, `program "tcpdump" is not on the node`)
		return
	}
	c := s.opts.Capture
	length := time.Duration(max(c.Seconds, 0)) * time.Second
	if length == 0 {
		length = 10 * time.Second
	}
	runs := make([]*captured, len(c.Devices))
	var all sync.WaitGroup
	for i, dev := range c.Devices {
		runs[i] = newCaptured(dev, c.Filter)
		all.Go(func() { runs[i].run(ctx, length) })
	}
	all.Wait()
	for i, dev := range c.Devices {
		if s.fatal != nil {
			return
		}
		name := strings.ReplaceAll(dev, "/", "_")
		s.entry(a, a.Name+"/"+name, "capture/"+name+".pcap", runs[i].argv, func(k *sink) outcome {
			_, _ = k.Write(runs[i].data.buf.Bytes()) // a failure is the archive's, and closing the sink reports it
			return runs[i].outcome
		})
	}
}

func newCaptured(dev, filter string) *captured {
	c := &captured{data: &bounded{buf: &bytes.Buffer{}, limit: captureLimit}}
	c.argv = []string{"tcpdump", "-n", "-U", "-i", dev, "-s", captureSnaplen, "-w", "-"}
	if filter != "" {
		c.argv = append(c.argv, filter)
	}
	return c
}

// run ends tcpdump with SIGINT when the time is up, so that it prints how many packets it lost.
func (c *captured) run(ctx context.Context, length time.Duration) {
	c.started = time.Now()
	c.outcome = runFor(ctx, length, c.argv, environment(nil), c.data)
	if c.outcome.status == bundle.StatusNonzeroExit && c.data.buf.Len()+64*kib > captureLimit {
		c.outcome.status, c.outcome.err = bundle.StatusTruncated, fmt.Sprintf("ended after %d MiB", captureLimit/mib)
	}
	if c.outcome.status == bundle.StatusNonzeroExit && c.data.buf.Len() == 0 {
		if permissionText.MatchString(c.outcome.stderr) {
			c.outcome.status = bundle.StatusPermission
		} else if strings.Contains(c.outcome.stderr, "No such device") {
			c.outcome.status, c.outcome.err = bundle.StatusUnsupported, lastLine(c.outcome.stderr)
		}
	}
}
