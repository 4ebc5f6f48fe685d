//go:build linux

package collect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"coldcase/bundle"
)

const (
	containerLogTotal = 64 * mib
	containerLogFiles = 1000
)

var _ = register(Artifact{
	Name: "node/container-log", Path: "node/containers", Group: "containers", Privacy: PrivacyLogs, Keep: Keep{Tail: mib}, Gather: gatherContainers,
	What: []string{"/var/log/pods/*/*/*.log: the newest 1 MiB of the last two runs of each container"},
})

// containerLog is one file below /var/log/pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log.
type containerLog struct {
	file      string
	pod       string // NAMESPACE_POD_UID
	container string
	run       int // restarts before it
	changed   time.Time
}

func (l containerLog) kubeProxy() bool { return strings.HasPrefix(l.pod, "kube-system_kube-proxy-") }

// targets are where a container log's link may lead. Who can write to /var/log must not be able to make the
// collector read other files.
var targets = regexp.MustCompile(`^/(?:var/log/(?:pods|containers)/|.*/containers/[0-9a-f]{64}/[0-9a-f]{64}-json\.log).*`)

// containerLogs lists the logs of the last two runs of every container, the most recently written first.
func (h *host) containerLogs() []containerLog {
	var logs []containerLog
	for _, file := range h.glob("/var/log/pods/*/*/*.log") {
		parts := strings.Split(file, "/")
		n := len(parts)
		run, err := strconv.Atoi(strings.TrimSuffix(parts[n-1], ".log"))
		if err != nil {
			continue
		}
		target, err := filepath.EvalSymlinks(h.path(file))
		if err != nil || !targets.MatchString(strings.TrimPrefix(target, strings.TrimSuffix(h.path("/"), "/"))) {
			continue
		}
		if st, err := os.Stat(target); err == nil && st.Mode().IsRegular() {
			logs = append(logs, containerLog{file: file, pod: parts[n-3], container: parts[n-2], run: run, changed: st.ModTime()})
		}
	}
	sort.SliceStable(logs, func(i, j int) bool { return logs[i].run > logs[j].run })
	seen := map[string]int{}
	kept := logs[:0]
	for _, l := range logs {
		if key := l.pod + "/" + l.container; seen[key] < 2 {
			seen[key]++
			kept = append(kept, l)
		}
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].changed.After(kept[j].changed) })
	return kept
}

// gatherContainers takes each log as an artifact of its own, until the total is used up.
func gatherContainers(ctx context.Context, s *session, a Artifact) {
	if !s.host.exists("/var/log/pods") {
		s.absent(a, bundle.StatusUnsupported, "there is no /var/log/pods")
		return
	}
	var logs []containerLog
	for _, l := range s.host.containerLogs() {
		if !l.kubeProxy() { // which is an artifact of its own
			logs = append(logs, l)
		}
	}
	left := int64(containerLogTotal)
	for i, l := range logs {
		if ctx.Err() != nil || s.fatal != nil {
			return
		}
		if left <= 0 || i == containerLogFiles {
			a.Path = "node/containers/others.log"
			s.absent(a, bundle.StatusBudget, fmt.Sprintf("the logs of %d more containers, such as %s/%s, were left out", len(logs)-i, l.pod, l.container))
			return
		}
		name := fmt.Sprintf("%s/%s/%d.log", l.pod, l.container, l.run)
		s.entry(a, a.Name+"/"+name, "node/containers/"+name, nil, func(k *sink) outcome {
			return readFile(ctx, a.timeout(), s.host.path(l.file), a.newest(), k)
		})
		if st, err := os.Stat(s.host.path(l.file)); err == nil {
			left -= min(st.Size(), a.Keep.Tail)
		}
	}
}
