package pseudonym

import (
	"crypto/sha256"
	"net/netip"
	"sync"
)

// Mapper replaces originals by pseudonyms, and translates back. Its methods may be called from several goroutines.
type Mapper struct {
	mu     sync.Mutex
	key    Key
	v4, v6 *tree
	macKey [sha256.Size]byte
	macs   map[macFrom]MAC
	names  *names
	// images are the addresses that were given out as pseudonyms: one of them may well be some other machine's
	// original, which is no leak.
	images map[netip.Addr]bool
}

// maxImages bounds the memory for images; beyond it, the check for leaks may take a pseudonym for an original.
const maxImages = 1 << 18

// New makes a Mapper that knows no names yet.
func New(k Key) (*Mapper, error) {
	v4, err := newTree(k, "v4", 32, blocks4)
	if err != nil {
		return nil, err
	}
	v6, err := newTree(k, "v6", 128, blocks6)
	if err != nil {
		return nil, err
	}
	return &Mapper{
		key: k, v4: v4, v6: v6, macKey: k.derive("mac"), macs: map[macFrom]MAC{},
		names: newNames(), images: map[netip.Addr]bool{},
	}, nil
}

func (m *Mapper) note(a netip.Addr) netip.Addr {
	if len(m.images) < maxImages {
		m.images[a] = true
	}
	return a
}
