package bundle

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// PAX records of an artifact's tar members. Those of the first group are on every member of an artifact, so that a
// reader knows what it has before the bytes come; the others are on the last one alone.
const (
	recArtifact = "SCHILY.xattr.user.coldcase.artifact"
	recArgv     = "SCHILY.xattr.user.coldcase.argv" // JSON
	recStarted  = "SCHILY.xattr.user.coldcase.started"

	recStatus     = "SCHILY.xattr.user.coldcase.status"
	recError      = "SCHILY.xattr.user.coldcase.error"
	recStderr     = "SCHILY.xattr.user.coldcase.stderr"
	recExit       = "SCHILY.xattr.user.coldcase.exit"
	recSignal     = "SCHILY.xattr.user.coldcase.signal"
	recEnded      = "SCHILY.xattr.user.coldcase.ended"
	recSeen       = "SCHILY.xattr.user.coldcase.seen"
	recStored     = "SCHILY.xattr.user.coldcase.stored"
	recTruncation = "SCHILY.xattr.user.coldcase.truncation"
	recSHA256     = "SCHILY.xattr.user.coldcase.sha256"
	recParts      = "SCHILY.xattr.user.coldcase.parts"
	recProducer   = "SCHILY.xattr.user.coldcase.producer"
)

// Bounds of what an IndexEntry may carry: the records of a member must stay far below what a tar reader accepts.
const (
	maxStderr = 4 << 10
	maxWords  = 8 << 10
	maxArgv   = 64 << 10
)

// headRecords are the records that are known before an artifact's first byte.
func headRecords(e IndexEntry) (map[string]string, error) {
	r := map[string]string{recArtifact: e.Artifact}
	if len(e.Argv) > 0 {
		argv, err := json.Marshal(e.Argv)
		if err != nil {
			return nil, fmt.Errorf("encode the command line of %q: %w", e.Path, err)
		}
		r[recArgv] = string(argv)
	}
	putTime(r, recStarted, e.Started)
	return r, nil
}

// tailRecords adds what is known only at the end of an artifact.
func tailRecords(r map[string]string, e IndexEntry, parts int) {
	r[recStatus] = string(e.Status)
	putString(r, recError, e.Error)
	putString(r, recStderr, e.Stderr)
	putString(r, recSignal, e.Signal)
	putString(r, recTruncation, e.Truncation)
	putString(r, recSHA256, e.SHA256)
	putString(r, recProducer, e.Producer)
	if e.ExitCode != 0 {
		r[recExit] = strconv.Itoa(e.ExitCode)
	}
	putTime(r, recEnded, e.Ended)
	r[recSeen] = strconv.FormatInt(e.BytesSeen, 10)
	r[recStored] = strconv.FormatInt(e.BytesStored, 10)
	r[recParts] = strconv.Itoa(parts)
}

func putString(r map[string]string, key, value string) {
	if value != "" {
		r[key] = value
	}
}

func putTime(r map[string]string, key string, t time.Time) {
	if !t.IsZero() {
		r[key] = t.Format(time.RFC3339Nano)
	}
}

// readRecords fills e from a member's PAX records. A record that does not parse is left out: the bytes count more.
// last reports whether the member is the artifact's last one; parts is the number of members that it states.
func readRecords(r map[string]string, e *IndexEntry) (last bool, parts int) {
	e.Artifact = r[recArtifact]
	if argv := r[recArgv]; argv != "" && len(argv) <= maxArgv {
		if json.Unmarshal([]byte(argv), &e.Argv) != nil {
			e.Argv = nil
		}
	}
	e.Started = getTime(r, recStarted)
	status, ok := r[recStatus]
	if !ok {
		return false, 0
	}
	if s, err := ParseStatus(status); err == nil {
		e.Status = s
	} else {
		e.Status = StatusDamaged
		e.Error = err.Error()
	}
	if words := r[recError]; words != "" {
		e.Error = words
	}
	e.Stderr, e.Signal = r[recStderr], r[recSignal]
	e.Truncation, e.SHA256, e.Producer = r[recTruncation], r[recSHA256], r[recProducer]
	e.Ended = getTime(r, recEnded)
	e.ExitCode = int(getInt(r, recExit))
	e.BytesSeen, e.BytesStored = getInt(r, recSeen), getInt(r, recStored)
	return true, int(getInt(r, recParts))
}

func getTime(r map[string]string, key string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, r[key])
	if err != nil {
		return time.Time{}
	}
	return t
}

func getInt(r map[string]string, key string) int64 {
	n, err := strconv.ParseInt(r[key], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// cutWords bounds text to n bytes at a character boundary, keeping its end.
func cutWords(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	for i := 0; i < len(s) && i < 4; i++ {
		if s[i]&0xc0 != 0x80 {
			return s[i:]
		}
	}
	return s
}
