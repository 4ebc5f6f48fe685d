package parsers

import (
	"bytes"
	"encoding/binary"
)

// exportStart is the first field of every entry that journalctl -o export writes.
const exportStart = "__CURSOR="

var _ = registerLog(LogFormat{
	Name: "journal-export",
	Doc:  "journalctl -o export (systemd: Journal Export Formats): fields line by line, an empty line ends an entry",
	Sniff: func(line []byte) bool {
		return bytes.HasPrefix(line, []byte(exportStart)) || bytes.HasPrefix(line, []byte("__REALTIME_TIMESTAMP=")) ||
			bytes.HasPrefix(line, []byte("__MONOTONIC_TIMESTAMP="))
	},
	Parse: func(_ *LogContext, raw []byte, rec *Record) bool {
		var f journalFields
		for len(raw) > 0 {
			var key, val []byte
			key, val, raw = exportField(raw)
			if key != nil {
				f.set(key, val)
			}
		}
		return f.record(rec)
	},
	Multiline: true,
})

// exportField reads one field, either "KEY=text\n" or "KEY\n", eight bytes of length in little endian, data, "\n".
func exportField(b []byte) (key, val, rest []byte) {
	line, rest, _ := bytes.Cut(b, []byte{'\n'})
	if at := bytes.IndexByte(line, '='); at >= 0 {
		return line[:at], line[at+1:], rest
	}
	if len(line) == 0 || len(rest) < 8 {
		return nil, nil, rest
	}
	n := binary.LittleEndian.Uint64(rest)
	rest = rest[8:]
	if n > uint64(len(rest)) {
		n = uint64(len(rest))
	}
	val, rest = rest[:n], rest[n:]
	return line, val, bytes.TrimPrefix(rest, []byte{'\n'})
}

// ExportMessage finds the text of the MESSAGE field in an entry of a journal export: its offset and length; 0, 0 when
// there is none.
func ExportMessage(entry []byte) (offset, length int) {
	for b := entry; len(b) > 0; {
		key, val, rest := exportField(b)
		if string(key) == "MESSAGE" {
			start := len(entry) - len(b) + len(key) + 1
			if b[len(key)] == '\n' {
				start += 8
			}
			return start, len(val)
		}
		b = rest
	}
	return 0, 0
}
