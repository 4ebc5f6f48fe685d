package bundle

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// DifferenceKind says in what a bundle is not what its index says.
type DifferenceKind string

// The kinds of differences.
const (
	DiffMissing DifferenceKind = "missing"  // the index lists it, the archive lacks it
	DiffAltered DifferenceKind = "altered"  // other bytes, or another record of them
	DiffExtra   DifferenceKind = "extra"    // the archive has it, the index does not list it
	DiffOrder   DifferenceKind = "order"    // it stands elsewhere in the archive
	DiffIndex   DifferenceKind = "index"    // the index does not fit its own hash
	DiffCut     DifferenceKind = "cut"      // the end of the archive is lost, and with it the index
	DiffNoIndex DifferenceKind = "no-index" // the archive ends properly, without an index
	DiffDamaged DifferenceKind = "damaged"  // anything else that could not be read as it was written
)

// Difference is one thing in which a bundle is not what its index says.
type Difference struct {
	Kind DifferenceKind
	Path string // member, when one is concerned
	What string
}

// Verification is what became of one bundle since it was written. It finds accidents and careless hands. It is no
// signature: who rewrites the index too is found only by a Fingerprint that came another way.
type Verification struct {
	Name        string    // as given by the user; "case.tar/node-a.tar.zst" for one inside a case
	Node        string    // "" for a cluster's bundle
	Container   string    // as of Info, without ".age"
	Collected   time.Time // when the collection began; zero when that is unknown
	Artifacts   int
	Aborted     bool   // the collector says that it was stopped
	Sealed      bool   // it is encrypted
	Case        bool   // it is a case that holds bundles
	Fingerprint string // SHA-256 of index.json, in hex; "" without one
	Differences []Difference
	Unreadable  string // why nothing could be verified; "" when it could
}

// Whole reports whether the bundle is what its index says.
func (v *Verification) Whole() bool { return v.Unreadable == "" && len(v.Differences) == 0 }

// CutOff reports whether the end is missing: what is there may be good, what was behind it is unknown.
func (v *Verification) CutOff() bool {
	for _, d := range v.Differences {
		if d.Kind == DiffCut || d.Kind == DiffNoIndex {
			return true
		}
	}
	return false
}

// Tampered reports whether there are differences that a cut does not explain.
func (v *Verification) Tampered() bool {
	for _, d := range v.Differences {
		switch d.Kind {
		case DiffCut, DiffNoIndex:
		case DiffDamaged:
			if !v.CutOff() {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// Verify reads bundles to their end and compares them with their indexes. The order is that of Open; bundles inside a
// case follow it. It fails only when no path can be opened.
func Verify(paths []string, o Options) ([]Verification, error) {
	o.Verify = true
	r, err := Open(paths, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	artifacts := map[string]int{}
	for {
		e, err := r.Next()
		if err == io.EOF {
			return r.verifications(artifacts), nil
		}
		if err != nil {
			return nil, err
		}
		artifacts[e.Bundle]++
	}
}

// verifications sorts what the reader met by bundle.
func (r *Reader) verifications(artifacts map[string]int) []Verification {
	var all []Verification
	for _, b := range r.bundles {
		v := Verification{Name: b.Name, Aborted: b.Aborted, Artifacts: artifacts[b.Name], Fingerprint: b.Fingerprint}
		v.Container = unsealedName(b.Container)
		v.Sealed = strings.HasSuffix(b.Container, SealedSuffix)
		v.Case = b.Layout == LayoutCase
		if b.Manifest != nil {
			v.Node, v.Collected = b.Manifest.Node.Name, b.Manifest.Started
		}
		wraps := r.wraps(b.Name)
		for _, p := range r.problems.kept {
			if p.Bundle == b.Name && !(p.kind == diffLocked) {
				v.Differences = append(v.Differences, Difference{Kind: p.kindOr(DiffDamaged), Path: p.Path, What: p.What})
			}
		}
		if b.Manifest == nil && !v.Case {
			if wraps && len(v.Differences) == 0 {
				continue
			}
			if !wraps {
				v.Unreadable = "no bundle of coldcase-collect: without a " + ManifestName + " there is nothing to compare it with"
				if len(v.Differences) > 0 {
					v.Unreadable = v.Differences[0].What + "; " + v.Unreadable
				}
				v.Differences = nil
			}
		}
		all = append(all, v)
	}
	return append(all, r.unopened()...)
}

// unopened are the inputs and members that no archive came of.
func (r *Reader) unopened() []Verification {
	var all []Verification
	known := map[string]bool{}
	for _, b := range r.bundles {
		known[b.Name] = true
	}
	for _, p := range r.locked {
		all = append(all, Verification{Name: p.Bundle, Sealed: true, Unreadable: p.What})
		known[p.Bundle] = true
	}
	for _, p := range r.problems.kept {
		if !known[p.Bundle] {
			all = append(all, Verification{Name: p.Bundle, Unreadable: p.What})
		}
	}
	if n := r.problems.dropped; n > 0 && len(r.bundles) > 0 {
		all = append(all, Verification{Name: r.bundles[len(r.bundles)-1].Name,
			Differences: []Difference{{Kind: DiffDamaged, What: fmt.Sprintf("%d more differences are not listed", n)}}})
	}
	return all
}

// wraps reports whether a container holds bundles that are listed themselves.
func (r *Reader) wraps(name string) bool {
	for _, b := range r.bundles {
		if strings.HasPrefix(b.Name, name+"/") {
			return true
		}
	}
	for _, p := range r.locked {
		if strings.HasPrefix(p.Bundle, name+"/") {
			return true
		}
	}
	return false
}

// diffLocked marks the Problem of a member that is encrypted; it is listed for itself.
const diffLocked DifferenceKind = "locked"

func (p *Problem) kindOr(kind DifferenceKind) DifferenceKind {
	if p.kind != "" {
		return p.kind
	}
	return kind
}
