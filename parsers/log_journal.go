package parsers

import (
	"bytes"
	"time"
)

var _ = registerLog(LogFormat{
	Name:  "journal-full",
	Doc:   "journalctl -o short-full: Thu 2026-03-01 12:00:00 UTC host ident[pid]: text",
	Sniff: func(line []byte) bool { return parseJournalFull(nil, line, nil) },
	Parse: parseJournalFull,
})

func parseJournalFull(ctx *LogContext, raw []byte, rec *Record) bool {
	weekday := bytes.IndexByte(raw[:min(len(raw), 16)], ' ')
	if weekday < 2 || logDigit(raw[0]) {
		return false
	}
	zone := time.UTC
	if ctx != nil {
		zone = ctx.Zone
	}
	b := raw[weekday+1:]
	if len(b) < 20 || b[10] != ' ' {
		return false
	}
	t, n := logStamp(b, zone)
	if n == 0 || n >= len(b) || b[n] != ' ' {
		return false
	}
	name, rest, ok := bytes.Cut(b[n+1:], []byte{' '})
	if !ok {
		return false
	}
	if rec == nil {
		return true
	}
	if string(name) == "UTC" || string(name) == "GMT" {
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	} else if at, zn := logZone(name, zone); zn == len(name) {
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), at)
	}
	rec.Time = t
	syslogTail(rec, rest)
	return true
}

var _ = registerLog(LogFormat{
	Name:  "logread",
	Doc:   "OpenWrt logread and syslog with ctime stamps: Thu Jun 27 19:08:48 2024 kern.warn kernel: [   20.278094] text",
	Sniff: func(line []byte) bool { return parseLogread(nil, line, nil) },
	Parse: parseLogread,
})

func parseLogread(ctx *LogContext, raw []byte, rec *Record) bool {
	zone := time.UTC
	if ctx != nil {
		zone = ctx.Zone
	}
	t, n := logCtime(raw, zone)
	if n == 0 || n >= len(raw) || raw[n] != ' ' {
		return false
	}
	if rec != nil {
		rec.Time = t
		syslogTail(rec, raw[n+1:])
	}
	return true
}

var _ = registerLog(LogFormat{
	Name:  "journal-unix",
	Doc:   "journalctl -o short-unix: 1772366400.123456 host ident[pid]: text",
	Sniff: func(line []byte) bool { return parseJournalUnix(nil, line, nil) },
	Parse: parseJournalUnix,
})

func parseJournalUnix(_ *LogContext, raw []byte, rec *Record) bool {
	if len(raw) < 18 || !logDigit(raw[0]) || raw[10] != '.' {
		return false
	}
	since, n := logSeconds(raw)
	if n != 17 || raw[n] != ' ' || !sniffTail(raw[n+1:]) {
		return false
	}
	if rec != nil {
		rec.Time = time.Unix(0, int64(since)).UTC()
		syslogTail(rec, raw[n+1:])
	}
	return true
}

var _ = registerLog(LogFormat{
	Name:  "journal-monotonic",
	Doc:   "journalctl -o short-monotonic: [  601.700000] host ident[pid]: text",
	Sniff: sniffMonotonic,
	Parse: func(ctx *LogContext, raw []byte, rec *Record) bool {
		mono, n := dmesgStamp(raw)
		if n == 0 || !sniffTail(raw[n:]) {
			return false
		}
		rec.Mono, rec.HasMono = mono, true
		if !ctx.Boot.IsZero() {
			rec.Time = ctx.Boot.Add(mono)
		}
		syslogTail(rec, raw[n:])
		return true
	},
})

// sniffMonotonic demands more than Parse, because the kernel's own lines look alike: "kernel:" or a pid in brackets
// directly after a host.
func sniffMonotonic(line []byte) bool {
	_, n := dmesgStamp(line)
	if n == 0 || n >= len(line) {
		return false
	}
	host, rest, ok := bytes.Cut(line[n:], []byte{' '})
	if !ok || len(host) == 0 || host[len(host)-1] == ':' {
		return false
	}
	tag, _, _ := bytes.Cut(rest, []byte{' '})
	if string(tag) == "kernel:" {
		return true
	}
	return bytes.HasSuffix(tag, []byte("]:")) && bytes.IndexByte(tag, ':') == len(tag)-1 && bytes.IndexByte(tag, '[') > 0
}

var _ = registerLog(LogFormat{
	Name:  "journal-json",
	Doc:   "journalctl -o json (systemd.journal-fields(7))",
	Sniff: sniffJournalJSON,
	Parse: func(_ *LogContext, raw []byte, rec *Record) bool {
		w, ok := walkJSON(raw)
		if !ok {
			return false
		}
		var f journalFields
		for w.next() {
			val := w.val
			if w.str {
				val = unquoteJSON(val)
			} else {
				val = journalBytes(val)
			}
			f.set(w.key, val)
		}
		return f.record(rec)
	},
})

func sniffJournalJSON(line []byte) bool {
	return len(line) > 20 && line[0] == '{' && bytes.Contains(line, []byte(`"__REALTIME_TIMESTAMP"`))
}

// journalBytes decodes a field that journalctl wrote as an array of numbers, because it is no printable text. Of an array
// of strings, which stands for a repeated field, it takes the first; all else is nil.
func journalBytes(b []byte) []byte {
	if len(b) < 2 || b[0] != '[' {
		return nil
	}
	b = bytes.TrimLeft(b[1:], " ")
	if len(b) > 0 && b[0] == '"' {
		return unquoteJSON(b[1 : quotedEnd(b[1:])+1])
	}
	out := make([]byte, 0, len(b)/3)
	for len(b) > 0 {
		end := bytes.IndexAny(b, ",]")
		if end < 0 {
			end = len(b)
		}
		n, ok := logInt64(b[:end])
		if !ok || n > 255 {
			return out
		}
		out = append(out, byte(n))
		b = b[min(end+1, len(b)):]
	}
	return out
}

// journalFields collects what a record needs from a journal entry.
type journalFields struct {
	message, host, ident, comm, unit, transport, facility []byte
	realtime, source, monotonic                           []byte
	found                                                 bool
}

func (f *journalFields) set(key, val []byte) {
	switch string(key) {
	case "MESSAGE":
		f.message, f.found = val, true
	case "_HOSTNAME":
		f.host = val
	case "SYSLOG_IDENTIFIER":
		f.ident = val
	case "_COMM":
		f.comm = val
	case "_SYSTEMD_UNIT":
		f.unit = val
	case "_TRANSPORT":
		f.transport = val
	case "SYSLOG_FACILITY":
		f.facility = val
	case "__REALTIME_TIMESTAMP":
		f.realtime = val
	case "_SOURCE_REALTIME_TIMESTAMP":
		f.source = val
	case "_SOURCE_MONOTONIC_TIMESTAMP":
		f.monotonic = val
	}
}

func (f *journalFields) record(rec *Record) bool {
	if !f.found && f.realtime == nil {
		return false
	}
	rec.Message = bytes.TrimRight(f.message, "\n")
	rec.Host = string(f.host)
	if f.ident == nil {
		f.ident = f.comm
	}
	rec.Ident, rec.Unit = string(f.ident), string(f.unit)
	rec.Kernel = string(f.transport) == "kernel" || string(f.facility) == "0"
	for _, stamp := range [][]byte{f.source, f.realtime} {
		if t, ok := logMicros(stamp); ok {
			rec.Time = t
			break
		}
	}
	if us, ok := logInt64(f.monotonic); ok && rec.Kernel && us < 1<<50 {
		rec.Mono, rec.HasMono = time.Duration(us)*time.Microsecond, true
	}
	return true
}
