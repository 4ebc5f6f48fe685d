package analyze

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"coldcase/bundle"
	"coldcase/parsers"
)

// killedBy finds which probe made the kubelet kill which container. Wording of Kubernetes 1.10 to 1.15, then since 1.16:
// `Killing container with id docker://web:Container failed liveness probe.. Container will be killed and recreated.`,
// `Container web failed liveness probe, will be restarted`.
var killedBy = []*regexp.Regexp{
	regexp.MustCompile(`^Killing container with id [a-z-]+://(?P<container>[^:\s]+):.*failed (?P<probe>liveness|startup) probe`),
	regexp.MustCompile(`^(?:Init container|Container) (?P<container>\S+) failed (?P<probe>liveness|startup) probe`),
}

// stoppedOne is how the kubelet says that it stops a container for any other reason.
var stoppedOne = []*regexp.Regexp{
	regexp.MustCompile(`^Killing container with id [a-z-]+://(?P<container>[^:\s]+):`),
	regexp.MustCompile(`^Stopping container (?P<container>\S+)$`),
	regexp.MustCompile(`^Container (?P<container>\S+) definition changed, will be restarted`),
}

// byKubelet decides by the pod's state and its events: probes, evictions, preemption, shutdowns, lost containers. An
// eviction comes before the grace period that ends it: it is why the container was stopped at all.
func (k *killedContainer) byKubelet(c *SigkillCause) *row {
	for _, r := range k.events {
		v := r.value.(parsers.K8sEvent)
		for _, re := range killedBy {
			m := re.FindStringSubmatch(v.Message)
			if v.Reason == "Killing" && m != nil && m[1] == k.v.Container && k.stoppedAt(v, c) {
				c.By, c.Words = m[2], v.Message
				return r
			}
		}
	}
	reason := ""
	if k.pod != nil {
		pod := k.pod.value.(parsers.K8sPod)
		reason, c.Words = pod.Reason, pod.Message
	}
	switch {
	case k.v.Reason == "ContainerStatusUnknown":
		c.By, c.Words = "lost", k.v.Message
		return nil
	case reason == "Evicted":
		c.By = "eviction"
		return k.pod
	case reason == "Preempting":
		c.By = "preemption"
		return k.pod
	case reason == "NodeShutdown" || reason == "Terminated" || reason == "Shutdown":
		c.By = "shutdown"
		return k.pod
	}
	c.Words = ""
	for _, r := range k.events {
		v := r.value.(parsers.K8sEvent)
		if v.Reason == "Evicted" && k.stoppedAt(v, c) {
			c.By, c.Words = "eviction", v.Message
			return r
		}
		if (v.Reason == "Preempting" || v.Reason == "Preempted") && k.stoppedAt(v, c) {
			c.By, c.Words = "preemption", v.Message
			return r
		}
	}
	return nil
}

// bySlowStop decides by the end of the grace period: the runtime says that it used force, or the container ended when
// the time was over.
func (k *killedContainer) bySlowStop(c *SigkillCause, forced []*row) *row {
	for _, r := range forced {
		for _, at := range r.times {
			if r.vars["id"] == k.v.ContainerID && at.Sub(k.v.Finished).Abs() <= killTimely {
				c.By = "grace"
				c.Words, _ = r.vars["message"].(string)
				return r
			}
		}
	}
	if k.pod != nil {
		pod := k.pod.value.(parsers.K8sPod)
		if !pod.Deleted.IsZero() && pod.Deleted.Sub(k.v.Finished).Abs() <= killTimely {
			c.By, c.Wait, c.Grace = "grace", pod.GracePeriod, pod.GracePeriod
			c.Words = "deletionTimestamp " + stamp(pod.Deleted)
			return k.pod
		}
	}
	for _, r := range k.events {
		v := r.value.(parsers.K8sEvent)
		for _, re := range stoppedOne {
			m := re.FindStringSubmatch(v.Message)
			if v.Reason != "Killing" || m == nil || m[1] != k.v.Container || !k.stoppedAt(v, c) {
				continue
			}
			if c.By, c.Words = "stop", v.Message; k.grace > 0 && v.Age == "" && c.Wait >= k.grace-2 {
				c.By = "grace"
			}
			return r
		}
	}
	return nil
}

// stoppedAt reports whether what an event tells may have ended the container: it came before the end, by no more than the
// grace period. An event of describe is as exact as the age that it prints; without a time any will do.
func (k *killedContainer) stoppedAt(v parsers.K8sEvent, c *SigkillCause) bool {
	if v.Last.IsZero() || k.v.Finished.IsZero() {
		return true
	}
	slack := killTimely + ageUnit(v.Age)
	wait := k.v.Finished.Sub(v.Last)
	if wait < -slack || wait > time.Duration(max(k.grace, 30))*time.Second+2*killTimely+slack {
		return false
	}
	if v.Age == "" {
		c.Wait = int64(max(0, wait).Seconds())
	}
	return true
}

// ageUnit is how exact an age is that kubectl printed: "8m", "3h50m", "12d".
func ageUnit(age string) time.Duration {
	switch {
	case age == "":
		return 0
	case strings.HasSuffix(age, "s"):
		return time.Second
	case strings.HasSuffix(age, "m"):
		return time.Minute
	case strings.HasSuffix(age, "h"):
		return time.Hour
	}
	return 24 * time.Hour
}

// kernelLog finds the span of a kernel log that covers the container's end. Without one it says what is wrong.
func (k *killedContainer) kernelLog(s *store) (from, to time.Time, why string) {
	why = notCollected
	for _, c := range s.coverage {
		if c.Node != "" && c.Node != k.state.place.Node || c.Status != string(bundle.StatusOK) || !kernelIn(s, c) {
			continue
		}
		span := s.logs.spans[c.Path]
		from, to = span[0], span[1]
		if begun := s.started[c.Path]; begun.After(to) && !from.IsZero() {
			to = begun // a quiet kernel wrote nothing since its last line
		}
		switch end := k.v.Finished; {
		case from.IsZero() || end.IsZero():
			why = "its lines cannot be dated"
		case end.Before(from):
			why = fmt.Sprintf("begins at %s, after container %s ended", stamp(from), k.v.Container)
		case end.After(to.Add(killTimely)):
			why = fmt.Sprintf("ends at %s, before container %s did", stamp(to), k.v.Container)
		default:
			return from, to, ""
		}
	}
	return from, to, why
}

func kernelIn(s *store, c Coverage) bool {
	for _, name := range logProducers["log.kernel"] {
		if bundle.ArtifactBase(c.Artifact) == name {
			return name == "node/dmesg" || name == "node/journal-kernel" || s.logs.sources[c.Path]["kernel"]
		}
	}
	return false
}
