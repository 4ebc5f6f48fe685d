package parsers

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// unescapeQuotes takes the backslashes before double quotes away, however many levels of quoting put them there:
// one level writes \", two \\\", three \\\\\\\". The result is b itself when there are none.
func unescapeQuotes(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\"`)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			out = append(out, b[i])
			i++
			continue
		}
		end := i
		for end < len(b) && b[end] == '\\' {
			end++
		}
		if end == len(b) || b[end] != '"' || end-i > 7 {
			out = append(out, b[i:end]...)
		}
		i = end
	}
	return out
}

// unescapeSyslog undoes rsyslog's escapes of a newline, #012, and of a tab, #011.
func unescapeSyslog(b []byte) []byte {
	if !bytes.Contains(b, []byte("#01")) {
		return b
	}
	out := bytes.ReplaceAll(b, []byte("#012"), []byte("\n"))
	return bytes.ReplaceAll(out, []byte("#011"), []byte("\t"))
}

// unquoteJSON undoes the escapes of a JSON string, given without its quotes. What is no escape stays as it is, so that
// a string that was cut off keeps its text.
func unquoteJSON(b []byte) []byte {
	at := bytes.IndexByte(b, '\\')
	if at < 0 {
		return b
	}
	out := append(make([]byte, 0, len(b)), b[:at]...)
	for i := at; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		i++
		switch b[i] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case '"', '\\', '/':
			out = append(out, b[i])
		case 'u':
			r, n := jsonRune(b[i+1:])
			if n == 0 {
				out = append(out, '\\', 'u')
			} else {
				out = utf8.AppendRune(out, r)
			}
			i += n
		default:
			out = append(out, '\\', b[i])
		}
	}
	return out
}

// jsonRune reads the four hex digits after \u, and the second half of a surrogate pair when it follows.
func jsonRune(b []byte) (rune, int) {
	if len(b) < 4 {
		return 0, 0
	}
	v, err := strconv.ParseUint(string(b[:4]), 16, 16)
	if err != nil {
		return 0, 0
	}
	if v >= 0xD800 && v < 0xDC00 && len(b) >= 10 && b[4] == '\\' && b[5] == 'u' {
		low, err := strconv.ParseUint(string(b[6:10]), 16, 16)
		if err == nil && low >= 0xDC00 && low < 0xE000 {
			return rune((v-0xD800)<<10|(low-0xDC00)) + 0x10000, 10
		}
	}
	return rune(v), 4
}

// quotedEnd is the offset of the double quote that closes a string which starts at b, just after its opening quote;
// len(b) when it was cut off.
func quotedEnd(b []byte) int {
	for i := 0; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		i += n
		slashes := 0
		for k := i - 1; k >= 0 && b[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
	return len(b)
}
