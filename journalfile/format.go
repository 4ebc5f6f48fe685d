package journalfile

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
)

// Magic is how every journal file begins.
const Magic = "LPKSHHRH"

// IsJournal reports whether a file that begins with these bytes is a journal file.
func IsJournal(head []byte) bool { return bytes.HasPrefix(head, []byte(Magic)) }

// Types of objects (JOURNAL_FILE_FORMAT, "Structure").
const (
	typeData       = 1
	typeField      = 2
	typeEntry      = 3
	typeDataHash   = 4
	typeFieldHash  = 5
	typeEntryArray = 6
	typeTag        = 7
)

// Flags of objects and of the file.
const (
	compressedXZ   = 1 << 0
	compressedLZ4  = 1 << 1
	compressedZstd = 1 << 2

	incompatibleCompact = 1 << 4
	incompatibleKnown   = 1<<5 - 1
)

// Sizes and places of fields within the file's header and its objects, in bytes.
const (
	headerMin    = 208 // all that the first version had
	headerMax    = 64 << 10
	objectHeader = 16
	dataPayload  = 64 // of a regular file; 8 more in a compact one
	entryItems   = 64
	maxObject    = 1 << 30
	maxItems     = 1024 // fields of one entry, journald's own limit
)

var le = binary.LittleEndian

// header is what reading needs of a file's header.
type header struct {
	incompatible uint32
	state        byte
	seqnumID     string
	size         uint64
	entries      uint64
	last         uint64 // realtime of the last entry, microseconds
}

func parseHeader(b []byte) header {
	return header{
		incompatible: le.Uint32(b[12:]), state: b[16], seqnumID: hex.EncodeToString(b[72:88]),
		size: le.Uint64(b[88:]), entries: le.Uint64(b[152:]), last: le.Uint64(b[192:]),
	}
}

func (h header) compact() bool { return h.incompatible&incompatibleCompact != 0 }

// object is an object's header.
type object struct {
	kind, flags byte
	size        uint64 // with its header, without padding
}

// parseObject takes an object's header apart. It returns false for bytes that cannot be one: a file that was being
// written to, or that lost pages with the power, has such places.
func parseObject(b []byte, compact, lost bool) (object, bool) {
	o := object{kind: b[0], flags: b[1], size: le.Uint64(b[8:])}
	if o.size < objectHeader || o.size > maxObject || o.kind == 0 || b[2]|b[3]|b[4]|b[5]|b[6]|b[7] != 0 {
		return o, false
	}
	if o.kind != typeData && o.flags != 0 && o.kind <= typeTag {
		return o, false
	}
	body := o.size - objectHeader
	switch o.kind {
	case typeData:
		return o, o.size > dataStart(compact) && (o.flags == 0 || o.flags == compressedXZ || o.flags == compressedLZ4 || o.flags == compressedZstd)
	case typeField:
		return o, body > 24
	case typeEntry:
		items := o.size - min(o.size, entryItems)
		return o, items > 0 && items%itemSize(compact) == 0 && items/itemSize(compact) <= maxItems
	case typeDataHash, typeFieldHash:
		return o, body > 0 && body%16 == 0
	case typeEntryArray:
		return o, body > 8 && body%4 == 0
	case typeTag:
		return o, body == 48
	}
	return o, !lost && o.kind < 32 // a type of a later version is skipped, but nothing to find the way back by
}

func dataStart(compact bool) uint64 {
	if compact {
		return dataPayload + 8
	}
	return dataPayload
}

func itemSize(compact bool) uint64 {
	if compact {
		return 4
	}
	return 16
}

// entry is the fixed part of an ENTRY object.
type entry struct {
	seqnum, realtime, monotonic, xor uint64
	boot                             []byte
}

// parseEntry takes the first 64 bytes of an ENTRY object apart, and refuses what journald would never write.
func parseEntry(b []byte) (entry, bool) {
	e := entry{seqnum: le.Uint64(b[16:]), realtime: le.Uint64(b[24:]), monotonic: le.Uint64(b[32:]), boot: b[40:56], xor: le.Uint64(b[56:])}
	return e, e.seqnum > 0 && e.realtime > 0 && e.realtime < 1<<55 && e.monotonic < 1<<55
}

// fieldName returns the name in front of a value, "" when it is not one that journald accepts from programs.
func fieldName(data []byte) string {
	end := bytes.IndexByte(data[:min(len(data), 65)], '=')
	if end < 1 || data[0] >= '0' && data[0] <= '9' || bytes.HasPrefix(data, []byte("__")) {
		return ""
	}
	for _, c := range data[:end] {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return ""
		}
	}
	return string(data[:end])
}
