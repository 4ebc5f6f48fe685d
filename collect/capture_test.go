//go:build linux

package collect

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

func TestCaptureRequests(t *testing.T) {
	good := []Capture{{}, {Points: []string{"eth0", "any", "vxlan.calico", "tunl0", "eth0.100", "cali123@x", "pod:kube-system/coredns-5d78c9869d-abcde"}}, {Points: []string{"lo"}, Size: 1}}
	for _, c := range good {
		require.NoError(t, CheckCapture(c, true), c)
	}
	bad := []Capture{
		{Points: []string{""}}, {Points: []string{"-i"}}, {Points: []string{"a/b"}}, {Points: []string{".."}}, {Points: []string{"pod:web"}}, {Points: []string{"pod:a/*"}},
		{Points: []string{"lo", "lo"}}, {Points: []string{"a-name-that-is-too-long"}}, {Points: []string{"lo"}, Size: 33}, {Points: []string{"a", "b"}, Size: 1}, {Points: []string{"lo"}, Filter: "this is no filter"},
	}
	for _, c := range bad {
		require.Error(t, CheckCapture(c, true), "%+v", c)
	}
	require.NoError(t, CheckCapture(Capture{Points: []string{"lo"}, Filter: "this is no filter"}, false))
}

// Packets, from the network header on.
func ip4(proto byte, src, dst [4]byte, rest ...byte) []byte {
	b := []byte{0x45, 0, 0, byte(20 + len(rest)), 0, 0, 0, 0, 64, proto, 0, 0}
	return append(append(append(b, src[:]...), dst[:]...), rest...)
}

func ports(src, dst uint16) []byte {
	return append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, src), dst), make([]byte, 16)...)
}

func TestOwnFilter(t *testing.T) {
	a, b := [4]byte{10, 244, 1, 5}, [4]byte{10, 96, 0, 10}
	dns, http, ping, tunnel := ip4(17, a, b, ports(40000, 53)...), ip4(6, b, a, ports(80, 40001)...), ip4(1, a, b, 8, 0, 0, 0), ip4(4, a, b, ip4(1, b, a)...)
	fragment := bytes.Clone(dns)
	fragment[7] = 9
	v6 := append([]byte{0x60, 0, 0, 0, 0, 20, 6, 64}, make([]byte, 32)...)
	v6[23], v6[39] = 1, 2
	v6 = append(v6, ports(443, 50000)...)
	packets := []struct {
		name     string
		protocol uint16
		data     []byte
	}{{"dns", 0x0800, dns}, {"http", 0x0800, http}, {"ping", 0x0800, ping}, {"tunnel", 0x0800, tunnel}, {"fragment", 0x0800, fragment}, {"v6", 0x86dd, v6}, {"arp", 0x0806, make([]byte, 28)}, {"short", 0x0800, dns[:15]}}
	cases := []struct {
		filter string
		want   []string
	}{
		{"port 53", []string{"dns"}},
		{"udp port 53 or tcp dst port 40001", []string{"dns", "http"}},
		{"tcp port 53", nil},
		{"src host 10.244.1.5", []string{"dns", "ping", "tunnel", "fragment"}},
		{"dst net 10.244.0.0/16 and tcp", []string{"http"}},
		{"host ::2 or icmp", []string{"ping", "v6"}},
		{"proto 4", []string{"tunnel"}},
		{"ip proto 4", []string{"tunnel"}},
		{"ip6 or arp", []string{"v6", "arp"}},
		{"not (tcp or udp) and ip and not icmp", []string{"tunnel", "short"}},
		{"icmp or tcp and src port 80", []string{"http"}}, // left to right, as pcap-filter(7) says
	}
	for _, c := range cases {
		t.Run(c.filter, func(t *testing.T) {
			test, err := parseFilter(c.filter)
			require.NoError(t, err)
			f := &packetFilter{own: test}
			var got []string
			for _, p := range packets {
				if f.match(p.data, p.protocol, false) {
					got = append(got, p.name)
				}
				require.Equal(t, f.match(p.data, p.protocol, false), f.match(append(make([]byte, 14), p.data...), p.protocol, true), p.name)
			}
			require.Equal(t, c.want, got)
		})
	}
	for _, text := range []string{"", "tcp[13] & 2 != 0", "port", "host example.com", "(port 53", "port 53)", "port 70000", "src", "not", "port 53 udp", "proto xx"} {
		_, err := parseFilter(text)
		require.Error(t, err, text)
	}
}

func TestTheOldestPacketsGoFirst(t *testing.T) {
	ring, err := newPacketRing(mib)
	require.NoError(t, err)
	defer ring.free()
	ll := &unix.SockaddrLinklayer{Protocol: swap16(0x0800), Pkttype: unix.PACKET_OUTGOING}
	const packets = 20000
	for i := range packets {
		data := binary.BigEndian.AppendUint32(make([]byte, 96), uint32(i))
		ring.add(&packet{data: data, wire: 1500, at: time.Unix(int64(i), 7), from: ll, tag: [2]uint16{0x8100, 42}})
	}
	require.Equal(t, int64(packets), ring.kept+ring.evicted)
	require.Greater(t, ring.kept, int64(mib*3/4/160), "most of the memory is used")
	require.LessOrEqual(t, len(ring.chunks), 8)
	p := &capturePoint{name: "eth0", device: "eth0", ethernet: true, snaplen: snapHeaders, filter: &packetFilter{}, ring: ring, started: time.Unix(1, 0), ended: time.Unix(2, 0), accepted: packets + 5, dropped: 5}
	got := readCapture(t, bytes.Join(p.pcapng(), nil))
	require.Len(t, got.packets, int(ring.kept))
	for i, data := range got.packets {
		require.Equal(t, uint32(int(ring.evicted)+i), binary.BigEndian.Uint32(data[100:]))
		require.Equal(t, []byte{0x81, 0, 0, 42}, data[12:16], "the VLAN tag is put back")
	}
	require.Equal(t, uint64(5), got.counters[7])
	require.Equal(t, uint64(packets+5), got.counters[6])
	require.Equal(t, uint64(ring.kept), got.counters[8])
}

// readPcapng is a capture of one interface, read back block by block.
type readPcapng struct {
	link     uint16
	names    map[uint16]string
	packets  [][]byte
	counters map[uint16]uint64
}

func readCapture(t *testing.T, b []byte) readPcapng {
	t.Helper()
	got := readPcapng{names: map[uint16]string{}, counters: map[uint16]uint64{}}
	options := func(b []byte, f func(code uint16, value []byte)) {
		for le.Uint16(b) != 0 {
			n := int(le.Uint16(b[2:]))
			f(le.Uint16(b), b[4:4+n])
			b = b[4+(n+3)/4*4:]
		}
		require.Len(t, b, 4)
	}
	for len(b) > 0 {
		size := le.Uint32(b[4:])
		require.Zero(t, size%4)
		require.Equal(t, size, le.Uint32(b[size-4:]), "the length stands at both ends")
		body := b[8 : size-4]
		switch le.Uint32(b) {
		case blockInterface:
			got.link = le.Uint16(body)
			options(body[8:], func(code uint16, value []byte) { got.names[code] = string(value) })
		case blockPacket:
			n := le.Uint32(body[12:])
			require.LessOrEqual(t, n, le.Uint32(body[16:]))
			got.packets = append(got.packets, body[20:20+n])
			options(body[20+(n+3)/4*4:], func(code uint16, value []byte) { require.Equal(t, uint16(2), code) })
		case blockStats:
			options(body[12:], func(code uint16, value []byte) {
				if code > 3 {
					got.counters[code] = le.Uint64(value)
				}
			})
		}
		b = b[size:]
	}
	return got
}

// captureLab is a network namespace with a veth pair into a second one that stands for a pod's; the test's thread is
// in neither, but netns and pod can be entered.
func captureLab(t *testing.T) (node, pod string) {
	t.Helper()
	if os.Geteuid() != 0 || lookProgram("ip") == "" {
		t.Skip("needs root and ip: makes network namespaces")
	}
	node, pod = fmt.Sprintf("ccap%da", os.Getpid()), fmt.Sprintf("ccap%db", os.Getpid())
	script := `set -e
ip netns add NODE; ip netns add POD
ip -n NODE link set lo up; ip -n POD link set lo up
ip -n NODE link add veth1 type veth peer name eth0 netns POD
ip -n NODE addr add 10.77.0.1/24 dev veth1; ip -n NODE link set veth1 up
ip -n POD addr add 10.77.0.2/24 dev eth0; ip -n POD link set eth0 up`
	t.Cleanup(func() {
		_ = exec.Command("ip", "netns", "del", node).Run()
		_ = exec.Command("ip", "netns", "del", pod).Run()
	})
	script = string(bytes.ReplaceAll(bytes.ReplaceAll([]byte(script), []byte("NODE"), []byte(node)), []byte("POD"), []byte(pod)))
	if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		t.Skipf("needs network namespaces: %s", out)
	}
	return node, pod
}

// chatter sends UDP packets to the pod, and some that a filter must hold back, until the context ends.
func chatter(ctx context.Context, node string) error {
	return inNetns("/var/run/netns/"+node, func() error {
		dns, err := net.Dial("udp", "10.77.0.2:53")
		if err != nil {
			return err
		}
		defer dns.Close()
		other, err := net.Dial("udp", "10.77.0.2:5353")
		if err != nil {
			return err
		}
		defer other.Close()
		for ctx.Err() == nil {
			_, _ = dns.Write(bytes.Repeat([]byte("q"), 900)) // refused, which is an error of the next write
			_, _ = other.Write([]byte("x"))
			time.Sleep(5 * time.Millisecond)
		}
		return nil
	})
}

// captureIn runs a collection whose process-wide namespace cannot be changed, so the gathering thread is moved.
func captureIn(t *testing.T, node string, root string, c Capture) gathered {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chatter(ctx, node) }()
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	f, err := os.Create(file)
	require.NoError(t, err)
	err = inNetns("/var/run/netns/"+node, func() error {
		_, err := Run(context.Background(), f, Options{Tool: "test", Node: "n", Root: root, NoCluster: true, Only: []string{"capture"}, Capture: c})
		return err
	})
	require.NoError(t, err)
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, f.Close())
	return readBack(t, file)
}

func TestCaptureAtSeveralPointsTogether(t *testing.T) {
	node, pod := captureLab(t)
	sleeper := exec.Command("ip", "netns", "exec", pod, "sleep", "60")
	require.NoError(t, sleeper.Start())
	defer func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() }()
	uid := "0a1b2c3d-0000-4000-8000-123456789abc"
	root := fakeNode(t, map[string]string{fmt.Sprintf("/proc/%d/cgroup", sleeper.Process.Pid): "0::/kubepods.slice/kubepods-pod0a1b2c3d_0000_4000_8000_123456789abc.slice/cri-x.scope\n"})
	require.NoError(t, os.MkdirAll(filepath.Join(root, "/var/log/pods/shop_web-1_"+uid), 0o755))
	require.NoError(t, os.Symlink(fmt.Sprintf("/proc/%d/ns", sleeper.Process.Pid), filepath.Join(root, fmt.Sprintf("/proc/%d/ns", sleeper.Process.Pid))))
	require.Eventually(t, func() bool { // ip enters the namespace before it becomes sleep
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", sleeper.Process.Pid))
		return err == nil && string(comm) == "sleep\n"
	}, 5*time.Second, 10*time.Millisecond)

	began := time.Now()
	g := captureIn(t, node, root, Capture{Points: []string{"veth1", "any", "pod:shop/web-1", "pod:shop/gone-1", "nosuch0"}, Seconds: 1, Filter: "udp dst port 53 or icmp"})
	require.Less(t, time.Since(began), 8*time.Second, "the points listen at the same time")

	require.Equal(t, bundle.StatusUnsupported, g.entries["capture/nosuch0.pcapng"].Status)
	require.Contains(t, g.entries["capture/nosuch0.pcapng"].Error, "no such device")
	require.Equal(t, bundle.StatusUnsupported, g.entries["capture/pod_shop_gone-1.pcapng"].Status)
	require.Equal(t, "capture/pcap/pod:shop/web-1", g.entries["capture/pod_shop_web-1.pcapng"].Artifact)
	for path, link := range map[string]uint16{"capture/veth1.pcapng": linkEthernet, "capture/any.pcapng": linkSLL2, "capture/pod_shop_web-1.pcapng": linkEthernet} {
		require.Equal(t, bundle.StatusOK, g.entries[path].Status, "%s: %s", path, g.entries[path].Error)
		c := readCapture(t, []byte(g.text[path]))
		require.Equal(t, link, c.link, path)
		require.Greater(t, len(c.packets), 10, path)
		require.Equal(t, uint64(len(c.packets)), c.counters[8], path)
		require.GreaterOrEqual(t, c.counters[6], c.counters[8]+c.counters[7], path)
		for _, data := range c.packets {
			network := data[14:]
			if link == linkSLL2 {
				require.Equal(t, []byte{8, 0}, data[:2])
				network = data[20:]
			}
			h := readHeaders(network, 0x0800)
			require.True(t, h.proto == 17 && h.dstPort == 53 || h.proto == 1, "%s: only what the filter wants", path)
			require.LessOrEqual(t, len(data), snapHeaders+20, path)
		}
	}
}

func TestCaptureOfWholePackets(t *testing.T) {
	node, _ := captureLab(t)
	g := captureIn(t, node, "", Capture{Points: []string{"veth1"}, Seconds: 1, Payload: true, Size: 1})
	c := readCapture(t, []byte(g.text["capture/veth1.pcapng"]))
	long := 0
	for _, data := range c.packets {
		if len(data) == 14+20+8+900 {
			long++
		}
	}
	require.Positive(t, long)
}

func TestCaptureWithoutTcpdump(t *testing.T) {
	node, _ := captureLab(t)
	test, err := parseFilter("udp dst port 53")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	go func() { _ = chatter(ctx, node) }()
	p := &capturePoint{name: "veth1", device: "veth1", snaplen: snapHeaders, filter: &packetFilter{text: "udp dst port 53", own: test, snaplen: snapHeaders}}
	require.NoError(t, inNetns("/var/run/netns/"+node, func() error { return p.open(ctx, newHost(""), mib) }))
	defer p.close()
	p.begin()
	p.listen(ctx, time.Now().Add(2*time.Second))
	require.NoError(t, p.err)
	got := readCapture(t, bytes.Join(p.pcapng(), nil))
	require.Greater(t, len(got.packets), 5)
	require.Equal(t, uint64(len(got.packets)), got.counters[6])
	for _, data := range got.packets {
		require.Equal(t, 53, readHeaders(data[14:], 0x0800).dstPort)
		require.Len(t, data, snapHeaders)
	}
}
