package bundle

import "time"

// FormatVersion is the version of the archive format that this package writes. Readers accept it and older ones.
const FormatVersion = 1

// Names of the two entries that are ours; the manifest is the first entry of a bundle and the index its last.
const (
	ManifestName = "manifest.json"
	IndexName    = "index.json"
)

// Manifest is the first entry: who was collected, by what, and how that node's clocks relate.
type Manifest struct {
	FormatVersion int       `json:"formatVersion"`
	Tool          string    `json:"tool"` // "coldcase-collect 0.1.0"
	Node          NodeID    `json:"node"`
	Clock         Clock     `json:"clock"`
	Options       []string  `json:"options,omitempty"` // the command line, without secrets
	Started       time.Time `json:"started"`
}

// NodeID identifies the node that a bundle came from.
type NodeID struct {
	Name      string `json:"name"`                // Kubernetes node name, else the host name
	Hostname  string `json:"hostname,omitempty"`  // uname -n
	MachineID string `json:"machineID,omitempty"` // /etc/machine-id
	BootID    string `json:"bootID,omitempty"`    // /proc/sys/kernel/random/boot_id
	OS        string `json:"os,omitempty"`        // os-release PRETTY_NAME
	Kernel    string `json:"kernel,omitempty"`    // uname -r
	Arch      string `json:"arch,omitempty"`      // uname -m
}

// Clock pairs the node's clocks at one instant, so that kernel time maps to wall time.
type Clock struct {
	Wall      time.Time     `json:"wall"`           // wall clock, with the node's zone
	Monotonic time.Duration `json:"monotonicNanos"` // CLOCK_MONOTONIC at Wall
	Uptime    time.Duration `json:"uptimeNanos"`    // CLOCK_BOOTTIME at Wall
	Timezone  string        `json:"timezone,omitempty"`
}

// Boot is the wall time at which the kernel's printk clock read zero; zero when the pair is missing.
// printk stamps come from CLOCK_MONOTONIC, which stands still while the machine is suspended.
func (c Clock) Boot() time.Time {
	if c.Wall.IsZero() || c.Monotonic == 0 {
		return time.Time{}
	}
	return c.Wall.Add(-c.Monotonic)
}

// Index is the last entry: what became of every artifact, in the order of collection.
type Index struct {
	FormatVersion int          `json:"formatVersion"`
	Finished      time.Time    `json:"finished"`
	Aborted       bool         `json:"aborted,omitempty"` // the collector was stopped before its plan was done
	Artifacts     []IndexEntry `json:"artifacts"`
	// Manifest is the SHA-256 of the bytes of manifest.json, in hex.
	Manifest string `json:"manifest,omitempty"`
	// Hash is the SHA-256 over the canonical JSON of Artifacts, in hex.
	Hash string `json:"hash"`
}

// IndexEntry is the record of one artifact. Its fields are also PAX records of the artifact's last tar member, so
// that a bundle without an index still says what became of everything before the cut.
type IndexEntry struct {
	Artifact    string    `json:"artifact"` // canonical name
	Path        string    `json:"path"`     // member name in the archive
	Argv        []string  `json:"argv,omitempty"`
	Producer    string    `json:"producer,omitempty"` // "exec": a program printed it; "native": the collector printed what the program would have
	Status      Status    `json:"status"`
	Error       string    `json:"error,omitempty"`  // why, in words, when Status is not ok
	Stderr      string    `json:"stderr,omitempty"` // at most 4 KiB, the newest part
	ExitCode    int       `json:"exitCode,omitempty"`
	Signal      string    `json:"signal,omitempty"`
	Started     time.Time `json:"started,omitzero"`
	Ended       time.Time `json:"ended,omitzero"`
	BytesSeen   int64     `json:"bytesSeen"`
	BytesStored int64     `json:"bytesStored"`
	Truncation  string    `json:"truncation,omitempty"` // what was dropped: "middle 1234 bytes, 56 lines"
	SHA256      string    `json:"sha256,omitempty"`
}
