//go:build linux

package collect

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Asking the kernel for a table may load the module that has it, and a loaded module changes the node. So every
// artifact here is gathered only where its module is there already.
var (
	_ = register(Artifact{Name: "node/iptables-save", Path: "node/iptables-save.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Argv: [][]string{{"iptables-save", "-c"}}, Native: xtLayout4.defaultTables, Needs: xtLayout4.needsDefault})
	_ = register(Artifact{Name: "node/ip6tables-save", Path: "node/ip6tables-save.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Argv: [][]string{{"ip6tables-save", "-c"}}, Native: xtLayout6.defaultTables, Needs: xtLayout6.needsDefault})
	_ = register(Artifact{Name: "node/iptables-legacy-save", Path: "node/iptables-legacy-save.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Argv: [][]string{{"iptables-legacy-save", "-c"}}, Native: xtLayout4.legacyTables, Needs: xtLayout4.needsLegacy})
	_ = register(Artifact{Name: "node/iptables-nft-save", Path: "node/iptables-nft-save.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Argv: [][]string{{"iptables-nft-save", "-c"}}, Native: xtLayout4.nftTables, Needs: needsModule("nf_tables")})
	_ = register(Artifact{Name: "node/ip6tables-legacy-save", Path: "node/ip6tables-legacy-save.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Argv: [][]string{{"ip6tables-legacy-save", "-c"}}, Native: xtLayout6.legacyTables, Needs: xtLayout6.needsLegacy})
	_ = register(Artifact{Name: "node/ip6tables-nft-save", Path: "node/ip6tables-nft-save.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Argv: [][]string{{"ip6tables-nft-save", "-c"}}, Native: xtLayout6.nftTables, Needs: needsModule("nf_tables")})
	_ = register(Artifact{Name: "node/nft-ruleset", Path: "node/nft-ruleset.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Keep: Keep{Head: 8 * mib, Tail: 8 * mib}, Argv: [][]string{{"nft", "list", "ruleset"}}, Needs: needsModule("nf_tables")})
	_ = register(Artifact{Name: "node/nft-ruleset-json", Path: "node/nft-ruleset.json", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Keep: Keep{Head: 32 * mib}, Argv: [][]string{{"nft", "-j", "list", "ruleset"}}, Native: nativeNft, Needs: needsModule("nf_tables")})
	_ = register(Artifact{Name: "node/ipset", Path: "node/ipset.txt", Group: "firewall", Privacy: PrivacyAddresses, Timeout: 20 * time.Second, Keep: Keep{Head: 8 * mib, Tail: 8 * mib}, Argv: [][]string{{"ipset", "save"}}, Needs: needsModule("ip_set")})
	_ = register(Artifact{Name: "node/ipvsadm", Path: "node/ipvsadm.txt", Group: "firewall", Privacy: PrivacyAddresses, Argv: [][]string{{"ipvsadm", "-Ln"}}, Native: nativeIPVS, Needs: needsFile("/proc/net/ip_vs", "IPVS is not in use")})
	_ = register(Artifact{Name: "node/ipvsadm-save", Path: "node/ipvsadm-save.txt", Group: "firewall", Privacy: PrivacyAddresses, Argv: [][]string{{"ipvsadm", "-Sn"}}, Needs: needsFile("/proc/net/ip_vs", "IPVS is not in use")})
	_ = register(Artifact{Name: "node/proc-ip_vs", Path: "node/proc-ip_vs.txt", Group: "firewall", Privacy: PrivacyAddresses, Files: []string{"/proc/net/ip_vs"}, Needs: needsFile("/proc/net/ip_vs", "IPVS is not in use")})
	_ = register(Artifact{Name: "node/conntrack-stats", Path: "node/conntrack-stats.txt", Group: "firewall", Privacy: PrivacySystem, Twice: true, Argv: [][]string{{"conntrack", "-S"}}, Needs: needsConntrack, Native: nativeConntrack, NativeNeeds: needsConntrackNative})
)

func needsModule(name string) func(*host) string {
	return func(h *host) string {
		if h.module(name) {
			return ""
		}
		return fmt.Sprintf("the kernel module %s is not loaded, and asking would load it", name)
	}
}

func (l *xtLayout) needsLegacy(h *host) string {
	return needsFile("/proc/net/"+l.names, "the legacy backend is not in use")(h)
}

// needsDefault asks for the module of the default backend.
func (l *xtLayout) needsDefault(h *host) string {
	if l.usesNft(h) {
		return needsModule("nf_tables")(h)
	}
	return needsFile("/proc/net/"+l.names, "the legacy backend, which is the default here, is not in use")(h)
}

// usesNft reports whether the default program has the nf_tables backend. Where there is no program the legacy backend
// counts as the default if it has tables.
func (l *xtLayout) usesNft(h *host) bool {
	file := lookProgram(l.program + "-save")
	if file == "" {
		return h.line("/proc/net/"+l.names) == ""
	}
	target, err := filepath.EvalSymlinks(file)
	return err == nil && strings.Contains(target, "nft")
}

// defaultTables prints what the default program prints.
func (l *xtLayout) defaultTables(ctx context.Context, h *host, k *sink) error {
	if l.usesNft(h) {
		return l.nftTables(ctx, h, k)
	}
	return l.legacyTables(ctx, h, k)
}

func needsConntrack(h *host) string {
	if !h.exists("/proc/net/stat/nf_conntrack") && !h.exists("/proc/sys/net/netfilter/nf_conntrack_max") {
		return "connection tracking is not in use: there is no /proc/net/stat/nf_conntrack"
	}
	return needsModule("nf_conntrack_netlink")(h)
}
