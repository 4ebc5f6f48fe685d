//go:build linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"coldcase/bundle"
	"coldcase/pseudonym"
)

// DefaultTimeout bounds a whole collection; DefaultBudget bounds its artifacts' bytes before compression.
const (
	DefaultTimeout = 2 * time.Minute
	DefaultBudget  = 1024 * mib
)

// Options say what to gather. The zero value gathers everything that this node has, but no capture.
type Options struct {
	Tool       string        // name and version for the manifest
	Args       []string      // command line for the manifest
	Node       string        // node name; "" finds it out
	NoNode     bool          // gather the cluster group only, and say nothing about this machine
	Root       string        // directory that stands for the node's "/"; "" is "/"
	Timeout    time.Duration // for everything; 0 is DefaultTimeout
	Budget     int64         // bytes of all artifacts, before compression; 0 is DefaultBudget
	Native     bool          // run no program where the collector can do without
	Interval   time.Duration // after which counters are taken a second time; 0 takes them once
	NoCluster  bool          // ask no API server
	Kubeconfig string        // "" looks in the usual places
	Only, Skip []string      // groups or artifact names
	Capture    Capture
	// JournalFiles copies the journal's files too, as they are: nothing in them is redacted.
	JournalFiles bool
	Progress     func(Event) // called after each artifact; may be nil
	Chunk        int64       // bytes that an encryption around the archive holds back; 0 without one
	// GroupBudgets replaces the limits of these groups; Budget still holds for all of them together.
	GroupBudgets map[string]int64
	// Pseudonyms replaces names and addresses in everything that is written; nil leaves them.
	Pseudonyms *pseudonym.Mapper
	// Watch searches for what Pseudonyms overlooked while the bundle is written; FindLeaks finds more in a file.
	Watch bool
}

// Event tells that one artifact is done.
type Event struct {
	bundle.IndexEntry
	Took time.Duration
}

// Summary is what became of a collection.
type Summary struct {
	Node    string
	Entries []bundle.IndexEntry // in the order of the archive
	Aborted bool                // stopped, or out of time, before the plan was done
	Leaks   []Leak              // what Options.Watch found
	Late    int                 // names that became known too late for Options.Watch to look for them everywhere
}

// session is one collection: the archive, the node, the budgets.
type session struct {
	w        *bundle.Writer
	host     *host
	opts     Options
	started  time.Time
	budget   budget
	second   second
	entries  []bundle.IndexEntry
	cluster  cluster
	watch    *watcher          // nil when nobody asked for it
	searched *pseudonym.Search // of the artifact that is being written
	filled   time.Time
	fatal    error // the archive cannot be written
}

// Run gathers a bundle into w. It returns an error only when the archive could not be written; what could not be
// gathered is recorded in the archive. When ctx ends, the archive is still finished, and marked as aborted.
func Run(ctx context.Context, w io.Writer, o Options) (Summary, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	reserveThreads()
	h := newHost(o.Root)
	m := manifest(h, o)
	h.node = m.Node.Name
	if o.NoNode {
		m.Node = bundle.NodeID{Name: o.Node}
		m.Clock.Monotonic, m.Clock.Uptime = 0, 0 // of this machine, which is no node of the case
	}
	s := &session{host: h, opts: o, started: time.Now(), budget: newBudget(o.Budget, o.GroupBudgets)}
	defer s.cluster.cleanUp()
	name := m.Node.Name
	m = s.hideManifest(ctx, m)
	if o.Watch && o.Pseudonyms != nil {
		s.watch = newWatcher(o.Pseudonyms, !o.NoNode)
		if err := s.watch.add(bundle.ManifestName, m, nil); err != nil {
			return Summary{}, err
		}
	}
	bw, err := bundle.NewWriter(w, m, bundle.WriterOptions{})
	if err != nil {
		return Summary{}, fmt.Errorf("start archive: %w", err)
	}
	s.w = bw
	aborted := s.gather(ctx)
	if s.fatal != nil {
		return Summary{}, fmt.Errorf("write archive: %w", s.fatal)
	}
	if err := bw.Close(time.Now(), aborted); err != nil {
		return Summary{}, fmt.Errorf("finish archive: %w", err)
	}
	sum := Summary{Node: name, Entries: s.entries, Aborted: aborted}
	if s.watch != nil {
		sum.Leaks, sum.Late = s.watch.found, s.watch.late()
	}
	return sum, nil
}

// gather runs the plan and reports whether it was cut short.
func (s *session) gather(outer context.Context) bool {
	stop := make(chan struct{})
	defer close(stop)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	timer := time.NewTimer(s.opts.Timeout)
	defer timer.Stop()
	go func() {
		select {
		case <-outer.Done():
			cancel(errStopped)
		case <-timer.C:
			cancel(errTimeUp)
		case <-stop:
		}
	}()
	for _, a := range Artifacts() {
		if s.fatal != nil {
			break
		}
		s.collect(ctx, a)
		s.takeSecond(ctx, false)
	}
	s.fill(0)
	s.takeSecond(ctx, true)
	return ctx.Err() != nil
}

// collect gathers one artifact, or records why it was left out.
func (s *session) collect(ctx context.Context, a Artifact) {
	if reason, listed := s.opts.excludes(a); reason != "" {
		if listed {
			s.absent(a, bundle.StatusSkipped, reason)
		}
		return
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopped):
		s.absent(a, bundle.StatusSkipped, cause.Error()+" before it")
		return
	case cause != nil:
		s.absent(a, bundle.StatusBudget, cause.Error())
		return
	}
	if reason := s.budget.refuses(a); reason != "" {
		s.absent(a, bundle.StatusBudget, reason)
		return
	}
	if s.nativeInstead(a) {
		a.Argv = nil
	} else if a.Needs != nil {
		if reason := a.Needs(s.host); reason != "" {
			s.absent(a, bundle.StatusUnsupported, reason)
			return
		}
	}
	s.fillBefore(a)
	if a.Gather != nil {
		a.Gather(ctx, s, a)
		return
	}
	s.simple(ctx, a)
}

// simple gathers an artifact that is one program's output or one file.
func (s *session) simple(ctx context.Context, a Artifact) {
	if len(a.Files) > 0 {
		name := firstFile(s.host, a.Files)
		s.entry(a, a.Name, a.Path, nil, func(k *sink) outcome {
			return readFile(ctx, a.timeout(), s.host.path(name), a.newest(), k)
		})
		return
	}
	argv := firstProgram(a.Argv)
	if argv == nil && a.Native == nil {
		argv = a.Argv[0]
	}
	s.entry(a, a.Name, a.Path, argv, func(k *sink) outcome {
		return s.produce(ctx, a, argv, nil, s.nativeOf(ctx, a), k)
	})
}

// newest is how much of a large file is read at all: only a log's end is worth reading.
func (a Artifact) newest() int64 {
	if a.Keep.Head == 0 {
		return a.Keep.Tail
	}
	return 0
}

func firstFile(h *host, names []string) string {
	for _, name := range names {
		if h.exists(name) {
			return name
		}
	}
	return names[0]
}

func firstProgram(variants [][]string) []string {
	for _, argv := range variants {
		if lookProgram(argv[0]) != "" {
			return argv
		}
	}
	return nil
}

// entry writes one artifact into the archive: what fill puts into the sink, and how it ended.
func (s *session) entry(a Artifact, name, path string, argv []string, fill func(*sink) outcome, editors ...lineEditor) outcome {
	if reason := s.budget.refuses(a); reason != "" {
		a.Name, a.Path = cleanName(name), cleanName(path)
		s.absent(a, bundle.StatusBudget, reason)
		return outcome{status: bundle.StatusBudget, err: reason}
	}
	if s.opts.Pseudonyms != nil && a.Binary {
		a.Name, a.Path = cleanName(name), cleanName(path)
		s.absent(a, bundle.StatusSkipped, "it is binary: names and addresses in it cannot be replaced")
		return outcome{status: bundle.StatusSkipped}
	}
	name, path = a.sampled(name, path)
	e := bundle.IndexEntry{Artifact: cleanName(name), Path: cleanName(path), Argv: argv, Started: time.Now()}
	s.hideHead(&e)
	aw, err := s.w.Begin(e)
	if err != nil {
		s.fatal = err
		return outcome{}
	}
	traffic := a.Privacy == PrivacyTraffic
	stored := &counter{w: aw}
	if s.watch != nil {
		s.searched = s.watch.search(traffic)
		stored.w = io.MultiWriter(aw, s.searched)
	}
	a.Keep = s.budget.cut(a)
	k := newText(stored, a.Keep, editors...)
	if a.Binary || traffic {
		k = newBinary(stored, a.Keep)
	}
	refused := s.hide(k, traffic)
	o := fill(k)
	if err := refused(); err != nil {
		o.status, o.err = bundle.StatusUnsupported, err.Error()
	}
	seen, truncation, err := k.close()
	s.budget.spend(a, stored.n)
	if err != nil {
		s.fatal = err
		return o
	}
	if seen == 0 && o.status == bundle.StatusNonzeroExit {
		o.status = emptyStatus(o)
	}
	if truncation != "" && o.status == bundle.StatusOK {
		o.status, o.err = bundle.StatusTruncated, "larger than its limit"
	}
	e.Status, e.Error, e.Stderr, e.ExitCode, e.Signal = o.status, o.err, o.stderr, o.exit, o.signal
	e.Producer, e.Ended, e.BytesSeen, e.Truncation = o.producer, time.Now(), seen, truncation
	s.finish(aw, e)
	return o
}

// emptyStatus sharpens the status of a program that failed and printed nothing.
func emptyStatus(o outcome) bundle.Status {
	if permissionText.MatchString(o.stderr) {
		return bundle.StatusPermission
	}
	return o.status
}

// absent records an artifact that was not gathered.
func (s *session) absent(a Artifact, status bundle.Status, reason string) {
	now := time.Now()
	a.Name, a.Path = a.sampled(a.Name, a.Path)
	e := bundle.IndexEntry{Artifact: a.Name, Path: a.Path, Status: status, Error: reason, Started: now, Ended: now}
	s.hideHead(&e)
	aw, err := s.w.Begin(e)
	if err != nil {
		s.fatal = err
		return
	}
	s.finish(aw, e)
}

func (s *session) finish(aw *bundle.ArtifactWriter, e bundle.IndexEntry) {
	s.hideTail(&e)
	if s.watch != nil {
		var values []string
		if s.searched != nil {
			values, s.searched = s.searched.Found(), nil
		}
		if err := s.watch.add(e.Path, e, values); err != nil {
			s.fatal = err
			return
		}
	}
	if err := aw.End(e); err != nil {
		s.fatal = err
		return
	}
	s.entries = append(s.entries, e)
	s.fill(fillEvery)
	if s.opts.Progress != nil {
		s.opts.Progress(Event{IndexEntry: e, Took: e.Ended.Sub(e.Started)})
	}
}

// excludes returns why an artifact is not wanted. What was never part of the plan, such as a capture nobody asked
// for, is not listed in the archive.
func (o Options) excludes(a Artifact) (reason string, listed bool) {
	switch {
	case a.Group == "capture" && len(o.Capture.Points) == 0:
		return "no capture was asked for", false
	case a.Name == journalFileName && !o.JournalFiles && !slices.Contains(o.Only, a.Name) && !slices.Contains(o.Only, path.Base(a.Name)):
		return "journal files were not asked for", false
	case o.NoNode && a.Group != "cluster":
		return "only the cluster was asked for", false
	case len(o.Only) > 0 && !matches(o.Only, a):
		return "not in --only " + strings.Join(o.Only, ","), true
	case matches(o.Skip, a):
		return "in --skip " + strings.Join(o.Skip, ","), true
	}
	return "", false
}

// cleanName replaces what a member name in an archive must not hold; names of containers come from others.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\\' || r == '~' || r == utf8.RuneError {
			return '_'
		}
		return r
	}, name)
	if len(name) > 400 {
		name = strings.ToValidUTF8(name[len(name)-400:], "_")
	}
	return name
}

func matches(names []string, a Artifact) bool {
	for _, n := range names {
		if n == a.Group || n == a.Name || "node/"+n == a.Name || "cluster/"+n == a.Name {
			return true
		}
	}
	return false
}
