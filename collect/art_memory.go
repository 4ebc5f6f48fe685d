//go:build linux

package collect

import "time"

// procTimeout is for a file that the kernel makes from what it has in memory.
const procTimeout = 4 * time.Second

// Files of proc(5). /proc/slabinfo is readable by root only, and PSI is there since Linux 4.20.
var (
	_ = register(Artifact{Name: "node/buddyinfo", Path: "node/buddyinfo.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Twice: true, Files: []string{"/proc/buddyinfo"}})
	_ = register(Artifact{Name: "node/proc-cgroups", Path: "node/proc-cgroups.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/cgroups"}})
	_ = register(Artifact{Name: "node/meminfo", Path: "node/meminfo.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/meminfo"}})
	_ = register(Artifact{Name: "node/pagetypeinfo", Path: "node/pagetypeinfo.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/pagetypeinfo"}})
	_ = register(Artifact{Name: "node/pressure-cpu", Path: "node/pressure-cpu.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Twice: true, Files: []string{"/proc/pressure/cpu"}})
	_ = register(Artifact{Name: "node/pressure-io", Path: "node/pressure-io.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Twice: true, Files: []string{"/proc/pressure/io"}})
	_ = register(Artifact{Name: "node/pressure-memory", Path: "node/pressure-memory.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Twice: true, Files: []string{"/proc/pressure/memory"}})
	_ = register(Artifact{Name: "node/slabinfo", Path: "node/slabinfo.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/slabinfo"}})
	_ = register(Artifact{Name: "node/vmstat", Path: "node/vmstat.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Twice: true, Files: []string{"/proc/vmstat"}})
	_ = register(Artifact{Name: "node/zoneinfo", Path: "node/zoneinfo.txt", Group: "memory", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/zoneinfo"}})
)
