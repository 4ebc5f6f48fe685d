//go:build linux

package collect

import (
	"math"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// reservedThreads are enough for a collection whose reads hang now and then; spareProcesses is what is left to the
// programs that it starts.
const (
	reservedThreads = 12
	spareProcesses  = 2
)

// reserveThreads makes the runtime start threads now, while the node may still have room for them: once processes are
// used up, Go ends a program that needs one more.
func reserveThreads() {
	var ready, done sync.WaitGroup
	leave := make(chan struct{})
	for range min(reservedThreads, processRoom(&host{})-spareProcesses) {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread() // an unlocked thread goes back to the runtime
			ready.Done()
			<-leave
		}()
	}
	ready.Wait()
	close(leave)
	done.Wait()
}

// processRoom is how many more processes and threads the control groups of this process allow.
func processRoom(h *host) int {
	room := math.MaxInt
	text, err := readBounded(h.path("/proc/self/cgroup"), 64*kib)
	if err != nil {
		return room
	}
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) < 3 {
			continue
		}
		top := "/sys/fs/cgroup"
		switch f[1] {
		case "":
		case "pids": // version 1
			top += "/pids"
		default:
			continue
		}
		for group := path.Clean("/" + f[2]); ; group = path.Dir(group) {
			limit, err := strconv.Atoi(h.line(filepath.Join(top, group, "pids.max")))
			used, err2 := strconv.Atoi(h.line(filepath.Join(top, group, "pids.current")))
			if err == nil && err2 == nil {
				room = min(room, max(limit-used, 0))
			}
			if group == "/" {
				break
			}
		}
	}
	return room
}

// onOwnThread runs f on a thread that ends with it, and returns at once. It is never the main thread, which cannot
// end, and whose namespaces are those that /proc/self shows.
func onOwnThread(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		defer runtime.UnlockOSThread()
		started := make(chan struct{})
		go func() {
			runtime.LockOSThread() // another one, as long as the main thread is taken
			close(started)
			f()
		}()
		<-started
	}()
}
