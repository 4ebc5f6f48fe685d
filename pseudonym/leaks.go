package pseudonym

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
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
	s := l.Search(packets)
	if _, err := io.Copy(s, r); err != nil {
		return nil, err
	}
	return s.Found(), nil
}

// Search is a stream that is searched while it is written.
type Search struct {
	l       *Leaks
	packets bool
	buf     []byte // what was not searched yet, behind the end of what was
	found   map[string]bool
}

// Search begins a stream; packets are searched for the bytes of addresses too.
func (l *Leaks) Search(packets bool) *Search {
	return &Search{l: l, packets: packets, found: map[string]bool{}}
}

// Write implements io.Writer and never fails.
func (s *Search) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		take := min(len(p), leakBlock+leakOverlap-len(s.buf))
		s.buf, p = append(s.buf, p[:take]...), p[take:]
		if len(s.buf) == leakBlock+leakOverlap {
			s.l.search(s.buf, s.packets, s.found)
			s.buf = append(s.buf[:0], s.buf[leakBlock:]...)
		}
	}
	return n, nil
}

// Found ends the stream and returns the originals in it, each once, sorted.
func (s *Search) Found() []string {
	s.l.search(s.buf, s.packets, s.found)
	s.buf = nil
	return slices.Sorted(maps.Keys(s.found))
}

// Known is the number of names that are known.
func (m *Mapper) Known() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.names.tokens)
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
