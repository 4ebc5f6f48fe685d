//go:build linux

package collect

import "time"

// procTimeout is for a file that the kernel makes from what it has in memory.
const procTimeout = 4 * time.Second

var (
	_ = register(Artifact{Name: "node/buddyinfo", Path: "node/buddyinfo.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/buddyinfo"}})
	_ = register(Artifact{Name: "node/meminfo", Path: "node/meminfo.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/meminfo"}})
)
