//go:build linux

package collect

var (
	_ = register(Artifact{Name: "node/buddyinfo", Path: "node/buddyinfo.txt", Group: "memory", Privacy: PrivacySystem, Files: []string{"/proc/buddyinfo"}})
	_ = register(Artifact{Name: "node/meminfo", Path: "node/meminfo.txt", Group: "memory", Privacy: PrivacySystem, Files: []string{"/proc/meminfo"}})
)
