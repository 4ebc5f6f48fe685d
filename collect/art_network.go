//go:build linux

package collect

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"coldcase/bundle"
)

var (
	_ = register(Artifact{Name: "node/ip-addr", Path: "node/ip-addr.txt", Group: "network", Privacy: PrivacyAddresses, Argv: [][]string{{"ip", "-d", "addr", "show"}}, Native: nativeAddresses})
	_ = register(Artifact{Name: "node/ip-link", Path: "node/ip-link.txt", Group: "network", Privacy: PrivacyAddresses, Argv: [][]string{{"ip", "-d", "-s", "link", "show"}}, Native: nativeLinks})
	_ = register(Artifact{Name: "node/ip-route", Path: "node/ip-route.txt", Group: "network", Privacy: PrivacyAddresses, Argv: [][]string{{"ip", "route", "show", "table", "all"}}, Native: nativeRoutes})
	_ = register(Artifact{Name: "node/ip-rule", Path: "node/ip-rule.txt", Group: "network", Privacy: PrivacyAddresses, Argv: [][]string{{"ip", "rule", "show"}}, Native: nativeRules})
	_ = register(Artifact{Name: "node/ip-neigh", Path: "node/ip-neigh.txt", Group: "network", Privacy: PrivacyAddresses, Argv: [][]string{{"ip", "-s", "neigh", "show"}}, Native: nativeNeighbours})
	_ = register(Artifact{Name: "node/bridge-fdb", Path: "node/bridge-fdb.txt", Group: "network", Privacy: PrivacyAddresses, Argv: [][]string{{"bridge", "fdb", "show"}}, Native: nativeFDB})
	_ = register(Artifact{Name: "node/nstat", Path: "node/nstat.txt", Group: "network", Privacy: PrivacySystem, Twice: true, Argv: [][]string{{"nstat", "-azs"}}, Native: nativeNstat})
	_ = register(Artifact{Name: "node/netstat-s", Path: "node/netstat-s.txt", Group: "network", Privacy: PrivacySystem, Argv: [][]string{{"netstat", "-s"}}})
	_ = register(Artifact{
		Name: "node/netstat-listen", Path: "node/netstat-listen.txt", Group: "network", Privacy: PrivacyAddresses, Gather: gatherListen,
		What: []string{"ss -lntup"},
	})
	_ = register(Artifact{
		Name: "node/ethtool-k", Path: "node/ethtool-k.txt", Group: "network", Privacy: PrivacySystem, Gather: gatherEthtool("-k"),
		What: []string{"ethtool -k DEVICE, for the first 40 devices of /sys/class/net"},
	})
	_ = register(Artifact{
		Name: "node/ethtool-S", Path: "node/ethtool-S.txt", Group: "network", Privacy: PrivacySystem, Twice: true, Gather: gatherEthtool("-S"),
		What: []string{"ethtool -S DEVICE, for the first 40 devices of /sys/class/net"},
	})
	_ = register(Artifact{
		Name: "node/ethtool-i", Path: "node/ethtool-i.txt", Group: "network", Privacy: PrivacySystem, Gather: gatherEthtool("-i"),
		What: []string{"ethtool -i DEVICE, for the first 40 devices of /sys/class/net"},
	})
)

// gatherListen lists sockets. ss would load the kernel's socket diagnosis modules: where they are not loaded it is
// told to read /proc/net instead, which lacks the listen queue's limit.
func gatherListen(ctx context.Context, s *session, a Artifact) {
	argv := s.argv("ss", "-lntup")
	var env []string
	if !s.host.module("tcp_diag") || !s.host.module("udp_diag") {
		env = []string{"PROC_NET_TCP=/proc/net/tcp", "PROC_NET_UDP=/proc/net/udp"}
	}
	s.entry(a, a.Name, a.Path, argv, func(k *sink) outcome {
		return s.produce(ctx, a, argv, env, func(k *sink) error { return nativeListen(ctx, s.host, k) }, k)
	})
}

const maxDevices = 40

var unsupportedText = regexp.MustCompile(`(?i)no stats available|operation not supported|not supported`)

// gatherEthtool asks each device, in an artifact of its own.
func gatherEthtool(flag string) func(context.Context, *session, Artifact) {
	return func(ctx context.Context, s *session, a Artifact) {
		devices := s.host.devices()
		for i, dev := range devices {
			if i == maxDevices {
				rest := a
				rest.Path = a.Name + "/others.txt"
				s.absent(rest, bundle.StatusBudget, fmt.Sprintf("%d more devices, such as %s, were left out", len(devices)-i, dev))
				return
			}
			if ctx.Err() != nil || s.fatal != nil {
				return
			}
			argv := s.argv("ethtool", flag, dev)
			s.entry(a, a.Name+"/"+dev, a.Name+"/"+dev+".txt", argv, func(k *sink) outcome {
				o := s.produce(ctx, a, argv, nil, func(k *sink) error { return nativeEthtool[flag](dev, k) }, k)
				if o.status == bundle.StatusNonzeroExit && k.count() == 0 && unsupportedText.MatchString(o.stderr+o.err) {
					if o.status = bundle.StatusUnsupported; o.stderr != "" {
						o.err = lastLine(o.stderr)
					}
				}
				return o
			})
		}
	}
}

// devices lists the network devices: hardware first, pods' ends of veth pairs last.
func (h *host) devices() []string {
	var names []string
	for _, dir := range h.glob("/sys/class/net/*") {
		if name := strings.TrimPrefix(dir, "/sys/class/net/"); h.exists(dir + "/ifindex") {
			names = append(names, name)
		}
	}
	rank := func(name string) int {
		switch {
		case h.exists("/sys/class/net/" + name + "/device"):
			return 0
		case h.line("/sys/class/net/"+name+"/iflink") != h.line("/sys/class/net/"+name+"/ifindex"):
			return 2
		}
		return 1
	}
	sort.SliceStable(names, func(i, j int) bool { return rank(names[i]) < rank(names[j]) })
	return names
}
