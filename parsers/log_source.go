package parsers

import (
	"strings"
)

// The classes of log sources that LogSource returns.
const (
	SourceKernel    = "kernel"
	SourceKubelet   = "kubelet"
	SourceRuntime   = "runtime"
	SourceKubeProxy = "kube-proxy"
	SourceContainer = "container"
	SourceSystem    = "system"
)

// LogSource tells who wrote a record: one of the sources of this package. program is what LogProgram says of the log.
// What a container writes is never the kernel's, whatever it looks like: programs print copies of the kernel's log.
func LogSource(artifact, program string, rec *Record) string {
	base, _ := artifactParts(artifact)
	switch base {
	case "node/dmesg", "node/journal-kernel", "node/journal-kernel-previous":
		return SourceKernel
	case "node/pstore": // "pmsg-ramoops-0" is what programs wrote to /dev/pmsg0
		if strings.Contains(artifact, "pmsg") {
			return SourceSystem
		}
		return SourceKernel
	case "node/kube-proxy-log":
		return SourceKubeProxy
	case "node/container-log", "cluster/pod-log":
		if program == "" {
			program = identProgram(rec)
		}
		if program == "" {
			return SourceContainer
		}
		return program
	}
	if rec.Kernel {
		return SourceKernel
	}
	switch base {
	case "node/journal-kubelet", "node/kubelet-log":
		return SourceKubelet
	case "node/journal-runtime":
		return SourceRuntime
	}
	switch rec.Ident {
	case "kernel":
		return SourceKernel
	case "kubelet":
		return SourceKubelet
	case "containerd", "dockerd", "docker", "crio", "cri-dockerd", "runc", "containerd-shim", "docker-containerd":
		return SourceRuntime
	}
	if program := identProgram(rec); program != "" {
		return program
	}
	return unitSource(rec.Unit)
}

// unitSource knows the services that hold a kubelet or a container runtime, whatever their programs call themselves.
func unitSource(unit string) string {
	switch strings.TrimSuffix(unit, ".service") {
	case "kubelet", "k3s", "k3s-agent", "rke2-server", "rke2-agent", "snap.kubelet.daemon":
		return SourceKubelet
	case "containerd", "docker", "crio", "cri-docker":
		return SourceRuntime
	}
	return SourceSystem
}

// kubeProxyPod reports whether a path leads to the log of a kube-proxy pod: any part of it is named kube-proxy, or
// kube-proxy-SUFFIX, with or without the namespace before it.
func kubeProxyPod(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if rest, ok := strings.CutPrefix(strings.TrimPrefix(part, "kube-system_"), "kube-proxy"); ok {
			if rest == "" || strings.IndexByte("-_.", rest[0]) >= 0 {
				return true
			}
		}
	}
	return false
}

// LogPod reads pod and container from the path of a container log, which may have any directories before it:
//
//	pods/NAMESPACE_POD_UID/CONTAINER/0.log
//	containers/POD_NAMESPACE_CONTAINER-ID.log
//	pod-log/NAMESPACE/POD/CONTAINER.log
//
// What the path does not say is empty, and so is everything when a name is none that an object may have: file names of
// commands have the same parts, as "journalctl_-u_docker.txt". Sources: the kubelet's kuberuntime/helpers.go and legacy
// log links.
func LogPod(path string) (namespace, pod, uid, container string) {
	parts := strings.Split(path, "/")
	last := len(parts) - 1
	for i, part := range parts[:last] {
		fields := strings.Split(part, "_")
		if len(fields) == 3 && objectName(fields[0]) && objectName(fields[1]) && len(fields[2]) >= 32 {
			return fields[0], fields[1], fields[2], parts[i+1]
		}
	}
	name := logFileName(parts[last])
	if fields := strings.Split(name, "_"); len(fields) == 3 && objectName(fields[0]) && objectName(fields[1]) {
		if len(fields[2]) >= 36 && strings.Count(fields[2], "-") == 4 && len(fields[2]) == 36 {
			return fields[0], fields[1], fields[2], ""
		}
		container = fields[2]
		if at := strings.LastIndexByte(container, '-'); at > 0 && len(container)-at-1 == 64 {
			container = container[:at]
		}
		return fields[1], fields[0], "", container
	}
	for i, part := range parts {
		if (part == "pod-log" || part == "container-log" || part == "pod-logs" || part == "podlogs") && last-i == 3 {
			return parts[i+1], parts[i+2], "", strings.TrimSuffix(name, "-previous")
		}
	}
	return "", "", "", ""
}

// objectName reports whether a pod or namespace may be called so: a DNS subdomain in lower case (RFC 1123).
func objectName(name string) bool {
	outside := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' }
	return name != "" && strings.Trim(name, "-.") == name && !strings.ContainsFunc(name, outside)
}

// logFileName cuts the endings of logs off: "x.log", "x.log.1", "x.log.20260301-120000.gz", "x.txt".
func logFileName(name string) string {
	if at := strings.Index(name, ".log"); at > 0 {
		return name[:at]
	}
	return strings.TrimSuffix(name, ".txt")
}
