package parsers

import (
	"bytes"
	"time"
)

var _ = registerLog(LogFormat{
	Name:  "syslog-bsd",
	Doc:   "journalctl -o short and short-precise, syslog files, RFC 3164 with and without <pri>: Mar  1 12:00:00 host ident[pid]: text",
	Sniff: func(line []byte) bool { return parseBSD(nil, line, nil) },
	Parse: parseBSD,
})

func parseBSD(ctx *LogContext, raw []byte, rec *Record) bool {
	pri, n := syslogPri(raw)
	b := bytes.TrimLeft(raw[n:], " ")
	month, mn := logMonth(b)
	if mn == 0 {
		return false
	}
	day, dn := logDay(b[mn:])
	b = b[mn+dn:]
	year := 0
	if len(b) > 5 && b[4] == ' ' && logDigits(b[:4]) >= 1970 {
		year, b = logDigits(b[:4]), b[5:]
	}
	c, cn := logClock(b)
	if dn == 0 || cn == 0 || cn < len(b) && b[cn] != ' ' {
		return false
	}
	if rec == nil {
		return true
	}
	rec.Kernel = n > 0 && pri>>3 == 0
	if year > 0 {
		rec.Time = time.Date(year, month, day, c.hour, c.min, c.sec, c.nano, ctx.Zone)
	} else {
		rec.Time = logDate(ctx, month, day, c)
	}
	syslogTail(rec, b[min(cn+1, len(b)):])
	return true
}

// logDay reads the day of a month and the blanks around it.
func logDay(b []byte) (day, n int) {
	for n < len(b) && b[n] == ' ' {
		n++
	}
	start := n
	for n < len(b) && logDigit(b[n]) {
		n++
	}
	if n-start > 2 || n >= len(b) || b[n] != ' ' {
		return 0, 0
	}
	if day = logDigits(b[start:n]); day < 1 || day > 31 {
		return 0, 0
	}
	return day, n + 1
}

// syslogPri reads "<30>"; n is 0 when there is none.
func syslogPri(b []byte) (pri, n int) {
	if len(b) < 3 || b[0] != '<' {
		return 0, 0
	}
	end := bytes.IndexByte(b[:min(len(b), 5)], '>')
	if end < 2 {
		return 0, 0
	}
	if pri = logDigits(b[1:end]); pri < 0 || pri > 191 {
		return 0, 0
	}
	return pri, end + 1
}

// syslogTail reads "host ident[pid]: text"; the host, and BusyBox's "facility.level" after it, may be missing. A tail
// without an ident is all text after the host.
func syslogTail(rec *Record, b []byte) {
	token, rest, _ := bytes.Cut(b, []byte{' '})
	if n := syslogTag(b); n > 0 {
		setIdent(rec, b[:n])
		rec.Message = unescapeSyslog(b[skipBlank(b, n):])
		return
	}
	if !facilityLevel(token) {
		rec.Host = string(token)
		token, b = nil, rest
		token, rest, _ = bytes.Cut(b, []byte{' '})
	}
	if facilityLevel(token) {
		rec.Kernel = rec.Kernel || bytes.HasPrefix(token, []byte("kern."))
		b = rest
	}
	n := syslogTag(b)
	setIdent(rec, b[:n])
	rec.Message = unescapeSyslog(b[skipBlank(b, n):])
}

// syslogTag is the length of "ident[pid]:" with its colon; 0 when the text does not start with one.
func syslogTag(b []byte) int {
	if bytes.HasPrefix(b, []byte("kernel:")) {
		return len("kernel:")
	}
	for i := 0; i < len(b) && i < 128; i++ {
		switch b[i] {
		case ' ':
			return 0
		case ':':
			if i+1 == len(b) || b[i+1] == ' ' {
				return i + 1
			}
		}
	}
	return 0
}

func setIdent(rec *Record, tag []byte) {
	tag = bytes.TrimSuffix(tag, []byte{':'})
	if at := bytes.IndexByte(tag, '['); at > 0 {
		tag = tag[:at]
	}
	tag = bytes.TrimSuffix(tag, []byte(".service")) // journalctl -o with-unit
	switch string(tag) {
	case "kernel":
		rec.Ident, rec.Kernel = "kernel", true
	case "kubelet":
		rec.Ident = "kubelet"
	default:
		rec.Ident = string(tag)
	}
}

// facilityLevel knows "kern.warn" and its like.
func facilityLevel(token []byte) bool {
	facility, level, ok := bytes.Cut(token, []byte{'.'})
	if !ok || len(facility) < 3 {
		return false
	}
	switch string(level) {
	case "emerg", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug":
	default:
		return false
	}
	switch string(facility) {
	case "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp":
		return true
	}
	return bytes.HasPrefix(facility, []byte("local")) && len(facility) == 6
}

var _ = registerLog(LogFormat{
	Name:  "syslog-iso",
	Doc:   "journalctl -o short-iso and short-iso-precise, rsyslog's file format: 2026-03-01T12:00:00+0000 host ident[pid]: text",
	Sniff: sniffSyslogISO,
	Parse: func(ctx *LogContext, raw []byte, rec *Record) bool {
		pri, pn := syslogPri(raw)
		b := raw[pn:]
		t, n := logStamp(b, ctx.Zone)
		if n == 0 || n < len(b) && b[n] != ' ' {
			return false
		}
		rec.Time = t
		rec.Kernel = pn > 0 && pri>>3 == 0
		syslogTail(rec, b[min(n+1, len(b)):])
		return true
	},
})

func sniffSyslogISO(line []byte) bool {
	_, pn := syslogPri(line)
	line = line[pn:]
	_, n := logStamp(line, time.UTC)
	if n == 0 || n >= len(line) || line[n] != ' ' || line[10] != 'T' || line[19] == ',' {
		return false
	}
	return sniffTail(line[n+1:])
}

// sniffTail knows "host ident[pid]:" and "host facility.level ident:".
func sniffTail(b []byte) bool {
	host, rest, ok := bytes.Cut(b, []byte{' '})
	if !ok || len(host) == 0 || host[len(host)-1] == ':' || host[0] == '[' { // "[FATAL] plugin/loop: ..." names no host
		return false
	}
	if level, after, ok := bytes.Cut(rest, []byte{' '}); ok && facilityLevel(level) {
		rest = after
	}
	return syslogTag(rest) > 0
}

var _ = registerLog(LogFormat{
	Name:  "syslog-5424",
	Doc:   "RFC 5424: <34>1 2003-10-11T22:14:15.003Z host app procid msgid [data] text",
	Sniff: func(line []byte) bool { return parse5424(nil, line, nil) },
	Parse: parse5424,
})

func parse5424(ctx *LogContext, raw []byte, rec *Record) bool {
	pri, n := syslogPri(raw)
	b, ok := bytes.CutPrefix(raw[n:], []byte("1 "))
	if !ok {
		return false
	}
	stamp, rest, ok := bytes.Cut(b, []byte{' '})
	if !ok {
		return false
	}
	t, sn := logStamp(stamp, time.UTC)
	if sn != len(stamp) && (string(stamp) != "-" || n == 0) {
		return false
	}
	if rec == nil {
		return true
	}
	if sn > 0 {
		rec.Time = t
	}
	rec.Kernel = n > 0 && pri>>3 == 0
	host, rest, _ := bytes.Cut(rest, []byte{' '})
	app, rest, _ := bytes.Cut(rest, []byte{' '})
	_, rest, _ = bytes.Cut(rest, []byte{' '})
	_, rest, _ = bytes.Cut(rest, []byte{' '})
	if string(host) != "-" {
		rec.Host = string(host)
	}
	if string(app) != "-" {
		setIdent(rec, app)
	}
	rest = rest[structuredData(rest):]
	rec.Message = unescapeSyslog(bytes.TrimPrefix(rest, []byte("\xef\xbb\xbf")))
	return true
}

// structuredData is the length of RFC 5424's STRUCTURED-DATA with the blank after it.
func structuredData(b []byte) int {
	if len(b) > 0 && b[0] == '-' {
		return skipBlank(b, 1)
	}
	n, quoted := 0, false
	for n < len(b) && b[n] == '[' {
		for n++; n < len(b) && (quoted || b[n] != ']'); n++ {
			switch b[n] {
			case '\\':
				n++
			case '"':
				quoted = !quoted
			}
		}
		n = min(n+1, len(b))
	}
	return skipBlank(b, n)
}
