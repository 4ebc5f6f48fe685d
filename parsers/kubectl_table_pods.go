package parsers

import (
	"strconv"
	"strings"
)

// podRow reads a pod. STATUS is what K8sPod.Display holds; of the phase it tells what the words allow.
func (t *kubectlTable) podRow(n int, cells map[string]string) bool {
	name, isPod := kubectlObject(cells["NAME"], "pod")
	ready, of, ok := strings.Cut(cells["READY"], "/")
	restarts, _, _ := strings.Cut(cells["RESTARTS"], " ") // "3 (5m ago)"
	count, err := strconv.ParseInt(restarts, 10, 64)
	if !ok || !isPod || err != nil || cells["STATUS"] == "" {
		return false
	}
	p := K8sPod{
		Table: true, Namespace: t.place(cells), Name: name, Display: cells["STATUS"], Ready: ready == of && ready != "0",
		Restarts: count, Created: t.since(cells["AGE"]), PodIP: kubectlNone(cells["IP"]), Node: kubectlNone(cells["NODE"]),
		Labels: kubectlLabels(cells["LABELS"]),
	}
	p.Shown = t.shown([]string{"table", "name", "display", "ready", "restarts"}, map[string]string{"IP": "podIP", "LABELS": "labels", "NODE": "node"})
	if p.Namespace != "" {
		p.Shown = append(p.Shown, "namespace")
	}
	if !p.Created.IsZero() {
		p.Shown = append(p.Shown, "created")
	}
	switch p.Display {
	case "Running", "Pending":
		p.Phase, p.Shown = p.Display, append(p.Shown, "phase")
	case "ContainerCreating", "ImagePullBackOff", "ErrImagePull", "InvalidImageName":
		if ready == "0" && count == 0 {
			p.Phase, p.Shown = "Pending", append(p.Shown, "phase")
		}
	case "Evicted":
		p.Phase, p.Reason, p.Shown = "Failed", p.Display, append(p.Shown, "phase", "reason")
	}
	key := p.Namespace + "/" + p.Name
	if _, again := t.pods[key]; again {
		t.in.Skip(t.pods[key].n, t.pods[key].n)
	} else {
		t.order = append(t.order, key)
	}
	t.pods[key] = podLine{n, p}
	return true
}

// kubectlLabels reads the column of --show-labels.
func kubectlLabels(cell string) map[string]string {
	if kubectlNone(cell) == "" {
		return nil
	}
	labels := map[string]string{}
	for pair := range strings.SplitSeq(cell, ",") {
		if key, value, ok := strings.Cut(pair, "="); ok && len(labels) < describeMaxKeys {
			labels[key] = value
		}
	}
	return labels
}
