package parsers

import (
	"errors"
	"regexp"
	"strings"

	"coldcase/fact"
)

// K8sVersion is the version of a component, as "kubectl version" prints it.
type K8sVersion struct {
	Component string `cel:"component" json:"component"` // kubectl, apiserver
	Version   string `cel:"version" json:"version"`     // "v1.28.4"
}

// FactKind implements fact.Value.
func (K8sVersion) FactKind() fact.Kind { return "k8s.version" }

var _ = register(Parser{
	Name:      "k8s-version",
	Doc:       "kubectl version, as text of any release and as yaml or json",
	Artifacts: []string{"cluster/version"},
	Facts:     []fact.Value{K8sVersion{}},
	Parse:     parseK8sVersion,
})

// k8sVersionLine matches "Server Version: v1.28.4", and the form before 1.28:
// Server Version: version.Info{Major:"1", Minor:"23", GitVersion:"v1.23.8", ...}
var k8sVersionLine = regexp.MustCompile(`^(Client|Server) Version: (?:version\.Info\{.*GitVersion:"([^"]*)"|(v\S+)$)`)

func parseK8sVersion(in *Input) error {
	found := false
	emit := func(at int, side, version string) {
		component := "kubectl"
		if strings.HasPrefix(strings.ToLower(side), "server") {
			component = "apiserver"
		}
		found = true
		in.Emit(at, at, K8sVersion{Component: component, Version: version})
	}
	for n := 1; n <= in.Text.Lines(); n++ {
		line := string(in.Text.Line(n))
		switch m := k8sVersionLine.FindStringSubmatch(line); {
		case m != nil:
			emit(n, m[1], m[2]+m[3])
		case strings.HasPrefix(line, "Kustomize Version: "), k8sNoise.MatchString(line):
			in.Skip(n, n)
		}
	}
	if found {
		return nil
	}
	v, err := k8sVersionTree(in)
	if err != nil {
		return err
	}
	for _, side := range [...]string{"clientVersion", "serverVersion"} {
		if version := v.get(side, "gitVersion"); version != nil {
			emit(version.first, side, version.text)
		}
	}
	for _, server := range [...]*k8sVal{v, v.get("info")} { // kubectl get --raw /version; troubleshoot's cluster_version.json
		if version := server.get("gitVersion"); version != nil {
			emit(version.first, "server", version.text)
		}
	}
	if !found {
		return errors.New("no version in it")
	}
	in.Skip(v.first, v.last)
	return nil
}

func k8sVersionTree(in *Input) (*k8sVal, error) {
	j := newK8sJSON(in.Text.Bytes(), 0, 1)
	if j.peek() == '{' {
		return j.value(0)
	}
	return k8sYAML(in, 1, in.Text.Lines())
}
