package parsers

import (
	"path"
	"strings"
)

// Programs of the cluster whose records have a source of their own.
const (
	SourceEtcd              = "etcd"
	SourceAPIServer         = "apiserver"
	SourceControllerManager = "controller-manager"
	SourceScheduler         = "scheduler"
	SourceCoreDNS           = "coredns"
	SourceCNI               = "cni"
	SourceIngress           = "ingress"
)

// programs are the names of containers, services and log files, by source. They are those of kubeadm's static pods, of
// kops, of OpenShift, and of the CNI plugins' own manifests.
var programs = map[string]string{
	"kube-proxy": SourceKubeProxy, "snap.kube-proxy.daemon": SourceKubeProxy,
	"etcd": SourceEtcd, "etcd-manager": SourceEtcd, "etcd-member": SourceEtcd,
	"kube-apiserver": SourceAPIServer, "kube-apiserver-check-endpoints": SourceAPIServer, "snap.kube-apiserver.daemon": SourceAPIServer,
	"kube-controller-manager": SourceControllerManager, "snap.kube-controller-manager.daemon": SourceControllerManager,
	"kube-scheduler": SourceScheduler, "snap.kube-scheduler.daemon": SourceScheduler,
	"coredns": SourceCoreDNS, "node-cache": SourceCoreDNS,
	"calico-node": SourceCNI, "install-cni": SourceCNI, "canal": SourceCNI, "kube-flannel": SourceCNI, "flanneld": SourceCNI,
	"cilium": SourceCNI, "cilium-agent": SourceCNI, "cilium-operator": SourceCNI, "cilium-cni": SourceCNI,
	"aws-node": SourceCNI, "aws-eks-nodeagent": SourceCNI, "ipamd": SourceCNI, "kube-multus": SourceCNI, "multus": SourceCNI,
	"weave": SourceCNI, "weave-net": SourceCNI, "antrea-agent": SourceCNI, "kube-router": SourceCNI, "kindnet": SourceCNI,
	"kindnet-cni": SourceCNI, "ovnkube-node": SourceCNI, "ovnkube-controller": SourceCNI, "azure-vnet": SourceCNI, "terway": SourceCNI,
	"whereabouts":              SourceCNI,
	"nginx-ingress-controller": SourceIngress, "rke2-ingress-nginx-controller": SourceIngress,
}

// LogProgram tells from a log's artifact and path which program of the cluster wrote it: one of the sources above or
// SourceKubeProxy, "" for any other. The path is that of a pod's log (see LogPod) or of a loose file named for its
// program: etcd.log, kube-apiserver-node-a.log, coredns-5d78c9869d-abcde.txt.
func LogProgram(artifact, name string) string {
	base, instance := artifactParts(artifact)
	switch base {
	case "node/kube-proxy-log":
		return SourceKubeProxy
	case "node/container-log", "cluster/pod-log":
	default:
		return ""
	}
	if ns, pod, _, container := LogPod(name); pod != "" {
		return podProgram(ns, pod, container)
	}
	if kubeProxyPod(name) || kubeProxyPod(instance) {
		return SourceKubeProxy
	}
	return fileProgram(name)
}

// artifactParts splits "node/container-log/instance".
func artifactParts(artifact string) (base, instance string) {
	if parts := strings.SplitN(artifact, "/", 3); len(parts) == 3 {
		return parts[0] + "/" + parts[1], parts[2]
	}
	return artifact, ""
}

// podProgram knows a container by its namespace, pod and name; what is not known of them is empty. The control plane of
// another cluster may run in any namespace (Kamaji, vcluster): only the system's own are this cluster's.
func podProgram(ns, pod, container string) string {
	if strings.HasPrefix(pod, "kube-proxy") && (container == "" || container == "kube-proxy") {
		return SourceKubeProxy
	}
	if strings.Contains(pod, "ingress-nginx-controller") || strings.Contains(pod, "nginx-ingress-controller") {
		if container == "controller" || container == "" {
			return SourceIngress
		}
	}
	source := programs[container]
	if container == "" {
		source = prefixProgram(pod)
	}
	switch source {
	case SourceCNI, SourceIngress, SourceKubeProxy:
		return source
	}
	if ns == "" || ns == "kube-system" || strings.HasPrefix(ns, "openshift-") {
		return source
	}
	return ""
}

// generic are the names of log files that tell nothing: the folder above says whose they are.
var generic = map[string]bool{"": true, "0": true, "logs": true, "log": true, "current": true, "previous": true, "stdout": true, "stderr": true}

// fileProgram knows a loose file by its name, or by its folder's.
func fileProgram(name string) string {
	dir, file := path.Split(path.Clean(name))
	stem := logFileName(file)
	for dir != "" && generic[stem] {
		dir, stem = path.Split(strings.TrimSuffix(dir, "/"))
	}
	if stem == "cni" || stem == "plugin" && strings.Contains(name, "/aws-routed-eni/") {
		return SourceCNI
	}
	if strings.Contains(stem, "ingress-nginx-controller") || strings.Contains(stem, "nginx-ingress-controller") {
		return SourceIngress
	}
	return prefixProgram(stem)
}

// prefixProgram knows NAME and NAME-SUFFIX, as static pods and pods of DaemonSets are called; the longest name wins.
func prefixProgram(name string) string {
	for at := len(name); at > 0; at = strings.LastIndexAny(name[:at], "-_.") {
		if source := programs[name[:at]]; source != "" {
			return source
		}
	}
	return ""
}

// identProgram knows the ident of a syslog or journal record, the unit of the latter, and the "POD/CONTAINER" of
// `kubectl logs --prefix`.
func identProgram(rec *Record) string {
	if pod, container, ok := strings.Cut(rec.Ident, "/"); ok {
		return podProgram("", pod, container)
	}
	if source := programs[rec.Ident]; source != "" {
		return source
	}
	return programs[strings.TrimSuffix(rec.Unit, ".service")]
}
