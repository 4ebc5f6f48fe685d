package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// SignalSent is a signal that SystemTap saw somebody send, and where the sender came from.
type SignalSent struct {
	Sender    string   `cel:"sender" json:"sender"` // program, as the kernel names it: at most 15 bytes
	SenderPID int64    `cel:"senderPID" json:"senderPID"`
	Signal    string   `cel:"signal" json:"signal"` // "SIGKILL"
	Target    string   `cel:"target" json:"target"`
	TargetPID int64    `cel:"targetPID" json:"targetPID"`
	Parent    string   `cel:"parent" json:"parent"`       // of the sender; "" when not printed
	Ancestry  []string `cel:"ancestry" json:"ancestry"`   // from the first process to the sender; empty when not printed
	Strangers []string `cel:"strangers" json:"strangers"` // of the ancestors, those that are no part of a usual system, runtime or shell
	ByRuntime bool     `cel:"byRuntime" json:"byRuntime"` // the sender stops containers or services by trade
}

// FactKind implements fact.Value.
func (SignalSent) FactKind() fact.Kind { return "signal.sent" }

var _ = register(Parser{
	Name:      "stap-signals",
	Doc:       "what a SystemTap script on signal.send prints: sender, target, parent and task_ancestry (tapset::signal, tapset::task)",
	Artifacts: []string{"node/stap-signals"},
	Facts:     []fact.Value{SignalSent{}},
	Parse:     parseStap,
})

var (
	stapSend     = regexp.MustCompile(`^(.{1,64})\((\d+)\) sen[dt]s? (SIG[A-Z0-9+]+) to (.{1,64})\((\d+)\)\s*$`)
	stapParent   = regexp.MustCompile(`^parent of sender: ?(.{1,64})\(\d+\)\s*$`)
	stapAncestor = regexp.MustCompile(`^(.{1,64}?)(?:\([\d.hms]*\))?$`)

	// stapRuntime stops containers or services by trade; stapUsual may stand above a shell or a command on any machine.
	stapRuntime = regexp.MustCompile(`^(?:runc.*|crun|youki|kata.*|containerd.*|dockerd|docker-.*|crio|conmon|kubelet|k3s.*|rke2|systemd|systemd-.*|init)$`)
	stapUsual   = regexp.MustCompile(`^(?:swapper.*|kthreadd|init|systemd.*|\(sd-.*|runc.*|crun|youki|kata.*|containerd.*|dockerd|docker.*|crio|conmon|kubelet|k3s.*|rke2|` +
		`tini|dumb-init|s6-.*|runsv.*|supervisord|sshd.*|login|agetty|getty|su|sudo|cron|crond|anacron|atd|screen.*|SCREEN|tmux.*|` +
		`sh|bash|dash|ash|zsh|ksh|fish|busybox|kill|pkill|killall|skill|timeout|xargs|find|env|nohup|setsid|flock|chroot|nsenter|unshare|ssh|` +
		`perl|python.*|ruby|node|java|php.*|staprun|stapio|stap|gdb|strace|oom_reaper|kworker.*|pause|kubectl|crictl|ctr|nerdctl|podman)$`)
)

// parseStap joins the up to three lines about one signal.
func parseStap(in *Input) error {
	var sent *SignalSent
	first, last := 0, 0
	flush := func() {
		if sent != nil {
			sent.ByRuntime = stapRuntime.MatchString(sent.Sender)
			in.Emit(first, last, *sent)
		}
		sent = nil
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		line = strings.TrimSpace(line)
		if m := stapSend.FindStringSubmatch(line); m != nil {
			flush()
			sent, first, last = &SignalSent{Sender: m[1], Signal: m[3], Target: m[4]}, n, n
			sent.SenderPID, _ = strconv.ParseInt(m[2], 10, 64)
			sent.TargetPID, _ = strconv.ParseInt(m[5], 10, 64)
			continue
		}
		ancestry, isAncestry := strings.CutPrefix(line, "task_ancestry:")
		parent := stapParent.FindStringSubmatch(line)
		switch {
		case sent != nil && parent != nil:
			sent.Parent, last = parent[1], n
		case sent != nil && isAncestry:
			sent.Ancestry, sent.Strangers = stapAncestry(strings.TrimSpace(ancestry))
			last = n
		case isPrompt(line):
			in.Skip(n, n)
		}
	}
	flush()
	return nil
}

// stapAncestry reads "swapper/0(0m0.0s)=>systemd(0m0.1s)=>bash(12m1.2s)": names with the time at which each began. The
// sender itself, which stands last, is no ancestor.
func stapAncestry(s string) (names, strangers []string) {
	parts := strings.Split(s, "=>")
	for i, part := range parts[:min(len(parts), 64)] {
		m := stapAncestor.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			continue
		}
		names = append(names, m[1])
		if i < len(parts)-1 && !stapUsual.MatchString(m[1]) {
			strangers = append(strangers, m[1])
		}
	}
	return names, strangers
}
