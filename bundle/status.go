package bundle

import "fmt"

// Status is how the collection of one artifact ended. The words are part of format version 1.
type Status string

// The status words. Only OK says that the artifact is whole; the ones for which Empty is true mean that nothing
// was learned, whatever bytes there are.
const (
	StatusOK            Status = "ok"
	StatusTruncated     Status = "truncated"      // over its budget: head and newest tail were kept
	StatusNonzeroExit   Status = "nonzero-exit"   // the program ended with an error; output may be partial
	StatusTimeout       Status = "timeout"        // the deadline passed; output may be partial
	StatusMissingBinary Status = "missing-binary" // the program is not on the node
	StatusPermission    Status = "permission"     // the kernel or the API server said no
	StatusUnsupported   Status = "unsupported"    // kernel, runtime or node lacks the feature or file
	StatusSkipped       Status = "skipped"        // left out on request
	StatusBudget        Status = "budget"         // left out because a total budget was used up
	StatusAborted       Status = "aborted"        // the collector was stopped while it ran
	StatusDamaged       Status = "damaged"        // set by the reader: the archive lost part of it
)

var statuses = map[Status]struct{ partial, empty bool }{
	StatusOK:            {},
	StatusTruncated:     {partial: true},
	StatusNonzeroExit:   {partial: true},
	StatusTimeout:       {partial: true},
	StatusAborted:       {partial: true},
	StatusDamaged:       {partial: true},
	StatusMissingBinary: {empty: true},
	StatusPermission:    {empty: true},
	StatusUnsupported:   {empty: true},
	StatusSkipped:       {empty: true},
	StatusBudget:        {empty: true},
}

// ParseStatus checks a status word read from a manifest or index.
func ParseStatus(s string) (Status, error) {
	if _, ok := statuses[Status(s)]; !ok {
		return "", fmt.Errorf("unknown artifact status %q", s)
	}
	return Status(s), nil
}

// Partial reports whether the artifact may lack lines: what is in it counts, what is not in it proves nothing.
func (s Status) Partial() bool { return statuses[s].partial }

// Empty reports whether nothing was collected: the artifact is absent, not empty.
func (s Status) Empty() bool { return statuses[s].empty }
