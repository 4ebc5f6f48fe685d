//go:build linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"coldcase/journalfile"
)

const (
	journalRead  = 512 * mib        // bytes of files that are read for one artifact
	journalHold  = 8 * mib          // bytes of field values that are held while a file is read
	journalTime  = 20 * time.Second // for reading them; artifacts have a little more
	journalSince = 3 * 24 * time.Hour

	coredumpMessage = "fc2e22bc6ee647b6b90729ab34a250b1" // MESSAGE_ID of systemd-coredump
)

// journalFields are those that journalctl's short forms and its option -u look at.
var journalFields = []string{
	"MESSAGE", "SYSLOG_IDENTIFIER", "SYSLOG_PID", "_COMM", "_HOSTNAME", "_PID", "_SOURCE_REALTIME_TIMESTAMP", "_TRANSPORT",
	"_SYSTEMD_UNIT", "UNIT", "OBJECT_SYSTEMD_UNIT", "COREDUMP_UNIT", "MESSAGE_ID", "_UID",
}

// journalQuery says which entries of the journal make an artifact.
type journalQuery struct {
	kernel   bool     // only the kernel's
	units    []string // only of these services; nil takes all
	previous bool     // of the boot before the current one, however long ago; else of the last three days
	newest   int64    // so many entries, with those of others, are enough; 0 is no such limit
}

// args are journalctl's options for a query.
func (q journalQuery) args() []string {
	args := []string{"journalctl", "--no-pager", "-q", "-o", "short-iso-precise"}
	if !q.previous {
		args = append(args, "--since", "-3days")
	}
	lines := int64(100000)
	if q.newest > 0 {
		lines = q.newest
	}
	args = append(args, "-n", fmt.Sprint(lines))
	if q.kernel {
		args = append(args, "_TRANSPORT=kernel")
	}
	for _, u := range q.units {
		args = append(args, "-u", u)
	}
	if q.previous {
		args = append(args, "-b", "-1")
	}
	return args
}

// wants reports whether an entry belongs to the query, as journalctl's options -k and -u decide it.
func (q journalQuery) wants(e *journalfile.Entry) bool {
	if q.kernel {
		return e.Has("_TRANSPORT", "kernel")
	}
	for _, u := range q.units {
		u += ".service"
		if e.Has("_SYSTEMD_UNIT", u) || e.Has("UNIT", u) && e.Has("_PID", "1") || e.Has("OBJECT_SYSTEMD_UNIT", u) && e.Has("_UID", "0") ||
			e.Has("COREDUMP_UNIT", u) && e.Has("_UID", "0") && e.Has("MESSAGE_ID", coredumpMessage) {
			return true
		}
	}
	return q.units == nil
}

// native prints what journalctl would.
func (q journalQuery) native(ctx context.Context, h *host, k *sink) error {
	ctx, cancel := context.WithTimeout(ctx, journalTime)
	defer cancel()
	if q.previous {
		return q.print(ctx, h, time.Time{}, k)
	}
	return q.print(ctx, h, time.Now().Add(-journalSince), k)
}

// print prints the query's entries after a time. Files are read one at a time, the oldest first.
func (q journalQuery) print(ctx context.Context, h *host, after time.Time, k *sink) error {
	files, lost := h.datedJournal()
	if len(files) == 0 {
		return nothing("no file of the system's journal can be read", lost)
	}
	boot := ""
	if q.previous {
		if boot, files = h.previousBoot(ctx, files); boot == "" {
			return nothing("the journal holds no earlier boot", lost)
		}
	}
	files, left := newestFiles(files, after, q.newest)
	if left > 0 {
		lost = append(lost, fmt.Errorf("%d older files, beyond the newest %d MiB, were not read", left, journalRead/mib))
	}
	var line []byte
	for _, f := range slices.Backward(files) {
		stats, err := f.each(ctx, h, journalFields, func(e *journalfile.Entry) error {
			if e.Time().Before(after) || boot != "" && e.Boot() != boot || !q.wants(e) {
				return nil
			}
			line = appendShort(line[:0], e)
			_, err := k.Write(line)
			return err
		})
		switch {
		case errors.Is(err, io.ErrClosedPipe):
			return nil // the archive's failure, or too late: closing the sink tells
		case ctx.Err() != nil:
			return partly(append(lost, fmt.Errorf("%s and what is newer was not read within %s", f.name, journalTime)))
		case err != nil:
			lost = append(lost, fmt.Errorf("%s: %w", f.name, err))
		case stats.Damage() != "":
			lost = append(lost, fmt.Errorf("%s: %s", f.name, stats.Damage()))
		}
	}
	return partly(lost)
}

// nothing says why there is no entry: because of what could not be read, else because it does not exist.
func nothing(why string, lost []error) error {
	if len(lost) == 0 {
		return fmt.Errorf("%s: %w", why, fs.ErrNotExist)
	}
	return errors.Join(append([]error{errors.New(why)}, lost...)...)
}

// partlyError says what is missing of an artifact that was gathered in part.
type partlyError struct{ error }

func partly(missing []error) error {
	if len(missing) == 0 {
		return nil
	}
	return &partlyError{errors.Join(missing...)}
}

// datedJournal lists the journal files that can be read, the newest entries first, and says what is wrong with others.
func (h *host) datedJournal() (files []journalCopy, bad []error) {
	for _, f := range h.journalFiles() {
		in, err := openJournal(h.path(f.file))
		if err == nil {
			f.info, err = journalfile.ReadInfo(in)
			in.Close()
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", f.name, err))
			continue
		}
		if f.info.Last.IsZero() { // not written down: at the latest when the file was changed
			f.info.Last = f.changed
		}
		files = append(files, f)
	}
	sort.SliceStable(files, func(i, j int) bool { return files[i].info.Last.After(files[j].info.Last) })
	return files, bad
}

// newestFiles takes the files whose entries are wanted, and counts those for which there is no room. The newest is
// always taken.
func newestFiles(files []journalCopy, after time.Time, enough int64) (taken []journalCopy, left int) {
	var size, entries int64
	for _, f := range files {
		switch {
		case f.info.Last.Before(after), enough > 0 && entries >= enough:
			return taken, left
		case left > 0 || len(taken) > 0 && size+f.size > journalRead:
			left++
			continue
		}
		size, entries, taken = size+f.size, entries+f.info.Entries, append(taken, f)
	}
	return taken, left
}

// previousBoot finds the boot before the current one, and the files that hold it, the newest first.
func (h *host) previousBoot(ctx context.Context, files []journalCopy) (boot string, holding []journalCopy) {
	current := strings.ReplaceAll(h.line("/proc/sys/kernel/random/boot_id"), "-", "")
	var size int64
	for _, f := range files {
		if size += f.size; size > journalRead && size > f.size || ctx.Err() != nil {
			break
		}
		first, before, last, held := "", "", "", false
		// What cannot be read of a file is told when it is printed.
		_, _ = f.each(ctx, h, []string{}, func(e *journalfile.Entry) error {
			id := e.Boot()
			if first == "" {
				first = id
			}
			if id != last {
				before, last = last, id
			}
			held = held || id == boot
			return nil
		})
		if current == "" { // the newest entry's, where the kernel does not tell
			current = last
		}
		if boot == "" {
			if boot = last; last == current {
				boot = before
			}
			held = boot != ""
		}
		if held {
			holding = append(holding, f)
		}
		if boot != "" && first != boot { // it began in this file, or later
			break
		}
	}
	return boot, holding
}

// each reads one file's entries until ctx ends.
func (f journalCopy) each(ctx context.Context, h *host, fields []string, take func(*journalfile.Entry) error) (journalfile.Stats, error) {
	in, err := openJournal(h.path(f.file))
	if err != nil {
		return journalfile.Stats{}, err
	}
	defer in.Close()
	return journalfile.Each(&untilEnd{ctx, in}, journalfile.Options{Fields: fields, Hold: journalHold}, take)
}

// untilEnd is a reader that fails when its context has ended.
type untilEnd struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (u *untilEnd) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// openJournal opens a regular file, without following a link or waiting for anything.
func openJournal(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		f.Close()
		return nil, errors.Join(fmt.Errorf("%q is no regular file", name), err)
	}
	return f, nil
}
