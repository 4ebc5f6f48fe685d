package journalfile

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// wanted are the fields that tell what was logged, when and by whom (systemd.journal-fields(7)).
var wanted = map[string]bool{
	"MESSAGE": true, "PRIORITY": true, "SYSLOG_IDENTIFIER": true, "SYSLOG_FACILITY": true, "_COMM": true, "_PID": true,
	"_HOSTNAME": true, "_SYSTEMD_UNIT": true, "_TRANSPORT": true, "_SOURCE_MONOTONIC_TIMESTAMP": true,
	"_SOURCE_REALTIME_TIMESTAMP": true,
}

// data reads a DATA object and holds its value when an entry's text will need it.
func (x *Reader) data(o object) error {
	offset, start := x.at, dataStart(x.head.compact())
	b, err := x.in.Peek(int(start))
	if err != nil {
		return err
	}
	uses := int64(min(le.Uint64(b[56:]), 1<<62))
	if err := x.skip(offset + start); err != nil {
		return err
	}
	size := o.size - start
	var data []byte
	if o.flags != 0 {
		data, err = x.packedValue(o.flags, int(min(size, maxCompressed)))
	} else {
		data, err = x.plainValue(size)
	}
	if err != nil || data == nil {
		return err
	}
	name := fieldName(data)
	switch {
	case name == "":
		x.stats.Bad++
		return nil
	case !x.wants(name):
		return nil
	}
	x.values.add(offset, &value{data: bytes.Clone(data), name: len(name), left: uses, text: printable(data)})
	return nil
}

func (x *Reader) wants(name string) bool {
	if x.opts.All {
		return name != "_BOOT_ID" // which the entry itself has
	}
	return x.wanted[name]
}

// plainValue reads a value that is not compressed, nil when it is of a field that nobody wants. It is valid until the
// next read.
func (x *Reader) plainValue(size uint64) ([]byte, error) {
	n := int(min(size, 128))
	b, err := x.in.Peek(n)
	if err != nil {
		return nil, err
	}
	if end := bytes.IndexByte(b, '='); end > 0 && !x.opts.All && !x.wanted[string(b[:end])] {
		return nil, nil
	}
	if size > maxValue {
		x.stats.Cut++
	}
	if n = int(min(size, maxValue)); n <= x.in.Size() {
		return x.in.Peek(n) // what follows skips it
	}
	return x.bytes(n)
}

// bytes reads n bytes into a buffer that is used again.
func (x *Reader) bytes(n int) ([]byte, error) {
	if cap(x.packed) < n {
		x.packed = make([]byte, n)
	}
	got, err := io.ReadFull(x.in, x.packed[:n])
	x.at += uint64(got)
	return x.packed[:got], err
}

// packedValue reads a compressed value and decompresses its beginning.
func (x *Reader) packedValue(flags byte, n int) ([]byte, error) {
	packed, err := x.bytes(n)
	if err != nil {
		return nil, err
	}
	data, err := x.unpack.unpack(flags, packed, maxValue)
	if err != nil {
		x.stats.Bad++
		return nil, nil
	}
	if len(data) == maxValue {
		x.stats.Cut++
	}
	return data, nil
}

// readEntry reads an ENTRY object and writes its text, or hands it on.
func (x *Reader) readEntry(o object) error {
	start := x.at
	b, err := x.in.Peek(int(o.size)) // at most 16 KiB and a header
	if err != nil {
		return err
	}
	e, ok := parseEntry(b)
	if !ok {
		x.stats.Bad++
		return nil
	}
	x.stats.Entries++
	x.entry.entry, x.entry.fields = e, x.entry.fields[:0]
	size, step := 0, itemSize(x.head.compact())
	for items := b[entryItems:o.size]; len(items) > 0; items = items[step:] {
		offset := uint64(le.Uint32(items))
		if step > 4 {
			offset = le.Uint64(items)
		}
		val := x.values.use(offset)
		switch {
		case val == nil: // nobody wants it, it was damaged, or it lies behind, where no value of this entry can be
		case offset >= start, size+len(val.data) > maxEntry:
			x.stats.Cut++
		default:
			size += len(val.data) + 1
			x.entry.fields = append(x.entry.fields, val)
		}
	}
	if x.each != nil {
		x.total += uint64(size)
		return x.each(&x.entry)
	}
	x.export(&x.entry)
	return nil
}

// export writes an entry's text.
func (x *Reader) export(e *Entry) {
	boot := e.Boot()
	x.out = fmt.Appendf(x.out, "__CURSOR=s=%s;i=%x;b=%s;m=%x;t=%x;x=%x\n__REALTIME_TIMESTAMP=", x.head.seqnumID, e.seqnum, boot, e.monotonic, e.realtime, e.xor)
	x.out = strconv.AppendUint(x.out, e.realtime, 10)
	x.out = append(x.out, "\n__MONOTONIC_TIMESTAMP="...)
	x.out = strconv.AppendUint(x.out, e.monotonic, 10)
	x.out = append(append(append(x.out, "\n_BOOT_ID="...), boot...), '\n')
	for _, v := range e.fields {
		x.field(v)
	}
	x.out = append(x.out, '\n')
}

// forged is what a message must not hold: a reader of the text would take it for the beginning of another entry.
var forged = []byte("\n\n__CURSOR=")

// field writes a field as the export format does: as a line, or as its name, its length in 8 bytes and its bytes.
func (x *Reader) field(v *value) {
	if v.text {
		x.out = append(append(x.out, v.data...), '\n')
		return
	}
	data := v.data[v.name+1:]
	if !x.opts.All && bytes.Contains(data, forged) {
		data = bytes.ReplaceAll(data, forged, []byte("\n\n __CURSOR="))
	}
	x.out = append(append(x.out, v.data[:v.name]...), '\n')
	x.out = le.AppendUint64(x.out, uint64(len(data)))
	x.out = append(append(x.out, data...), '\n')
}
