package bundle

import (
	"path"
	"strings"
)

// Layouts: how an archive says what its members are.
const (
	LayoutColdcase = "coldcase" // a manifest, and records or an index
	LayoutCase     = "case"     // bundles that Merge put together
	LayoutLoose    = "loose"    // anything else: names and contents are turned back into commands
)

// entry describes the artifact that c reads.
func (a *archive) entry(c *current) *Entry {
	e := &Entry{Bundle: a.info.Name, Modified: c.m.modified, Size: c.m.size}
	if c.multi || c.recoded || c.stream != nil || c.sealed != "" || c.name != c.m.name {
		e.Size = -1
	}
	if h := a.home(c.name); h != nil {
		a.coldcaseEntry(e, h, c)
	} else {
		a.looseEntry(e, c)
	}
	return e
}

func (a *archive) coldcaseEntry(e *Entry, h *home, c *current) {
	base, part := splitPart(c.name)
	if part > 1 {
		base = c.name // its first parts are lost
		c.damaged = true
	}
	rel := strings.TrimPrefix(base, h.prefix)
	e.Bundle = h.info.Name
	e.Clock = h.info.Manifest.Clock
	switch stated := h.entries[rel]; {
	case c.ours:
		e.IndexEntry = c.last
	case stated != nil:
		e.IndexEntry = *stated
	default:
		e.Status = StatusOK
		e.Artifact, _ = Classify(rel, c.body.peek(peekSize))
		e.Guessed = e.Artifact != ""
		if a.records {
			c.damaged = true // its records are lost
		}
	}
	e.Path = rel
	e.Display = rel
	if !strings.HasPrefix(e.Artifact, "cluster/") {
		e.Node = h.info.Manifest.Node.Name
		e.Display = h.label + "/" + strings.TrimPrefix(rel, "node/")
	}
	e.Display = a.r.unique(h.label, e.Display)
}

func (a *archive) looseEntry(e *Entry, c *current) {
	e.Path = c.name
	e.Status = StatusOK
	if c.ours {
		e.IndexEntry = c.last
		e.Path = c.name
	} else {
		e.Artifact, e.Node = Classify(c.name, c.body.peek(peekSize))
		e.Guessed = e.Artifact != ""
	}
	e.Display = c.name
	if strings.HasPrefix(e.Artifact, "cluster/") {
		e.Node = ""
	} else if e.Node == "" {
		e.Node = a.fallback
		if e.Node != "" {
			e.Display = e.Node + "/" + c.name
		}
	}
	e.Display = a.r.unique(path.Base(a.info.Name), e.Display)
}
