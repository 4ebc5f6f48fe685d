//go:build linux

package collect

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// maxCgroups bounds the walk: a node holds at most a few hundred pods, each with a few containers.
const maxCgroups = 4000

var _ = register(Artifact{
	Name: "node/cgroup-events", Path: "node/cgroup-events.txt", Group: "memory", Privacy: PrivacyWorkload, Twice: true, Native: nativeCgroups, Gather: gatherNative, Needs: needsKubepods,
	What: []string{"/sys/fs/cgroup: memory and pids limits, use and events of kubepods and what is below it, in version 1 and 2"},
})

// cgroupFiles are small files of a cgroup that tell of limits and of what was refused or killed. See the kernel's
// Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
var cgroupFiles = []string{
	"memory.events", "memory.events.local", "memory.current", "memory.max", "memory.high", "memory.oom.group", "pids.events", "pids.current", "pids.max", "cpu.stat",
	"memory.oom_control", "memory.failcnt", "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes",
}

const cgroupTop = "/sys/fs/cgroup"

// podCgroups are the topmost cgroups of pods; those of kind and of version 1 are deeper.
func (h *host) podCgroups() []string {
	var dirs []string
	for _, pattern := range []string{"/kubepods*", "/*/kubepods*", "/*/*/kubepods*"} {
		dirs = append(dirs, h.glob(cgroupTop+pattern)...)
	}
	return dirs
}

func needsKubepods(h *host) string {
	if len(h.podCgroups()) == 0 {
		return "there is no kubepods below " + cgroupTop
	}
	return ""
}

// nativeCgroups prints "PATH/FILE:LINE" for every line of the files, as grep -r does.
func nativeCgroups(ctx context.Context, h *host, k *sink) error {
	todo := h.podCgroups()
	for n := 0; len(todo) > 0; n++ {
		if n == maxCgroups || ctx.Err() != nil {
			_, err := fmt.Fprintf(k, "# ended after %d cgroups; at least %d more were left out\n", n, len(todo))
			return err
		}
		dir := todo[0]
		todo = append(todo[1:], h.subdirectories(dir)...)
		for _, name := range cgroupFiles {
			text, err := readBounded(h.path(dir+"/"+name), 16*kib)
			if err != nil {
				continue // the other version's, or the cgroup ended meanwhile
			}
			for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
				if _, err := fmt.Fprintf(k, "%s/%s:%s\n", dir, name, line); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// subdirectories lists the directories in one, by the trailing slash of their pattern.
func (h *host) subdirectories(dir string) []string {
	var dirs []string
	for _, d := range h.glob(dir + "/*/") {
		dirs = append(dirs, filepath.Clean(d))
	}
	return dirs
}
