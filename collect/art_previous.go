//go:build linux

package collect

import (
	"context"
	"fmt"
	"os"
	"path"
	"sort"
	"time"

	"coldcase/bundle"
)

const maxPstore = 20

// What the kernel said when it crashed, where its firmware keeps that.
var _ = register(Artifact{
	Name: "node/pstore", Path: "node/pstore.txt", Group: "kernel", Privacy: PrivacyLogs, Keep: Keep{Tail: mib}, Gather: gatherPstore,
	What: []string{"/sys/fs/pstore/*, /var/lib/systemd/pstore/*: the newest 20 files"},
})

// gatherPstore takes each file as an artifact of its own, the newest first.
func gatherPstore(ctx context.Context, s *session, a Artifact) {
	type file struct {
		name    string
		changed time.Time
	}
	var files []file
	for _, pattern := range []string{"/sys/fs/pstore/*", "/var/lib/systemd/pstore/*", "/var/lib/systemd/pstore/*/*", "/var/lib/systemd/pstore/*/*/*"} {
		for _, name := range s.host.glob(pattern) {
			if st, err := os.Lstat(s.host.path(name)); err == nil && st.Mode().IsRegular() {
				files = append(files, file{name, st.ModTime()})
			}
		}
	}
	if len(files) == 0 {
		s.absent(a, bundle.StatusUnsupported, "there is nothing in /sys/fs/pstore and /var/lib/systemd/pstore")
		return
	}
	sort.SliceStable(files, func(i, j int) bool { return files[i].changed.After(files[j].changed) })
	for i, f := range files {
		if ctx.Err() != nil || s.fatal != nil {
			return
		}
		if i == maxPstore {
			a.Path = "node/pstore/others.txt"
			s.absent(a, bundle.StatusBudget, fmt.Sprintf("%d older files were left out", len(files)-i))
			return
		}
		// the number keeps files of the same name in different directories apart
		name := fmt.Sprintf("%02d-%s", i+1, path.Base(f.name))
		s.entry(a, a.Name+"/"+name, "node/pstore/"+name, nil, func(k *sink) outcome {
			return readFile(ctx, a.timeout(), s.host.path(f.name), a.newest(), k)
		})
	}
}
