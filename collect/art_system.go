//go:build linux

package collect

// Small files that say how the node is set up.
var (
	_ = register(Artifact{Name: "node/mounts", Path: "node/mounts.txt", Group: "disk", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/1/mounts", "/proc/self/mounts"}})
	_ = register(Artifact{Name: "node/resolv-conf", Path: "node/resolv-conf.txt", Group: "network", Privacy: PrivacyAddresses, Files: []string{"/etc/resolv.conf"}})
	_ = register(Artifact{Name: "node/softnet-stat", Path: "node/softnet-stat.txt", Group: "network", Privacy: PrivacySystem, Timeout: procTimeout, Twice: true, Files: []string{"/proc/net/softnet_stat"}})
	_ = register(Artifact{Name: "node/sockstat", Path: "node/sockstat.txt", Group: "network", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/net/sockstat"}})
	_ = register(Artifact{Name: "node/sockstat6", Path: "node/sockstat6.txt", Group: "network", Privacy: PrivacySystem, Timeout: procTimeout, Files: []string{"/proc/net/sockstat6"}})
	_ = register(Artifact{Name: "node/bridge-link", Path: "node/bridge-link.txt", Group: "network", Privacy: PrivacyAddresses, Argv: [][]string{{"bridge", "-d", "link", "show"}}})
	_ = register(Artifact{
		Name: "node/rt-tables", Path: "node/rt-tables.txt", Group: "network", Privacy: PrivacySystem,
		Gather: gatherFiles("/etc/iproute2/rt_tables", "/etc/iproute2/rt_tables.d/*.conf", "/usr/share/iproute2/rt_tables"),
		What:   []string{"/etc/iproute2/rt_tables", "/etc/iproute2/rt_tables.d/*.conf", "/usr/share/iproute2/rt_tables"},
	})
)
