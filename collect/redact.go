package collect

import (
	"bytes"
	"io"
	"regexp"
)

// redacted replaces what looks like a secret. It is the second line: the first is never to gather secrets.
const redacted = "[redacted]"

var (
	jwtPattern = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`)
	// "bearer authentication" is no token: without the header's name in front, the value must hold a digit.
	bearerPattern = regexp.MustCompile(`(?i)\b(bearer\\?["']?[ :]+\\?["']?)([A-Za-z_~+/=-]*[0-9._][A-Za-z0-9._~+/=-]{6,}|[A-Za-z_~+/=-]{6,}[0-9][A-Za-z0-9._~+/=-]*)`)
	headerPattern = regexp.MustCompile(`(?i)(authorization\\?["']?\s*[:=]\s*\[?\\?["']?(?:bearer|basic)\s+)([^\s"'\\\]]+)`)
	// The name must end with the word: "--token-auth-file=/x" and "--authentication-token-webhook=true" are no secrets.
	argPattern  = regexp.MustCompile(`(?i)(--?[a-z0-9_-]*(?:token|password|passwd|secret|api-?key|access-?key|secret-?key)(?:=|\s+|\\?["']\s*,\s*\\?["']|\x00))(\\?"[^"]*"|'[^']*'|[^\s"',\\\]]+)`)
	pairPattern = regexp.MustCompile(`(?i)\b((?:[a-z0-9]+[_.-])*(?:password|passwd|client_secret|secret_access_key|access_token|refresh_token|id_token)\\?["']?\s?(?:=|:\s?\\?["'])\\?["']?)([^\s"',;&\\]+)`)
	urlPattern  = regexp.MustCompile(`(://[^/\s:@"']*:)[^/\s@"']+@`)
	awsPattern  = regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`)
	pemBegin    = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`)
	pemEnd      = regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY-----`)
	plainValue  = regexp.MustCompile(`(?i)^\\?["']?(?:true|false|/[^\s]*|<[^>]*>|\[redacted\]?|-.*)?\\?["']?$`)
)

// hints are what every pattern needs: a line with none of them is passed on unread.
var hints = [][]byte{
	[]byte("eyJ"), []byte("earer"), []byte("EARER"), []byte("uthorization"), []byte("UTHORIZATION"), []byte("oken"), []byte("OKEN"), []byte("assw"), []byte("ASSW"),
	[]byte("ecret"), []byte("ECRET"), []byte("key"), []byte("KEY"), []byte("Key"), []byte("://"), []byte("AKIA"), []byte("ASIA"),
}

// pemLines bounds how much is dropped after a key's first line when its last line never comes.
const pemLines = 256

// redactor blanks bearer tokens, private keys and secret arguments, line by line.
type redactor struct {
	inKey int // lines of a private key that may still come
}

func (r *redactor) edit(line []byte, _ bool, w io.Writer) error {
	if r.inKey > 0 {
		end := pemEnd.FindIndex(line)
		if end == nil {
			r.inKey--
			return nil
		}
		r.inKey = 0
		line = line[end[1]:]
	}
	if !hinted(line) {
		_, err := w.Write(line)
		return err
	}
	_, err := w.Write(r.clean(line))
	return err
}

func (r *redactor) clean(line []byte) []byte {
	line = r.cutKeys(line)
	line = jwtPattern.ReplaceAll(line, []byte(redacted))
	line = replaceValues(headerPattern, line)
	line = replaceValues(bearerPattern, line)
	line = replaceValues(argPattern, line)
	line = replaceValues(pairPattern, line)
	line = urlPattern.ReplaceAll(line, []byte("${1}"+redacted+"@"))
	return awsPattern.ReplaceAll(line, []byte(redacted))
}

// cutKeys replaces private keys, whole or only begun, in one line.
func (r *redactor) cutKeys(line []byte) []byte {
	for {
		begin := pemBegin.FindIndex(line)
		if begin == nil {
			return line
		}
		head := append(append([]byte(nil), line[:begin[0]]...), redacted...)
		end := pemEnd.FindIndex(line[begin[1]:])
		if end == nil {
			r.inKey = pemLines
			return append(head, '\n')
		}
		line = append(head, line[begin[1]+end[1]:]...)
	}
}

// replaceValues blanks the second group of each match, but for values that name a file, a switch or nothing.
func replaceValues(pattern *regexp.Regexp, line []byte) []byte {
	var out []byte
	last := 0
	for _, m := range pattern.FindAllSubmatchIndex(line, -1) {
		if plainValue.Match(line[m[4]:m[5]]) {
			continue
		}
		out = append(append(out, line[last:m[4]]...), redacted...)
		last = m[5]
	}
	if last == 0 {
		return line
	}
	return append(out, line[last:]...)
}

func hinted(line []byte) bool {
	for _, h := range hints {
		if bytes.Contains(line, h) {
			return true
		}
	}
	return false
}

// redactText cleans a short text, such as what a program wrote to its error output.
func redactText(s string) string {
	var out bytes.Buffer
	w := lineWriter{editor: &redactor{}, w: &out}
	_, _ = w.Write([]byte(s)) // a bytes.Buffer takes everything
	_ = w.flush()
	return out.String()
}
