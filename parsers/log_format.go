package parsers

import (
	"bytes"
	"fmt"
	"sort"
)

// detectBytes bounds how much of a log is looked at to recognise its format.
const detectBytes = 64 << 10

// plainLog is what remains when no format knows a line: the line is the message, and it has no time.
var plainLog = LogFormat{
	Name:  "plain",
	Doc:   "text lines without a stamp",
	Sniff: func([]byte) bool { return false },
	Parse: finishLog(func(_ *LogContext, raw []byte, rec *Record) bool {
		rec.Message = raw
		return true
	}),
}

var logRegistry []LogFormat // sorted by name

// registerLog adds a format. The order of registration has no influence on anything.
func registerLog(f LogFormat) LogFormat {
	at := sort.Search(len(logRegistry), func(i int) bool { return logRegistry[i].Name >= f.Name })
	if f.Name == plainLog.Name || at < len(logRegistry) && logRegistry[at].Name == f.Name {
		panic(fmt.Sprintf("parsers: log format %s is registered twice", f.Name))
	}
	f.Parse = finishLog(f.Parse)
	logRegistry = append(logRegistry, LogFormat{})
	copy(logRegistry[at+1:], logRegistry[at:])
	logRegistry[at] = f
	return f
}

// LogFormats returns every known format, sorted by name; the fallback "plain" is the last.
func LogFormats() []LogFormat {
	return append(append([]LogFormat(nil), logRegistry...), plainLog)
}

// DetectLog recognises the format of a log from its first lines, of which it looks at 64 KiB at most. The format that
// knows most lines wins, the first by name among equals. A text without a newline is judged as one line, otherwise an
// unfinished last line is left out. When no format knows any line, the result is the format "plain" and false.
func DetectLog(head []byte) (LogFormat, bool) {
	if len(head) > detectBytes {
		head = head[:detectBytes]
	}
	if end := bytes.LastIndexByte(head, '\n'); end >= 0 {
		head = head[:end+1]
	}
	votes := make([]int, len(logRegistry))
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte{'\n'})
		head = rest
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			continue
		}
		for i := range logRegistry {
			if logRegistry[i].Sniff(line) {
				votes[i]++
			}
		}
	}
	best := -1
	for i, n := range votes {
		if n > 0 && (best < 0 || n > votes[best]) {
			best = i
		}
	}
	if best < 0 {
		return plainLog, false
	}
	return logRegistry[best], true
}

// ParseLog takes one raw record apart: with the format given, with the format that the record itself shows when the
// given one does not fit, and as plain text at last. It reports whether the given format fitted.
func ParseLog(f *LogFormat, ctx *LogContext, raw []byte, rec *Record) bool {
	if f.Parse(ctx, raw, rec) {
		return true
	}
	if !f.Multiline {
		for i := range logRegistry {
			other := &logRegistry[i]
			if !other.Multiline && other.Name != f.Name && other.Sniff(raw) && other.Parse(ctx, raw, rec) {
				return false
			}
		}
	}
	plainLog.Parse(ctx, raw, rec)
	return f.Name == plainLog.Name
}

// finishLog wraps the Parse function of a format: it starts with an empty record, and takes inner formats off.
func finishLog(parse func(*LogContext, []byte, *Record) bool) func(*LogContext, []byte, *Record) bool {
	return func(ctx *LogContext, raw []byte, rec *Record) bool {
		*rec = Record{Count: 1}
		if !parse(ctx, bytes.TrimRight(raw, "\r\n"), rec) {
			return false
		}
		unwrapLog(ctx, rec)
		return true
	}
}
