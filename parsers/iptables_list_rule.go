package parsers

import "strings"

// iptablesWords walks over the blank-separated words of a line and knows what is left behind them.
type iptablesWords struct{ rest string }

func (w *iptablesWords) peek() string {
	s := strings.TrimLeft(w.rest, " \t")
	if end := strings.IndexAny(s, " \t"); end >= 0 {
		return s[:end]
	}
	return s
}

func (w *iptablesWords) next() string {
	word := w.peek()
	w.rest = strings.TrimLeft(w.rest, " \t")[len(word):]
	return word
}

// iptablesListRule reads one line of a listing; columns is the heading of its chain.
func iptablesListRule(line, columns string) (IptablesRule, bool) {
	r := IptablesRule{Packets: -1, Bytes: -1, MatchSet: []string{}, Matches: []string{}, MatchArgs: []string{}, Lossy: true}
	w := &iptablesWords{rest: line}
	if strings.HasPrefix(strings.TrimSpace(columns), "num") {
		w.next()
	}
	verbose := strings.Contains(columns, "pkts")
	if verbose {
		var ok1, ok2 bool
		r.Packets, ok1 = netScaled(w.next())
		r.Bytes, ok2 = netScaled(w.next())
		if !ok1 || !ok2 {
			return r, false
		}
	}
	r.Text = strings.Join(strings.Fields(w.rest), " ")
	// The target column is blank for a rule without target: then the option column comes one word early.
	after := iptablesWords{rest: w.rest}
	after.next()
	if !iptablesOptColumn(after.peek()) {
		r.Target = w.next()
	}
	proto := w.next()
	r.Proto, r.ProtoNot = netProto(strings.TrimPrefix(proto, "!")), strings.HasPrefix(proto, "!")
	if iptablesOptColumn(w.peek()) { // older ip6tables leaves this column blank
		w.next()
	}
	if verbose {
		r.InIface, r.InNot = iptablesListIface(w.next())
		r.OutIface, r.OutNot = iptablesListIface(w.next())
	}
	src, dst := w.next(), w.next()
	if dst == "" {
		return r, false
	}
	r.Src, r.SrcNot = iptablesListAddr(src)
	r.Dst, r.DstNot = iptablesListAddr(dst)
	iptablesListMatches(&r, strings.TrimSpace(w.rest))
	return r, true
}

func iptablesOptColumn(s string) bool { return s == "--" || s == "-f" || s == "!f" }

func iptablesListIface(s string) (name string, not bool) {
	name, not = strings.TrimPrefix(s, "!"), strings.HasPrefix(s, "!")
	if name == "*" || name == "any" {
		return "", false
	}
	return name, not
}

func iptablesListAddr(s string) (prefix string, not bool) {
	prefix, not = strings.TrimPrefix(s, "!"), strings.HasPrefix(s, "!")
	if prefix == "anywhere" || prefix == "0.0.0.0/0" || prefix == "::/0" {
		return "", not
	}
	return iptablesPrefix(prefix), not
}

// iptablesListMatches reads what matches and target print behind the addresses. What it does not know stays in Text.
func iptablesListMatches(r *IptablesRule, text string) {
	if open := strings.Index(text, "/* "); open >= 0 {
		if end := strings.Index(text[open+3:], " */"); end >= 0 {
			r.Comment = text[open+3 : open+3+end]
			r.Matches = append(r.Matches, "comment")
			text = text[:open] + text[open+3+end+3:]
		}
	}
	w := &iptablesWords{rest: text}
	prev := ""
	for word := w.next(); word != ""; word = w.next() {
		iptablesListWord(r, w, prev, word)
		prev = word
	}
}

func iptablesListWord(r *IptablesRule, w *iptablesWords, prev, word string) {
	key, value, colon := strings.Cut(word, ":")
	switch {
	case colon && (key == "dpt" || key == "dpts"):
		r.DstPort, r.DstPortNot = strings.TrimPrefix(value, "!"), strings.HasPrefix(value, "!")
	case colon && (key == "spt" || key == "spts"):
		r.SrcPort, r.SrcPortNot = strings.TrimPrefix(value, "!"), strings.HasPrefix(value, "!")
	case prev == "multiport" && word == "dports":
		r.DstPortNot = w.peek() == "!" && w.next() == "!"
		r.DstPort = w.next()
	case prev == "multiport" && word == "sports":
		r.SrcPortNot = w.peek() == "!" && w.next() == "!"
		r.SrcPort = w.next()
	case word == "match-set":
		set := w.next() + " " + w.next()
		if prev == "!" {
			set = "! " + set
		}
		r.MatchSet = append(r.MatchSet, set)
		r.Matches = append(r.Matches, "set")
	case prev == "mark" && word == "match":
		r.MarkNot = w.peek() == "!" && w.next() == "!"
		r.Mark = w.next()
		r.Matches = append(r.Matches, "mark")
	case word == "ctstate" || word == "state":
		r.CTState, r.CTStateNot = w.next(), prev == "!"
		r.Matches = append(r.Matches, map[bool]string{true: "conntrack", false: "state"}[word == "ctstate"])
	case word == "dst-type":
		value := w.next()
		r.DstType, r.DstTypeNot = strings.TrimPrefix(value, "!"), strings.HasPrefix(value, "!")
	case word == "src-type":
		value := w.next()
		r.SrcType, r.SrcTypeNot = strings.TrimPrefix(value, "!"), strings.HasPrefix(value, "!")
	case word == "[goto]":
		r.Goto = true
	case word == "reject-with":
		r.RejectWith = w.next()
	case colon && key == "to" && r.Target == "DNAT":
		r.ToDestination = value
	case colon && key == "to" && r.Target == "SNAT":
		r.ToSource = value
	}
}
