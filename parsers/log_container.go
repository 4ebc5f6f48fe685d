package parsers

import (
	"bytes"
	"time"
)

var _ = registerLog(LogFormat{
	Name:  "cri",
	Doc:   "container logs as containerd and CRI-O write them (Kubernetes KEP CRI logging: stamp, stream, tag, text)",
	Sniff: func(line []byte) bool { _, _, ok := criText(nil, line); return ok },
	Parse: func(ctx *LogContext, raw []byte, rec *Record) bool {
		text, stream, ok := criText(rec, raw)
		rec.Message, rec.Stream = text, stream
		return ok
	},
})

// criText reads "2019-10-11T12:00:00.123456789Z stderr F text". It dates the record, when there is one.
func criText(rec *Record, raw []byte) (text []byte, stream string, ok bool) {
	if len(raw) < 28 || raw[0] < '1' || raw[0] > '9' {
		return nil, "", false
	}
	t, n := logStamp(raw, time.UTC)
	if n == 0 || n >= len(raw) || raw[n] != ' ' {
		return nil, "", false
	}
	rest := raw[n+1:]
	switch {
	case bytes.HasPrefix(rest, []byte("stdout ")):
		stream = "stdout"
	case bytes.HasPrefix(rest, []byte("stderr ")):
		stream = "stderr"
	default:
		return nil, "", false
	}
	rest = rest[7:]
	// The tag is "F" or "P", with more tags after colons.
	if len(rest) == 0 || rest[0] != 'F' && rest[0] != 'P' || len(rest) > 1 && rest[1] != ' ' && rest[1] != ':' {
		return nil, "", false
	}
	if rec != nil {
		rec.Time = t
	}
	if _, text, ok = bytes.Cut(rest, []byte{' '}); !ok {
		return rest[len(rest):], stream, true
	}
	return text, stream, true
}

var _ = registerLog(LogFormat{
	Name:  "docker-json",
	Doc:   "container logs of docker's json-file driver",
	Sniff: sniffDockerJSON,
	Parse: func(ctx *LogContext, raw []byte, rec *Record) bool {
		w, ok := walkJSON(raw)
		found := false
		for ok && w.next() {
			switch string(w.key) {
			case "log":
				rec.Message, found = bytes.TrimRight(unquoteJSON(w.val), "\r\n"), w.str
			case "stream":
				rec.Stream = logStream(w.val)
			case "time":
				rec.Time, _ = logStamp(w.val, time.UTC)
			}
		}
		return found
	},
})

func sniffDockerJSON(line []byte) bool {
	return len(line) > 8 && line[0] == '{' && bytes.Contains(line, []byte(`"log":`)) &&
		(bytes.Contains(line, []byte(`"stream":`)) || bytes.Contains(line, []byte(`"time":`)))
}

func logStream(b []byte) string {
	switch string(b) {
	case "stdout":
		return "stdout"
	case "stderr":
		return "stderr"
	}
	return ""
}

var _ = registerLog(LogFormat{
	Name:  "kubectl",
	Doc:   "kubectl logs --timestamps and --prefix",
	Sniff: func(line []byte) bool { return parseKubectl(nil, line) },
	Parse: func(_ *LogContext, raw []byte, rec *Record) bool { return parseKubectl(rec, raw) },
})

// parseKubectl reads "[pod/NAME/CONTAINER] " and "2026-03-01T12:00:00.123456789Z ", either or both. The record's Ident
// becomes "NAME/CONTAINER".
func parseKubectl(rec *Record, raw []byte) bool {
	rest, prefixed := raw, false
	if bytes.HasPrefix(raw, []byte("[pod/")) {
		end := bytes.Index(raw, []byte("] "))
		if end < 0 || bytes.Count(raw[:end], []byte{'/'}) != 2 || bytes.IndexByte(raw[:end], ' ') >= 0 {
			return false
		}
		rest, prefixed = raw[end+2:], true
		if rec != nil {
			rec.Ident = string(raw[5:end])
		}
	}
	t, n := logStamp(rest, time.UTC)
	stamped := n > 0 && n <= len(rest) && rest[10] == 'T' && (n == len(rest) || rest[n] == ' ') && bytes.IndexByte(rest[:n], ',') < 0
	if !prefixed && (!stamped || rest[n-1] != 'Z' && !logOffset(rest[:n]) || sniffSyslogISO(raw)) {
		return false
	}
	if !prefixed {
		if _, _, cri := criText(nil, raw); cri {
			return false
		}
	}
	if stamped {
		rest = rest[min(n+1, len(rest)):]
	}
	if rec != nil {
		rec.Message = rest
		if stamped {
			rec.Time = t
		}
	}
	return true
}

// logOffset reports whether a stamp ends in "+hh:mm".
func logOffset(stamp []byte) bool {
	n := len(stamp)
	return n > 6 && stamp[n-3] == ':' && (stamp[n-6] == '+' || stamp[n-6] == '-')
}
