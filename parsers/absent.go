package parsers

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// collectionErrors are what shells, sudo and tools print in place of output. They count only when the artifact has
// nothing else: a warning in the middle of a good listing does not make it absent.
var collectionErrors = regexp.MustCompile(`(?i)^(?:\S+: )*(?:line \d+: )?(?:` +
	`.*command not found$|.*: not found$|.*no such file or directory\.?$|.*permission denied.*|.*operation not permitted.*|` +
	`.*executable file not found.*|sudo: .*|.*can't initialize ipvs.*|.*protocol not available$|are you sure that ip virtual server.*|` +
	`.*the connection to the server .* was refused.*|.*unable to connect to the server.*|error from server.*|` +
	`.*bad command line argument.*|modprobe: fatal.*|.*timed out.*|netlink error: .*|cannot get device .*settings.*|` +
	`.*error: you must be logged in to the server.*|.*try ` + "`" + `?iptables.*|perhaps iptables or your kernel.*|.*must be root.*|` +
	`506 cannot talk to daemon|system has not been booted with systemd.*|failed to connect to bus:.*|` +
	`cannot get driver information: operation not supported)`)

const (
	errorTextLines = 8    // an artifact that is only an error text is short
	errorLineBytes = 2000 // and so is each of its lines; "ip -j" prints megabytes in one
)

// collectionError returns the error text that stands in the artifact's place, or "".
func collectionError(in *Input) string {
	if in.Text.Lines() > errorTextLines {
		return ""
	}
	reason := ""
	for n := 1; n <= in.Text.Lines(); n++ {
		line := strings.TrimSpace(string(in.Text.Line(n)))
		if line == "" {
			continue
		}
		if len(line) > errorLineBytes || !collectionErrors.MatchString(line) {
			return ""
		}
		in.Skip(n, n)
		if reason == "" {
			reason = line
		}
	}
	return reason
}

// CollectionError returns the error text that stands in an artifact's place, or "" when it holds data.
func CollectionError(text []byte) string {
	return collectionError(NewInput("", "", "", time.Time{}, text))
}

func panicError(parser string, r any) error {
	_, file, line, _ := runtime.Caller(3)
	return fmt.Errorf("parser %s stopped on this input: %v (%s:%d)", parser, r, file, line)
}
