package logscan

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"sort"
	"strings"
	"unicode"
)

const (
	minLiteral  = 8  // bytes; the filter's probes rely on it
	maxVariants = 16 // spellings that one required text may have
	maxExact    = 96 // bytes; a longer text adds nothing to the filter
)

var errNoLiteral = errors.New("no text of 8 or more bytes is part of every match; write out what the line always holds, " +
	"between the characters that log formats escape (\" \\ ' < > & = tab, non-ASCII) and without (?i)")

// Literals returns texts of which at least one is in every line that an RE2 pattern matches, each at least 8 bytes
// long, sorted. They are chosen for being rare in ordinary logs, and hold no character that a log format may escape or
// that normalising a record may change: the raw line holds them whenever its message does. It is an error when the
// pattern guarantees no such text.
func Literals(expr string) ([]string, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	info := analyse(re.Simplify())
	lits := info.best()
	if lits == nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, errNoLiteral)
	}
	return lits, nil
}

// Rarity estimates how often, in a million bytes of ordinary logs, the filter has to look twice because of a pattern. It
// is about 5 for a rare text; some thousands slow every scan down. It fails as Literals does.
func Rarity(expr string) (perMillion float64, err error) {
	lits, err := Literals(expr)
	for _, lit := range lits {
		_, f := rarestWindow(lit)
		perMillion += f
	}
	return perMillion, err
}

// text is what is known about the matches of a part of a pattern.
type text struct {
	exact    []string   // all strings that it matches; nil when they are not few
	required [][]string // sets; every match holds at least one string of each set
	broken   bool       // while a sequence is read: exact is only its end
}

// flush turns exact knowledge into a required set.
func (t *text) flush() {
	if useful(t.exact) {
		t.required = append(t.required, t.exact)
	}
	t.exact, t.broken = nil, true
}

// close ends a sequence: exact texts of its end only are no exact texts of the whole.
func (t *text) close() text {
	if t.broken {
		t.flush()
	}
	return text{exact: t.exact, required: t.required}
}

// best is the rarest usable set, nil when there is none.
func (t *text) best() []string {
	t.flush()
	best, bestScore := []string(nil), 0.0
	for _, set := range t.required {
		if lits, score := usable(set); lits != nil && (best == nil || score < bestScore) {
			best, bestScore = lits, score
		}
	}
	return best
}

// useful reports whether a set could serve as required set: no member may be short.
func useful(set []string) bool {
	for _, s := range set {
		if len(s) < minLiteral {
			return false
		}
	}
	return len(set) > 0
}

func analyse(re *syntax.Regexp) text {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return text{exact: []string{""}}
	case syntax.OpLiteral:
		return literalText(re)
	case syntax.OpCharClass:
		return text{exact: classTexts(re.Rune)}
	case syntax.OpCapture:
		return analyse(re.Sub[0])
	case syntax.OpConcat:
		return concatText(re.Sub)
	case syntax.OpAlternate:
		return alternateText(re.Sub)
	case syntax.OpQuest:
		sub := analyse(re.Sub[0])
		if sub.exact == nil {
			return text{}
		}
		return text{exact: merge(sub.exact, []string{""})}
	case syntax.OpPlus:
		sub := analyse(re.Sub[0])
		sub.flush()
		return sub
	case syntax.OpRepeat:
		if re.Min == 0 {
			return text{}
		}
		sub := analyse(re.Sub[0])
		sub.flush()
		return sub
	}
	return text{}
}

// literalText is a literal; case-insensitive letters are spelt out both ways as long as that stays few.
func literalText(re *syntax.Regexp) text {
	t := text{exact: []string{""}}
	for _, r := range re.Rune {
		next := []string{string(r)}
		if re.Flags&syntax.FoldCase != 0 {
			next = foldTexts(r)
		}
		t.extend(next)
	}
	return t.close()
}

// foldTexts are the ASCII spellings of a letter. The Kelvin sign and the long s, which Unicode also folds to k and s, do
// not occur in logs.
func foldTexts(r rune) []string {
	low, up := unicode.ToLower(r), unicode.ToUpper(r)
	if low == up {
		return []string{string(r)}
	}
	return []string{string(up), string(low)}
}

// classTexts are the members of a small class of ASCII characters, else nil.
func classTexts(ranges []rune) []string {
	var out []string
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1] > unicode.MaxASCII || int(ranges[i+1]-ranges[i])+len(out) >= maxVariants {
			return nil
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			out = append(out, string(r))
		}
	}
	return out
}

// extend appends one of next to the exact texts. Before their number grows, or when it would grow too far, what is known
// so far is kept as a required set of its own: it may turn out to be the better one.
func (t *text) extend(next []string) {
	if next == nil {
		t.flush()
		return
	}
	if t.exact == nil {
		t.exact = next
		return
	}
	if len(next) > 1 && useful(t.exact) {
		t.required = append(t.required, t.exact)
	}
	if len(t.exact)*len(next) > maxVariants || len(t.exact[0]) > maxExact {
		t.flush()
		t.exact = next
		return
	}
	product := make([]string, 0, len(t.exact)*len(next))
	for _, a := range t.exact {
		for _, b := range next {
			product = append(product, a+b)
		}
	}
	t.exact = merge(product, nil)
}

func concatText(subs []*syntax.Regexp) text {
	t := text{exact: []string{""}}
	for _, re := range subs {
		sub := analyse(re)
		t.required = append(t.required, sub.required...)
		if useful(sub.exact) {
			t.required = append(t.required, sub.exact)
		}
		t.extend(sub.exact)
	}
	return t.close()
}

// alternateText joins branches: a set for the whole holds the strings of one set of every branch.
func alternateText(subs []*syntax.Regexp) text {
	branches := make([]text, len(subs))
	var exact []string
	finite := true
	for i, re := range subs {
		branches[i] = analyse(re)
		finite = finite && branches[i].exact != nil && len(exact)+len(branches[i].exact) <= maxVariants
		if finite {
			exact = merge(exact, branches[i].exact)
		}
	}
	if finite {
		return text{exact: exact}
	}
	var joined []string
	for i := range branches {
		best := branches[i].best()
		if best == nil {
			return text{}
		}
		joined = merge(joined, best)
	}
	return text{required: [][]string{joined}}
}

// usable cuts every text of a required set down to its rarest part that survives escaping. It returns nil when a member
// has none, and the expected frequency of the whole set otherwise.
func usable(set []string) (lits []string, score float64) {
	for _, s := range set {
		part := safePart(s)
		if part == "" {
			return nil, 0
		}
		lits = append(lits, part)
	}
	lits = shortest(merge(lits, nil))
	for _, s := range lits {
		_, f := rarestWindow(s)
		score += f
	}
	return lits, score
}

// safePart is the part of s that holds no escaped character and whose window is rarest, or "".
func safePart(s string) string {
	best, bestScore := "", 0.0
	for _, part := range strings.FieldsFunc(s, escaped) {
		if len(part) < minLiteral {
			continue
		}
		if _, f := rarestWindow(part); best == "" || f < bestScore {
			best, bestScore = part, f
		}
	}
	return best
}

// escaped reports whether a log format may write a character in another way than the message shows it, or whether it may
// stand where fields of a structured message are joined.
func escaped(r rune) bool {
	return r < ' ' || r > '~' || strings.ContainsRune("\"\\'<>&=", r)
}

// shortest drops every string that holds another one of the set: the shorter one is found whenever it is.
func shortest(set []string) []string {
	var out []string
	for i, s := range set {
		keep := true
		for k, other := range set {
			if i != k && strings.Contains(s, other) {
				keep = false
			}
		}
		if keep {
			out = append(out, s)
		}
	}
	return out
}

// merge is the sorted union of two sets.
func merge(a, b []string) []string {
	all := append(append(make([]string, 0, len(a)+len(b)), a...), b...)
	sort.Strings(all)
	out := all[:0]
	for i, s := range all {
		if i == 0 || s != all[i-1] {
			out = append(out, s)
		}
	}
	return out
}
