package pseudonym

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sort"
	"strings"
)

// Leaks looks for originals in what was written. It shares no code with the search for what to replace but the rule
// for names that are common words, so that it finds what that search overlooks.
type Leaks struct {
	m      *Mapper
	values *trie
	binary map[string]string // bytes in a packet: text for a person
}

// Leaks prepares a search for the names that are known now, for these addresses and these MAC addresses. What is the
// same everywhere, such as a loopback address, is not looked for.
func (m *Mapper) Leaks(addrs []netip.Addr, macs []MAC) *Leaks {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &Leaks{m: m, values: &trie{}, binary: map[string]string{}}
	for name := range m.names.tokens {
		l.values.add(name, name)
	}
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		if !a.IsValid() || m.addr(a, false) == a || m.images[a] {
			continue
		}
		l.values.add(a.String(), a.String())
		if a.Is4() {
			l.values.add(strings.ReplaceAll(a.String(), ".", "-"), a.String())
			l.values.add(hex4(a), a.String())
		} else {
			l.values.add(a.StringExpanded(), a.String())
		}
		l.binary[string(a.AsSlice())] = a.String()
	}
	for _, a := range macs {
		if m.mac(a, false) == a {
			continue
		}
		text := fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5])
		l.values.add(text, text)
		l.values.add(strings.ToUpper(text), text)
		l.binary[string(a[:])] = text
	}
	return l
}

const (
	leakBlock   = 256 << 10
	leakOverlap = 512 // longer than any value
)

// Find returns the originals in a stream, each once, sorted. Packets are searched for the bytes of addresses too.
func (l *Leaks) Find(r io.Reader, packets bool) ([]string, error) {
	found := map[string]bool{}
	buf := make([]byte, 0, leakBlock+leakOverlap)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		l.search(buf, packets, found)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		buf = append(buf[:0], buf[len(buf)-leakOverlap:]...)
	}
	list := make([]string, 0, len(found))
	for v := range found {
		list = append(list, v)
	}
	sort.Strings(list)
	return list, nil
}

func (l *Leaks) search(buf []byte, packets bool, found map[string]bool) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	text := string(buf)
	for i := range len(text) {
		if wordByte(text, i-1) && !wordStart(text, i) {
			continue
		}
		end, v := l.values.longest(text, i)
		if end == 0 || found[v] || isCommon(v) && !l.m.stated(text, i, end) {
			continue
		}
		if a, err := netip.ParseAddr(v); err == nil && l.m.images[a] || end < len(text) && text[end] == ':' && strings.Contains(v, "::") {
			continue
		}
		found[v] = true
	}
	if packets {
		for raw, v := range l.binary {
			if a, err := netip.ParseAddr(v); (err != nil || !l.m.images[a]) && bytes.Contains(buf, []byte(raw)) {
				found[v] = true
			}
		}
	}
}
