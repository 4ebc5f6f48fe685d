package parsers

import (
	"bytes"
	"time"
)

var _ = registerLog(LogFormat{
	Name: "dmesg",
	Doc:  "kernel ring buffer: dmesg(1) with and without -x, -r, -d, -e, and caller ids (CONFIG_PRINTK_CALLER)",
	Sniff: func(line []byte) bool {
		rest, _ := dmesgLevel(line)
		if _, n := dmesgStamp(rest); n > 0 {
			return !sniffMonotonic(line)
		}
		n := dmesgDelta(rest)
		return n > 0
	},
	Parse: func(ctx *LogContext, raw []byte, rec *Record) bool {
		rest, kernel := dmesgLevel(raw)
		rec.Kernel = kernel
		mono, n := dmesgStamp(rest)
		if n == 0 {
			n = dmesgDelta(rest)
			rec.Message = rest[n:]
			return n > 0
		}
		rec.Message, rec.Mono, rec.HasMono = rest[n:], mono, true
		if !ctx.Boot.IsZero() {
			rec.Time = ctx.Boot.Add(mono)
		}
		return true
	},
})

// dmesgLevel takes a level prefix off, "<6>" or "kern  :info  : ", and reports whether the facility is the kernel's.
// Other facilities are programs that wrote to /dev/kmsg.
func dmesgLevel(b []byte) (rest []byte, kernel bool) {
	if len(b) == 0 {
		return b, false
	}
	if pri, n := syslogPri(b); n > 0 {
		return b[n:], pri>>3 == 0
	}
	if b[0] == '[' || b[0] < 'a' || b[0] > 'z' {
		return b, true
	}
	colon := bytes.IndexByte(b[:min(len(b), 10)], ':')
	if colon < 0 || len(b) < colon+9 || b[colon+7] != ':' || b[colon+8] != ' ' {
		return b, true
	}
	return b[colon+9:], bytes.HasPrefix(b, []byte("kern"))
}

// dmesgStamp reads "[  601.700000] " and a caller id "[    C1] " after it. n is 0 when there is no stamp.
func dmesgStamp(b []byte) (mono time.Duration, n int) {
	if len(b) < 5 || b[0] != '[' {
		return 0, 0
	}
	mono, n = logSeconds(b[1:])
	if n == 0 || n+1 >= len(b) || b[n+1] != ']' {
		return 0, 0
	}
	n = skipBlank(b, n+2)
	return mono, skipCaller(b, n)
}

// skipCaller passes "[    C1] " and "[ T1234] ".
func skipCaller(b []byte, n int) int {
	if n >= len(b) || b[n] != '[' {
		return n
	}
	at := n + 1
	for at < len(b) && b[at] == ' ' {
		at++
	}
	if at >= len(b) || b[at] != 'T' && b[at] != 'C' {
		return n
	}
	at++
	digits := at
	for at < len(b) && logDigit(b[at]) {
		at++
	}
	if at == digits || at >= len(b) || b[at] != ']' {
		return n
	}
	return skipBlank(b, at+1)
}

func skipBlank(b []byte, n int) int {
	if n < len(b) && b[n] == ' ' {
		return n + 1
	}
	return n
}

// dmesgDelta is the length of a stamp that gives no point in time: "[<    0.000001>] ", "[  +0.000001] ",
// "[    1.200000 <    0.000001>] " or "[Mar01 12:00] ".
func dmesgDelta(b []byte) int {
	if len(b) < 8 || b[0] != '[' {
		return 0
	}
	end := bytes.IndexByte(b[:min(len(b), 40)], ']')
	if end < 0 || end+1 < len(b) && b[end+1] != ' ' {
		return 0
	}
	in := bytes.TrimLeft(b[1:end], " ")
	switch {
	case len(in) < 6:
		return 0
	case in[0] == '+', in[0] == '<':
		if _, n := logSeconds(in[1:]); n == 0 {
			return 0
		}
	case logDigit(in[0]):
		if in[len(in)-1] != '>' {
			return 0
		}
		if _, n := logSeconds(in); n == 0 {
			return 0
		}
	default: // "Nov21 02:07"
		if len(in) > 16 || in[len(in)-3] != ':' || logDigits(in[len(in)-2:]) < 0 || logDigits(in[len(in)-5:len(in)-3]) < 0 {
			return 0
		}
	}
	return skipBlank(b, end+1)
}

var _ = registerLog(LogFormat{
	Name:  "dmesg-ctime",
	Doc:   "dmesg -T: [Mon Jul  3 10:00:01 2023] in the node's zone",
	Sniff: func(line []byte) bool { return parseDmesgCtime(nil, line, nil) },
	Parse: parseDmesgCtime,
})

func parseDmesgCtime(ctx *LogContext, raw []byte, rec *Record) bool {
	b, kernel := dmesgLevel(raw)
	end := bytes.IndexByte(b[:min(len(b), 60)], ']')
	if end < 20 || b[0] != '[' {
		return false
	}
	zone := time.UTC
	if ctx != nil {
		zone = ctx.Zone
	}
	t, n := logCtime(b[1:end], zone)
	if n != end-1 {
		return false
	}
	if rec != nil {
		rec.Time, rec.Kernel, rec.Message = t, kernel, b[skipCaller(b, skipBlank(b, end+1)):]
	}
	return true
}

// logCtime reads "Mon Jul  3 10:00:01 2023", ctime(3), with names of any known locale.
func logCtime(b []byte, zone *time.Location) (time.Time, int) {
	weekday := bytes.IndexByte(b, ' ')
	if weekday < 2 || weekday > 12 {
		return time.Time{}, 0
	}
	n := weekday + 1
	month, mn := logMonth(b[n:])
	if mn == 0 {
		return time.Time{}, 0
	}
	day, dn := logDay(b[n+mn:])
	n += mn + dn
	if dn == 0 || n >= len(b) {
		return time.Time{}, 0
	}
	c, cn := logClock(b[n:])
	n += cn
	if cn == 0 || len(b) < n+5 || b[n] != ' ' {
		return time.Time{}, 0
	}
	year := logDigits(b[n+1 : n+5])
	if year < 1970 {
		return time.Time{}, 0
	}
	return time.Date(year, month, day, c.hour, c.min, c.sec, c.nano, zone), n + 5
}

var _ = registerLog(LogFormat{
	Name:  "dmesg-iso",
	Doc:   "dmesg --time-format=iso: 2026-03-01T12:00:00,123456+00:00 text",
	Sniff: func(line []byte) bool { return parseDmesgISO(nil, line, nil) },
	Parse: parseDmesgISO,
})

func parseDmesgISO(_ *LogContext, raw []byte, rec *Record) bool {
	b, kernel := dmesgLevel(raw)
	if len(b) < 20 || b[19] != ',' || b[10] != 'T' {
		return false
	}
	t, n := logStamp(b, time.UTC)
	if n == 0 || n < len(b) && b[n] != ' ' {
		return false
	}
	if rec != nil {
		rec.Time, rec.Kernel, rec.Message = t, kernel, b[skipCaller(b, skipBlank(b, n)):]
	}
	return true
}

var _ = registerLog(LogFormat{
	Name:  "kmsg",
	Doc:   "/dev/kmsg: 6,339,5140900,-;text, then fields of the entry with a blank before them (Documentation/ABI/testing/dev-kmsg)",
	Sniff: func(line []byte) bool { return parseKmsg(nil, line, nil) },
	Parse: parseKmsg,
})

func parseKmsg(ctx *LogContext, raw []byte, rec *Record) bool {
	if len(raw) < 8 || !logDigit(raw[0]) {
		return false
	}
	head, _, ok := bytes.Cut(raw[:min(len(raw), 64)], []byte{';'})
	if !ok || bytes.Count(head, []byte{','}) < 3 {
		return false
	}
	field, rest, _ := bytes.Cut(head, []byte{','})
	_, rest, _ = bytes.Cut(rest, []byte{','})
	stamp, _, _ := bytes.Cut(rest, []byte{','})
	pri, us := logDigits(field), int64(0)
	if us, ok = logInt64(stamp); pri < 0 || !ok || us > 1<<50 {
		return false
	}
	if rec != nil {
		rec.Kernel = pri>>3 == 0
		rec.Mono, rec.HasMono = time.Duration(us)*time.Microsecond, true
		if !ctx.Boot.IsZero() {
			rec.Time = ctx.Boot.Add(rec.Mono)
		}
		rec.Message = raw[len(head)+1:]
	}
	return true
}
