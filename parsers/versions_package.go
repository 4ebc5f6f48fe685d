package parsers

import (
	"regexp"
	"strings"
)

// versionPrograms maps names of packages, commands and runtimes to the program that they hold.
var versionPrograms = map[string]string{
	"kubelet": "kubelet", "kube-proxy": "kube-proxy", "kubectl": "kubectl", "kubernetes-node": "kubelet", "kubernetes-client": "kubectl",
	"containerd": "containerd", "containerd.io": "containerd",
	"docker": "docker", "docker-ce": "docker", "docker.io": "docker", "docker-engine": "docker", "moby-engine": "docker", "docker-ce-cli": "docker-cli",
	"runc": "runc", "moby-runc": "runc", "cri-o": "crio", "crio": "crio", "cri-tools": "crictl", "crictl": "crictl",
	"iptables": "iptables", "iptables-nft": "iptables", "ipset": "ipset", "ipvsadm": "ipvsadm", "conntrack": "conntrack", "conntrack-tools": "conntrack",
	"iproute": "iproute2", "iproute2": "iproute2", "nftables": "nft", "nft": "nft",
}

var (
	// rpm -qa: containerd.io-1.6.8-3.1.el7.x86_64
	versionRPM = regexp.MustCompile(`^(\S+?)-(\d[^-\s]*)-([^-\s]+)\.(?:x86_64|aarch64|noarch|i[3-6]86|ppc64le|s390x|src)(?:\s.*)?$`)
	// dpkg -l: ii  kubelet  1.20.6-00  amd64  Kubernetes Node Agent
	versionDpkg = regexp.MustCompile(`^([uihrp][ncHUFWti][R ]?)\s+(\S+?)(?::\w+)?\s+(\d\S*)\s+(?:amd64|arm64|all|i386|armhf|ppc64el|s390x|riscv64)\b`)
	versionDeb  = regexp.MustCompile(`^(?:\d+:)?(\d[^-+~]*)`)
)

// versionPackage reads a row of rpm -qa or dpkg -l. Packages that do not matter have no program; a package that is
// removed but for its configuration ("rc") is no program either.
func versionPackage(line string) (ProgramVersion, bool) {
	name, version := "", ""
	if m := versionRPM.FindStringSubmatch(line); m != nil {
		name, version = m[1], m[2]
	} else if m := versionDpkg.FindStringSubmatch(line); m != nil {
		name, version = m[2], m[3]
		if m[1][1] != 'i' {
			name = ""
		}
	} else {
		return ProgramVersion{}, false
	}
	program := versionPrograms[name]
	if m := versionDeb.FindStringSubmatch(version); m != nil {
		version = m[1]
	}
	if program == "" {
		return ProgramVersion{}, true
	}
	return ProgramVersion{Program: program, Version: version, Text: strings.Join(strings.Fields(line), " ")}, true
}
