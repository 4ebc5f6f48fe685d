package pseudonym

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func testMapper(t testing.TB, seed byte) *Mapper {
	var k Key
	for i := range k {
		k[i] = seed + byte(i)
	}
	m, err := New(k)
	require.NoError(t, err)
	return m
}

func random4(r *rand.Rand) netip.Addr {
	a := addr4(r.Uint32())
	switch r.IntN(3) {
	case 0:
		b := a.As4()
		return netip.AddrFrom4([4]byte{10, b[1], b[2], b[3]})
	case 1:
		b := a.As4()
		return netip.AddrFrom4([4]byte{192, 168, b[2] & 3, b[3]})
	}
	return a
}

func random6(r *rand.Rand) netip.Addr {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	switch r.IntN(3) {
	case 0:
		b[0], b[1] = 0x20, 0x01
	case 1:
		copy(b[:8], []byte{0xfe, 0x80, 0, 0, 0, 0, 0, 0})
	}
	return netip.AddrFrom16(b)
}

func common4(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range len(x) * 8 {
		if (x[i/8]^y[i/8])&(0x80>>(i%8)) != 0 {
			return i
		}
	}
	return len(x) * 8
}

// Two originals share exactly as many leading bits as their pseudonyms, so every containment is kept.
func TestPrefixesArePreserved(t *testing.T) {
	m := testMapper(t, 1)
	r := rand.New(rand.NewPCG(1, 2))
	for _, draw := range []func(*rand.Rand) netip.Addr{random4, random6} {
		for range 4000 {
			a, b := draw(r), draw(r)
			if r.IntN(2) == 0 { // a near neighbour
				raw := a.AsSlice()
				raw[len(raw)-1-r.IntN(3)] ^= 1 << r.IntN(8)
				b, _ = netip.AddrFromSlice(raw)
			}
			x, y := m.Addr(a), m.Addr(b)
			require.Equal(t, common4(a, b), common4(x, y), "%s %s", a, b)
			require.Equal(t, a, m.RevealAddr(x))
			p := netip.PrefixFrom(a, r.IntN(a.BitLen()-1)).Masked()
			to := m.Prefix(p)
			require.Equal(t, to.Masked(), to)
			require.Equal(t, p, m.RevealPrefix(to))
			require.Equal(t, p.Contains(b), to.Contains(y))
			require.Equal(t, a.IsPrivate(), x.IsPrivate())
			require.Equal(t, a.IsLinkLocalUnicast(), x.IsLinkLocalUnicast())
			require.Equal(t, a.IsMulticast(), x.IsMulticast())
			require.Equal(t, a.IsLoopback(), x.IsLoopback())
		}
	}
}

func TestSmallBlockIsPermuted(t *testing.T) {
	m := testMapper(t, 3)
	seen := map[netip.Addr]bool{}
	block := m.Prefix(netip.MustParsePrefix("10.40.1.0/24"))
	for i := range 256 {
		a := m.Addr(netip.AddrFrom4([4]byte{10, 40, 1, byte(i)}))
		require.True(t, block.Contains(a))
		seen[a] = true
	}
	require.Len(t, seen, 256)
}

func TestSpecialAddressesStay(t *testing.T) {
	m := testMapper(t, 4)
	for _, s := range []string{"0.0.0.0", "127.0.0.1", "127.0.0.53", "169.254.20.10", "169.254.169.254", "224.0.0.1", "255.255.255.255", "255.255.240.0", "::", "::1", "ff02::1", "ff00::"} {
		require.Equal(t, s, m.Text(s))
	}
	require.Equal(t, "::/0 0.0.0.0/0 fe80::/64 ff00::/8", m.Text("::/0 0.0.0.0/0 fe80::/64 ff00::/8"))
	require.NotEqual(t, "fe80::5054:ff:fe12:3456", m.Text("fe80::5054:ff:fe12:3456"))
	require.True(t, strings.HasPrefix(m.Text("ff02::1:ff12:3456"), "ff02::1:ff"))
	require.NotEqual(t, "ff02::1:ff12:3456", m.Text("ff02::1:ff12:3456"))
	group := m.MAC(MAC{0x33, 0x33, 0xff, 0x12, 0x34, 0x56})
	b := m.Addr(netip.MustParseAddr("ff02::1:ff12:3456")).As16()
	require.Equal(t, b[13:], group[3:], "a solicited-node group and its Ethernet group fit together")
}

func TestMACsArePermuted(t *testing.T) {
	m := testMapper(t, 5)
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var a MAC
		for i := range a {
			a[i] = byte(r.Uint32())
		}
		x := m.MAC(a)
		require.Equal(t, a[0]&3, x[0]&3)
		require.Equal(t, a, m.RevealMAC(x), "%x", a)
	}
	for _, s := range []string{"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "ee:ee:ee:ee:ee:ee", "01:00:5e:00:00:01", "33:33:00:00:00:01"} {
		require.Equal(t, s, m.Text(s))
	}
}

// Where addresses stand in a text does not matter; what is around them stays.
func TestAddressesAreFoundInText(t *testing.T) {
	m := testMapper(t, 6)
	v4, v6, mac := netip.MustParseAddr("10.40.1.7"), netip.MustParseAddr("2001:db8::7"), MAC{0x52, 0x54, 0, 0x12, 0x34, 0x56}
	x4, x6 := m.Addr(v4).String(), m.Addr(v6).String()
	xm := fmt.Sprintf("%x", m.MAC(mac))
	xmac := xm[0:2] + ":" + xm[2:4] + ":" + xm[4:6] + ":" + xm[6:8] + ":" + xm[8:10] + ":" + xm[10:12]
	dash := strings.ReplaceAll(x4, ".", "-")
	hex := hex4(m.Addr(v4))
	net := m.Prefix(netip.MustParsePrefix("10.40.1.0/26")).Addr().String()
	for in, want := range map[string]string{
		"10.40.1.7":                          x4,
		"dial tcp 10.40.1.7:8080: refused":   "dial tcp " + x4 + ":8080: refused",
		"10.40.1.7,tcp:8080,10.40.1.7":       x4 + ",tcp:8080," + x4,
		"IP 10.40.1.7.60442 > x":             "IP " + x4 + ".60442 > x",
		"from 10.40.1.7.":                    "from " + x4 + ".",
		"src=10.40.1.7 dst":                  "src=" + x4 + " dst",
		`"\n10.40.1.7"`:                      `"\n` + x4 + `"`,
		"10.40.1.0/26 via":                   net + "/26 via",
		"10.40.1.0/255.255.255.192":          net + "/255.255.255.192",
		"10.40.1.7/26":                       x4 + "/26",
		"node/10.40.1.7/log":                 "node/" + x4 + "/log",
		"ip-10-40-1-7.ec2.internal":          "ip-" + dash + ".ec2.internal",
		"10-40-1-7.shop.pod":                 dash + ".shop.pod",
		"7.1.40.10.in-addr.arpa":             reversed(m.Addr(v4)).String() + ".in-addr.arpa",
		"UDP  0A280107:0035 rr":              "UDP  " + hex + ":0035 rr",
		"[2001:db8::7]:53":                   "[" + x6 + "]:53",
		"2001:db8::7: error":                 x6 + ": error",
		"addr:2001:db8::7":                   "addr:" + x6,
		"2001:db8::7%eth0":                   x6 + "%eth0",
		"::ffff:10.40.1.7":                   "::ffff:" + x4,
		"[::ffff:10.40.1.7]:443":             "[::ffff:" + x4 + "]:443",
		"lladdr 52:54:00:12:34:56 REACHABLE": "lladdr " + xmac + " REACHABLE",
		"mac:52:54:00:12:34:56,":             "mac:" + xmac + ",",
		"MAC=52:54:00:12:34:56:52:54:00:12:34:56:08:00 SRC=10.40.1.7": "MAC=" + xmac + ":" + xmac + ":08:00 SRC=" + x4,
		"52-54-00-12-34-56": strings.ReplaceAll(xmac, ":", "-"),
	} {
		require.Equal(t, want, m.Text(in), in)
		require.Equal(t, in, m.Reveal(want), want)
	}
	for _, same := range []string{
		"2026-11-21T03:19:50.952657Z", "Nov 21 03:20:01", "[   89.533898] x", "std::string", "1.3.6.1.4.1.2021", "6.1.0-56-amd64", "v1.34.4", "v1.2.3.4",
		"f752a047-cd1f-4c07-9cf7-af037391eab4", "pods/0", ":::22", "*:10256", "0000:00:1f.2", "300.1.2.3", "sha256:ab12", "::", "a: b", "1:2:3", "d::",
	} {
		if same == "d::" {
			continue // an address, as it stands
		}
		require.Equal(t, same, m.Text(same))
	}
}

func TestNames(t *testing.T) {
	m := testMapper(t, 7)
	m.Learn(Node, "node-a")
	m.Learn(Node, "Web1.eu.example.com")
	m.Learn(Namespace, "shop")
	m.Learn(Namespace, "test")
	m.Learn(Namespace, "kube-system")
	m.Learn(Pod, "checkout-6f9d8b7c54-q9t5k")
	m.Learn(Pod, "checkout-6f9d8b7c54-2hxgw")
	m.Learn(Pod, "db-0")
	m.Learn(Pod, "kube-proxy-h5w9d")
	m.Learn(Node, "10.0.0.5")
	n, s, p := m.Text("node-a"), m.Text("shop"), m.Text("checkout-6f9d8b7c54-q9t5k")
	require.Regexp(t, `^node-x[0-9a-f]{8}$`, n)
	require.Regexp(t, `^ns-x[0-9a-f]{8}$`, s)
	require.Regexp(t, `^pod-x[0-9a-f]{8}-[a-z0-9]{10}-[a-z0-9]{5}$`, p)
	other := m.Text("checkout-6f9d8b7c54-2hxgw")
	require.Equal(t, p[:len(p)-5], other[:len(other)-5], "pods of one ReplicaSet share their beginning")
	require.Regexp(t, `^pod-x[0-9a-f]{8}-0$`, m.Text("db-0"))
	require.Regexp(t, `^node-x[0-9a-f]{8}\.dom-x[0-9a-f]{8}$`, m.Text("Web1.eu.example.com"))
	require.Regexp(t, `^node-x[0-9a-f]{8}$`, m.Text("web1"))
	for in, want := range map[string]string{
		"kube-proxy-node-a":                   "kube-proxy-" + n,
		"node-a.18e9f155":                     n + ".18e9f155",
		"node-ab anode-a":                     "node-ab anode-a",
		"kube-system kube-proxy-h5w9d":        "kube-system kube-proxy-h5w9d",
		`"\nnode-a"`:                          `"\n` + n + `"`,
		"db.shop.svc":                         "db." + s + ".svc",
		"test failed":                         "test failed",
		"shop_checkout-6f9d8b7c54-q9t5k_f752": s + "_" + p + "_f752",
	} {
		require.Equal(t, want, m.Text(in))
		require.Equal(t, in, m.Reveal(want))
	}
	test := m.Text("namespace: test")
	require.Regexp(t, `^namespace: ns-x[0-9a-f]{8}$`, test)
	require.Equal(t, "namespace: test", m.Reveal(test))
	require.NotContains(t, m.Text("db.test.svc"), "test")
	require.NotContains(t, m.Text("test/checkout-6f9d8b7c54-q9t5k"), "test")

	again := testMapper(t, 7)
	again.Learn(Node, "node-a")
	require.Equal(t, n, again.Text("node-a"), "the key alone decides")
	require.NotEqual(t, n, func() string { o := testMapper(t, 8); o.Learn(Node, "node-a"); return o.Text("node-a") }())
}

func TestEditorLearns(t *testing.T) {
	m := testMapper(t, 9)
	line := `kubelet: "SyncLoop DELETE" pods=["bank/ledger-7c65d6cfc9-8kqzt"]` + "\n"
	out := m.Editor().Line(line)
	require.NotContains(t, out, "bank")
	require.NotContains(t, out, "ledger")
	require.Equal(t, line, m.Reveal(out))
	id := "    machineID: 1adee0ea3ae44c55315f9e111e83a9ac\n"
	require.NotContains(t, m.Editor().Line(id), "1adee0ea")
	e := m.Editor()
	e.Line("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n")
	row := e.Line("eth0\t" + textNative(netip.MustParseAddr("10.40.1.0")) + "\t" + textNative(netip.MustParseAddr("10.0.0.1")) + "\t0003\t0\t0\t0\t" + textNative(netip.MustParseAddr("255.255.255.0")) + "\t0\t0\t0\n")
	f := strings.Split(row, "\t")
	dst, err := hexNative(f[1])
	require.NoError(t, err)
	require.Equal(t, m.Prefix(netip.MustParsePrefix("10.40.1.0/24")).Addr(), dst)
	gw, err := hexNative(f[2])
	require.NoError(t, err)
	require.Equal(t, m.Addr(netip.MustParseAddr("10.0.0.1")), gw)
}

func TestKeyAndTableFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	k, err := EnsureKey(file)
	require.NoError(t, err)
	again, err := EnsureKey(file)
	require.NoError(t, err)
	require.Equal(t, k, again)
	st, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())

	for _, name := range []string{"node-a", "node-b"} { // two runs, one table
		m, err := New(k)
		require.NoError(t, err)
		m.Learn(Node, name)
		require.NoError(t, m.SaveNames(NamesFile(file)))
	}
	m, err := New(k)
	require.NoError(t, err)
	require.NoError(t, m.LoadNames(NamesFile(file)))
	text := m.Text("node-a node-b")
	require.NotContains(t, text, "node-a")
	require.Equal(t, "node-a node-b", m.Reveal(text))
	st, err = os.Stat(NamesFile(file))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())

	require.NoError(t, os.WriteFile(file, []byte("not a key\n"), 0o600))
	_, err = EnsureKey(file)
	require.ErrorContains(t, err, "is no key file")
}

func TestLeaksAreFound(t *testing.T) {
	m := testMapper(t, 10)
	m.Learn(Node, "node-a")
	m.Learn(Namespace, "test")
	a, mac := netip.MustParseAddr("10.40.1.7"), MAC{0x52, 0x54, 0, 0x12, 0x34, 0x56}
	l := m.Leaks([]netip.Addr{a, netip.MustParseAddr("127.0.0.1")}, []MAC{mac})
	text := "x 10.40.1.7:80 127.0.0.1 on kube-proxy-node-a 52:54:00:12:34:56 test passed 10.40.1.70"
	found, err := l.Find(strings.NewReader(strings.Repeat(" ", leakBlock+leakOverlap-5)+text), false)
	require.NoError(t, err)
	require.Equal(t, []string{"10.40.1.7", "52:54:00:12:34:56", "node-a"}, found)
	found, err = l.Find(strings.NewReader(m.Text(text)), false)
	require.NoError(t, err)
	require.Empty(t, found)
	found, err = l.Find(strings.NewReader("\x0a\x28\x01\x07"), true)
	require.NoError(t, err)
	require.Equal(t, []string{"10.40.1.7"}, found)
}

// FuzzText: a text is translated back to itself as far as its addresses are spelled the usual way, and nothing panics.
func FuzzText(f *testing.F) {
	for _, s := range []string{"10.40.1.7:53", "[fe80::1]:80 a::b:c", "52:54:00:12:34:56:52:54:00:12:34:56:08:00", "ip-10-0-1-2 1.2.3.4.5", "0A60000A:0035", ":::22", "\\u003c10.0.0.1/0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		m := testMapper(t, 11)
		m.Learn(Node, "node-a")
		_ = m.Editor().Line(text)
		_ = m.Reveal(m.Text(text))
	})
}

func TestTextsOfAddressesComeBack(t *testing.T) {
	m := testMapper(t, 12)
	r := rand.New(rand.NewPCG(5, 6))
	separators := []string{" ", ", ", " -> ", "\n", "=", "\t", "\"", "(", " via ", "%eth0 "}
	for range 500 {
		var b strings.Builder
		for range 20 {
			switch r.IntN(5) {
			case 0:
				b.WriteString(random4(r).String())
			case 1:
				b.WriteString(random6(r).String())
			case 2:
				b.WriteString(netip.PrefixFrom(random4(r), r.IntN(31)).Masked().String())
			case 3:
				b.WriteString(netip.PrefixFrom(random6(r), r.IntN(127)).Masked().String())
			case 4:
				fmt.Fprintf(&b, "%02x:%02x:%02x:%02x:%02x:%02x", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256))
			}
			b.WriteString(separators[r.IntN(len(separators))])
		}
		require.Equal(t, b.String(), m.Reveal(m.Text(b.String())))
	}
}
