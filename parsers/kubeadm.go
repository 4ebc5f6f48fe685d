package parsers

import (
	"regexp"

	"coldcase/fact"
)

// KubeadmCheck is a check of kubeadm's that a node did not pass. Source: cmd/kubeadm/app/preflight/checks.go of Kubernetes.
type KubeadmCheck struct {
	Check   string `cel:"check" json:"check"` // "Swap", "FileExisting-conntrack", "FileContent--proc-sys-net-ipv4-ip_forward"
	Message string `cel:"message" json:"message"`
	Fatal   bool   `cel:"fatal" json:"fatal"` // kubeadm did not go on
}

// FactKind implements fact.Value.
func (KubeadmCheck) FactKind() fact.Kind { return "kubeadm.check" }

var _ = register(Parser{
	Name:      "kubeadm",
	Doc:       "what kubeadm init, join and upgrade print (Kubernetes: cmd/kubeadm)",
	Artifacts: []string{"node/kubeadm"},
	Facts:     []fact.Value{KubeadmCheck{}},
	Errors:    true,
	Parse:     parseKubeadm,
})

var (
	kubeadmCheck = regexp.MustCompile(`^\s*\[(ERROR|WARNING) ([A-Z][\w.-]*)\]: (.*)$`)
	kubeadmStep  = regexp.MustCompile(`^\[[a-z-]+(?:/[a-z-]+)?\] |^error execution phase |^\[preflight\]|^To see the stack trace`)
)

func parseKubeadm(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if m := kubeadmCheck.FindStringSubmatch(line); m != nil {
			in.Emit(n, n, KubeadmCheck{Check: m[2], Message: k8sCut(m[3], 1024), Fatal: m[1] == "ERROR"})
		} else if kubeadmStep.MatchString(line) || isPrompt(line) {
			in.Skip(n, n)
		}
	}
	return nil
}
