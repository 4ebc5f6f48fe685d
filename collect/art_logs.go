//go:build linux

package collect

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"coldcase/bundle"
)

// The journal is read from its end, at most three days and a number of lines, so that a node with a huge journal
// costs no more than another.
var (
	_ = register(journalArtifact("node/journal", "node/journal.txt", []string{"-n", "200000"}, 16*mib))
	_ = register(journalArtifact("node/journal-kernel", "node/journal-kernel.txt", []string{"-n", "100000", "_TRANSPORT=kernel"}, 8*mib))
	_ = register(journalArtifact("node/journal-kubelet", "node/journal-kubelet.txt", []string{"-n", "100000", "-u", "kubelet", "-u", "k3s", "-u", "k3s-agent", "-u", "rke2-agent", "-u", "rke2-server", "-u", "snap.kubelet.daemon"}, 16*mib))
	_ = register(journalArtifact("node/journal-runtime", "node/journal-runtime.txt", []string{"-n", "100000", "-u", "containerd", "-u", "docker", "-u", "crio", "-u", "cri-docker"}, 8*mib))

	_ = register(Artifact{
		Name: "node/syslog", Path: "node/syslog.log", Group: "logs", Privacy: PrivacyLogs, Keep: logKeep, Gather: gatherSyslog,
		What: []string{"/var/log/messages", "/var/log/syslog", "/var/log/kern.log"},
	})
)

func journalArtifact(name, path string, args []string, size int64) Artifact {
	argv := append([]string{"journalctl", "--no-pager", "-q", "-o", "short-iso-precise", "--since", "-3days"}, args...)
	return Artifact{Name: name, Path: path, Group: "logs", Privacy: PrivacyLogs, Timeout: 25 * time.Second, Keep: Keep{Tail: size}, Argv: [][]string{argv}, Needs: needsJournal, Gather: printJournal}
}

// needsJournal tells a node without a journal from one whose journal is silent.
func needsJournal(h *host) string {
	if len(h.glob("/var/log/journal/*/*.journal*")) == 0 && len(h.glob("/run/log/journal/*/*.journal*")) == 0 {
		return "there are no journal files below /var/log/journal and /run/log/journal"
	}
	return ""
}

// gatherSyslog takes each of the system's log files as an artifact of its own.
func gatherSyslog(ctx context.Context, s *session, a Artifact) {
	found := false
	for _, name := range a.What {
		if !s.host.exists(name) || ctx.Err() != nil || s.fatal != nil {
			continue
		}
		found = true
		base := strings.TrimSuffix(filepath.Base(name), ".log")
		s.entry(a, a.Name+"/"+base, "node/syslog/"+base+".log", nil, func(k *sink) outcome {
			return readFile(ctx, a.timeout(), s.host.path(name), a.newest(), k)
		})
	}
	if !found && ctx.Err() == nil {
		s.absent(a, bundle.StatusUnsupported, "there is none of "+strings.Join(a.What, ", "))
	}
}
