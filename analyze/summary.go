package analyze

import (
	"fmt"
	"sort"
	"strings"

	"coldcase/bundle"
	"coldcase/parsers"
)

// result judges all signatures and sums the case up.
func (d *driver) result(r *bundle.Reader) (*Result, error) {
	res := &Result{SchemaVersion: SchemaVersion, Tool: d.opts.Tool, Coverage: d.store.coverage}
	gaps := newGapList()
	byID := map[string]*Signature{}
	for _, sig := range d.set.sigs {
		byID[sig.ID] = sig
		if err := d.judge(sig, res, gaps); err != nil {
			return nil, err
		}
	}
	res.Window = d.opts.Window
	res.Window.weigh(res.Findings)
	link(d.store, res.Findings, byID)
	unchecked(d.store, res.Findings, d.open)
	order(res.Findings)
	res.Differences = d.store.differences(res.Findings)
	compared(res.Findings, res.Differences)
	res.Missing = gaps.list()
	res.Timeline = timeline(res.Findings)
	d.inputs(r, res)
	d.places(res)
	res.Stats = Stats{Bytes: d.store.bytes, Artifacts: len(res.Coverage), LogLines: d.store.lines, Signatures: len(d.set.sigs),
		Pods: len(d.store.podNode)}
	for _, rows := range d.store.facts {
		res.Stats.Facts += len(rows)
	}
	return res, nil
}

// judge runs one signature. Signatures of which nothing was collected are not even compiled.
func (d *driver) judge(sig *Signature, res *Result, gaps *gapList) error {
	judgements, p, err := d.judgements(sig)
	if err != nil {
		return fmt.Errorf("%s: %w", sig.ID, err)
	}
	clear := Verdict{Signature: sig.ID, Title: sig.Title, Family: sig.Family, Subject: Subject{Scope: sig.Scope}, Outcome: Clear}
	open := map[string]*Verdict{} // by reason: alike ones fold
	for _, j := range judgements {
		switch j.outcome {
		case Matched:
			f, err := p.finding(d.store, j)
			if err != nil {
				d.problem = append(d.problem, Problem{What: err.Error()})
			}
			res.Findings = append(res.Findings, f)
			res.Verdicts = append(res.Verdicts, Verdict{Signature: sig.ID, Title: sig.Title, Family: sig.Family, Subject: j.subject, Outcome: Matched})
		case Clear:
			clear.Subjects++
		case Inconclusive:
			gaps.add(sig.ID, j.gaps)
			fold(open, sig, j)
			d.open = append(d.open, openVerdict{sig: sig, subject: j.subject, gaps: j.gaps})
		}
	}
	if len(judgements) == 0 { // no subject is known: the artifacts that would name one are missing
		sub := Subject{Scope: sig.Scope}
		ok, missing := d.store.known(subjectKind(sig.Scope), sub)
		if ok {
			clear.Subjects = 0
			res.Verdicts = append(res.Verdicts, clear)
			return nil
		}
		gaps.add(sig.ID, missing)
		fold(open, sig, judgement{subject: sub, gaps: missing})
	}
	if clear.Subjects > 0 {
		res.Verdicts = append(res.Verdicts, clear)
	}
	for _, reason := range sortedKeys(open) {
		res.Verdicts = append(res.Verdicts, *open[reason])
	}
	return nil
}

// judgements compiles and judges a signature. One of which nothing at all was collected is not compiled: it is open on
// every subject.
func (d *driver) judgements(sig *Signature) ([]judgement, *program, error) {
	if gaps := d.nothingFor(sig); gaps != nil {
		var out []judgement
		for _, sub := range d.store.subjects(sig.Scope) {
			out = append(out, judgement{subject: sub, outcome: Inconclusive, gaps: gaps(sub)})
		}
		return out, nil, nil
	}
	p, err := d.set.program(sig)
	if err != nil {
		return nil, nil, err
	}
	j, err := p.judge(d.store)
	return j, p, err
}

// nothingFor returns what is missing per subject when none of a signature's kinds has a fact or an artifact that was
// read, and nil otherwise.
func (d *driver) nothingFor(sig *Signature) func(Subject) []gap {
	for i := range sig.Select {
		if d.store.anything(sig.Select[i].From) {
			return nil
		}
	}
	return func(sub Subject) []gap {
		var all []gap
		for i := range sig.Select {
			if sel := &sig.Select[i]; !sel.Context {
				_, gaps := d.store.known(sel.From, sub)
				all = append(all, gaps...)
			}
		}
		return all
	}
}

// fold joins inconclusive verdicts of one signature that miss the same artifacts.
func fold(open map[string]*Verdict, sig *Signature, j judgement) {
	reason := reasonOf(j.gaps)
	if v, ok := open[reason]; ok {
		v.Subjects++
		v.Subject.Name, v.Subject.Node = "", ""
		return
	}
	open[reason] = &Verdict{Signature: sig.ID, Title: sig.Title, Family: sig.Family, Subject: j.subject, Outcome: Inconclusive,
		Reason: reason, Subjects: 1, Missing: missingOf(j.gaps)}
}

// timeline lists the dated evidence of all findings, oldest first.
func timeline(findings []Finding) []Event {
	var out []Event
	for i := range findings {
		f := &findings[i]
		for _, e := range f.Evidence {
			if e.At.IsZero() {
				continue
			}
			out = append(out, Event{At: e.At, Node: e.Node, Finding: f.ID, Text: f.Title, Source: e.Source.String(), Count: e.Count})
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		switch {
		case !a.At.Equal(b.At):
			return a.At.Before(b.At)
		case a.Node != b.Node:
			return a.Node < b.Node
		case a.Finding != b.Finding:
			return a.Finding < b.Finding
		}
		return a.Source < b.Source
	})
	return out
}

// inputs describes the bundles and what the reader could not deliver.
func (d *driver) inputs(r *bundle.Reader, res *Result) {
	for _, b := range r.Bundles() {
		if b.Manifest == nil && holdsOthers(b.Name, r.Bundles()) {
			continue
		}
		info := BundleInfo{Name: bundleName(b.Name), Layout: b.Layout, Container: b.Container, Aborted: b.Aborted}
		if b.Manifest != nil {
			info.Tool, info.Collected = b.Manifest.Tool, b.Manifest.Clock.Wall
			if n := d.store.nodes[b.Manifest.Node.Name]; n != nil {
				n.manifest = b.Manifest.Node
			}
		}
		res.Bundles = append(res.Bundles, info)
	}
	for _, p := range r.Problems() {
		res.Problems = append(res.Problems, Problem{Bundle: p.Bundle, Path: p.Path, What: p.What})
	}
	res.Problems = append(res.Problems, d.problem...)
}

// holdsOthers reports whether a container only wraps bundles that are listed themselves.
func holdsOthers(name string, all []bundle.Info) bool {
	for _, b := range all {
		if strings.HasPrefix(b.Name, name+"/") {
			return true
		}
	}
	return false
}

// bundleName words the name "-" of standard input.
func bundleName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return strings.TrimPrefix(name, "-/")
}

// places sums nodes and pods up.
func (d *driver) places(res *Result) {
	nodes := map[string]*NodeInfo{}
	get := func(name string) *NodeInfo {
		if nodes[name] == nil {
			nodes[name] = &NodeInfo{Name: name}
		}
		return nodes[name]
	}
	for name, n := range d.store.nodes {
		info := get(name)
		info.Kernel, info.OS, info.Collected, info.Boot, info.Artifacts = n.manifest.Kernel, n.manifest.OS, n.collected, n.boot, n.artifacts
	}
	d.describeNodes(get)
	pods := d.pods()
	for i := range res.Findings {
		f := &res.Findings[i]
		if f.Subject.Node != "" && f.Subject.Node != unknownNode {
			n := get(f.Subject.Node)
			n.Findings++
			n.Worst = worse(n.Worst, f.Severity)
		}
		if f.Subject.Scope == "pod" {
			p := pods[f.Subject.Name]
			if p == nil {
				p = &PodInfo{Name: f.Subject.Name, Node: f.Subject.Node}
				pods[f.Subject.Name] = p
			}
			p.Findings++
			p.Worst = worse(p.Worst, f.Severity)
		}
	}
	delete(nodes, "") // what belongs to a node that nothing names, such as a loose log of a pod
	for _, name := range sortedKeys(nodes) {
		res.Nodes = append(res.Nodes, *nodes[name])
	}
	for _, name := range sortedKeys(pods) {
		if p := pods[name]; p.Findings > 0 || p.Reason != "" {
			res.Pods = append(res.Pods, *p)
		}
	}
}

func (d *driver) describeNodes(get func(string) *NodeInfo) {
	for _, r := range d.store.facts["uname"] {
		if v, info := r.value.(parsers.Uname), get(r.place.Node); info.Kernel == "" {
			info.Kernel = v.Kernel
		}
	}
	for _, r := range d.store.facts["os.release"] {
		if v, info := r.value.(parsers.OSRelease), get(r.place.Node); info.OS == "" {
			info.OS = v.PrettyName
		}
	}
	for _, r := range d.store.facts["k8s.node"] {
		v := r.value.(parsers.K8sNode)
		info := get(v.Name)
		if info.Kernel == "" {
			info.Kernel, info.OS = v.Kernel, v.OSImage
		}
	}
	for _, r := range d.store.facts["k8s.node-condition"] {
		if v := r.value.(parsers.K8sNodeCondition); v.Type == "Ready" {
			get(v.Node).Ready = v.Status
		}
	}
}

// pods lists all pods; Reason is empty for those that are well.
func (d *driver) pods() map[string]*PodInfo {
	pods := map[string]*PodInfo{}
	for _, r := range d.store.facts["k8s.pod"] {
		v := r.value.(parsers.K8sPod)
		p := &PodInfo{Namespace: v.Namespace, Name: v.Name, Node: v.Node, Phase: v.Phase}
		if v.Display != "Running" && v.Display != "Completed" {
			p.Reason = v.Display
		}
		if v.Table {
			p.Restarts = v.Restarts
		}
		pods[v.Namespace+"/"+v.Name] = p
	}
	for _, r := range d.store.facts["k8s.container-state"] {
		v := r.value.(parsers.K8sContainerState)
		if p := pods[v.Namespace+"/"+v.Pod]; p != nil && !v.Last {
			p.Restarts += v.Restarts
		}
	}
	return pods
}

func worse(a, b Severity) Severity {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}
