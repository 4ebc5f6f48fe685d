package analyze

import (
	"fmt"
	"time"

	"coldcase/fact"
)

// incidentSlack is how long before an incident a fault may have ended and still have caused it: probes fail several
// times, and clients retry, before somebody notices.
const incidentSlack = 30 * time.Minute

// Window is the time that the report is asked about. A zero time leaves that side open.
type Window struct {
	Since    time.Time `json:"since,omitzero"`    // faults that ended before are leads
	Until    time.Time `json:"until,omitzero"`    // faults that began after are leads
	Incident time.Time `json:"incident,omitzero"` // faults that ended more than half an hour before it, or began after it, are leads
}

// settings are kinds of facts that say how something is set up, not that it fails: they date nothing.
var settings = map[fact.Kind]bool{
	"sysctl.value": true, "kernel.module": true, "ethtool.feature": true, "kubelet.setting": true, "kube-proxy.setting": true,
	"uname": true, "os.release": true, "program.version": true, "k8s.version": true, "k8s.node": true, "ip.link": true, "ip.addr": true,
	"iptables.table": true, "iptables.rule": true, "k8s.container-resource": true,
}

// lead says why a finding lies outside the window, and whether behind it; empty when it lies inside, or when nothing
// dates it. What a snapshot shows was still so when the bundle was made, so such a finding has not ended.
func (w Window) lead(f *Finding) (why string, late bool) {
	if w == (Window{}) || f.FirstSeen.IsZero() {
		return "", false
	}
	after := w.Until
	if !w.Incident.IsZero() && (after.IsZero() || w.Incident.Add(clockSlack).Before(after)) {
		after = w.Incident.Add(clockSlack)
	}
	if !after.IsZero() && f.FirstSeen.After(after) {
		return "began " + w.apart(f.FirstSeen, w.Until, "after"), true
	}
	if f.Lasting {
		return "", false
	}
	before := w.Since
	if !w.Incident.IsZero() && w.Incident.Add(-incidentSlack).After(before) {
		before = w.Incident.Add(-incidentSlack)
	}
	if f.LastSeen.Before(before) {
		return "last seen " + w.apart(f.LastSeen, w.Since, "before"), false
	}
	return "", false
}

// apart words how far a time lies from the incident, or else from a bound of the window.
func (w Window) apart(at, bound time.Time, word string) string {
	from, name := bound, "the time asked about"
	if !w.Incident.IsZero() {
		from, name = w.Incident, "the incident"
	}
	return fmt.Sprintf("%s %s %s", at.Sub(from).Abs().Round(time.Second), word, name)
}

// weigh marks the findings outside the window, which are leads and no causes of what lies inside.
func (w Window) weigh(findings []Finding) {
	for i := range findings {
		findings[i].Lead, findings[i].late = w.lead(&findings[i])
	}
}
