package parsers

import (
	"bytes"
	"time"
)

// logStamp reads "2006-01-02T15:04:05" with an optional fraction after "." or ",", and an optional zone: "Z", "+hh:mm",
// "+hhmm" or "+hh". A blank may stand for the "T". A stamp without a zone is in zone. n is the stamp's length, 0 when
// there is none.
// Sources: RFC 3339; journalctl(1) short-iso; dmesg(1) --time-format=iso, which writes the fraction after a comma.
func logStamp(b []byte, zone *time.Location) (t time.Time, n int) {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' {
		return t, 0
	}
	year, month, day := logDigits(b[0:4]), logDigits(b[5:7]), logDigits(b[8:10])
	clock, n := logClock(b[11:])
	if n == 0 || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 {
		return t, 0
	}
	n += 11
	at, zn := logZone(b[n:], zone)
	return time.Date(year, time.Month(month), day, clock.hour, clock.min, clock.sec, clock.nano, at), n + zn
}

// logZone reads "Z" or an offset, both optional.
func logZone(b []byte, zone *time.Location) (*time.Location, int) {
	if len(b) > 0 && b[0] == 'Z' {
		return time.UTC, 1
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return zone, 0
	}
	hours, minutes, n := logDigits(b[1:3]), 0, 3
	if hours < 0 || hours > 15 {
		return zone, 0
	}
	rest := b[3:]
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[1:]
		n++
	}
	if len(rest) >= 2 && logDigits(rest[:2]) >= 0 {
		minutes = logDigits(rest[:2])
		n += 2
	}
	offset := hours*3600 + minutes*60
	if b[0] == '-' {
		offset = -offset
	}
	if offset == 0 {
		return time.UTC, n
	}
	return time.FixedZone("", offset), n
}

type logTimeOfDay struct{ hour, min, sec, nano int }

// logClock reads "15:04:05" with an optional fraction of up to nine digits.
func logClock(b []byte) (c logTimeOfDay, n int) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return c, 0
	}
	c = logTimeOfDay{hour: logDigits(b[0:2]), min: logDigits(b[3:5]), sec: logDigits(b[6:8])}
	if c.hour < 0 || c.hour > 23 || c.min < 0 || c.min > 59 || c.sec < 0 || c.sec > 60 {
		return c, 0
	}
	nano, fn := logFraction(b[8:])
	c.nano = nano
	return c, 8 + fn
}

// logFraction reads "." or "," and digits as nanoseconds; digits after the ninth are dropped.
func logFraction(b []byte) (nano, n int) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' || !logDigit(b[1]) {
		return 0, 0
	}
	scale := 100_000_000
	n = 1
	for ; n < len(b) && logDigit(b[n]); n++ {
		nano += int(b[n]-'0') * scale
		scale /= 10
	}
	return nano, n
}

// logDate gives a year to a stamp that has none: the latest one that lies at most a day after the collection. 29
// February only exists in leap years. The zero time means that nothing is known to anchor the stamp, or that the day does
// not exist.
func logDate(ctx *LogContext, month time.Month, day int, c logTimeOfDay) time.Time {
	if ctx.Anchor.IsZero() {
		return time.Time{}
	}
	limit := ctx.Anchor.Add(24 * time.Hour)
	for year := limit.In(ctx.Zone).Year(); year > limit.Year()-10; year-- {
		t := time.Date(year, month, day, c.hour, c.min, c.sec, c.nano, ctx.Zone)
		if t.Month() == month && !t.After(limit) {
			return t
		}
	}
	return time.Time{}
}

// logSeconds reads a kernel stamp such as "  601.700000" and reports how long it is.
func logSeconds(b []byte) (d time.Duration, n int) {
	for n < len(b) && b[n] == ' ' {
		n++
	}
	start := n
	var seconds int64
	for ; n < len(b) && logDigit(b[n]) && n-start < 10; n++ {
		seconds = seconds*10 + int64(b[n]-'0')
	}
	nano, fn := logFraction(b[n:])
	if n == start || fn == 0 || b[n] != '.' {
		return 0, 0
	}
	return time.Duration(seconds)*time.Second + time.Duration(nano), n + fn
}

// logMicros reads a count of microseconds since the epoch, as the journal writes it.
func logMicros(b []byte) (time.Time, bool) {
	n, ok := logInt64(b)
	return time.UnixMicro(n).UTC(), ok
}

func logInt64(b []byte) (int64, bool) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if !logDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func logDigit(c byte) bool { return c >= '0' && c <= '9' }

// logDigits reads a few decimal digits; -1 when there is anything else.
func logDigits(b []byte) int {
	if len(b) == 0 || len(b) > 9 {
		return -1
	}
	n := 0
	for _, c := range b {
		if !logDigit(c) {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}
