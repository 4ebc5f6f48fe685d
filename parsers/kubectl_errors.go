package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// KubectlError is what kubectl or helm printed when the API server refused something. Source: k8s.io/kubectl,
// pkg/cmd/util/helpers.go.
type KubectlError struct {
	Reason  string `cel:"reason" json:"reason"`   // InternalError, Forbidden, ...; empty where it is not printed
	Message string `cel:"message" json:"message"` // bounded to 4 KiB
}

// FactKind implements fact.Value.
func (KubectlError) FactKind() fact.Kind { return "kubectl.error" }

// kubectlFailure is such a line. That of kubectl apply goes on behind the object with "for: FILE: ...", that of helm with
// one line for each object.
var kubectlFailure = regexp.MustCompile(`^(?:Error from server(?: \((\w+)\))?: |[Ee]rror: |for: "[^"]+": |\s+\* (?:Internal error))(.*\S)`)

// kubectlError files a line when it is an error.
func (in *Input) kubectlError(n int, line string) bool {
	m := kubectlFailure.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	for i := 0; strings.HasSuffix(line, "error when applying patch:") && i < 8 && !strings.HasPrefix(in.Peek(), "for: "); i++ {
		if object, _, ok := in.Scan(); ok { // the patch, and what it is for
			in.Skip(object, object)
		}
	}
	in.Emit(n, n, KubectlError{Reason: m[1], Message: k8sCut(m[2], k8sEventBytes)})
	return true
}
