//go:build linux

package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"coldcase/bundle"
)

var podUID = regexp.MustCompile(`^[0-9a-f-]{32,36}$`)

// podNetns finds the network namespace of a pod on this node: the kubelet names its log directory after the pod's
// UID, and the cgroups of its processes too. Where there is no such directory, crictl is asked.
func (h *host) podNetns(ctx context.Context, namespace, name string) (string, error) {
	var pid string
	for _, dir := range h.glob("/var/log/pods/" + namespace + "_" + name + "_*") {
		uid := strings.TrimPrefix(filepath.Base(dir), namespace+"_"+name+"_")
		if podUID.MatchString(uid) && pid == "" {
			pid = h.processOf(uid)
		}
	}
	if pid == "" {
		pid = h.podFromCRI(ctx, namespace, name)
	}
	if pid == "" {
		return "", fmt.Errorf("no process of pod %s/%s runs on this node", namespace, name)
	}
	path := "/proc/" + pid + "/ns/net"
	its, err := os.Readlink(h.path(path))
	if err != nil {
		return "", fmt.Errorf("network namespace of pod %s/%s: %w", namespace, name, err)
	}
	if own, err := os.Readlink("/proc/self/ns/net"); err == nil && own == its {
		return "", errors.New("the pod uses the node's network: capture on a device of the node")
	}
	return h.path(path), nil
}

// processOf returns the lowest process number whose cgroup carries the pod's UID, or "".
func (h *host) processOf(uid string) string {
	text, systemd := "pod"+uid, "pod"+strings.ReplaceAll(uid, "-", "_")
	lowest := 0
	for _, file := range h.glob("/proc/[0-9]*/cgroup") {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || lowest > 0 && pid > lowest {
			continue
		}
		if groups := h.line(file); strings.Contains(groups, text) || strings.Contains(groups, systemd) {
			lowest = pid
		}
	}
	if lowest == 0 {
		return ""
	}
	return strconv.Itoa(lowest)
}

// podFromCRI asks the container runtime for the process of a pod's sandbox. crictl takes both names as expressions.
func (h *host) podFromCRI(ctx context.Context, namespace, name string) string {
	exact := func(name string) string { return "^" + regexp.QuoteMeta(name) + "$" }
	ids, o := h.criOutput(ctx, "pods", "--namespace", exact(namespace), "--name", exact(name), "--state", "ready", "-q")
	id, _, _ := strings.Cut(strings.TrimSpace(string(ids)), "\n")
	if o.status != bundle.StatusOK || id == "" {
		return ""
	}
	text, o := h.criOutput(ctx, "inspectp", "-o", "json", id)
	var pod struct {
		Info struct {
			Pid int `json:"pid"`
		} `json:"info"`
	}
	if o.status != bundle.StatusOK || json.Unmarshal(text, &pod) != nil || pod.Info.Pid <= 0 {
		return ""
	}
	return strconv.Itoa(pod.Info.Pid)
}

func (h *host) criOutput(ctx context.Context, args ...string) ([]byte, outcome) {
	out := &bytes.Buffer{}
	o := runProgram(ctx, criTimeout, criArgv(h.criSocket(), args...), environment(nil), &bounded{buf: out, limit: mib})
	return out.Bytes(), o
}
