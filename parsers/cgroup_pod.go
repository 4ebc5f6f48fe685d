package parsers

import (
	"regexp"
	"strings"
)

var (
	cgroupPodUID      = regexp.MustCompile(`pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})`)
	cgroupContainerID = regexp.MustCompile(`([0-9a-f]{64})(?:\.scope)?(?:/|$)`)
)

// PodOfCgroup reads the pod UID and the container ID out of a cgroup path, in the spellings of the cgroupfs and systemd
// drivers with docker, containerd and cri-o:
//
//	/kubepods/burstable/pod<uid>/<id>
//	/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid with _>.slice/cri-containerd-<id>.scope
//	/kubelet.slice/kubelet-kubepods.slice/.../docker-<id>.scope, .../crio-<id>.scope
//	/kubepods-besteffort-pod<uid with _>.slice:cri-containerd:<id>
//
// Static pods have the configuration's hash, 32 digits, in the UID's place. Both are "" when the path is no pod's.
func PodOfCgroup(path string) (uid, id string) {
	at := strings.Index(path, "kubepods")
	if at < 0 {
		return "", ""
	}
	if m := cgroupPodUID.FindStringSubmatch(path[at:]); m != nil {
		uid = strings.ReplaceAll(m[1], "_", "-")
	}
	if m := cgroupContainerID.FindStringSubmatch(path[at:]); m != nil {
		id = m[1]
	}
	return uid, id
}
