package parsers

import (
	"strconv"

	"coldcase/fact"
)

// CRISandbox is a pod's sandbox as the container runtime lists it. Source: crictl pods (kubernetes-sigs/cri-tools,
// cmd/crictl/sandbox.go).
type CRISandbox struct {
	ID        string `cel:"id" json:"id"`           // first 13 characters
	Created   string `cel:"created" json:"created"` // "3 hours ago"
	Ready     bool   `cel:"ready" json:"ready"`
	Name      string `cel:"name" json:"name"`
	Namespace string `cel:"namespace" json:"namespace"`
	Attempt   int64  `cel:"attempt" json:"attempt"`
	Runtime   string `cel:"runtime" json:"runtime"` // handler; empty for "(default)"
}

// FactKind implements fact.Value.
func (CRISandbox) FactKind() fact.Kind { return "cri.sandbox" }

var _ = register(Parser{
	Name:      "crictl-pods",
	Doc:       "crictl pods (cri-tools)",
	Artifacts: []string{"node/crictl-pods"},
	Facts:     []fact.Value{CRISandbox{}},
	Parse: func(in *Input) error {
		return parseRuntimeTable(in, []string{"POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME"}, in.criSandbox)
	},
})

func (in *Input) criSandbox(n int, cells map[string]string) {
	attempt, err := strconv.ParseInt(cells["ATTEMPT"], 10, 64)
	state := cells["STATE"]
	if err != nil || state != "Ready" && state != "NotReady" {
		return
	}
	v := CRISandbox{
		ID: cells["POD ID"], Created: cells["CREATED"], Ready: state == "Ready", Name: cells["NAME"], Namespace: cells["NAMESPACE"],
		Attempt: attempt, Runtime: cells["RUNTIME"],
	}
	if v.Runtime == "(default)" {
		v.Runtime = ""
	}
	in.Emit(n, n, v)
}
