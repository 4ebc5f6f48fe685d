package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// DockerContainer is a container as docker lists it. Source: docker ps(1); the kubelet's names are
// "k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT" (dockershim, pkg/kubelet/dockershim/naming.go).
type DockerContainer struct {
	ID        string `cel:"id" json:"id"`         // as listed, mostly 12 characters
	Short     string `cel:"short" json:"short"`   // its first 12 characters
	State     string `cel:"state" json:"state"`   // running, paused, exited, created, restarting, dead, removing
	Status    string `cel:"status" json:"status"` // "Up 2 hours", "Exited (137) 3 days ago"
	Image     string `cel:"image" json:"image"`
	Name      string `cel:"name" json:"name"`
	Container string `cel:"container" json:"container"` // of a pod's container; POD for its sandbox
	Pod       string `cel:"pod" json:"pod"`             // "namespace/name"; empty when it is of no pod
}

// FactKind implements fact.Value.
func (DockerContainer) FactKind() fact.Kind { return "docker.container" }

var _ = register(Parser{
	Name:      "docker-ps",
	Doc:       "docker ps -a (docker-ps(1))",
	Artifacts: []string{"node/docker-ps"},
	Facts:     []fact.Value{DockerContainer{}},
	Parse: func(in *Input) error {
		return parseRuntimeTable(in, []string{"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"}, in.dockerContainer)
	},
})

var dockerID = regexp.MustCompile(`^[0-9a-f]{12,64}$`)

// dockerStates are the words that a status begins with.
var dockerStates = [...][2]string{
	{"Up", "running"}, {"Exited", "exited"}, {"Created", "created"}, {"Restarting", "restarting"}, {"Dead", "dead"}, {"Removal", "removing"},
}

func (in *Input) dockerContainer(n int, cells map[string]string) {
	c := DockerContainer{ID: cells["CONTAINER ID"], Status: cells["STATUS"], Image: cells["IMAGE"], Name: cells["NAMES"]}
	if !dockerID.MatchString(c.ID) {
		return
	}
	c.Short = runtimeShort(c.ID)
	for _, s := range dockerStates {
		if strings.HasPrefix(c.Status, s[0]) {
			c.State = s[1]
		}
	}
	if strings.Contains(c.Status, "(Paused)") {
		c.State = "paused"
	}
	if parts := strings.Split(c.Name, "_"); len(parts) >= 5 && parts[0] == "k8s" {
		c.Container, c.Pod = parts[1], parts[3]+"/"+parts[2]
	}
	in.Emit(n, n, c)
}
