//go:build linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// capturePoint is one place where packets are captured. The device is not put into promiscuous mode: that would change it.
type capturePoint struct {
	name    string // as it was asked for
	device  string // name in its network namespace; "any" is all of them
	tool    string // for the file
	snaplen int
	filter  *packetFilter

	fd       int
	index    int  // of the device; 0 is all
	ethernet bool // packets begin with an Ethernet header; else they get a cooked one
	ring     *packetRing
	started  time.Time
	ended    time.Time
	accepted uint64 // packets that passed the filter
	dropped  uint64 // of these, lost because the collector was too slow
	err      error  // no capture, or a broken one
}

const (
	socketBuffer = 4 * mib // in the kernel, per point
	pollTime     = 100     // ms
)

var errNoDevice = errors.New("there is no such device")

// open makes a point ready. It receives nothing yet.
func (p *capturePoint) open(ctx context.Context, h *host, size int) error {
	// Asking for a packet socket would load the module that provides them.
	if _, err := os.Stat("/proc/net/packet"); err != nil {
		return errors.New("this kernel has no packet sockets, or they are a module (af_packet) that is not loaded")
	}
	open := p.openSocket
	if m := podName.FindStringSubmatch(p.name); m != nil {
		p.device = "eth0"
		netns, err := h.podNetns(ctx, m[1], m[2])
		if err != nil {
			return err
		}
		open = func() error { return inNetns(netns, p.openSocket) }
	}
	if err := open(); err != nil {
		return fmt.Errorf("capture on %q: %w", p.name, err)
	}
	ring, err := newPacketRing(size)
	if err != nil {
		unix.Close(p.fd)
		return fmt.Errorf("capture on %q: %w", p.name, err)
	}
	p.ring = ring
	return nil
}

// inNetns runs f on a thread of its own inside a network namespace. The thread ends with f.
func inNetns(path string, f func() error) error {
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	done := make(chan error)
	onOwnThread(func() { // a thread in another namespace must not be used again
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter network namespace: %w", err)
			return
		}
		done <- f()
	})
	return <-done
}

// openSocket makes the socket, which stays in the namespace of the calling thread. Protocol 0 receives nothing.
func (p *capturePoint) openSocket() error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("packet socket: %w", err)
	}
	hardware, err := p.look(fd)
	if err == nil && (hardware == unix.ARPHRD_ETHER || hardware == unix.ARPHRD_LOOPBACK) {
		unix.Close(fd)
		p.ethernet = true
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("packet socket: %w", err)
		}
	}
	if err == nil {
		err = p.prepare(fd)
	}
	if err != nil {
		unix.Close(fd)
		return err
	}
	p.fd = fd
	return nil
}

// look finds the device and its hardware type.
func (p *capturePoint) look(fd int) (hardware uint16, err error) {
	if p.device == "any" {
		return 0, nil
	}
	ifr, err := unix.NewIfreq(p.device)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		if errors.Is(err, unix.ENODEV) {
			return 0, errNoDevice
		}
		return 0, fmt.Errorf("find device: %w", err)
	}
	p.index = int(ifr.Uint32())
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, ifr); err != nil {
		return 0, fmt.Errorf("hardware type: %w", err)
	}
	return ifr.Uint16(), nil
}

func (p *capturePoint) prepare(fd int) error {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer) // smaller: losses are counted
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return fmt.Errorf("ask for time stamps: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
		return fmt.Errorf("ask for packet lengths: %w", err)
	}
	return attach(fd, p.filter.program(p.ethernet))
}

func attach(fd int, program []unix.SockFilter) error {
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog); err != nil {
		return fmt.Errorf("attach filter: %w", err)
	}
	return nil
}

// begin lets packets in.
func (p *capturePoint) begin() {
	if p.err != nil {
		return
	}
	p.started = time.Now()
	if err := unix.Bind(p.fd, &unix.SockaddrLinklayer{Protocol: swap16(unix.ETH_P_ALL), Ifindex: p.index}); err != nil {
		p.err = fmt.Errorf("capture on %q: bind: %w", p.name, err)
	}
}

func swap16(v uint16) uint16 { return v<<8 | v>>8 } // both ways between host and network order where they differ

// listen takes packets until the end. Then the door is closed, and what had come in before is still taken.
func (p *capturePoint) listen(ctx context.Context, end time.Time) {
	if p.err != nil {
		return
	}
	r := &packetReader{point: p, data: make([]byte, p.snaplen), oob: make([]byte, 256)}
	for p.err == nil && ctx.Err() == nil && time.Now().Before(end) {
		fds := []unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}
		wait := min(pollTime, int(time.Until(end).Milliseconds())+1)
		if n, err := unix.Poll(fds, wait); n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			p.err = r.drain(ctx, end)
		}
	}
	p.ended = time.Now()
	if err := attach(p.fd, []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}); err == nil && p.err == nil {
		p.err = r.drain(context.Background(), time.Now().Add(time.Second))
	}
	if stats, err := unix.GetsockoptTpacketStats(p.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		p.accepted, p.dropped = uint64(stats.Packets), uint64(stats.Drops)
	}
	if !p.filter.kernel() {
		p.accepted = r.matched + p.dropped
	}
}

func (p *capturePoint) close() {
	if p.ring != nil {
		unix.Close(p.fd)
		p.ring.free()
	}
}

// packetReader holds the buffers for one point.
type packetReader struct {
	point   *capturePoint
	data    []byte
	oob     []byte
	matched uint64
}

// drain takes what the socket holds.
func (r *packetReader) drain(ctx context.Context, end time.Time) error {
	for n := 0; n&255 != 255 || ctx.Err() == nil && time.Now().Before(end); n++ {
		size, oobn, _, from, err := unix.Recvmsg(r.point.fd, r.data, r.oob, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ENETDOWN): // a device may come back
			continue
		case err != nil:
			return fmt.Errorf("capture on %q: %w", r.point.name, err)
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok {
			r.take(r.data[:size], r.oob[:oobn], ll)
		}
	}
	return nil
}

func (r *packetReader) take(data, oob []byte, ll *unix.SockaddrLinklayer) {
	if ll.Hatype == unix.ARPHRD_LOOPBACK && ll.Pkttype == unix.PACKET_OUTGOING {
		return // it comes in again
	}
	pkt := packet{data: data, wire: len(data), from: ll, cooked: !r.point.ethernet, at: time.Time{}}
	r.control(oob, &pkt)
	if pkt.at.IsZero() {
		pkt.at = time.Now()
	}
	if !r.point.filter.match(data, swap16(ll.Protocol), r.point.ethernet) {
		return
	}
	r.matched++
	r.point.ring.add(&pkt)
}

// control reads the time stamp and the packet's true length and VLAN tag, which the kernel takes off.
func (r *packetReader) control(oob []byte, pkt *packet) {
	for len(oob) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
		size := int(h.Len)
		if size < unix.CmsgLen(0) || size > len(oob) {
			return
		}
		body := oob[unix.CmsgLen(0):size]
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS && len(body) >= int(unsafe.Sizeof(unix.Timespec{})):
			ts := (*unix.Timespec)(unsafe.Pointer(&body[0]))
			pkt.at = time.Unix(ts.Unix())
		case h.Level == unix.SOL_PACKET && h.Type == unix.PACKET_AUXDATA && len(body) >= int(unsafe.Sizeof(unix.TpacketAuxdata{})):
			aux := (*unix.TpacketAuxdata)(unsafe.Pointer(&body[0]))
			pkt.wire = max(int(aux.Len), len(pkt.data))
			if aux.Status&unix.TP_STATUS_VLAN_VALID != 0 && !pkt.cooked {
				pkt.tag = [2]uint16{unix.ETH_P_8021Q, aux.Vlan_tci}
				if aux.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
					pkt.tag[0] = aux.Vlan_tpid
				}
			}
		}
		oob = oob[min(unix.CmsgSpace(size-unix.CmsgLen(0)), len(oob)):]
	}
}
