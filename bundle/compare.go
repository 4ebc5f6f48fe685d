package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// check is what an artifact turned out to be; it is compared with the index when that was read.
type check struct {
	name    string // of the artifact, without the number of its part
	sum     string // over the stored bytes; "" when there are none
	broken  bool   // a part of it is lost or damaged
	told    bool   // it is a Problem already
	ours    bool
	records IndexEntry
}

// note keeps an artifact for the comparison with the index. Only a verification does so.
func (a *archive) note(c *current) {
	if !a.r.opts.Verify || c.sum == nil || a.r.stopped {
		return
	}
	base, part := splitPart(c.name)
	k := check{name: base, told: c.altered, ours: c.ours, records: c.last, broken: c.damaged || c.tainted || !c.whole || part > 1}
	if a.noted += recordSize(&k.records); a.noted > maxIndex {
		k.records, k.broken = IndexEntry{}, true // no index has room for them
	}
	if c.raw > 0 {
		k.sum = hex.EncodeToString(c.sum.Sum(nil))
	}
	a.checks = append(a.checks, k)
}

// recordSize is about what a record needs in memory.
func recordSize(e *IndexEntry) int64 {
	n := len(e.Artifact) + len(e.Path) + len(e.Error) + len(e.Stderr) + len(e.Truncation) + len(e.SHA256)
	for _, arg := range e.Argv {
		n += len(arg)
	}
	return int64(n)
}

// compare names everything in which the artifacts of a bundle differ from its index.
func (a *archive) compare(h *home) {
	at := make(map[string]int, len(h.index.Artifacts))
	for i := range h.index.Artifacts {
		at[h.prefix+h.index.Artifacts[i].Path] = i
	}
	met := make([]bool, len(h.index.Artifacts))
	var places []int
	var names []string
	for i := range a.checks {
		k := &a.checks[i]
		if !strings.HasPrefix(k.name, h.prefix) {
			continue
		}
		place, listed := at[k.name]
		switch {
		case !listed:
			a.differs(h, DiffExtra, k.name, "the archive has it, the index does not list it")
			continue
		case met[place]:
			continue
		}
		met[place] = true
		places, names = append(places, place), append(names, k.name)
		if what := a.alteration(k, &h.index.Artifacts[place]); what != "" && !k.told {
			a.differs(h, DiffAltered, k.name, what)
		}
	}
	for i := range met {
		if !met[i] {
			a.differs(h, DiffMissing, h.prefix+h.index.Artifacts[i].Path, missingWords)
		}
	}
	if a.w.kind != "tar" {
		return // folders and zips have an order of their own
	}
	for _, i := range moved(places) {
		a.differs(h, DiffOrder, names[i], fmt.Sprintf("the index has it in place %d, the archive elsewhere", places[i]+1))
	}
	if h.before > 0 && h.prefix == "" {
		a.differs(h, DiffOrder, ManifestName, fmt.Sprintf("%d members stand before it, and it should be the first", h.before))
	}
	if h.behind > 0 {
		a.differs(h, DiffOrder, h.prefix+IndexName, fmt.Sprintf("%d members stand behind it, and it should be the last", h.behind))
	}
}

// missingWords says what checkIndex and compare find alike.
const missingWords = "the index lists this artifact, the archive lacks it"

// alteration says in which way an artifact is not what the index says; "" when it is.
func (a *archive) alteration(k *check, want *IndexEntry) string {
	switch {
	case k.sum != want.SHA256 && k.sum == "":
		return "it is empty, the index says that it holds bytes"
	case k.sum != want.SHA256:
		return fmt.Sprintf("its SHA-256 is %s, the index says %q", k.sum, want.SHA256)
	case k.broken || a.records && !k.ours:
		return "a part of it, or its records, are lost or damaged"
	case k.ours:
		if field := differingField(k.records, *want); field != "" {
			return fmt.Sprintf("its record of %q is another than the index's", field)
		}
	}
	return ""
}

// differingField names the first field, in the order of names, in which a member's records and the index differ.
func differingField(records, index IndexEntry) string {
	a, b := fieldsOf(records), fieldsOf(index)
	delete(a, "path") // the name of the member
	delete(b, "path")
	names := make([]string, 0, len(a)+len(b))
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if !bytes.Equal(a[name], b[name]) {
			return name
		}
	}
	return ""
}

// fieldsOf is an entry as it looks after it went through an index: text in it became UTF-8 there.
func fieldsOf(e IndexEntry) map[string]json.RawMessage {
	var again IndexEntry
	if text, err := json.Marshal(e); err != nil || json.Unmarshal(text, &again) != nil {
		return nil
	}
	text, err := json.Marshal(again)
	fields := map[string]json.RawMessage{}
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return nil
	}
	return fields
}

// moved returns which elements to take out so that the others rise: those outside a longest rising sequence.
func moved(places []int) []int {
	var tails []int // tails[n]: where the best rising sequence of n+1 elements ends
	before := make([]int, len(places))
	for i, p := range places {
		n := sort.Search(len(tails), func(j int) bool { return places[tails[j]] >= p })
		before[i] = -1
		if n > 0 {
			before[i] = tails[n-1]
		}
		if n == len(tails) {
			tails = append(tails, i)
		} else {
			tails[n] = i
		}
	}
	stay := make([]bool, len(places))
	if len(tails) > 0 {
		for i := tails[len(tails)-1]; i >= 0; i = before[i] {
			stay[i] = true
		}
	}
	var out []int
	for i := range stay {
		if !stay[i] {
			out = append(out, i)
		}
	}
	return out
}

// differs adds a Problem of a known kind to a coldcase bundle.
func (a *archive) differs(h *home, kind DifferenceKind, path, what string) {
	a.r.problems.add(Problem{Bundle: h.info.Name, Path: path, What: what, kind: kind})
}

// checkManifest compares the manifest with the hash of it that the index holds; bundles of the first builds hold none.
func (a *archive) checkManifest(h *home) {
	if h.index.Manifest != "" && h.index.Manifest != h.sum {
		a.differs(h, DiffAltered, h.prefix+ManifestName, fmt.Sprintf("its SHA-256 is %s, the index says %q", h.sum, h.index.Manifest))
	}
}

// checkRest looks at what stands behind the archive's end.
func (a *archive) checkRest() {
	if !a.r.opts.Verify || a.w.rest == nil {
		return
	}
	n, err := a.w.rest()
	for _, h := range slices.Backward(a.homes) {
		if n > 0 {
			a.differs(h, DiffExtra, "", fmt.Sprintf("%d bytes stand behind the end of the archive", n))
		}
		if err != nil {
			a.differs(h, DiffDamaged, "", "behind the end of the archive: "+err.Error())
		}
		return
	}
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// verify compares what an archive held with what it says of itself. All its artifacts were read by now.
func (a *archive) verify() {
	if !a.r.opts.Verify {
		return
	}
	if a.ended {
		a.checkRest()
	}
	for _, h := range a.homes {
		if h.index != nil {
			a.compare(h)
		}
	}
	if a.caseOf != nil {
		a.compareCase()
	}
}
