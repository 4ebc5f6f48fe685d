//go:build linux

package collect

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"coldcase/journalfile"
)

const (
	isoPrecise   = "2006-01-02T15:04:05.000000-0700"
	journalTab   = "        "
	journalShort = 300 // bytes of a name beyond which journalctl does not print it
)

// colours are the escapes of terminals that journalctl takes out: settings of colour, and links.
var colours = regexp.MustCompile(`\x1b(?:\[[0-9;]*m|\][ -~]*(?:\x07|\x1b\\))`)

// appendShort appends an entry as `journalctl -o short-iso-precise` prints it: lines after the first are indented to
// the first. An entry without a message is left out. Where journalctl prints "[23B blob data]", since something in the
// message cannot be printed, the message stands with that written as \xNN.
func appendShort(b []byte, e *journalfile.Entry) []byte {
	message := e.Get("MESSAGE")
	if message == nil {
		return b
	}
	start := len(b)
	b = journalStamp(e).AppendFormat(b, isoPrecise)
	if host := e.Get("_HOSTNAME"); plainName(host) {
		b = append(append(b, ' '), host...)
	}
	b = append(append(b, ' '), journalIdent(e)...)
	for _, name := range []string{"_PID", "SYSLOG_PID"} {
		if pid := e.Get(name); plainName(pid) {
			b = append(append(append(b, '['), pid...), ']')
			break
		}
	}
	b = append(b, ": "...)
	return appendMessage(b, message, len(b)-start)
}

// journalStamp is when the program logged, as far as it said so, else when journald got it.
func journalStamp(e *journalfile.Entry) time.Time {
	if us, err := strconv.ParseInt(string(e.Get("_SOURCE_REALTIME_TIMESTAMP")), 10, 64); err == nil && us > 0 && us < 1<<55 {
		return time.UnixMicro(us)
	}
	return e.Time()
}

func journalIdent(e *journalfile.Entry) []byte {
	for _, name := range []string{"SYSLOG_IDENTIFIER", "_COMM"} {
		if ident := e.Get(name); plainName(ident) {
			return ident
		}
	}
	return []byte("unknown")
}

// plainName reports whether journalctl prints a short field.
func plainName(b []byte) bool {
	return b != nil && len(b) < journalShort && !bytes.ContainsFunc(b, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError })
}

// appendMessage appends a message's lines.
func appendMessage(b, message []byte, indent int) []byte {
	if bytes.IndexByte(message, 0x1b) >= 0 {
		message = colours.ReplaceAll(message, nil)
	}
	for i, first := 0, true; i < len(message) || first; first = false {
		if !first {
			b = append(b, bytes.Repeat([]byte{' '}, indent)...)
		}
		line := message[i:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		b = append(appendPrintable(b, line), '\n')
		i += len(line) + 1
	}
	return b
}

func appendPrintable(b, line []byte) []byte {
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		switch {
		case r == '\t':
			b = append(b, journalTab...)
		case r == utf8.RuneError && n == 1, unicode.IsControl(r):
			for _, c := range line[:n] {
				b = fmt.Appendf(b, `\x%02x`, c)
			}
		default:
			b = append(b, line[:n]...)
		}
		line = line[n:]
	}
	return b
}
