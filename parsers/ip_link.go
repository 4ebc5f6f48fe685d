package parsers

import "coldcase/fact"

// IPLink is one network device. Fields of a kind that the device is not, or that the options of ip did not ask for,
// are empty. Source: ip-link(8).
type IPLink struct {
	Index       int64    `cel:"index" json:"index"`
	Name        string   `cel:"name" json:"name"`
	Parent      string   `cel:"parent" json:"parent"` // "eth0" of vlan100@eth0; "if3" names a device of another namespace by index; "NONE"
	Kind        string   `cel:"kind" json:"kind"`     // "veth", "bridge", "vxlan", "ipip", "ipvlan", ...; needs -d
	MTU         int64    `cel:"mtu" json:"mtu"`
	Qdisc       string   `cel:"qdisc" json:"qdisc"`
	State       string   `cel:"state" json:"state"` // "UP", "DOWN", "UNKNOWN" (normal for lo, tunnels, dummies), "LOWERLAYERDOWN"
	Flags       []string `cel:"flags" json:"flags"` // "UP" (by the administrator), "LOWER_UP", "NO-CARRIER", "NOARP", ...
	MAC         string   `cel:"mac" json:"mac"`     // "" for devices without hardware address
	Master      string   `cel:"master" json:"master"`
	NetnsID     int64    `cel:"netnsID" json:"netnsID"` // of the peer; -1 when none is printed
	Netns       string   `cel:"netns" json:"netns"`     // name of the peer's namespace
	Alias       string   `cel:"alias" json:"alias"`
	AltNames    []string `cel:"altNames" json:"altNames"`
	TxQueueLen  int64    `cel:"txQueueLen" json:"txQueueLen"`
	Promiscuity int64    `cel:"promiscuity" json:"promiscuity"` // -1 without -d
	Mode        string   `cel:"mode" json:"mode"`               // of ipvlan, macvlan, bond: "l2", "bridge", "active-backup"
	VLANID      int64    `cel:"vlanID" json:"vlanID"`
	VXLANID     int64    `cel:"vxlanID" json:"vxlanID"`     // VNI
	VXLANPort   int64    `cel:"vxlanPort" json:"vxlanPort"` // UDP destination port
	Underlay    string   `cel:"underlay" json:"underlay"`   // device that a vxlan sends through
	Learning    bool     `cel:"learning" json:"learning"`   // of vxlan: addresses are learned from traffic
	Local       string   `cel:"local" json:"local"`         // tunnel end points; "" for any
	Remote      string   `cel:"remote" json:"remote"`
	// Bridge: what ip prints as 0 or 1; -1 when the device is no bridge.
	VLANFiltering  int64 `cel:"vlanFiltering" json:"vlanFiltering"`
	NFCallIptables int64 `cel:"nfCallIptables" json:"nfCallIptables"`
	// Bridge port.
	PortState string `cel:"portState" json:"portState"` // "forwarding", "disabled"; "" when it is none
	Hairpin   bool   `cel:"hairpin" json:"hairpin"`
	Isolated  bool   `cel:"isolated" json:"isolated"`
	// Counters since the device exists; HasStats says that ip was asked for them (-s).
	HasStats  bool  `cel:"hasStats" json:"hasStats"`
	RxBytes   int64 `cel:"rxBytes" json:"rxBytes"`
	RxPackets int64 `cel:"rxPackets" json:"rxPackets"`
	RxErrors  int64 `cel:"rxErrors" json:"rxErrors"`
	RxDropped int64 `cel:"rxDropped" json:"rxDropped"`
	RxMissed  int64 `cel:"rxMissed" json:"rxMissed"` // "missed" or, in older versions, "overrun"
	TxBytes   int64 `cel:"txBytes" json:"txBytes"`
	TxPackets int64 `cel:"txPackets" json:"txPackets"`
	TxErrors  int64 `cel:"txErrors" json:"txErrors"`
	TxDropped int64 `cel:"txDropped" json:"txDropped"`
	TxCarrier int64 `cel:"txCarrier" json:"txCarrier"` // carrier errors
}

// FactKind implements fact.Value.
func (IPLink) FactKind() fact.Kind { return "ip.link" }

// newIPLink is a link of which nothing is known yet.
func newIPLink() IPLink {
	return IPLink{Flags: []string{}, AltNames: []string{}, NetnsID: -1, Promiscuity: -1, VLANFiltering: -1, NFCallIptables: -1}
}

var _ = register(Parser{
	Name:      "ip-link",
	Doc:       "ip link with -d, -s, -o and -j (ip-link(8))",
	Artifacts: []string{"node/ip-link"},
	Facts:     []fact.Value{IPLink{}},
	Parse:     func(in *Input) error { return parseIPDevices(in, false) },
})
