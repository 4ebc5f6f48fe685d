package parsers

import (
	"bytes"
	"time"
)

var _ = registerLog(LogFormat{
	Name:  "klog",
	Doc:   "Kubernetes components: Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg (k8s.io/klog)",
	Sniff: func(line []byte) bool { return klogHeader(line) > 0 },
	Parse: func(ctx *LogContext, raw []byte, rec *Record) bool {
		rec.Message = raw
		return peelKlog(ctx, rec)
	},
})

// klogHeader is the length of klog's header with the blank after it, or 0.
func klogHeader(b []byte) int {
	if len(b) < 25 || b[0] != 'I' && b[0] != 'W' && b[0] != 'E' && b[0] != 'F' || b[5] != ' ' || logDigits(b[1:5]) < 0 {
		return 0
	}
	if _, n := logClock(b[6:]); n < 10 {
		return 0
	}
	end := bytes.Index(b[:min(len(b), 256)], []byte("] "))
	if end < 0 && b[len(b)-1] == ']' && len(b) <= 256 {
		return len(b)
	}
	if end < 0 || bytes.IndexByte(b[:end], ':') < 0 {
		return 0
	}
	return end + 2
}

// peelKlog takes the header off. A structured line keeps its shape, "text" key="value"; a text alone loses its quotes.
func peelKlog(ctx *LogContext, rec *Record) bool {
	n := klogHeader(rec.Message)
	if n == 0 {
		return false
	}
	if rec.Time.IsZero() {
		month, day := logDigits(rec.Message[1:3]), logDigits(rec.Message[3:5])
		clock, _ := logClock(rec.Message[6:])
		if month >= 1 && month <= 12 && day >= 1 && day <= 31 {
			rec.Time = logDate(ctx, time.Month(month), day, clock)
		}
	}
	rec.Message = loneText(rec.Message[n:])
	return true
}

// loneText takes the quotes off a message that is one quoted text and nothing more.
func loneText(b []byte) []byte {
	if len(b) >= 2 && b[0] == '"' && quotedEnd(b[1:]) == len(b)-2 {
		return b[1 : len(b)-1]
	}
	return b
}

var _ = registerLog(LogFormat{
	Name:  "logrus",
	Doc:   `logrus text of dockerd, containerd and others: time="..." level=error msg="..." key=value`,
	Sniff: func(line []byte) bool { return logrusStart(line) },
	Parse: func(ctx *LogContext, raw []byte, rec *Record) bool {
		rec.Message = raw
		return peelLogrus(ctx, rec)
	},
})

func logrusStart(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("time=")) && !bytes.HasPrefix(b, []byte("level=")) && !bytes.HasPrefix(b, []byte("ts=")) {
		return false
	}
	return bytes.Contains(b, []byte(" msg="))
}

// peelLogrus keeps what follows "msg=": the text in its quotes and the fields. A text alone loses its quotes.
func peelLogrus(ctx *LogContext, rec *Record) bool {
	b := rec.Message
	if !logrusStart(b) {
		return false
	}
	at := bytes.Index(b, []byte(" msg="))
	head := b[:at]
	if rec.Time.IsZero() {
		for _, key := range []string{"time=", "ts="} {
			if k := bytes.Index(head, []byte(key)); k >= 0 {
				rec.Time, _ = logStamp(bytes.TrimPrefix(head[k+len(key):], []byte{'"'}), ctx.Zone)
				break
			}
		}
	}
	rec.Message = loneText(b[at+5:])
	return true
}
