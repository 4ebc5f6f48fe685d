package bundle

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// treeRoots are folders of a node's own file system, as sos and others copy it. A file there is no output of the
// program that it is named for: etc/default/ipvsadm, proc/sys/kernel/dmesg_restrict, usr/lib/systemd/system/docker.service.
var treeRoots = wordSet("etc usr lib lib64 sys boot")

// treeFiles are the files of such folders that have an artifact, by their last elements.
var treeFiles = map[string]string{"etc/resolv.conf": "node/resolv-conf", "etc/os-release": "node/os-release", "lib/os-release": "node/os-release"}

// inTree reports whether a path lies in a copy of a node's settings, programs or devices, and what artifact it is.
func inTree(name string) (artifact string, yes bool) {
	dirs := strings.Split(path.Dir(name), "/")
	i := slices.IndexFunc(dirs, func(d string) bool { return treeRoots[d] || d == "var" })
	if i < 0 || dirs[i] == "var" { // var/lib, var/log
		return "", false
	}
	return treeFiles[dirs[len(dirs)-1]+"/"+path.Base(name)], true
}

// unlike reports whether a file only resembles the artifact. A kernel setting in a *.conf file may never have been
// applied. Of certificates in a node's tree only the cluster's own are looked at, not the world's. vmstat(8) shows other
// things than /proc/vmstat. NAME-info.json says how NAME.txt was made.
func unlike(artifact, name string, head []byte) bool {
	if strings.HasSuffix(name, "-info.json") {
		return true
	}
	switch ArtifactBase(artifact) {
	case "node/sysctl":
		return path.Ext(name) == ".conf" || strings.Contains(name, "sysctl.d/")
	case "node/certificates":
		_, tree := inTree(name)
		return tree && !slices.ContainsFunc([]string{"kube", "etcd", "rancher"}, func(w string) bool { return strings.Contains(name, w) })
	case "node/vmstat":
		return bytes.HasPrefix(head, []byte("procs "))
	}
	return false
}
