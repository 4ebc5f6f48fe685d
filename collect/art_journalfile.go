//go:build linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"sort"
	"time"

	"coldcase/bundle"
	"coldcase/journalfile"
)

const (
	journalFileTotal = 256 * mib // bytes of all files
	journalFileMost  = 1000      // files
	journalFileName  = "node/journal-file"
)

// journalPlaces is where journald keeps the system's journal.
const journalPlaces = "/var/log/journal/MACHINE-ID/system*.journal and /run/log/journal/MACHINE-ID/system*.journal"

// Journal files are copied when that is asked for alone. They are binary: nothing in them can be redacted, and what they
// hold is in the other artifacts of the journal.
var _ = register(Artifact{
	Name: journalFileName, Path: journalFileName, Group: "logs", Privacy: PrivacyLogs, Timeout: 30 * time.Second, Binary: true,
	Keep: Keep{Head: journalFileTotal}, Needs: needsJournal, Gather: gatherJournalFiles,
	What: []string{journalPlaces + ", the newest 256 MiB as they are, unredacted; only with --journal-files"},
})

// journalCopy is one file of the system's journal.
type journalCopy struct {
	file    string // below the host's root
	name    string // within the artifact
	current bool   // journald writes to it
	size    int64
	changed time.Time
	info    journalfile.Info // only of those that are read
}

// gatherJournalFiles takes each file as an artifact of its own, the current one first, then the newest.
func gatherJournalFiles(ctx context.Context, s *session, a Artifact) {
	var files []journalCopy
	listed := within(ctx, a.timeout(), "list the journal files", func() error {
		files = s.host.journalFiles()
		return nil
	})
	switch {
	case listed.status != bundle.StatusOK:
		s.absent(a, listed.status, listed.err)
		return
	case len(files) == 0:
		s.absent(a, bundle.StatusUnsupported, "there is no system.journal of this machine below /var/log/journal and /run/log/journal")
		return
	}
	left := min(journalFileTotal, s.budget.room(a.Group)*3/4) // other logs come after it
	var out int
	for i, f := range files {
		if ctx.Err() != nil || s.fatal != nil {
			return
		}
		if f.size > left || i >= journalFileMost { // the beginning of a file is its oldest part: of no use
			out++
			continue
		}
		left -= f.size
		s.entry(a, a.Name+"/"+f.name, a.Path+"/"+f.name, nil, func(k *sink) outcome {
			return within(ctx, a.timeout(), f.file, func() error { return copyJournal(s.host.path(f.file), f.size, k) })
		})
	}
	if out > 0 {
		a.Name, a.Path = a.Name+"/others", a.Path+"/others"
		s.absent(a, bundle.StatusBudget, fmt.Sprintf("%d more journal files did not fit", out))
	}
}

// journalFiles lists the files of the system's journal. Those of users hold what their own programs logged, and are
// left alone.
func (h *host) journalFiles() []journalCopy {
	var files []journalCopy
	for _, root := range []string{"/var/log/journal", "/run/log/journal"} {
		dir := h.journalDir(root)
		if dir == "" {
			continue
		}
		for _, file := range append(h.glob(dir+"/system*.journal"), h.glob(dir+"/system*.journal~")...) {
			st, err := os.Lstat(h.path(file))
			if err != nil || !st.Mode().IsRegular() {
				continue
			}
			f := journalCopy{file: file, name: path.Base(file), size: st.Size(), changed: st.ModTime()}
			f.current = f.name == "system.journal"
			if root != "/var/log/journal" {
				f.name = "run/" + f.name
			}
			files = append(files, f)
		}
	}
	sort.SliceStable(files, func(i, j int) bool {
		if files[i].current != files[j].current {
			return files[i].current
		}
		return files[i].changed.After(files[j].changed)
	})
	return files
}

// journalDir is this machine's folder below a journal's root; where its ID is not known, the only one there.
func (h *host) journalDir(root string) string {
	if id := h.line("/etc/machine-id"); id != "" && h.exists(root+"/"+id) {
		return root + "/" + path.Base(id)
	}
	dirs := h.glob(root + "/*")
	dirs = slices.DeleteFunc(dirs, func(d string) bool { return len(path.Base(d)) != 32 })
	if len(dirs) == 1 {
		return dirs[0]
	}
	return ""
}

// copyJournal copies as much of a file as it held when it was listed. What is no journal file is not read.
func copyJournal(name string, size int64, k *sink) error {
	f, err := openJournal(name)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(journalfile.Magic))
	if _, err := f.ReadAt(head, 0); err != nil || !journalfile.IsJournal(head) {
		return errors.Join(fmt.Errorf("%q is no journal file", name), err)
	}
	if _, err := io.Copy(k, io.LimitReader(f, size)); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return nil
}
