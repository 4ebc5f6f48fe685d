// Package analyze is the driver: one pass over a bundle, then signatures judged on what it brought.
//
// It reads bundles through bundle.Reader and artifacts through package parsers; it decides, and prints nothing.
package analyze

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"coldcase/bundle"
	"coldcase/fact"
	"coldcase/parsers"
)

// maxArtifact is how much of an artifact that is no log and no capture is held in memory for parsing.
const maxArtifact = 64 << 20

// Options steer an analysis.
type Options struct {
	Tool string // "coldcase 0.1.0", for the result
	// OnFact is called for every fact that is read, in the order of reading; nil when not wanted.
	OnFact func(fact.Fact) error
	Window Window // the time asked about
}

// Run reads a case to its end and judges every signature on it. The result is complete even when artifacts were
// broken; the error is for a signature that cannot be compiled and for a cancelled context.
func Run(ctx context.Context, r *bundle.Reader, set *Set, o Options) (*Result, error) {
	d := &driver{set: set, opts: o, store: newStore(set)}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := d.entry(e, r); err != nil {
			return nil, err
		}
	}
	d.store.finish()
	return d.result(r)
}

type driver struct {
	set     *Set
	opts    Options
	store   *store
	problem []Problem
	open    []openVerdict
}

func parserFacts() []fact.Value {
	var all []fact.Value
	for _, p := range parsers.All() {
		all = append(all, p.Facts...)
	}
	return all
}

// entry reads one artifact and files what came of it.
func (d *driver) entry(e *bundle.Entry, r io.Reader) error {
	c := Coverage{Artifact: e.Artifact, Path: e.Display, Node: e.Node, Producer: e.Producer}
	seen := seenArtifact{artifact: bundle.ArtifactBase(e.Artifact), name: e.Artifact, place: fact.Place{Node: e.Node}, pods: map[string]bool{}}
	counted := &countingReader{r: r}
	var err error
	switch {
	case e.Artifact == "":
		_, err = io.Copy(io.Discard, counted)
	case seen.artifact == "node/journal-file":
		err = d.journal(e, counted, &c, &seen)
	case isLog(seen.artifact):
		err = d.log(e, counted, &c, &seen)
	case seen.artifact == "capture/pcap":
		err = d.capture(e, counted, &c, &seen)
	case seen.artifact == "capture/text":
		seen.place.Capture = e.Display
		err = d.artifact(e, counted, &c, &seen)
	default:
		err = d.artifact(e, counted, &c, &seen)
	}
	if err != nil {
		return err
	}
	c.Bytes = counted.n
	d.store.bytes += counted.n
	d.cover(e, &c, &seen)
	return nil
}

// cover files the coverage of an artifact after it was read: only now is its status final.
func (d *driver) cover(e *bundle.Entry, c *Coverage, seen *seenArtifact) {
	status := e.Status
	if status == "" {
		status = bundle.StatusOK
	}
	if e.Guessed && c.Bytes == 0 && c.Status == "" { // nobody says that a program ran: an empty file is a failed collection
		c.Status, c.Reason = "absent", "the file is empty"
	}
	reason := string(status)
	if e.Error != "" {
		reason += " (" + e.Error + ")"
	}
	switch {
	case c.Status == "absent" && !status.Empty():
		reason = "error text instead of data: " + c.Reason
	case c.Status != "" && status == bundle.StatusOK:
		reason = c.Status + " (" + c.Reason + ")"
	case status.Empty(), status.Partial():
		c.Status, c.Reason = string(status), e.Error
	case c.Status == "":
		c.Status = string(status)
	}
	seen.whole = c.Status == string(bundle.StatusOK) && seen.part == ""
	if reason == string(bundle.StatusOK) {
		reason = seen.part
	}
	if !seen.whole {
		seen.reason = reason
	}
	d.store.coverage = append(d.store.coverage, *c)
	if seen.sources = d.store.logs.sources[e.Display]; seen.sources == nil { // not even scanned: only its path tells
		seen.sources = map[string]bool{parsers.LogProgram(e.Artifact, e.Path): true}
	}
	if e.Artifact != "" {
		d.store.seen = append(d.store.seen, *seen)
	}
	d.store.started[e.Display] = e.Started
	if e.Node == "" {
		return
	}
	n := d.store.node(e.Node)
	if e.Artifact != "" && c.Status != "absent" && !status.Empty() {
		n.artifacts++
	}
	if at := e.Collected(); at.After(n.collected) {
		n.collected = at
	}
	if boot := e.Clock.Boot(); !boot.IsZero() {
		n.boot = boot
	}
}

// artifact parses an artifact that fits in memory.
func (d *driver) artifact(e *bundle.Entry, r io.Reader, c *Coverage, seen *seenArtifact) error {
	p, ok := parsers.For(e.Artifact)
	if !ok || p.Parse == nil {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxArtifact))
	if err != nil {
		return err
	}
	dropped, err := io.Copy(io.Discard, r)
	if err != nil {
		return err
	}
	if dropped > 0 {
		c.Status, c.Reason = string(bundle.StatusTruncated), fmt.Sprintf("read the first %d MiB; %d bytes were left out", maxArtifact>>20, dropped)
	}
	in := parsers.NewInput(e.Artifact, e.Display, e.Node, e.Collected(), text)
	return d.outcome(p, in, parsers.Run(p, in), c, seen)
}

func (d *driver) outcome(p parsers.Parser, in *parsers.Input, out parsers.Outcome, c *Coverage, seen *seenArtifact) error {
	c.Parser, c.Lines, c.Facts, c.Unrecognized = p.Name, out.Lines, len(out.Facts), out.Unrecognized
	if len(out.Samples) > 0 {
		c.Sample = clip(string(in.Text.Line(out.Samples[0])))
	}
	switch {
	case out.Absent != "":
		c.Status, c.Reason = "absent", out.Absent
	case out.Err != nil:
		c.Status, c.Reason = string(bundle.StatusDamaged), out.Err.Error()
	case out.Partial != "":
		c.Status, c.Reason = string(bundle.StatusTruncated), out.Partial
	case len(out.Facts) == 0 && out.Unrecognized > 0:
		c.Status, c.Reason = string(bundle.StatusDamaged), "not one line was understood"
	}
	for _, f := range out.Facts {
		if f.Place.Pod != "" {
			seen.pods[f.Place.Namespace+"/"+f.Place.Pod] = true
		}
		if d.opts.OnFact != nil {
			if err := d.opts.OnFact(f); err != nil {
				return err
			}
		}
		d.store.addFact(f, in.At)
	}
	return nil
}

// capture streams a packet capture.
func (d *driver) capture(e *bundle.Entry, r io.Reader, c *Coverage, seen *seenArtifact) error {
	seen.place.Capture = e.Display
	in := parsers.NewInput(e.Artifact, e.Display, e.Node, time.Time{}, nil)
	p := parsers.Parser{Name: "pcap", Parse: func(in *parsers.Input) error { return parsers.ParseCapture(r, in) }}
	out := parsers.Run(p, in)
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	return d.outcome(p, in, out, c, seen)
}

// isLog reports whether an artifact goes to the matcher instead of a parser.
func isLog(artifact string) bool {
	switch artifact {
	case "node/dmesg", "node/journal", "node/journal-kernel", "node/journal-kernel-previous", "node/journal-kubelet", "node/journal-runtime",
		"node/syslog", "node/pstore", "node/kubelet-log", "node/kube-proxy-log", "node/container-log", "cluster/pod-log":
		return true
	}
	return false
}

// ofContainer reports whether an artifact is the log of one container, whose path names the pod.
func ofContainer(artifact string) bool {
	switch artifact {
	case "node/container-log", "node/kube-proxy-log", "cluster/pod-log":
		return true
	}
	return false
}

// stamped is how lines of logs begin, and error texts of programs do not. The last are headers of pstore's files.
var stamped = regexp.MustCompile(`^\s*(?:[\[<{]|\d{4}-\d\d|[A-Z][a-z]{2} [ \d]\d |[IWEF]\d{4} |time=|\w+#\d+ Part\d|====\d)`)

// log scans a log with the one matcher.
func (d *driver) log(e *bundle.Entry, r io.Reader, c *Coverage, seen *seenArtifact) error {
	place := fact.Place{Node: e.Node}
	if ns, pod, uid, _ := parsers.LogPod(e.Path); pod != "" && ofContainer(seen.artifact) {
		place.Namespace, place.Pod, place.PodUID = ns, pod, uid
		d.store.addLogPod(place)
	}
	seen.place = place
	head := make([]byte, 4096)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	c.Parser = "log"
	if n < 4096 && !stamped.Match(head) {
		if reason := parsers.CollectionError(head); reason != "" {
			c.Status, c.Reason = "absent", reason
			return nil
		}
	}
	return d.scan(e, io.MultiReader(bytes.NewReader(head), r), c, place)
}

// scan runs the matcher over a log whose place is known.
func (d *driver) scan(e *bundle.Entry, r io.Reader, c *Coverage, place fact.Place) error {
	ctx := &parsers.LogContext{Artifact: e.Artifact, Anchor: e.Collected(), Zone: zone(e.Clock), Boot: e.Clock.Boot()}
	earlier := ofEarlierBoot(e.Artifact)
	if earlier {
		ctx.Boot = time.Time{}
	}
	stats, err := d.store.logs.scan(r, ctx, e, place)
	if err != nil {
		return err
	}
	c.Lines = int(stats.Lines)
	if stats.TooLong > 0 {
		c.Reason = fmt.Sprintf("%d lines were longer than the line limit and were cut", stats.TooLong)
	}
	d.store.lines += stats.Lines
	if node := d.store.node(e.Node); node.boot.IsZero() && !stats.Boot.IsZero() && !earlier {
		node.boot = stats.Boot
	}
	return nil
}

func zone(c bundle.Clock) *time.Location {
	if !c.Wall.IsZero() {
		return c.Wall.Location()
	}
	return time.UTC
}

type countingReader struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
