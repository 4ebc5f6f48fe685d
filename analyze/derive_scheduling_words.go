package analyze

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	// "0/5 nodes are available: 1 Too many pods, 2 node(s) had untolerated taint {k: v}. preemption: ..." since 1.9.
	schedulerSummary = regexp.MustCompile(`(?s)^\s*\d+/(\d+) nodes are available: (.*)$`)
	// "No nodes are available that match all of the predicates: Insufficient cpu (9), ..." until 1.8; ":: " and
	// "following predicates" in some of them, "fit failure summary on nodes : " until 1.6.
	schedulerOld = regexp.MustCompile(`(?s)(?:match all of the (?:following )?predicates:+|fit failure summary on nodes\s*:)\s*(.*)$`)
	oldReason    = regexp.MustCompile(`([^,()]+?) \((\d+)\)`)
	reasonStart  = regexp.MustCompile(`(?:^|, )(\d+) `)
	// What follows the reasons: advice on claims and preemption, or a repetition's count.
	reasonsEnd = regexp.MustCompile(`\.+\s*(?:no new claims to deallocate|preemption: |still not schedulable|not found|\(repeated|$)`)
	preemption = regexp.MustCompile(`preemption: (?:\d+/\d+ nodes are available: )?(.*?)\.*\s*$`)
)

// schedulingClasses know the reasons in all wordings of the scheduler's filters (pkg/scheduler/framework/plugins; until
// 1.8 the predicates' names).
var schedulingClasses = []struct {
	class string
	words *regexp.Regexp
}{
	{"too-many-pods", regexp.MustCompile(`Too many pods|^Insufficient pods$`)},
	{"insufficient", regexp.MustCompile(`^(?i:Insufficient) (\S+)$`)},
	{"condition", regexp.MustCompile(`were (?:not ready|out of disk space)|had (?:memory|disk|pid|unknown) (?:pressure|condition)|unavailable network|^NodeNotReady|^NodeUnder|^NodeOutOfDisk|^NodeNetworkUnavailable|^CheckNodeCondition`)},
	{"unschedulable", regexp.MustCompile(`were unschedulable|^NodeUnschedulable|taint \{node\.kubernetes\.io/unschedulable`)},
	{"taint", regexp.MustCompile(`had (?:untolerated )?taint|^PodToleratesNodeTaints`)},
	{"selector", regexp.MustCompile(`didn't match (?:Pod's )?node (?:selector|affinity)|^MatchNodeSelector|didn't match the requested (?:hostname|node name)`)},
	{"pod-affinity", regexp.MustCompile(`pods? (?:anti-)?affinity|^MatchInterPodAffinity`)},
	{"spread", regexp.MustCompile(`pod topology spread constraints`)},
	{"volume-zone", regexp.MustCompile(`no available volume zone|volume node affinity conflict|match PersistentVolume's node affinity|^NoVolumeZoneConflict|^NoVolumeNodeConflict`)},
	{"volume-unbound", regexp.MustCompile(`unbound (?:immediate )?PersistentVolumeClaim|persistentvolumeclaim "[^"]*" (?:not found|is being deleted)|find available persistent volumes to bind|storageclass\.storage\.k8s\.io "[^"]*" not found|not have enough free storage|bound to non-existent persistentvolume|^VolumeBinding`)},
	{"volume-limit", regexp.MustCompile(`exceed max volume count|^Max\w*VolumeCount`)},
	{"hostport", regexp.MustCompile(`free ports for the requested pod ports|^PodFitsHostPorts`)},
	{"no-nodes", regexp.MustCompile(`^no nodes available to schedule pods`)},
}

// schedulingReasons takes a message of the scheduler apart.
func schedulingReasons(message string) []SchedulingReason {
	var out []SchedulingReason
	add := func(text string, claimed, total int64) {
		if text = strings.Trim(text, " .,"); text == "" {
			return
		}
		r := SchedulingReason{Class: "other", Text: text, Claimed: claimed, Total: total}
		for _, c := range schedulingClasses {
			if m := c.words.FindStringSubmatch(text); m != nil {
				r.Class = c.class
				if len(m) > 1 {
					r.Resource = strings.ToLower(m[1])
				}
				break
			}
		}
		if m := preemption.FindStringSubmatch(message); m != nil {
			r.Preemption = m[1]
		}
		out = append(out, r)
	}
	if m := schedulerSummary.FindStringSubmatch(message); m != nil {
		total, _ := strconv.ParseInt(m[1], 10, 64)
		splitReasons(m[2], func(text string, claimed int64) { add(text, claimed, total) })
		return out
	}
	if m := schedulerOld.FindStringSubmatch(message); m != nil {
		for _, r := range oldReason.FindAllStringSubmatch(m[1], -1) {
			claimed, _ := strconv.ParseInt(r[2], 10, 64)
			add(strings.TrimSpace(r[1]), claimed, 0)
		}
		return out
	}
	first, _, _ := strings.Cut(message, "\n")
	add(first, 0, 0)
	return out
}

// splitReasons cuts "1 Too many pods, 2 node(s) had ..., that the pod didn't tolerate": a new reason begins with a number.
func splitReasons(text string, add func(text string, claimed int64)) {
	if end := reasonsEnd.FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	starts := reasonStart.FindAllStringSubmatchIndex(text, -1)
	if len(starts) == 0 || starts[0][0] > 0 {
		add(text, 0) // the pod's own reason: "pod has unbound immediate PersistentVolumeClaims"
		return
	}
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		claimed, _ := strconv.ParseInt(text[at[2]:at[3]], 10, 64)
		add(text[at[1]:end], claimed)
	}
}
