package bundle

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// CaseName is the first member of a case: an archive of bundles.
const CaseName = "case.json"

// CaseManifest lists the bundles of a case, in the order of the archive.
type CaseManifest struct {
	FormatVersion int          `json:"formatVersion"`
	Tool          string       `json:"tool"` // "coldcase 0.1.0"
	Bundles       []CaseBundle `json:"bundles"`
}

// CaseBundle is one bundle of a case. Of an encrypted one it says nothing that is not seen from outside.
type CaseBundle struct {
	Path      string    `json:"path"`   // member name
	Bytes     int64     `json:"bytes"`  // of the member
	SHA256    string    `json:"sha256"` // of the member, in hex
	Node      string    `json:"node,omitempty"`
	Collected time.Time `json:"collected,omitzero"` // when the collection began, by the node's own clock
	State     CaseState `json:"state"`
}

// CaseState is what verification said when a bundle joined its case.
type CaseState string

// The states.
const (
	CaseWhole   CaseState = "whole"
	CaseAborted CaseState = "aborted" // the collector was stopped, and said so
	CaseCut     CaseState = "cut off" // the end is lost
	CaseDiffers CaseState = "differs" // it is not what its index says
	CaseSealed  CaseState = "encrypted"
)

// decodeCase reads a case.json.
func decodeCase(text []byte) (*CaseManifest, error) {
	var m CaseManifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("decode %s: %w", CaseName, err)
	}
	if err := checkVersion(CaseName, m.FormatVersion); err != nil {
		return nil, err
	}
	if len(m.Bundles) == 0 {
		return nil, fmt.Errorf("%s lists no bundle", CaseName)
	}
	return &m, nil
}

// caseManifest reads a member that may be the manifest of a case.
func (a *archive) caseManifest(m *member) bool {
	var text []byte
	var rest io.Reader
	text, rest = headOf(m, maxManifest)
	man, err := decodeCase(text)
	if err != nil {
		m.body = rest // somebody else's file
		return false
	}
	a.caseOf, a.info.Layout = man, LayoutCase
	return true
}

// compareCase names in what the members of a case differ from its manifest.
func (a *archive) compareCase() {
	at := map[string]*CaseBundle{}
	for i := range a.caseOf.Bundles {
		at[a.caseOf.Bundles[i].Path] = &a.caseOf.Bundles[i]
	}
	tell := func(kind DifferenceKind, path, what string) {
		a.r.problems.add(Problem{Bundle: a.info.Name, Path: path, What: what, kind: kind})
	}
	for i := range a.checks {
		k := &a.checks[i]
		want := at[k.name]
		delete(at, k.name)
		switch {
		case want == nil:
			tell(DiffExtra, k.name, "the case has it, its manifest does not list it")
		case k.sum != want.SHA256:
			tell(DiffAltered, k.name, fmt.Sprintf("its SHA-256 is %s, the manifest of the case says %q", k.sum, want.SHA256))
		}
	}
	for _, b := range a.caseOf.Bundles {
		if at[b.Path] != nil {
			tell(DiffMissing, b.Path, "the manifest of the case lists it, the case lacks it")
		}
	}
}
