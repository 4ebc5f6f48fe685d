//go:build linux

package collect

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// linkWord prints one attribute of a kind of device; "" leaves it out.
type linkWord struct {
	attr  uint16
	word  string
	print func(linkWriter, []byte) string
}

func number(_ linkWriter, b []byte) string    { return fmt.Sprint(nativeNumber(b)) }
func hexNumber(_ linkWriter, b []byte) string { return fmt.Sprintf("0x%x", nativeNumber(b)) }
func bigPort(_ linkWriter, b []byte) string   { return fmt.Sprint(attrs{0: b}.port(0)) }

func onOff(_ linkWriter, b []byte) string {
	return map[bool]string{true: "on", false: "off"}[nativeNumber(b) != 0]
}

func byDeviceIndex(w linkWriter, b []byte) string {
	if index := nativeNumber(b); index != 0 {
		return w.devices.of(index)
	}
	return ""
}

// endPoint leaves the zero address out; anyPoint prints the word that ip has for it.
func endPoint(_ linkWriter, b []byte) string {
	if addr, ok := netip.AddrFromSlice(b); ok && !addr.IsUnspecified() {
		return addr.String()
	}
	return ""
}

func anyPoint(w linkWriter, b []byte) string {
	if text := endPoint(w, b); text != "" {
		return text
	}
	return "any"
}

func oneOf(names numberNames) func(linkWriter, []byte) string {
	return func(_ linkWriter, b []byte) string { return names.of(nativeNumber(b)) }
}

// The attributes of linux/if_link.h and linux/if_tunnel.h, in the order of ip.
var (
	tunnelWords = []linkWord{
		{nl.IFLA_IPTUN_REMOTE, "remote", anyPoint}, {nl.IFLA_IPTUN_LOCAL, "local", anyPoint}, {nl.IFLA_IPTUN_LINK, "dev", byDeviceIndex},
	}
	greWords = []linkWord{
		{nl.IFLA_GRE_REMOTE, "remote", anyPoint}, {nl.IFLA_GRE_LOCAL, "local", anyPoint}, {nl.IFLA_GRE_LINK, "dev", byDeviceIndex},
	}
	macvlanWords = []linkWord{
		{unix.IFLA_MACVLAN_MODE, "mode", oneOf(numberNames{1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"})},
	}
	bridgeWords = []linkWord{
		{unix.IFLA_BR_FORWARD_DELAY, "forward_delay", number}, {unix.IFLA_BR_HELLO_TIME, "hello_time", number}, {unix.IFLA_BR_MAX_AGE, "max_age", number},
		{unix.IFLA_BR_AGEING_TIME, "ageing_time", number}, {unix.IFLA_BR_STP_STATE, "stp_state", number}, {unix.IFLA_BR_PRIORITY, "priority", number},
		{unix.IFLA_BR_VLAN_FILTERING, "vlan_filtering", number}, {unix.IFLA_BR_ROOT_PORT, "root_port", number},
		{unix.IFLA_BR_TOPOLOGY_CHANGE, "topology_change", number}, {unix.IFLA_BR_MCAST_SNOOPING, "mcast_snooping", number},
		{unix.IFLA_BR_NF_CALL_IPTABLES, "nf_call_iptables", number}, {unix.IFLA_BR_NF_CALL_IP6TABLES, "nf_call_ip6tables", number},
		{unix.IFLA_BR_NF_CALL_ARPTABLES, "nf_call_arptables", number},
	}
	bridgePortWords = []linkWord{
		{unix.IFLA_BRPORT_STATE, "state", oneOf(numberNames{0: "disabled", 1: "listening", 2: "learning", 3: "forwarding", 4: "blocking"})},
		{unix.IFLA_BRPORT_PRIORITY, "priority", number}, {unix.IFLA_BRPORT_COST, "cost", number}, {unix.IFLA_BRPORT_MODE, "hairpin", onOff},
		{unix.IFLA_BRPORT_GUARD, "guard", onOff}, {unix.IFLA_BRPORT_PROTECT, "root_block", onOff}, {unix.IFLA_BRPORT_FAST_LEAVE, "fastleave", onOff},
		{unix.IFLA_BRPORT_LEARNING, "learning", onOff}, {unix.IFLA_BRPORT_UNICAST_FLOOD, "flood", onOff}, {unix.IFLA_BRPORT_ID, "port_id", hexNumber},
		{unix.IFLA_BRPORT_NO, "port_no", hexNumber}, {unix.IFLA_BRPORT_PROXYARP, "proxy_arp", onOff}, {unix.IFLA_BRPORT_MCAST_FLOOD, "mcast_flood", onOff},
		{unix.IFLA_BRPORT_BCAST_FLOOD, "bcast_flood", onOff}, {unix.IFLA_BRPORT_NEIGH_SUPPRESS, "neigh_suppress", onOff},
		{unix.IFLA_BRPORT_VLAN_TUNNEL, "vlan_tunnel", onOff}, {unix.IFLA_BRPORT_ISOLATED, "isolated", onOff},
	}
	kindWords = map[string][]linkWord{
		"bridge": bridgeWords, "macvlan": macvlanWords, "macvtap": macvlanWords, "ipip": tunnelWords, "sit": tunnelWords, "ip6tnl": tunnelWords,
		"gre": greWords, "gretap": greWords, "ip6gre": greWords, "ip6gretap": greWords, "erspan": greWords, "ip6erspan": greWords,
		"vlan": {
			{unix.IFLA_VLAN_PROTOCOL, "protocol", func(_ linkWriter, b []byte) string {
				return numberNames{0x8100: "802.1Q", 0x88a8: "802.1ad"}.of(uint64(attrs{0: b}.port(0)))
			}},
			{unix.IFLA_VLAN_ID, "id", number},
		},
		"ipvlan": {{unix.IFLA_IPVLAN_MODE, "mode", oneOf(numberNames{0: "l2", 1: "l3", 2: "l3s"})}},
		"bond": {
			{unix.IFLA_BOND_MODE, "mode", oneOf(numberNames{
				0: "balance-rr", 1: "active-backup", 2: "balance-xor", 3: "broadcast", 4: "802.3ad", 5: "balance-tlb", 6: "balance-alb",
			})},
			{unix.IFLA_BOND_ACTIVE_SLAVE, "active_slave", byDeviceIndex}, {unix.IFLA_BOND_MIIMON, "miimon", number},
		},
		"geneve": {
			{unix.IFLA_GENEVE_ID, "id", number}, {unix.IFLA_GENEVE_REMOTE, "remote", endPoint}, {unix.IFLA_GENEVE_REMOTE6, "remote", endPoint},
			{unix.IFLA_GENEVE_PORT, "dstport", bigPort},
		},
		"vti": {
			{nl.IFLA_VTI_REMOTE, "remote", anyPoint}, {nl.IFLA_VTI_LOCAL, "local", anyPoint}, {nl.IFLA_VTI_LINK, "dev", byDeviceIndex},
		},
		"vrf": {{unix.IFLA_VRF_TABLE, "table", number}},
		"tun": {
			{unix.IFLA_TUN_TYPE, "type", oneOf(numberNames{1: "tun", 2: "tap"})}, {unix.IFLA_TUN_PI, "pi", onOff},
			{unix.IFLA_TUN_VNET_HDR, "vnet_hdr", onOff}, {unix.IFLA_TUN_PERSIST, "persist", onOff},
		},
		"vxlan": {
			{unix.IFLA_VXLAN_ID, "id", number}, {unix.IFLA_VXLAN_GROUP, "", vxlanRemote}, {unix.IFLA_VXLAN_GROUP6, "", vxlanRemote},
			{unix.IFLA_VXLAN_LOCAL, "local", endPoint}, {unix.IFLA_VXLAN_LOCAL6, "local", endPoint}, {unix.IFLA_VXLAN_LINK, "dev", byDeviceIndex},
			{unix.IFLA_VXLAN_PORT_RANGE, "srcport", func(_ linkWriter, b []byte) string {
				if len(b) < 4 {
					return ""
				}
				return fmt.Sprintf("%d %d", binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
			}},
			{unix.IFLA_VXLAN_PORT, "dstport", bigPort},
			{unix.IFLA_VXLAN_LEARNING, "", func(_ linkWriter, b []byte) string {
				return map[bool]string{true: "", false: "nolearning"}[nativeNumber(b) != 0]
			}},
			{unix.IFLA_VXLAN_AGEING, "ageing", number},
		},
	}
)

func vxlanRemote(_ linkWriter, b []byte) string {
	addr, ok := netip.AddrFromSlice(b)
	switch {
	case !ok || addr.IsUnspecified():
		return ""
	case addr.IsMulticast():
		return "group " + addr.String()
	}
	return "remote " + addr.String()
}

// details prints what -d adds: the kind of the device, its place in a bridge or bond, and its queues.
func (w linkWriter) details(d device) string {
	var b strings.Builder
	info := parseAttrs(d.attrs[unix.IFLA_LINKINFO], 0)
	if kind := info.text(unix.IFLA_INFO_KIND); kind != "" {
		data := parseAttrs(info[unix.IFLA_INFO_DATA], 0)
		b.WriteString("\n    " + kind + " ")
		if kind == "vxlan" && data.number(unix.IFLA_VXLAN_COLLECT_METADATA) != 0 {
			b.WriteString("external ")
		}
		b.WriteString(w.words(kindWords[kind], data))
	}
	if kind := info.text(unix.IFLA_INFO_SLAVE_KIND); kind != "" {
		b.WriteString("\n    " + kind + "_slave ")
		if kind == "bridge" {
			b.WriteString(w.words(bridgePortWords, parseAttrs(info[unix.IFLA_INFO_SLAVE_DATA], 0)))
		}
	}
	for _, f := range []struct {
		kind uint16
		word string
	}{
		{unix.IFLA_NUM_TX_QUEUES, "numtxqueues"}, {unix.IFLA_NUM_RX_QUEUES, "numrxqueues"}, {unix.IFLA_GSO_MAX_SIZE, "gso_max_size"},
		{unix.IFLA_GSO_MAX_SEGS, "gso_max_segs"}, {unix.IFLA_TSO_MAX_SIZE, "tso_max_size"}, {unix.IFLA_TSO_MAX_SEGS, "tso_max_segs"},
		{unix.IFLA_GRO_MAX_SIZE, "gro_max_size"},
	} {
		if d.has(f.kind) {
			fmt.Fprintf(&b, "%s %d ", f.word, d.number(f.kind))
		}
	}
	return b.String()
}

func (w linkWriter) words(words []linkWord, data attrs) string {
	text := ""
	for _, word := range words {
		if !data.has(word.attr) {
			continue
		}
		if value := word.print(w, data[word.attr]); value != "" {
			text += strings.TrimSpace(word.word+" "+value) + " "
		}
	}
	return text
}
