package analyze

import (
	"errors"
	"io"
	"path"
	"strings"

	"coldcase/bundle"
	"coldcase/fact"
	"coldcase/journalfile"
)

// journal scans a file of systemd-journald as the text that journalctl would export of it.
func (d *driver) journal(e *bundle.Entry, r io.Reader, c *Coverage, seen *seenArtifact) error {
	c.Parser = "journal-file"
	x := journalfile.NewReader(r, journalfile.Options{})
	err := d.scan(e, x, c, fact.Place{Node: e.Node})
	if _, derr := io.Copy(io.Discard, r); derr != nil { // what was not read, of a file that is none or is too much
		return derr
	}
	var format *journalfile.FormatError
	switch damage := x.Stats().Damage(); {
	case errors.As(err, &format):
		c.Status, c.Reason = string(bundle.StatusDamaged), format.What
		return nil
	case err != nil:
		return err
	case damage != "":
		c.Status, c.Reason = string(bundle.StatusTruncated), damage
	}
	if !currentJournal(e.Path) {
		seen.part = "a user's or an older part of the journal; " + systemJournal + " is the current one"
	}
	return nil
}

// systemJournal is the file that journald writes to; others hold what users' programs logged, and what was rotated away
// (systemd-journald.service(8)).
const systemJournal = "system.journal"

// currentJournal reports whether a file tells what was logged last.
func currentJournal(name string) bool {
	base := path.Base(name)
	for _, ending := range []string{".gz", ".xz", ".zst", ".bz2"} {
		base = strings.TrimSuffix(base, ending)
	}
	return base == systemJournal
}

// ofEarlierBoot reports whether an artifact is a kernel log of an earlier boot. Time since boot in it is not the current
// boot's, and what it lacks tells nothing of the current boot: it is none of logProducers.
func ofEarlierBoot(artifact string) bool {
	switch bundle.ArtifactBase(artifact) {
	case "node/journal-kernel-previous", "node/pstore":
		return true
	}
	return false
}
