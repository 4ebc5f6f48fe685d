package pseudonym

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// maxColons bounds a run of hexadecimal digits, colons and dots that is looked at; the longest is an IPv6 address
// with an IPv4 tail, or the three fields of a kernel log's MAC=.
const maxColons = 64

// colons looks at a run of hexadecimal digits and colons for an IPv6 address or MAC addresses.
func (m *Mapper) colons(text string, i int, back bool) hit {
	if i > 0 && (text[i-1] == ':' || hexByte(text, i-1)) {
		return hit{} // inside a run that was looked at
	}
	end, colons, double := i, 0, false
	for end < len(text) && end-i < maxColons && (text[end] == ':' || text[end] == '.' || hexByte(text, end)) {
		if text[end] == ':' {
			colons++
			double = double || end > i && text[end-1] == ':'
		}
		end++
	}
	if !double && colons < 5 {
		return m.macDashes(text, i, back)
	}
	if wordByte(text, end) && end-i < maxColons { // the last group belongs to a word
		for end > i && text[end-1] != ':' {
			end--
		}
	}
	start := i
	if wordByte(text, i-1) { // and so does the first
		start = i + strings.IndexByte(text[i:end], ':') + 1
		if start >= 1 && start < end && text[start] == ':' {
			start--
		}
	}
	for tries := 0; tries < 3 && start < end; tries++ {
		if h := m.colonsAt(text, start, end, back); h.end > start {
			return h
		}
		next := strings.IndexByte(text[start:end], ':')
		if next < 0 {
			break
		}
		start += next + 1
	}
	return hit{}
}

// colonsAt tries one start of a run with its possible ends: a sentence's colon or dot, and a port.
func (m *Mapper) colonsAt(text string, start, end int, back bool) hit {
	if h := m.macRun(text, start, end, back); h.end > start {
		return h
	}
	for tries := 0; tries < 4 && end-start >= 2; tries++ {
		if a, err := netip.ParseAddr(text[start:end]); err == nil && a.Is6() {
			return hit{start, end, m.sixText(text, a, start, end, back)}
		}
		run := text[start:end]
		if last := run[len(run)-1]; last == '.' || last == ':' && !strings.HasSuffix(run, "::") {
			end--
			continue
		}
		if end = start + strings.LastIndexAny(run, ":."); end < start {
			return hit{}
		}
	}
	return hit{}
}

func (m *Mapper) sixText(text string, a netip.Addr, start, end int, back bool) string {
	to := m.addr(a, back)
	if n, ok := m.length(text, end, 128); ok && !a.Is4In6() {
		to = m.prefix(netip.PrefixFrom(a, n), back).Addr()
	}
	if !back && a.String() != text[start:end] && a.StringExpanded() == text[start:end] { // as the kernel's %pI6 prints it
		return to.StringExpanded()
	}
	return to.String()
}

// macRun finds 6 pairs of digits, or the 14 of an Ethernet header, as the kernel logs them.
func (m *Mapper) macRun(text string, start, end int, back bool) hit {
	n := pairs(text, start, ':')
	if n != 6 && n != 14 || start+3*n-1 > end {
		return hit{}
	}
	with := m.macText(text, start, ':', back)
	if n == 14 {
		with += ":" + m.macText(text, start+18, ':', back) + text[start+35:start+41]
	}
	return hit{start, start + 3*n - 1, with}
}

// macDashes finds a MAC address that is written with dashes.
func (m *Mapper) macDashes(text string, i int, back bool) hit {
	if wordByte(text, i-1) || i > 0 && text[i-1] == '-' || pairs(text, i, '-') != 6 {
		return hit{}
	}
	return hit{i, i + 17, m.macText(text, i, '-', back)}
}

// pairs counts pairs of hexadecimal digits; 0 when the run does not end with a pair.
func pairs(text string, i int, sep byte) int {
	for n := 1; ; n++ {
		if !hexByte(text, i) || !hexByte(text, i+1) {
			return 0
		}
		i += 2
		if i >= len(text) || text[i] != sep || !hexByte(text, i+1) {
			if wordByte(text, i) {
				return 0
			}
			return n
		}
		i++
	}
}

func (m *Mapper) macText(text string, i int, sep byte, back bool) string {
	var a MAC
	for n := range a {
		v, err := strconv.ParseUint(text[i+3*n:i+3*n+2], 16, 8)
		if err != nil {
			return text[i : i+17]
		}
		a[n] = byte(v)
	}
	a = m.mac(a, back)
	s := fmt.Sprintf("%02x%c%02x%c%02x%c%02x%c%02x%c%02x", a[0], sep, a[1], sep, a[2], sep, a[3], sep, a[4], sep, a[5])
	if upper := strings.ToUpper(text[i : i+17]); upper == text[i:i+17] && strings.ContainsAny(upper, "ABCDEF") {
		return strings.ToUpper(s)
	}
	return s
}
