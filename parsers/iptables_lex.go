package parsers

import "strings"

// iptablesToken is one word of a rule as iptables-save writes it.
type iptablesToken struct {
	text   string
	quoted bool
}

// iptablesLex splits a rule into words. Words in double quotes may hold blanks and the escapes \" \' \\, which
// iptables-save writes (xtables_save_string). ok is false when a quote stays open: the line was cut.
func iptablesLex(line string) (tokens []iptablesToken, ok bool) {
	tokens = make([]iptablesToken, 0, 16)
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ' || c == '\t':
			i++
		case c == '"' || c == '\'':
			text, next, closed := iptablesQuoted(line, i)
			if !closed {
				return tokens, false
			}
			tokens = append(tokens, iptablesToken{text, true})
			i = next
		default:
			end := strings.IndexAny(line[i:], " \t")
			if end < 0 {
				end = len(line) - i
			}
			tokens = append(tokens, iptablesToken{line[i : i+end], false})
			i += end
		}
	}
	return tokens, true
}

// iptablesQuoted reads the quoted word that begins at i, and tells where the text goes on behind it.
func iptablesQuoted(line string, i int) (text string, next int, closed bool) {
	quote, start, escaped := line[i], i+1, false
	for j := start; j < len(line); j++ {
		switch line[j] {
		case '\\':
			escaped = true
			j++
		case quote:
			text = line[start:j]
			if escaped {
				text = iptablesUnescape(text)
			}
			return text, j + 1, true
		}
	}
	return "", len(line), false
}

func iptablesUnescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// iptablesQuote writes a word as iptables-save would, but leaves apostrophes alone, as older versions did.
func iptablesQuote(b *strings.Builder, t iptablesToken) {
	s := t.text
	if s != "" && !t.quoted && !strings.ContainsAny(s, " \t\"'\\") {
		b.WriteString(s)
		return
	}
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}
