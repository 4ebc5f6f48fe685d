package parsers

import (
	"bytes"
	"time"
)

// jsonWalk visits the members of one JSON object without building anything. It is lenient: an object that was cut off
// ends with its last readable member.
type jsonWalk struct {
	rest []byte // after the opening brace
	key  []byte // still escaped, without quotes
	val  []byte // strings: still escaped, without quotes; all else: as written
	str  bool   // val is a string
}

func walkJSON(b []byte) (jsonWalk, bool) {
	b = bytes.TrimLeft(b, " \t")
	if len(b) < 2 || b[0] != '{' {
		return jsonWalk{}, false
	}
	return jsonWalk{rest: b[1:]}, true
}

// next moves to the next member.
func (w *jsonWalk) next() bool {
	b := bytes.TrimLeft(w.rest, " \t,")
	if len(b) == 0 || b[0] != '"' {
		return false
	}
	end := quotedEnd(b[1:]) + 1
	if end >= len(b) {
		return false
	}
	w.key = b[1:end]
	b = bytes.TrimLeft(b[end+1:], " \t")
	if len(b) == 0 || b[0] != ':' {
		return false
	}
	b = bytes.TrimLeft(b[1:], " \t")
	if len(b) == 0 {
		return false
	}
	if w.str = b[0] == '"'; w.str {
		end = quotedEnd(b[1:]) + 1
		w.val, w.rest = b[1:end], b[min(end+1, len(b)):]
		return true
	}
	end = jsonValueEnd(b)
	w.val, w.rest = bytes.TrimRight(b[:end], " \t"), b[end:]
	return true
}

// jsonValueEnd is the length of a number, word, array or object at the start of b.
func jsonValueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += quotedEnd(b[i+1:]) + 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

var _ = registerLog(LogFormat{
	Name: "json",
	Doc:  "one JSON object per line with msg or message: logrus and zap (dockerd, containerd), klog's --logging-format=json",
	Sniff: func(line []byte) bool {
		return len(line) > 2 && line[0] == '{' && (bytes.Contains(line, []byte(`"msg"`)) || bytes.Contains(line, []byte(`"message"`))) &&
			!sniffDockerJSON(line) && !sniffJournalJSON(line)
	},
	Parse: func(ctx *LogContext, raw []byte, rec *Record) bool {
		rec.Message = raw
		return peelJSON(ctx, rec)
	},
})

// peelJSON takes a JSON object with a member msg or message apart. The message that remains has the shape of klog's
// structured lines: "text" key="value" number=4; a text alone stands without quotes. Members that only repeat the level,
// the time or the place in the code are left out.
func peelJSON(ctx *LogContext, rec *Record) bool {
	w, ok := walkJSON(rec.Message)
	if !ok {
		return false
	}
	var msg, fields []byte
	found := false
	for w.next() {
		switch string(w.key) {
		case "msg", "message":
			if !found && w.str {
				msg, found = w.val, true
			}
		case "time", "ts", "timestamp", "@timestamp", "T":
			jsonTime(ctx, &w, rec)
		case "level", "lvl", "severity", "caller", "logger", "v", "file", "func":
		default:
			fields = appendField(fields, &w)
		}
	}
	if !found {
		return false
	}
	msg = unquoteJSON(msg)
	if len(fields) > 0 {
		quoted := append(make([]byte, 0, len(msg)+len(fields)+2), '"')
		msg = append(append(append(quoted, msg...), '"'), fields...)
	}
	rec.Message = msg
	return true
}

func appendField(fields []byte, w *jsonWalk) []byte {
	fields = append(append(append(fields, ' '), w.key...), '=')
	if !w.str {
		return append(fields, w.val...)
	}
	return append(append(append(fields, '"'), unquoteJSON(w.val)...), '"')
}

// jsonTime dates a record from a member, unless an outer format already did. Numbers are seconds since the epoch, as zap
// writes them, or milliseconds, as klog's JSON does.
func jsonTime(ctx *LogContext, w *jsonWalk, rec *Record) {
	if !rec.Time.IsZero() {
		return
	}
	if w.str {
		rec.Time, _ = logStamp(w.val, ctx.Zone)
		return
	}
	whole, fraction, _ := bytes.Cut(w.val, []byte{'.'})
	n, ok := logInt64(whole)
	if !ok || n <= 0 {
		return
	}
	scale := time.Second
	if n > 100_000_000_000 {
		scale = time.Millisecond
	}
	if n > 1<<53 {
		return
	}
	nano := int64(0)
	for i, unit := 0, int64(scale)/10; i < len(fraction) && logDigit(fraction[i]); i++ {
		nano += int64(fraction[i]-'0') * unit
		unit /= 10
	}
	perSecond := int64(time.Second / scale)
	rec.Time = time.Unix(n/perSecond, n%perSecond*int64(scale)+nano).UTC()
}
