//go:build linux

package collect

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"golang.org/x/sys/unix"
)

// device is one message of the kernel's list of devices: struct ifinfomsg of linux/rtnetlink.h.
type device struct {
	name  string
	kind  uint16 // ARPHRD_*
	index uint32
	flags uint32
	attrs
}

// deviceNames finds devices by index.
type deviceNames map[uint32]device

// of is a device's name, or what ip prints for one that is not there.
func (d deviceNames) of(index uint64) string {
	if index > math.MaxUint32 || d[uint32(index)].name == "" {
		return fmt.Sprintf("if%d", index)
	}
	return d[uint32(index)].name
}

func readDevices() ([]device, error) {
	messages, err := dump(unix.NETLINK_ROUTE, unix.RTM_GETLINK, unix.RTM_NEWLINK, make([]byte, unix.SizeofIfInfomsg))
	if err != nil {
		return nil, err
	}
	var all []device
	for _, m := range messages {
		if len(m) < unix.SizeofIfInfomsg {
			continue
		}
		a := parseAttrs(m, unix.SizeofIfInfomsg)
		all = append(all, device{
			name: a.text(unix.IFLA_IFNAME), kind: binary.NativeEndian.Uint16(m[2:]), index: binary.NativeEndian.Uint32(m[4:]),
			flags: binary.NativeEndian.Uint32(m[8:]), attrs: a,
		})
	}
	return all, nil
}

func listDevices() (deviceNames, error) {
	all, err := readDevices()
	if err != nil {
		return nil, err
	}
	return byIndex(all), nil
}

func byIndex(all []device) deviceNames {
	names := deviceNames{}
	for _, d := range all {
		names[d.index] = d
	}
	return names
}

// linkWriter prints devices as ip-link(8) does.
type linkWriter struct {
	devices deviceNames
	groups  numberNames
	netns   numberNames
	addrs   bool // of "ip addr", which prints less of the device
}

func newLinkWriter(h *host, all []device, addrs bool) linkWriter {
	w := linkWriter{devices: byIndex(all), groups: h.groupNames(), addrs: addrs}
	for _, d := range all {
		if d.has(unix.IFLA_LINK_NETNSID) {
			w.netns = namespaceNames(h)
			break
		}
	}
	return w
}

// nativeLinks prints what "ip -d -s link show" prints.
func nativeLinks(ctx context.Context, h *host, k *sink) error {
	all, err := readDevices()
	if err != nil {
		return err
	}
	w := newLinkWriter(h, all, false)
	for _, d := range all {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := fmt.Fprint(k, w.link(d)+linkCounters(d)); err != nil {
			return err
		}
	}
	return nil
}

// link prints everything but counters and addresses.
func (w linkWriter) link(d device) string {
	var b strings.Builder
	parent, parentDown := w.parent(d)
	fmt.Fprintf(&b, "%d: %s%s: <%s> mtu %d qdisc %s", d.index, d.name, parent, linkFlags(d.flags, parentDown), d.number(unix.IFLA_MTU), d.text(unix.IFLA_QDISC))
	if master := d.number(unix.IFLA_MASTER); master != 0 {
		b.WriteString(" master " + w.devices.of(master))
	}
	b.WriteString(" state " + numberNames{0: "UNKNOWN", 1: "NOTPRESENT", 2: "DOWN", 3: "LOWERLAYERDOWN", 4: "TESTING", 5: "DORMANT", 6: "UP"}.of(d.number(unix.IFLA_OPERSTATE)))
	if !w.addrs {
		b.WriteString(" mode " + numberNames{0: "DEFAULT", 1: "DORMANT"}.of(d.number(unix.IFLA_LINKMODE)))
	}
	b.WriteString(" group " + w.groups.of(d.number(unix.IFLA_GROUP)))
	if n := d.number(unix.IFLA_TXQLEN); n != 0 {
		fmt.Fprintf(&b, " qlen %d", n)
	}
	b.WriteString("\n    " + w.hardware(d))
	b.WriteString(w.details(d) + "\n")
	if alias := d.text(unix.IFLA_IFALIAS); alias != "" {
		fmt.Fprintf(&b, "    alias %s\n", alias)
	}
	if xdp := parseAttrs(d.attrs[unix.IFLA_XDP], 0); xdp.number(unix.IFLA_XDP_ATTACHED) != 0 {
		fmt.Fprintf(&b, "    prog/xdp id %d\n", xdp.number(unix.IFLA_XDP_PROG_ID))
	}
	eachAttr(d.attrs[unix.IFLA_PROP_LIST], 0, func(kind uint16, value []byte) {
		if kind == unix.IFLA_ALT_IFNAME {
			fmt.Fprintf(&b, "    altname %s\n", unix.ByteSliceToString(value))
		}
	})
	return b.String()
}

// parent is the device below, as ip writes it behind the name, and whether that is down.
func (w linkWriter) parent(d device) (text string, down bool) {
	if !d.has(unix.IFLA_LINK) {
		return "", false
	}
	index := d.number(unix.IFLA_LINK)
	switch {
	case index == 0:
		return "@NONE", false
	case d.has(unix.IFLA_LINK_NETNSID):
		return fmt.Sprintf("@if%d", index), false
	}
	return "@" + w.devices.of(index), w.devices[uint32(index)].flags&unix.IFF_UP == 0
}

// linkFlags prints IFF_* of linux/if.h in the order of ip.
func linkFlags(flags uint32, parentDown bool) string {
	var words []string
	if flags&unix.IFF_UP != 0 && flags&unix.IFF_RUNNING == 0 {
		words = append(words, "NO-CARRIER")
	}
	flags &^= unix.IFF_RUNNING
	for _, f := range []struct {
		bit  uint32
		name string
	}{
		{unix.IFF_LOOPBACK, "LOOPBACK"}, {unix.IFF_BROADCAST, "BROADCAST"}, {unix.IFF_POINTOPOINT, "POINTOPOINT"}, {unix.IFF_MULTICAST, "MULTICAST"},
		{unix.IFF_NOARP, "NOARP"}, {unix.IFF_ALLMULTI, "ALLMULTI"}, {unix.IFF_PROMISC, "PROMISC"}, {unix.IFF_MASTER, "MASTER"}, {unix.IFF_SLAVE, "SLAVE"},
		{unix.IFF_DEBUG, "DEBUG"}, {unix.IFF_DYNAMIC, "DYNAMIC"}, {unix.IFF_AUTOMEDIA, "AUTOMEDIA"}, {unix.IFF_PORTSEL, "PORTSEL"},
		{unix.IFF_NOTRAILERS, "NOTRAILERS"}, {unix.IFF_UP, "UP"}, {unix.IFF_LOWER_UP, "LOWER_UP"}, {unix.IFF_DORMANT, "DORMANT"}, {unix.IFF_ECHO, "ECHO"},
	} {
		if flags&f.bit != 0 {
			words = append(words, f.name)
			flags &^= f.bit
		}
	}
	if flags != 0 {
		words = append(words, fmt.Sprintf("%x", flags))
	}
	if parentDown {
		words = append(words, "M-DOWN")
	}
	return strings.Join(words, ",")
}

// hardware prints the line of the link layer.
func (w linkWriter) hardware(d device) string {
	var b strings.Builder
	b.WriteString("link/" + numberNames{
		unix.ARPHRD_ETHER: "ether", unix.ARPHRD_LOOPBACK: "loopback", unix.ARPHRD_TUNNEL: "ipip", unix.ARPHRD_TUNNEL6: "tunnel6", unix.ARPHRD_SIT: "sit",
		unix.ARPHRD_IPGRE: "gre", unix.ARPHRD_IP6GRE: "gre6", unix.ARPHRD_NONE: "none", unix.ARPHRD_PPP: "ppp", unix.ARPHRD_INFINIBAND: "infiniband",
		unix.ARPHRD_NETLINK: "netlink", unix.ARPHRD_IEEE80211: "ieee802.11", unix.ARPHRD_CAN: "can", unix.ARPHRD_VSOCKMON: "vsockmon", unix.ARPHRD_VOID: "void",
	}.of(uint64(d.kind)))
	if mac := d.attrs[unix.IFLA_ADDRESS]; len(mac) > 0 {
		b.WriteString(" " + hardware(mac, d.kind))
	}
	if mac := d.attrs[unix.IFLA_BROADCAST]; len(mac) > 0 {
		b.WriteString(map[bool]string{true: " peer ", false: " brd "}[d.flags&unix.IFF_POINTOPOINT != 0] + hardware(mac, d.kind))
	}
	if d.has(unix.IFLA_LINK_NETNSID) {
		id := d.number(unix.IFLA_LINK_NETNSID)
		if name, ok := w.netns[id]; ok {
			b.WriteString(" link-netns " + name)
		} else if int32(id) >= 0 {
			fmt.Fprintf(&b, " link-netnsid %d", id)
		} else {
			b.WriteString(" link-netnsid unknown")
		}
	}
	for _, f := range []struct {
		kind uint16
		word string
	}{{unix.IFLA_PROMISCUITY, "promiscuity"}, {unix.IFLA_ALLMULTI, " allmulti"}, {unix.IFLA_MIN_MTU, "minmtu"}, {unix.IFLA_MAX_MTU, "maxmtu"}} {
		if d.has(f.kind) {
			fmt.Fprintf(&b, " %s %d", f.word, d.number(f.kind))
		}
	}
	return b.String() + " "
}

// linkCounters prints the counters of struct rtnl_link_stats64 (linux/if_link.h), by their place in it.
func linkCounters(d device) string {
	stats := d.attrs[unix.IFLA_STATS64]
	if len(stats) < 18*8 {
		return ""
	}
	at := func(n int) uint64 { return binary.NativeEndian.Uint64(stats[8*n:]) }
	side := func(direction string, last [2]string, figures ...uint64) string {
		head, values := "    "+direction+": ", "       "
		for i, name := range []string{"bytes", "packets", "errors", "dropped", last[0], last[1]} {
			value := fmt.Sprint(figures[i])
			width := max(len(name), len(value)) + 1
			head += fmt.Sprintf("%*s", width, name)
			values += fmt.Sprintf(" %*s", width-1, value)
		}
		return head + "\n" + values + "\n"
	}
	return side("RX", [2]string{"missed", "mcast"}, at(2), at(0), at(4), at(6), at(15), at(8)) +
		side("TX", [2]string{"carrier", "collsns"}, at(3), at(1), at(5), at(7), at(17), at(9))
}
