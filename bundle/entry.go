package bundle

import "time"

// Entry is one artifact of a case. Reader.Next returns it before its bytes are read; Status, SHA256 and the byte
// counts are final only after the entry was read to its end.
type Entry struct {
	IndexEntry
	Bundle   string    // the bundle it came from, as given by the user
	Node     string    // node that it describes; empty for cluster artifacts
	Display  string    // path for a person: "node-a/dmesg.txt"; unique within the case
	Clock    Clock     // of the bundle, zero for foreign ones
	Modified time.Time // the member's modification time: the best guess at collection time in foreign bundles
	Size     int64     // bytes, or -1 when unknown before reading
	Guessed  bool      // Artifact was recognised by name or content, not stated by a manifest
}

// Collected is when the artifact was taken: the index says it, else the clock of the manifest, else the file's time.
func (e *Entry) Collected() time.Time {
	switch {
	case !e.Ended.IsZero():
		return e.Ended
	case !e.Clock.Wall.IsZero():
		return e.Clock.Wall
	}
	return e.Modified
}

// Problem is something that the reader could not deliver: a limit that bit, a damaged part, a refused member.
type Problem struct {
	Bundle string `json:"bundle"`
	Path   string `json:"path,omitempty"` // member, when one is concerned
	What   string `json:"what"`           // "limit entry-size: kept 64 MiB of 70 MiB"

	kind DifferenceKind // what it means for a verification; "" is damage
}
