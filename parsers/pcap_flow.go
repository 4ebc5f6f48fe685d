package parsers

import (
	"bytes"
	"net/netip"
)

// pcapMaxFlows bounds the flow table: about 100 bytes each.
const (
	pcapMaxFlows = 256 << 10
	pcapMaxPairs = 256 << 10
)

// pcapFlowKey is a conversation: its lower end comes first, whichever side spoke.
type pcapFlowKey struct {
	a, b         pcapAddr
	aPort, bPort uint16
	proto        uint8
}

// pcapFlow is an entry of the table, chained from the most recently seen to the least. Indexes are into the slab.
type pcapFlow struct {
	key          pcapFlowKey
	newer, older int32
	forth, back  bool // a spoke to b, b spoke to a
}

// pcapFlows counts conversations and remembers who spoke to whom. When it is full, the flow that was idle longest is
// forgotten and counted as evicted.
type pcapFlows struct {
	index           map[pcapFlowKey]int32
	slab            []pcapFlow
	newest, oldest  int32
	limit           int
	opened, evicted int64
	pairs           map[[2]pcapAddr]struct{} // source, destination
}

const pcapNoFlow = -1

func newPcapFlows(limit int) *pcapFlows {
	return &pcapFlows{
		index: map[pcapFlowKey]int32{}, newest: pcapNoFlow, oldest: pcapNoFlow, limit: limit, pairs: map[[2]pcapAddr]struct{}{},
	}
}

// see notes one packet.
func (t *pcapFlows) see(h *pcapHeaders) {
	key := pcapFlowKey{a: h.src, b: h.dst, aPort: h.srcPort, bPort: h.dstPort, proto: h.proto}
	back := false
	if c := bytes.Compare(h.src[:], h.dst[:]); c > 0 || c == 0 && h.srcPort > h.dstPort {
		key.a, key.b, key.aPort, key.bPort, back = key.b, key.a, key.bPort, key.aPort, true
	}
	i := t.newest
	if i == pcapNoFlow || t.slab[i].key != key { // packets of a flow come in bursts
		found := false
		if i, found = t.index[key]; found {
			t.unlink(i)
		} else {
			i = t.open(key)
		}
		t.pushNewest(i)
	}
	f := &t.slab[i]
	if back && !f.back || !back && !f.forth {
		if len(t.pairs) < pcapMaxPairs {
			t.pairs[[2]pcapAddr{h.src, h.dst}] = struct{}{}
		}
		f.back, f.forth = f.back || back, f.forth || !back
	}
}

// spoke tells whether any packet went from src to dst.
func (t *pcapFlows) spoke(src, dst pcapAddr) bool {
	_, ok := t.pairs[[2]pcapAddr{src, dst}]
	return ok
}

// open returns a place for a new flow: a new one, or that of the flow that was idle longest.
func (t *pcapFlows) open(key pcapFlowKey) int32 {
	t.opened++
	i := int32(len(t.slab))
	if len(t.slab) < t.limit {
		t.slab = append(t.slab, pcapFlow{})
	} else {
		i = t.oldest
		t.unlink(i)
		delete(t.index, t.slab[i].key)
		t.evicted++
	}
	t.slab[i] = pcapFlow{key: key}
	t.index[key] = i
	return i
}

func (t *pcapFlows) unlink(i int32) {
	f := &t.slab[i]
	if f.newer != pcapNoFlow {
		t.slab[f.newer].older = f.older
	} else {
		t.newest = f.older
	}
	if f.older != pcapNoFlow {
		t.slab[f.older].newer = f.newer
	} else {
		t.oldest = f.newer
	}
}

func (t *pcapFlows) pushNewest(i int32) {
	f := &t.slab[i]
	f.newer, f.older = pcapNoFlow, t.newest
	if t.newest != pcapNoFlow {
		t.slab[t.newest].newer = i
	} else {
		t.oldest = i
	}
	t.newest = i
}

// String is the address as netip prints it, IPv4 without its mapping.
func (a pcapAddr) String() string { return netip.AddrFrom16(a).Unmap().String() }
