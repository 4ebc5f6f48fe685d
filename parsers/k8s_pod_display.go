package parsers

import "fmt"

// k8sDisplay is what kubectl prints as STATUS: printPod in pkg/printers/internalversion/printers.go of Kubernetes.
func k8sDisplay(o *k8sVal) string {
	status := o.get("status")
	phase := status.str("phase")
	reason := phase
	if r := status.str("reason"); r != "" {
		reason = r
	}
	for _, c := range status.list("conditions") {
		if c.str("type") == "PodScheduled" && c.str("reason") == "SchedulingGated" {
			reason = "SchedulingGated"
		}
	}
	init := k8sDisplayInit(o)
	if init != "" {
		reason = init
	}
	if init == "" || k8sConditionTrue(status, "Initialized") {
		reason = k8sDisplayContainers(status, reason)
	}
	if o.str("metadata", "deletionTimestamp") != "" {
		switch {
		case status.str("reason") == "NodeLost":
			return "Unknown"
		case phase != "Succeeded" && phase != "Failed":
			return "Terminating"
		}
	}
	return reason
}

// k8sDisplayInit is what the first init container that is not done makes of the status; "" when all are done.
func k8sDisplayInit(o *k8sVal) string {
	inits := o.list("spec", "initContainers")
	restartable := map[string]bool{}
	for _, c := range inits {
		restartable[c.str("name")] = c.str("restartPolicy") == "Always"
	}
	initialized := k8sConditionTrue(o.get("status"), "Initialized")
	for i, s := range o.list("status", "initContainerStatuses") {
		ended, waiting := s.get("state", "terminated"), s.str("state", "waiting", "reason")
		switch {
		case ended != nil && ended.num("exitCode") == 0:
			continue
		case restartable[s.str("name")] && s.flag("started"):
			continue
		case initialized && s.get("state", "running") != nil:
			// A sidecar: describe shows no restart policy, but only a sidecar still runs when the pod is initialized.
			continue
		case ended != nil:
			return "Init:" + k8sDisplayEnded(ended)
		case waiting != "" && waiting != "PodInitializing":
			return "Init:" + waiting
		}
		return fmt.Sprintf("Init:%d/%d", i, len(inits))
	}
	return ""
}

func k8sDisplayContainers(status *k8sVal, reason string) string {
	statuses, running := status.list("containerStatuses"), false
	for i := len(statuses) - 1; i >= 0; i-- {
		s := statuses[i]
		if waiting := s.str("state", "waiting", "reason"); waiting != "" {
			reason = waiting
		} else if ended := s.get("state", "terminated"); ended != nil {
			reason = k8sDisplayEnded(ended)
		} else if s.flag("ready") && s.get("state", "running") != nil {
			running = true
		}
	}
	if reason == "Completed" && running {
		if k8sConditionTrue(status, "Ready") {
			return "Running"
		}
		return "NotReady"
	}
	return reason
}

func k8sDisplayEnded(ended *k8sVal) string {
	if reason := ended.str("reason"); reason != "" {
		return reason
	}
	if signal := ended.num("signal"); signal != 0 {
		return fmt.Sprintf("Signal:%d", signal)
	}
	return fmt.Sprintf("ExitCode:%d", ended.num("exitCode"))
}
