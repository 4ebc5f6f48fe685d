package parsers

import (
	"encoding/json"
	"strings"
)

// ipLinkKindWord reports whether a word can be the kind that opens a line of "ip -d link".
func ipLinkKindWord(word string) bool {
	for i := 0; i < len(word); i++ {
		c := word[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' && i > 0 || c == '_' || c == '-' && i > 0) {
			return false
		}
	}
	return true
}

// ipLinkKind reads what follows the kind: "id 1 local 192.168.77.11 dev eth0 srcport 0 0 dstport 8472 nolearning".
func ipLinkKind(l *IPLink, words []string) {
	l.Learning = l.Kind == "vxlan"
	for i := 0; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch words[i] {
		case "id":
			ipLinkID(l, netInt(value))
		case "local":
			l.Local = ipLinkEnd(value)
		case "remote", "group":
			l.Remote = ipLinkEnd(value)
		case "dev":
			l.Underlay = value
		case "dstport":
			l.VXLANPort = netInt(value)
		case "nolearning":
			l.Learning = false
		case "mode":
			l.Mode = value
		case "vlan_filtering":
			l.VLANFiltering = netInt(value)
		case "nf_call_iptables":
			l.NFCallIptables = netInt(value)
		}
	}
}

func ipLinkID(l *IPLink, id int64) {
	switch l.Kind {
	case "vxlan":
		l.VXLANID = id
	case "vlan":
		l.VLANID = id
	}
}

// ipLinkEnd is a tunnel's end point; "any" and the zero address mean that it has none.
func ipLinkEnd(s string) string {
	if s == "any" || s == "0.0.0.0" || s == "::" {
		return ""
	}
	return netAddrOr(s)
}

// ipLinkSlave reads "bridge_slave state forwarding ... hairpin on ... isolated off".
func ipLinkSlave(l *IPLink, words []string) {
	if words[0] != "bridge_slave" {
		return
	}
	for i := 1; i+1 < len(words); i++ {
		switch words[i] {
		case "state":
			l.PortState = words[i+1]
		case "hairpin":
			l.Hairpin = words[i+1] == "on"
		case "isolated":
			l.Isolated = words[i+1] == "on"
		}
	}
}

// ipLinkObject is a device of "ip -j link" and "ip -j addr".
type ipLinkObject struct {
	Index       int64         `json:"ifindex"`
	Name        string        `json:"ifname"`
	Link        ipLinkParent  `json:"link"`
	LinkIndex   iprouteText   `json:"link_index"`
	Flags       []string      `json:"flags"`
	MTU         int64         `json:"mtu"`
	Qdisc       string        `json:"qdisc"`
	Master      string        `json:"master"`
	State       string        `json:"operstate"`
	TxQueueLen  int64         `json:"txqlen"`
	Type        string        `json:"link_type"`
	Address     string        `json:"address"`
	NetnsID     *iprouteText  `json:"link_netnsid"`
	Netns       string        `json:"link_netns"`
	Promiscuity *int64        `json:"promiscuity"`
	Alias       string        `json:"ifalias"`
	AltNames    []string      `json:"altnames"`
	Info        ipLinkInfo    `json:"linkinfo"`
	Stats64     *ipLinkStats  `json:"stats64"`
	Stats       *ipLinkStats  `json:"stats"`
	Addrs       []ipAddrEntry `json:"addr_info"`
}

// ipLinkParent is null for a tunnel without a device below it, where the text form prints "@NONE".
type ipLinkParent string

// UnmarshalJSON is called for null as well.
func (p *ipLinkParent) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*p = "NONE"
		return nil
	}
	return json.Unmarshal(b, (*string)(p))
}

type ipLinkInfo struct {
	Kind string `json:"info_kind"`
	Data struct {
		ID             iprouteText `json:"id"`
		Local          string      `json:"local"`
		Local6         string      `json:"local6"`
		Remote         string      `json:"remote"`
		Remote6        string      `json:"remote6"`
		Link           string      `json:"link"`
		Port           iprouteText `json:"port"`
		Learning       *bool       `json:"learning"`
		Mode           iprouteText `json:"mode"`
		VLANFiltering  iprouteText `json:"vlan_filtering"`
		NFCallIptables iprouteText `json:"nf_call_iptables"`
	} `json:"info_data"`
	SlaveKind string `json:"info_slave_kind"`
	SlaveData struct {
		State    iprouteText `json:"state"`
		Hairpin  bool        `json:"hairpin"`
		Isolated bool        `json:"isolated"`
	} `json:"info_slave_data"`
}

type ipLinkStats struct {
	Rx struct {
		Bytes      int64 `json:"bytes"`
		Packets    int64 `json:"packets"`
		Errors     int64 `json:"errors"`
		Dropped    int64 `json:"dropped"`
		OverErrors int64 `json:"over_errors"`
	} `json:"rx"`
	Tx struct {
		Bytes         int64 `json:"bytes"`
		Packets       int64 `json:"packets"`
		Errors        int64 `json:"errors"`
		Dropped       int64 `json:"dropped"`
		CarrierErrors int64 `json:"carrier_errors"`
	} `json:"tx"`
}

// ipAddrEntry is an address of "ip -j addr"; its flags are keys of their own.
type ipAddrEntry struct {
	Local        string         `json:"local"`
	Address      string         `json:"address"` // the peer, where there is one
	PrefixLen    int64          `json:"prefixlen"`
	Broadcast    string         `json:"broadcast"`
	Scope        string         `json:"scope"`
	Label        string         `json:"label"`
	Secondary    iproutePresent `json:"secondary"`
	Temporary    iproutePresent `json:"temporary"`
	Dynamic      iproutePresent `json:"dynamic"`
	Tentative    iproutePresent `json:"tentative"`
	DADFailed    iproutePresent `json:"dadfailed"`
	Deprecated   iproutePresent `json:"deprecated"`
	NoPrefix     iproutePresent `json:"noprefixroute"`
	NoDAD        iproutePresent `json:"nodad"`
	MngTmpAddr   iproutePresent `json:"mngtmpaddr"`
	Optimistic   iproutePresent `json:"optimistic"`
	HomeAddress  iproutePresent `json:"homeaddress"`
	StableRandom iproutePresent `json:"stable-privacy"`
}

func parseIPDevicesJSON(in *Input, addrs bool) {
	iprouteJSON(in, func(first, last int, object []byte) bool {
		var o ipLinkObject
		if json.Unmarshal(object, &o) != nil || o.Name == "" {
			return false
		}
		in.Emit(first, last, o.fact())
		for _, a := range o.Addrs {
			if v, ok := a.fact(o.Name); ok && addrs {
				in.Emit(first, last, v)
			}
		}
		return true
	})
}

func (o ipLinkObject) fact() IPLink {
	l := newIPLink()
	l.Index, l.Name, l.MTU, l.Qdisc, l.State, l.Master = o.Index, o.Name, o.MTU, o.Qdisc, o.State, o.Master
	l.Netns, l.Alias, l.TxQueueLen, l.Kind = o.Netns, o.Alias, o.TxQueueLen, o.Info.Kind
	l.Flags, l.AltNames = append(l.Flags, o.Flags...), append(l.AltNames, o.AltNames...)
	l.Parent = string(o.Link)
	if l.Parent == "" && o.LinkIndex != "" {
		l.Parent = "if" + string(o.LinkIndex)
	}
	if netMAC(o.Address) {
		l.MAC = strings.ToLower(o.Address)
	}
	if o.NetnsID != nil {
		l.NetnsID = o.NetnsID.int()
	}
	if o.Promiscuity != nil {
		l.Promiscuity = *o.Promiscuity
	}
	o.Info.into(&l)
	for _, s := range []*ipLinkStats{o.Stats, o.Stats64} {
		if s != nil {
			l.HasStats = true
			l.RxBytes, l.RxPackets, l.RxErrors, l.RxDropped, l.RxMissed = s.Rx.Bytes, s.Rx.Packets, s.Rx.Errors, s.Rx.Dropped, s.Rx.OverErrors
			l.TxBytes, l.TxPackets, l.TxErrors, l.TxDropped, l.TxCarrier = s.Tx.Bytes, s.Tx.Packets, s.Tx.Errors, s.Tx.Dropped, s.Tx.CarrierErrors
		}
	}
	return l
}

func (i ipLinkInfo) into(l *IPLink) {
	d := i.Data
	ipLinkID(l, d.ID.int())
	l.Local, l.Remote = ipLinkEnd(d.Local+d.Local6), ipLinkEnd(d.Remote+d.Remote6)
	l.Mode = string(d.Mode)
	if l.Kind == "vxlan" {
		l.Underlay, l.VXLANPort = d.Link, d.Port.int()
		l.Learning = d.Learning == nil || *d.Learning
	}
	if l.Kind == "bridge" {
		l.VLANFiltering, l.NFCallIptables = d.VLANFiltering.int(), d.NFCallIptables.int()
	}
	if i.SlaveKind == "bridge" {
		l.PortState, l.Hairpin, l.Isolated = string(i.SlaveData.State), i.SlaveData.Hairpin, i.SlaveData.Isolated
	}
}

func (a ipAddrEntry) fact(dev string) (IPAddr, bool) {
	v := IPAddr{Dev: dev, PrefixLen: a.PrefixLen, Scope: a.Scope, Label: a.Label, Flags: []string{}}
	var ok bool
	if v.Addr, ok = netAddr(a.Local); !ok {
		return v, false
	}
	if a.Address != "" {
		v.Peer = netAddrOr(a.Address)
	}
	if a.Broadcast != "" {
		v.Broadcast = netAddrOr(a.Broadcast)
	}
	for _, f := range []struct {
		name string
		set  iproutePresent
	}{
		{"secondary", a.Secondary}, {"temporary", a.Temporary}, {"tentative", a.Tentative}, {"deprecated", a.Deprecated},
		{"dadfailed", a.DADFailed}, {"dynamic", a.Dynamic}, {"noprefixroute", a.NoPrefix}, {"nodad", a.NoDAD},
		{"mngtmpaddr", a.MngTmpAddr}, {"optimistic", a.Optimistic}, {"home", a.HomeAddress}, {"stable-privacy", a.StableRandom},
	} {
		if f.set {
			v.Flags = append(v.Flags, f.name)
		}
	}
	return v, true
}
