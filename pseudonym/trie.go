package pseudonym

// trie finds the longest known name at a place in a text.
type trie struct {
	next  map[byte]*trie
	value string // what replaces the name that ends here; "" when none does
}

func (t *trie) add(name, value string) {
	for i := range len(name) {
		if t.next == nil {
			t.next = map[byte]*trie{}
		}
		if t.next[name[i]] == nil {
			t.next[name[i]] = &trie{}
		}
		t = t.next[name[i]]
	}
	t.value = value
}

// longest returns the end of the longest name that starts at i and ends at a word's end, and its value.
func (t *trie) longest(text string, i int) (end int, value string) {
	for at := i; ; at++ {
		if t.value != "" && !wordByte(text, at) {
			end, value = at, t.value
		}
		if at >= len(text) {
			return end, value
		}
		if t = t.next[text[at]]; t == nil {
			return end, value
		}
	}
}

func wordByte(s string, i int) bool {
	if i < 0 || i >= len(s) {
		return false
	}
	c := s[i] | 0x20
	return '0' <= s[i] && s[i] <= '9' || 'a' <= c && c <= 'z'
}

func digitByte(s string, i int) bool { return i >= 0 && i < len(s) && '0' <= s[i] && s[i] <= '9' }

func hexByte(s string, i int) bool {
	return digitByte(s, i) || i >= 0 && i < len(s) && 'a' <= s[i]|0x20 && s[i]|0x20 <= 'f'
}
