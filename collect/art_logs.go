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
	_ = register(journalArtifact("node/journal", journalQuery{newest: 200000}, 16*mib))
	_ = register(journalArtifact("node/journal-kernel", journalQuery{kernel: true}, 8*mib))
	_ = register(journalArtifact("node/journal-kubelet", journalQuery{units: []string{"kubelet", "k3s", "k3s-agent", "rke2-agent", "rke2-server", "snap.kubelet.daemon"}}, 16*mib))
	_ = register(journalArtifact("node/journal-runtime", journalQuery{units: []string{"containerd", "docker", "crio", "cri-docker"}}, 8*mib))
	// What the kernel said before the last boot: of a node that crashed, nothing else tells why.
	_ = register(journalArtifact("node/journal-kernel-previous", journalQuery{kernel: true, previous: true}, 8*mib))

	_ = register(Artifact{
		Name: "node/syslog", Path: "node/syslog.log", Group: "logs", Privacy: PrivacyLogs, Keep: logKeep, Gather: gatherSyslog,
		What: []string{"/var/log/messages", "/var/log/syslog", "/var/log/kern.log"},
	})
)

// journalArtifact is a part of the journal: what journalctl prints, else the same from the journal's files.
func journalArtifact(name string, q journalQuery, size int64) Artifact {
	argv := q.args()
	return Artifact{
		Name: name, Path: name + ".txt", Group: "logs", Privacy: PrivacyLogs, Timeout: 25 * time.Second, Keep: Keep{Tail: size},
		Argv: [][]string{argv}, Needs: needsJournalctl, NativeNeeds: needsJournal, Native: q.native,
		What: []string{strings.Join(argv, " "), "or " + journalPlaces},
	}
}

// needsJournalctl refuses journalctl where it would read another journal than the node's.
func needsJournalctl(h *host) string {
	if reason := needsJournal(h); reason != "" || h.root == "" {
		return reason
	}
	return "journalctl reads its own journal, not that below " + h.root
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
