package parsers

import (
	"bytes"
)

// unwrapLevels bounds how many formats may be wrapped in each other inside the outermost one.
const unwrapLevels = 3

// unwrapLog takes inner formats off the message, such as klog in the journal or JSON in a container log, undoes escaped
// quotes, and reads how often the line stands for itself. The outermost stamp stays.
func unwrapLog(ctx *LogContext, rec *Record) {
	for level := 0; level < unwrapLevels; level++ {
		if !unwrapOne(ctx, rec) {
			break
		}
	}
	rec.Message = unescapeQuotes(rec.Message)
	if n := overCount(rec.Message); n > rec.Count {
		rec.Count = n
	}
}

func unwrapOne(ctx *LogContext, rec *Record) bool {
	if len(rec.Message) == 0 {
		return false
	}
	switch rec.Message[0] {
	case '[':
		return rec.Kernel && peelKernelStamp(ctx, rec)
	case 'm':
		return peelRepeated(rec)
	case 'I', 'W', 'E', 'F':
		return peelKlog(ctx, rec)
	case 't', 'l':
		return peelLogrus(ctx, rec)
	case '{':
		return peelJSON(ctx, rec)
	}
	return false
}

// peelKernelStamp takes "[  601.700000]" and a caller id off, which syslog daemons leave in the text of kernel lines.
func peelKernelStamp(ctx *LogContext, rec *Record) bool {
	mono, n := dmesgStamp(rec.Message)
	if n == 0 {
		return false
	}
	rec.Message = rec.Message[n:]
	if !rec.HasMono {
		rec.Mono, rec.HasMono = mono, true
	}
	if rec.Time.IsZero() && !ctx.Boot.IsZero() {
		rec.Time = ctx.Boot.Add(rec.Mono)
	}
	return true
}

// peelRepeated reads "message repeated 3 times: [ text]", as rsyslogd writes it.
func peelRepeated(rec *Record) bool {
	b, ok := bytes.CutPrefix(rec.Message, []byte("message repeated "))
	if !ok {
		return false
	}
	end := bytes.IndexByte(b, ' ')
	if end < 0 {
		return false
	}
	n, ok := logInt64(b[:end])
	text, times := bytes.CutPrefix(b[end:], []byte(" times: ["))
	if !ok || !times || n < 1 {
		return false
	}
	rec.Count = n
	text = bytes.TrimPrefix(text, []byte{' '})
	rec.Message = bytes.TrimSuffix(text, []byte{']'})
	return true
}

// overCount reads N of "(xN over 16h)", as kubectl and the kubelet write it; 0 when there is none.
func overCount(b []byte) int64 {
	for {
		at := bytes.Index(b, []byte("(x"))
		if at < 0 {
			return 0
		}
		b = b[at+2:]
		end := bytes.IndexByte(b, ' ')
		if end < 0 {
			return 0
		}
		if n, ok := logInt64(b[:end]); ok && bytes.HasPrefix(b[end:], []byte(" over ")) {
			return n
		}
	}
}
