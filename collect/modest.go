//go:build linux

package collect

import (
	"os"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	lowestPriority = 19
	memoryGoal     = 40 * mib // of Go's heap and stacks; with the program itself the process stays below 64 MiB
)

// ioprio_set(2) has no names in x/sys: IOPRIO_WHO_PROCESS, and the idle class above the data bits.
const (
	ioprioWhoProcess = 1
	ioprioIdle       = 3 << 13
)

// BeModest lets everything else on the node go first: nice 19, the idle I/O class and a small heap. Linux keeps the
// priorities per thread and a new thread has its maker's, so all threads are set until no new one turns up. Programs
// that are started inherit them. What is not allowed is no reason to stop.
func BeModest() {
	debug.SetMemoryLimit(memoryGoal)
	debug.SetGCPercent(40)
	done := map[int]bool{}
	for again := true; again; {
		again = false
		for _, tid := range threads() {
			if done[tid] {
				continue
			}
			done[tid], again = true, true
			_ = unix.Setpriority(unix.PRIO_PROCESS, tid, lowestPriority)
			_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(tid), ioprioIdle)
		}
	}
}

// threads returns the numbers of this process's threads.
func threads() []int {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return []int{0} // the calling thread
	}
	tids := make([]int, 0, len(entries))
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids
}
