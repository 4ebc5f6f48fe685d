//go:build linux

package collect

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// Attributes and object types of linux/netfilter/nf_tables.h that x/sys/unix lacks.
const (
	nftTableHandle, nftTableUserdata                                                       = 4, 6
	nftChainUserdata, nftHookDev, nftHookDevs                                              = 12, 3, 4
	nftObjHandle, nftObjUserdata, nftObjCounter, nftObjQuota, nftObjHelper, nftObjLimit    = 6, 8, 1, 2, 3, 4
	nftFlowTable, nftFlowName, nftFlowHook, nftFlowHandle, nftFlowPriority, nftFlowDevices = 1, 2, 3, 5, 2, 3
	nftInverted                                                                            = 1 // NFT_QUOTA_F_INV, NFT_LIMIT_F_INV and the like
)

// Names of linux/netfilter.h and linux/netfilter/nf_tables.h, as nft spells them.
var (
	nftFamilies = numberNames{unix.NFPROTO_INET: "inet", unix.NFPROTO_IPV4: "ip", unix.NFPROTO_ARP: "arp", unix.NFPROTO_NETDEV: "netdev", unix.NFPROTO_BRIDGE: "bridge", unix.NFPROTO_IPV6: "ip6"}
	nftHooks    = numberNames{0: "prerouting", 1: "input", 2: "forward", 3: "output", 4: "postrouting", 5: "ingress"}
	nftHooksOf  = map[byte]numberNames{unix.NFPROTO_ARP: {0: "input", 1: "output", 2: "forward"}, unix.NFPROTO_NETDEV: {0: "ingress", 1: "egress"}}
	nftVerdicts = numberNames{0: "drop", 1: "accept", 2: "stolen", 3: "queue", 0xffffffff: "continue", 0xfffffffe: "break", 0xfffffffd: "jump", 0xfffffffc: "goto", 0xfffffffb: "return"}
	nftObjects  = numberNames{1: "counter", 2: "quota", 3: "ct helper", 4: "limit", 5: "ct count", 6: "tunnel", 7: "ct timeout", 8: "secmark", 9: "ct expectation", 10: "synproxy"}
)

func nftTable(family byte, a attrs) nftObject {
	o := nftObject{"family": nftFamilies.of(uint64(family)), "name": a.text(unix.NFTA_TABLE_NAME), "handle": a.big(nftTableHandle)}
	var flags []string
	for i, name := range []string{"dormant", "owner", "persist"} {
		if a.big(unix.NFTA_TABLE_FLAGS)>>i&1 != 0 {
			flags = append(flags, name)
		}
	}
	if len(flags) > 0 {
		o["flags"] = flags
	}
	nftComment(o, a[nftTableUserdata], 0)
	return o
}

func nftChain(family byte, a attrs) nftObject {
	o := nftObject{
		"family": nftFamilies.of(uint64(family)), "table": a.text(unix.NFTA_CHAIN_TABLE), "name": a.text(unix.NFTA_CHAIN_NAME),
		"handle": a.big(unix.NFTA_CHAIN_HANDLE),
	}
	if a.has(unix.NFTA_CHAIN_HOOK) {
		hook := a.nested(unix.NFTA_CHAIN_HOOK)
		names, ok := nftHooksOf[family]
		if !ok {
			names = nftHooks
		}
		o["type"], o["hook"] = a.text(unix.NFTA_CHAIN_TYPE), names.of(hook.big(unix.NFTA_HOOK_HOOKNUM))
		o["prio"], o["policy"] = int32(uint32(hook.big(unix.NFTA_HOOK_PRIORITY))), nftVerdicts.of(a.big(unix.NFTA_CHAIN_POLICY))
		devices := nftTexts(hook[nftHookDevs])
		if name := hook.text(nftHookDev); name != "" {
			devices = []string{name}
		}
		if len(devices) > 0 {
			o["dev"] = nftOneOrList(devices)
		}
	}
	nftComment(o, a[nftChainUserdata], 0)
	return o
}

// nftNamedObject describes a counter, quota and the like that rules refer to.
func nftNamedObject(family byte, a attrs) (kind string, o nftObject) {
	o = nftObject{
		"family": nftFamilies.of(uint64(family)), "name": a.text(unix.NFTA_OBJ_NAME), "table": a.text(unix.NFTA_OBJ_TABLE), "handle": a.big(nftObjHandle),
	}
	var details any
	switch data := a.nested(unix.NFTA_OBJ_DATA); a.big(unix.NFTA_OBJ_TYPE) {
	case nftObjCounter:
		details = nftCounter(data)
	case nftObjQuota:
		details = nftObject{"bytes": data.big(unix.NFTA_QUOTA_BYTES), "used": data.big(unix.NFTA_QUOTA_CONSUMED), "inv": data.big(unix.NFTA_QUOTA_FLAGS)&nftInverted != 0}
	case nftObjLimit:
		details = nftLimitStatement(data)
	case nftObjHelper:
		details = nftObject{"type": data.text(1), "protocol": nftProtocols.of(data.big(3))}
	}
	if more, ok := details.(nftObject); ok {
		for key, value := range more {
			o[key] = value
		}
	}
	nftComment(o, a[nftObjUserdata], 0)
	return nftObjects.of(a.big(unix.NFTA_OBJ_TYPE)), o
}

func nftFlowtable(family byte, a attrs) nftObject {
	hook := a.nested(nftFlowHook)
	o := nftObject{
		"family": nftFamilies.of(uint64(family)), "name": a.text(nftFlowName), "table": a.text(nftFlowTable),
		"handle": a.big(nftFlowHandle), "hook": "ingress", "prio": int32(uint32(hook.big(nftFlowPriority))),
	}
	if devices := nftTexts(hook[nftFlowDevices]); len(devices) > 0 {
		o["dev"] = nftOneOrList(devices)
	}
	return o
}

// nftTexts are the texts of a nested list.
func nftTexts(b []byte) (all []string) {
	eachAttr(b, 0, func(_ uint16, value []byte) { all = append(all, unix.ByteSliceToString(value)) })
	return all
}

// nftOneOrList is how libnftables writes lists: a single item stands alone.
func nftOneOrList(all []string) any {
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// nftUserdata finds an entry in what nft stores with an object for itself: type, length and value, all in bytes.
func nftUserdata(b []byte, kind byte) ([]byte, bool) {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		if b[0] == kind {
			return b[2 : 2+int(b[1])], true
		}
		b = b[2+int(b[1]):]
	}
	return nil, false
}

func nftComment(o nftObject, userdata []byte, kind byte) {
	if b, ok := nftUserdata(userdata, kind); ok {
		o["comment"] = unix.ByteSliceToString(b)
	}
}

// nftNetworkOrder reports whether userdata says that a set's integers have the network's byte order.
func nftNetworkOrder(userdata []byte, kind byte) bool {
	const networkOrder = 2
	b, ok := nftUserdata(userdata, kind)
	return ok && len(b) >= 4 && binary.NativeEndian.Uint32(b) == networkOrder
}

// nftVerdict describes where a packet goes: NFTA_VERDICT_* .
func nftVerdict(a attrs) nftObject {
	name := nftVerdicts.of(a.big(unix.NFTA_VERDICT_CODE))
	if name == "jump" || name == "goto" {
		return nftObject{name: nftObject{"target": a.text(unix.NFTA_VERDICT_CHAIN)}}
	}
	return nftObject{name: nil}
}

// nftUnknown keeps an expression that is not spelled out visible. The key is no word of libnftables.
func nftUnknown(format string, args ...any) nftObject {
	return nftObject{"coldcase": nftObject{"kernel-expression": fmt.Sprintf(format, args...)}}
}
