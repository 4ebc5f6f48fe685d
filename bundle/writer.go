package bundle

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"path"
	"strings"
	"time"
)

// WriterOptions size a bundle. The zero value means zstd, frames of 8 MiB and parts of 4 MiB.
type WriterOptions struct {
	Container string // "tar.zst" (default) or "tar.gz"
	FrameSize int64  // uncompressed bytes after which an independent frame begins
	PartSize  int64  // bytes of an artifact that are held in memory; a longer one becomes several members
}

// Writer writes a bundle, format version 1: manifest.json, the artifacts, index.json. What was ended is readable from
// the file even when the process is killed right after. It is for one goroutine; only one artifact is open at a time.
type Writer struct {
	manifest Manifest
	sum      string // of the manifest's member
	opts     WriterOptions
	at       *offset
	filled   int64 // of at, after the last Fill
	out      *compressor
	tar      *tar.Writer
	index    []IndexEntry
	names    map[string]bool
	open     *ArtifactWriter
	buf      []byte // of the open artifact's part; reused
	err      error  // the first write error; everything after it fails
}

// NewWriter writes the manifest to w at once, with FormatVersion set, and returns a Writer for the artifacts.
func NewWriter(w io.Writer, m Manifest, o WriterOptions) (*Writer, error) {
	if o.FrameSize <= 0 {
		o.FrameSize = 8 << 20
	}
	if o.PartSize <= 0 {
		o.PartSize = 4 << 20
	}
	at := &offset{w: w}
	out, err := newCompressor(at, o.Container)
	if err != nil {
		return nil, err
	}
	m.FormatVersion = FormatVersion
	b := &Writer{manifest: m, opts: o, at: at, out: out, tar: tar.NewWriter(out), names: map[string]bool{}}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	text = append(text, '\n')
	b.sum = sumOf(text)
	if err := b.member(ManifestName, text, m.Started, nil); err != nil {
		return nil, err
	}
	return b, b.keep(out.flush())
}

// Begin starts an artifact; Artifact, Path, Argv and Started of e are kept, the rest comes with End.
func (w *Writer) Begin(e IndexEntry) (*ArtifactWriter, error) {
	switch {
	case w.err != nil:
		return nil, w.err
	case w.open != nil:
		return nil, fmt.Errorf("begin %q: artifact %q is still open", e.Path, w.open.entry.Path)
	case !validPath(e.Path):
		return nil, fmt.Errorf("begin %q: not a clean relative member name", e.Path)
	case w.names[e.Path]:
		return nil, fmt.Errorf("begin %q: the bundle has this name already", e.Path)
	}
	records, err := headRecords(e)
	if err != nil {
		return nil, err
	}
	if len(records[recArgv]) > maxArgv {
		return nil, fmt.Errorf("begin %q: command line of %d bytes, limit %d", e.Path, len(records[recArgv]), maxArgv)
	}
	w.names[e.Path] = true
	w.open = &ArtifactWriter{w: w, entry: e, records: records, sum: sha256.New()}
	return w.open, nil
}

// Close ends an artifact that is still open as aborted, writes the index and ends the file's last frame.
// It does not close the underlying writer.
func (w *Writer) Close(finished time.Time, aborted bool) error {
	if w.open != nil {
		if err := w.open.End(IndexEntry{Status: StatusAborted, Error: "the collector stopped"}); err != nil {
			return err
		}
		aborted = true
	}
	if w.err != nil {
		return w.err
	}
	text, err := encodeIndex(Index{FormatVersion: FormatVersion, Finished: finished, Aborted: aborted, Artifacts: w.index, Manifest: w.sum})
	if err != nil {
		return err
	}
	if err := w.member(IndexName, text, finished, nil); err != nil {
		return err
	}
	if err := w.keep(w.tar.Close()); err != nil {
		return err
	}
	if err := w.keep(w.out.endFrame()); err != nil {
		return err
	}
	w.err = errors.New("the bundle is closed")
	return nil
}

// member writes one tar member. A frame that it would overfill ends first, so that members start frames.
func (w *Writer) member(name string, data []byte, at time.Time, records map[string]string) error {
	if w.err != nil {
		return w.err
	}
	size := int64(len(data)) + 4*512
	if limit := w.opts.FrameSize + w.opts.FrameSize/64; w.out.bytes > 0 && w.out.bytes+size > limit {
		if err := w.keep(w.tar.Flush()); err != nil {
			return err
		}
		if err := w.keep(w.out.endFrame()); err != nil {
			return err
		}
	}
	if at.IsZero() {
		at = w.manifest.Started
	}
	h := &tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o644,
		ModTime: at.UTC().Truncate(time.Second), PAXRecords: records, Format: tar.FormatPAX,
	}
	if err := w.tar.WriteHeader(h); err != nil {
		return w.keep(fmt.Errorf("write member %q: %w", name, err))
	}
	if _, err := w.tar.Write(data); err != nil {
		return w.keep(fmt.Errorf("write member %q: %w", name, err))
	}
	return w.keep(w.tar.Flush())
}

// keep remembers the first error.
func (w *Writer) keep(err error) error {
	if w.err == nil {
		w.err = err
	}
	return err
}

// ArtifactWriter takes the bytes of one artifact.
type ArtifactWriter struct {
	w       *Writer
	entry   IndexEntry
	records map[string]string
	sum     hash.Hash
	stored  int64
	parts   int // members written so far
	ended   bool
}

// Write adds p to the artifact. At most PartSize bytes are held back; what is beyond goes to the file.
func (a *ArtifactWriter) Write(p []byte) (int, error) {
	if a.ended {
		return 0, fmt.Errorf("write to artifact %q: it has ended", a.entry.Path)
	}
	done := 0
	for len(p) > 0 {
		room := int(a.w.opts.PartSize) - len(a.w.buf)
		if room == 0 {
			if err := a.part(a.records); err != nil {
				return done, err
			}
			continue
		}
		n := min(room, len(p))
		a.w.buf = append(a.w.buf, p[:n]...)
		p = p[n:]
		done += n
	}
	return done, a.w.err
}

// End finishes the artifact with its Status, Error, Stderr, ExitCode, Signal, Ended, BytesSeen and Truncation.
// The writer fills in the stored bytes and the hash. After End the artifact survives the death of the process.
func (a *ArtifactWriter) End(final IndexEntry) error {
	if a.ended {
		return fmt.Errorf("end artifact %q: it has ended", a.entry.Path)
	}
	if _, err := ParseStatus(string(final.Status)); err != nil {
		return fmt.Errorf("end artifact %q: %w", a.entry.Path, err)
	}
	a.ended = true
	a.w.open = nil
	e := final
	e.Artifact, e.Path, e.Argv, e.Started = a.entry.Artifact, a.entry.Path, a.entry.Argv, a.entry.Started
	e.Stderr = cutWords(e.Stderr, maxStderr)
	e.Error = cutWords(e.Error, maxWords)
	e.BytesStored = a.stored + int64(len(a.w.buf))
	e.BytesSeen = max(e.BytesSeen, e.BytesStored)
	a.sum.Write(a.w.buf)
	if e.BytesStored > 0 {
		e.SHA256 = hex.EncodeToString(a.sum.Sum(nil))
	}
	a.entry = e
	records := maps.Clone(a.records)
	tailRecords(records, e, a.parts+1)
	if err := a.write(records); err != nil {
		return err
	}
	a.w.index = append(a.w.index, e)
	return a.w.keep(a.w.out.flush())
}

// part writes the held bytes as a member that is not the last one.
func (a *ArtifactWriter) part(records map[string]string) error {
	a.sum.Write(a.w.buf)
	if err := a.write(records); err != nil {
		return err
	}
	return a.w.keep(a.w.out.flush())
}

func (a *ArtifactWriter) write(records map[string]string) error {
	a.parts++
	err := a.w.member(partName(a.entry.Path, a.parts), a.w.buf, a.entry.Ended, records)
	a.stored += int64(len(a.w.buf))
	a.w.buf = a.w.buf[:0]
	return err
}

// partName is the member name of an artifact's nth part, counted from one. The tildes keep it from being mistaken
// for a rotated log, and `cat name name.~2~ name.~3~` is the whole artifact.
func partName(name string, n int) string {
	if n <= 1 {
		return name
	}
	return fmt.Sprintf("%s.~%d~", name, n)
}

// validPath accepts the names that Begin takes: clean, relative, printable and none of ours.
func validPath(name string) bool {
	if name == "" || name == "." || len(name) > 512 || path.IsAbs(name) || path.Clean(name) != name {
		return false
	}
	if name == ".." || strings.HasPrefix(name, "../") || name == ManifestName || name == IndexName {
		return false
	}
	if strings.HasSuffix(name, "~") {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) < 0
}
