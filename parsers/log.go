package parsers

import "time"

// Record is one log line taken apart. Its byte slices point into the scanned block: copy what must stay.
type Record struct {
	Time    time.Time     // zero when the line has no wall time
	Mono    time.Duration // kernel time since boot, when HasMono
	HasMono bool
	Kernel  bool   // the kernel wrote it: dmesg, journal transport kernel, syslog "kernel:", facility 0
	Host    string // as the log states it
	Ident   string // program, unit or "kernel"
	Unit    string // systemd's unit, where the format has it
	Stream  string // "stdout" or "stderr" for container logs
	Message []byte // the innermost text: prefixes, JSON and klog header taken off, escapes undone
	Count   int64  // how often the line stands for itself: 1, or N of "message repeated N times", "(xN over T)"
}

// LogContext is what a log format needs to know to date a line.
type LogContext struct {
	Artifact string         // canonical name
	Anchor   time.Time      // collection time: gives the year to stamps that have none, and bounds roll-over
	Zone     *time.Location // of stamps without a zone; never nil
	Boot     time.Time      // wall time of kernel time zero; zero when unknown
}

// LogFormat is one way of writing log lines. Formats are recognised by content, per artifact, from its first lines.
type LogFormat struct {
	Name string // "journal-short-iso"
	Doc  string // where the format is defined
	// Sniff reports whether a line, without its line ending, has this format.
	Sniff func(line []byte) bool
	// Parse takes a raw record apart. It returns false when the bytes do not have this format.
	Parse func(ctx *LogContext, raw []byte, rec *Record) bool
	// Multiline is set for formats whose records span lines and end at an empty line (journalctl -o export).
	Multiline bool
}
