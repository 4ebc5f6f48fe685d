package parsers

import (
	"strconv"

	"coldcase/fact"
)

// CRIContainer is a container as the container runtime lists it. Source: crictl ps (kubernetes-sigs/cri-tools,
// cmd/crictl/container.go).
type CRIContainer struct {
	ID        string `cel:"id" json:"id"` // first 13 characters
	Image     string `cel:"image" json:"image"`
	Created   string `cel:"created" json:"created"` // "3 hours ago"
	State     string `cel:"state" json:"state"`     // Running, Exited, Created, Unknown
	Name      string `cel:"name" json:"name"`
	Attempt   int64  `cel:"attempt" json:"attempt"`
	Sandbox   string `cel:"sandbox" json:"sandbox"`     // ID of its pod's sandbox
	Pod       string `cel:"pod" json:"pod"`             // since cri-tools 1.23; empty before
	Namespace string `cel:"namespace" json:"namespace"` // since cri-tools 1.31; empty before
}

// FactKind implements fact.Value.
func (CRIContainer) FactKind() fact.Kind { return "cri.container" }

var _ = register(Parser{
	Name:      "crictl-ps",
	Doc:       "crictl ps -a (cri-tools)",
	Artifacts: []string{"node/crictl-ps"},
	Facts:     []fact.Value{CRIContainer{}},
	Parse: func(in *Input) error {
		return parseRuntimeTable(in, []string{"CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE"}, in.criContainer)
	},
})

func (in *Input) criContainer(n int, cells map[string]string) {
	attempt, err := strconv.ParseInt(cells["ATTEMPT"], 10, 64)
	if err != nil || cells["STATE"] == "" {
		return
	}
	in.Emit(n, n, CRIContainer{
		ID: cells["CONTAINER"], Image: cells["IMAGE"], Created: cells["CREATED"], State: cells["STATE"], Name: cells["NAME"],
		Attempt: attempt, Sandbox: cells["POD ID"], Pod: cells["POD"], Namespace: cells["NAMESPACE"],
	})
}
