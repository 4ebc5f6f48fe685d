//go:build linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

// Capture asks for packets at several points at the same time.
type Capture struct {
	Points  []string // devices, "any", or "pod:NAMESPACE/NAME" for a pod's eth0
	Seconds int      // 0 is 10
	Filter  string   // in pcap-filter(7)'s language, as far as the node understands it: see CheckCapture
	Size    int      // MiB of memory and file for all points together; 0 is MaxCaptureSize
	Payload bool     // whole packets instead of their first 256 bytes
}

const (
	// MaxCaptureSize bounds Capture.Size, since packets are held in memory until all points have ended.
	MaxCaptureSize = 32
	// MaxCapturePoints leaves each point one MiB.
	MaxCapturePoints = 32

	// Bytes kept of a packet: headers behind a tunnel and a DNS message, but little payload; or all of it.
	snapHeaders = 256
	snapPayload = 65535
)

var _ = register(Artifact{
	Name: "capture/pcap", Path: "capture/pcap", Group: "capture", Privacy: PrivacyTraffic, Keep: Keep{Head: (MaxCaptureSize + 1) * mib}, Gather: gatherCapture,
	What: []string{"packets through packet(7) sockets, only at the points of --capture: the first 256 bytes of each, whole ones with --capture-payload", "tcpdump -ddd FILTER, which opens no device"},
})

var (
	captureDevice = regexp.MustCompile(`^[^\s/\\:-][^\s/\\:]{0,14}$`)
	podName       = regexp.MustCompile(`^pod:([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$`)
)

// CheckCapture says what is wrong with a request before anything runs. When filter is false, the filter is left out:
// what a node understands depends on its programs.
func CheckCapture(c Capture, filter bool) error {
	seen := map[string]bool{}
	for _, p := range c.Points {
		switch {
		case !podName.MatchString(p) && (!captureDevice.MatchString(p) || p == "." || p == ".."):
			return fmt.Errorf("%q is neither a device, nor pod:NAMESPACE/NAME, nor any", p)
		case seen[p]:
			return fmt.Errorf("%q is named twice", p)
		}
		seen[p] = true
	}
	if len(c.Points) > MaxCapturePoints {
		return fmt.Errorf("%d points, at most %d", len(c.Points), MaxCapturePoints)
	}
	if c.Size < 0 || c.Size > MaxCaptureSize || c.Size > 0 && c.Size < len(c.Points) {
		return fmt.Errorf("a size of %d MiB: at most %d, and one for each point", c.Size, MaxCaptureSize)
	}
	if !filter || c.Filter == "" || len(c.Points) == 0 {
		return nil
	}
	_, err := newFilter(context.Background(), c.Filter, c.snaplen())
	return err
}

func (c Capture) snaplen() int {
	if c.Payload {
		return snapPayload
	}
	return snapHeaders
}

// gatherCapture listens at all points at once, so that one packet can be followed from point to point. First every
// capturePoint is made ready, then all begin.
func gatherCapture(ctx context.Context, s *session, a Artifact) {
	c := s.opts.Capture
	length := time.Duration(c.Seconds) * time.Second
	if length <= 0 {
		length = 10 * time.Second
	}
	if c.Size == 0 {
		c.Size = MaxCaptureSize
	}
	filter, err := newFilter(ctx, c.Filter, c.snaplen())
	points := make([]*capturePoint, len(c.Points))
	for i, name := range c.Points {
		points[i] = &capturePoint{name: name, device: name, err: err, snaplen: c.snaplen(), filter: filter, tool: s.opts.Tool}
		if err == nil {
			points[i].err = points[i].open(ctx, s.host, c.Size*mib/len(c.Points))
		}
	}
	var all sync.WaitGroup
	end := time.Now().Add(length)
	for _, p := range points {
		p.begin()
	}
	for _, p := range points {
		all.Go(func() {
			// Behind everything else on a busy node, a capture loses most packets and proves little. The thread, and
			// its priority, end with the capture. Where this is not allowed, the losses are counted.
			runtime.LockOSThread()
			_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 0)
			p.listen(ctx, end)
		})
	}
	all.Wait()
	for _, p := range points {
		if s.fatal == nil {
			s.entry(a, a.Name+"/"+p.name, "capture/"+p.file(), nil, func(k *sink) outcome { return p.write(ctx, length, k) })
		}
		p.close()
	}
}

// file is the name of the point's capture in the bundle.
func (p *capturePoint) file() string {
	return strings.NewReplacer(":", "_", "/", "_").Replace(p.name) + ".pcapng"
}

// write puts the capture into the archive and says how it went.
func (p *capturePoint) write(ctx context.Context, length time.Duration, k *sink) outcome {
	if p.err != nil && p.ring == nil {
		return captureFailed(p.err)
	}
	for i, part := range p.pcapng() {
		if _, err := k.Write(part); err != nil {
			break // the archive's failure, which closing the sink reports
		}
		p.ring.release(i - headParts)
	}
	o := outcome{status: bundle.StatusOK}
	switch {
	case ctx.Err() != nil:
		o = ended(ctx, length, "capture")
	case p.err != nil:
		o = outcome{status: bundle.StatusNonzeroExit, err: p.err.Error()}
	case p.ring.evicted > 0:
		o = outcome{status: bundle.StatusTruncated, err: fmt.Sprintf("the oldest %d of %d packets were dropped: the capture's size was used up", p.ring.evicted, p.ring.evicted+p.ring.kept)}
	}
	return o
}

func captureFailed(err error) outcome {
	status := bundle.StatusUnsupported
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		status = bundle.StatusPermission
	}
	return outcome{status: status, err: err.Error()}
}
