package pseudonym

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Text replaces addresses and known names in a short text, such as a file name or an argument.
func (m *Mapper) Text(text string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.replace(text, false)
}

// Reveal translates a text back. What is not a pseudonym of this key becomes some other address, so it is for
// reports on a pseudonymised bundle, not for any text.
func (m *Mapper) Reveal(text string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.replace(text, true)
}

// replace makes one pass; what was replaced is not looked at again.
func (m *Mapper) replace(text string, back bool) string {
	var out strings.Builder
	last := 0
	known := m.names.forward
	if back {
		known = m.names.back
	}
	for i := 0; i < len(text); i++ {
		h := hit{}
		if wordByte(text, i) && wordStart(text, i) {
			h = m.name(known, text, i, back)
		}
		if h.end <= i {
			h = m.address(text, i, back)
		}
		if h.end > i {
			out.WriteString(text[last:h.start])
			out.WriteString(h.with)
			last, i = h.end, h.end-1
		}
	}
	if last == 0 {
		return text
	}
	out.WriteString(text[last:])
	return out.String()
}

func (m *Mapper) name(known *trie, text string, i int, back bool) hit {
	end, with := known.longest(text, i)
	if end == 0 || !back && isCommon(text[i:end]) && !m.stated(text, i, end) {
		return hit{}
	}
	return hit{i, end, with}
}

// wordStart reports whether a word begins at i. The letter of an escape such as \n is not the word's.
func wordStart(text string, i int) bool {
	if !wordByte(text, i-1) {
		return true
	}
	if i >= 2 && text[i-2] == '\\' {
		return strings.IndexByte("ntrbf", text[i-1]) >= 0 && (i < 3 || text[i-3] != '\\')
	}
	if i >= 6 && text[i-6] == '\\' && text[i-5] == 'u' || i >= 4 && text[i-4] == '\\' && text[i-3] == 'x' {
		return true
	}
	return i >= 3 && text[i-3] == '%' && hexByte(text, i-1) && hexByte(text, i-2)
}

// saysName is what stands before a name that is also a common word, when the name is meant.
var saysName = regexp.MustCompile(`(?i)(?:namespaces?|\bns|node_?name|host_?name|hostname-override|\bnode|\bpod|\bpods|\bholderidentity)\\?["']?\s{0,30}[:=/]\s{0,30}\\?["'\[]?$|(?:^|\n)Linux $|(?:^|[T\s])\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)? $`)

// stated reports whether the text says that a common word is a name here: "namespace: test", "test/POD", "_test_",
// ".test.svc".
func (m *Mapper) stated(text string, i, end int) bool {
	if strings.HasPrefix(text[end:], ".svc") || strings.HasPrefix(text[end:], ".pod.") {
		return true
	}
	if end < len(text) && (text[end] == '/' || text[end] == '_') {
		if to, _ := m.names.forward.longest(text, end+1); to > 0 {
			return true
		}
	}
	if i > 0 && text[i-1] == '_' && (end == len(text) || text[end] == '_' || text[end] == '(') {
		return true
	}
	return saysName.MatchString(text[max(0, i-60):i])
}

var (
	// podRef is how structured Kubernetes logs name a pod; it may be one that is long gone.
	podRef = regexp.MustCompile(`\bpods?\\?"?[=:] ?\[?\\?"([a-z0-9][a-z0-9-]*)/([a-z0-9][a-z0-9.-]*)\\?"`)
	// nodeID are the identifiers in a Node.
	nodeID = regexp.MustCompile(`(?:machineID|bootID|systemUUID|Machine ID|Boot ID|System UUID)"?:\s*"?([0-9A-Fa-f][0-9A-Fa-f-]{30,35})`)
)

// Editor replaces what stands in one artifact, line by line: the first lines of a table decide how it is read.
type Editor struct {
	m     *Mapper
	route bool // the lines are those of /proc/net/route
}

// Editor starts an artifact.
func (m *Mapper) Editor() *Editor { return &Editor{m: m} }

// Line returns a line with its originals replaced. It may be a piece of a very long line.
func (e *Editor) Line(line string) string {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	if strings.HasPrefix(line, "Iface\tDestination") {
		e.route = true
		return line
	}
	if e.route {
		line = e.m.routeLine(line)
	}
	e.m.learnFrom(line)
	return e.m.replace(line, false)
}

func (m *Mapper) learnFrom(line string) {
	if strings.Contains(line, "pod") && strings.Contains(line, `"`) {
		for _, p := range podRef.FindAllStringSubmatch(line, 16) {
			m.learn(Namespace, p[1])
			m.learn(Pod, p[2])
		}
	}
	if strings.Contains(line, "ID") {
		if p := nodeID.FindStringSubmatch(line); p != nil {
			m.learn(ID, p[1])
		}
	}
}

// routeLine maps the addresses of a line of /proc/net/route, which are numbers in this machine's byte order.
func (m *Mapper) routeLine(line string) string {
	f := strings.Split(line, "\t")
	if len(f) < 8 {
		return line
	}
	dst, err := hexNative(f[1])
	gw, err2 := hexNative(f[2])
	mask, err3 := hexNative(strings.TrimSpace(f[7]))
	n, ok := maskBits(mask)
	if err != nil || err2 != nil || err3 != nil || !ok {
		return line
	}
	f[1] = textNative(m.prefix(netip.PrefixFrom(dst, n), false).Addr())
	f[2] = textNative(m.addr(gw, false))
	return strings.Join(f, "\t")
}

func hexNative(s string) (netip.Addr, error) {
	v, err := strconv.ParseUint(s, 16, 32)
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(v))
	return netip.AddrFrom4(b), err
}

func textNative(a netip.Addr) string {
	b := a.As4()
	return fmt.Sprintf("%08X", binary.NativeEndian.Uint32(b[:]))
}
