package bundle

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path"
	"strings"
)

// archive is one container while it is being read.
type archive struct {
	r        *Reader
	w        *walker
	info     *Info
	outer    *current // the member that this archive is, when it lies inside another
	depth    int      // 0 for what the user gave
	fallback string   // node of members whose path names none
	homes    []*home  // coldcase bundles in this container: one, or several untarred ones side by side
	seen     map[uint64]struct{}
	seed     maphash.Seed
	members  int
	ahead    *member // read ahead in search of an artifact's next part
	told     error   // already a Problem
	records  bool    // the container's members carry our records
	over     bool
	ended    bool          // over, and it ended as it should
	caseOf   *CaseManifest // of a case that Merge wrote
	checks   []check       // artifacts met, for a verification
	noted    int64         // bytes of records in checks
}

// home is a coldcase bundle: where in the container it lies and what it says of itself.
type home struct {
	prefix  string // "" or "dir/"
	info    *Info
	label   string // the node's name, made unique within the case
	index   *Index
	sum     string                 // of manifest.json
	before  int                    // members before the manifest
	behind  int                    // members behind the index
	entries map[string]*IndexEntry // of index by path, when the index was read before the artifacts
}

func (r *Reader) push(a *archive) {
	a.seed = maphash.MakeSeed()
	a.seen = map[uint64]struct{}{}
	a.info.Layout = LayoutLoose
	r.bundles = append(r.bundles, a.info)
	r.stack = append(r.stack, a)
}

// nextMember returns the next member that may be delivered, nil at the end of the archive.
func (a *archive) nextMember() *member {
	if m := a.ahead; m != nil {
		a.ahead = nil
		return m
	}
	for !a.over && !a.r.stopped {
		m, err := a.w.next()
		if err != nil {
			a.handle(err)
			continue
		}
		if a.r.entries++; a.r.entries > a.r.opts.Limits.Entries {
			a.problem("", fmt.Sprintf("limit entries: more than %d members; the rest of the case is not read", a.r.opts.Limits.Entries))
			a.r.stopped = true
			break
		}
		id := maphash.String(a.seed, m.name)
		if _, twice := a.seen[id]; twice {
			a.r.problems.add(Problem{Bundle: a.info.Name, Path: m.name, What: "a second member of this name; the first one is kept", kind: DiffExtra})
			continue
		}
		a.seen[id] = struct{}{}
		return m
	}
	return nil
}

// handle decides what an error of the walk means for the archive.
func (a *archive) handle(err error) {
	refused, gap, limit := (*refusal)(nil), (*gapError)(nil), (*limitError)(nil)
	switch {
	case errors.As(err, &refused):
		if refused.why != "" {
			a.r.problems.add(Problem{Bundle: a.info.Name, Path: refused.name, What: refused.why, kind: DiffExtra})
		}
		if a.r.entries++; a.r.entries > 2*a.r.opts.Limits.Entries {
			a.problem("", "limit entries: too many refused members; the rest of the case is not read")
			a.r.stopped = true
		}
	case errors.As(err, &gap):
		if err != a.told {
			a.problem("", gap.what)
		}
		a.told = nil
	case err == io.EOF:
		a.end(false)
	case errors.As(err, &limit):
		a.problem("", limit.what)
		a.r.stopped = a.r.stopped || strings.HasPrefix(limit.what, "limit total")
		a.end(true)
	default:
		if !errors.Is(err, io.ErrUnexpectedEOF) && err != a.told {
			a.problem("", err.Error())
		}
		a.end(true)
	}
}

// end closes the books of an archive; cut says that its end is missing.
func (a *archive) end(cut bool) {
	a.over, a.ended = true, !cut
	early := fmt.Sprintf("archive ends early after %d bytes", a.w.offset())
	for _, h := range a.homes {
		switch {
		case h.index == nil:
			kind := DiffNoIndex
			if cut {
				kind = DiffCut
			}
			a.differs(h, kind, "", early+"; no index: what was collected after this point is unknown")
			h.info.Aborted = true
		default:
			a.checkManifest(h)
			if !a.r.opts.Verify {
				a.checkIndex(h)
			}
			h.info.Aborted = h.index.Aborted
		}
	}
	if cut && len(a.homes) == 0 {
		a.problem("", early)
	}
}

// checkIndex names what the index lists and the archive lacks.
func (a *archive) checkIndex(h *home) {
	for _, e := range h.index.Artifacts {
		if _, ok := a.seen[maphash.String(a.seed, h.prefix+e.Path)]; !ok {
			a.differs(h, DiffMissing, h.prefix+e.Path, missingWords)
		}
	}
}

func (a *archive) problem(path, what string) {
	a.r.problems.add(Problem{Bundle: a.info.Name, Path: path, What: what})
}

// deliver turns a member into an entry, or takes it for itself and returns nil.
func (a *archive) deliver(m *member) *Entry {
	a.members++
	a.records = a.records || m.records != nil
	if base := path.Base(m.name); strings.Count(m.name, "/") <= 1 {
		switch {
		case base == ManifestName && a.home(m.name) == nil && m.records == nil:
			if a.manifest(m) {
				return nil
			}
		case base == IndexName && a.home(m.name) != nil && a.home(m.name).prefix+IndexName == m.name && m.records == nil:
			a.index(m, a.home(m.name))
			return nil
		case m.name == CaseName && m.records == nil && a.depth == 0 && len(a.homes) == 0 && a.caseOf == nil:
			if a.caseManifest(m) {
				return nil
			}
		}
	}
	if h := a.home(m.name); h != nil && h.index != nil {
		h.behind++
	}
	c := newCurrent(a, m)
	if c.locked {
		c.finish()
		return nil
	}
	if a.descend(c) {
		return nil
	}
	a.r.cur = c
	c.entry = a.entry(c)
	return c.entry
}

// descend pushes the archive that a member is. It reports true also for one that may not be opened.
func (a *archive) descend(c *current) bool {
	if a.r.opts.Verify && a.home(c.name) != nil {
		return false // an artifact is compared as it is
	}
	zipped := isZip(c.body.peek(4)) && c.stream == nil
	if !zipped && !isTar(c.body.peek(512)) {
		return false
	}
	name := a.info.Name + "/" + c.name
	if a.depth >= a.r.opts.Limits.Nesting {
		a.problem(c.name, fmt.Sprintf("limit nesting: an archive inside %d others is not opened", a.depth+1))
		c.finish()
		return true
	}
	inner := &archive{r: a.r, outer: c, depth: a.depth + 1, info: &Info{Name: name}, fallback: nodeFromFile(unsealedName(path.Base(c.name)))}
	if n := nodeFromFolders(path.Dir(c.name)); inner.fallback == "" && n != "" {
		inner.fallback = n
	}
	// The nested walk reads from c for long; the shared head buffer must not be used by others meanwhile.
	a.r.head = nil
	if zipped {
		w, err := a.r.zipFromStream(c.body, func() {})
		if err != nil {
			a.problem(c.name, err.Error())
			c.finish()
			return true
		}
		inner.info.Container, inner.w = suffixed("zip", c.sealed), w
	} else {
		s := &stream{peeker: c.body, close: func() {}, suspect: c.suspect}
		inner.info.Container = "tar"
		if c.stream != nil {
			inner.info.Container = suffixed("tar", c.stream.container)
		}
		inner.info.Container = suffixed(inner.info.Container, c.sealed)
		inner.w = newTarWalker(s, a.r.opts.Limits)
	}
	a.r.push(inner)
	return true
}

// manifest reads a member that may be the manifest of a coldcase bundle.
func (a *archive) manifest(m *member) bool {
	text, rest := headOf(m, maxManifest)
	man, err := DecodeManifest(text)
	if err != nil {
		m.body = rest
		// A manifest.json without our version is some other tool's file.
		if strings.Contains(err.Error(), "reads up to") {
			a.problem(m.name, err.Error())
			a.end(false)
			return true
		}
		return false
	}
	h := &home{prefix: strings.TrimSuffix(m.name, ManifestName), info: a.info, sum: sumOf(text)}
	if len(a.homes) > 0 {
		info := *a.info
		info.Name += "/" + strings.TrimSuffix(h.prefix, "/")
		h.info = &info
		a.r.bundles = append(a.r.bundles, h.info)
	}
	h.info.Layout, h.info.Manifest = LayoutColdcase, man
	h.label = man.Node.Name
	for n := 2; a.r.nodes[h.label]; n++ {
		h.label = fmt.Sprintf("%s~%d", man.Node.Name, n)
	}
	a.r.nodes[h.label] = true
	a.homes = append(a.homes, h)
	h.before = a.members - 1
	return true
}

// index reads the last member of a bundle, in an untarred one the second.
func (a *archive) index(m *member, h *home) {
	text, _ := headOf(m, maxIndex)
	x, err := DecodeIndex(text)
	if err != nil {
		a.differs(h, DiffIndex, m.name, err.Error())
	}
	if x == nil {
		return
	}
	h.index, h.info.Fingerprint = x, sumOf(text)
	if a.w.kind == "dir" {
		h.entries = make(map[string]*IndexEntry, len(x.Artifacts))
		for i := range x.Artifacts {
			h.entries[x.Artifacts[i].Path] = &x.Artifacts[i]
		}
	}
}

// home finds the coldcase bundle that a member belongs to.
func (a *archive) home(name string) *home {
	for _, h := range a.homes {
		if strings.HasPrefix(name, h.prefix) {
			return h
		}
	}
	return nil
}

// Bounds of our own two members.
const (
	maxManifest = 1 << 20
	maxIndex    = 64 << 20
)

// headOf reads at most limit bytes of a member; rest is the member from its beginning.
func headOf(m *member, limit int64) ([]byte, io.Reader) {
	text, err := readBounded(io.LimitReader(m.body, limit), limit)
	if err != nil {
		return nil, m.body
	}
	return text, io.MultiReader(strings.NewReader(string(text)), m.body)
}
