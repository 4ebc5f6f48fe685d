package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"coldcase/parsers"
)

// wanted says in words what a pod asks for, as far as a reason is concerned; "" when the case does not tell.
func (c *placement) wanted(pod *podDemand, reason *SchedulingReason) string {
	switch reason.Class {
	case "insufficient":
		if want := pod.requests[reason.Resource]; want > 0 {
			return amount(reason.Resource, want)
		}
	case "selector":
		return pod.selectorWords()
	case "hostport":
		var ports []string
		for _, p := range pod.hostPorts {
			ports = append(ports, strconv.FormatInt(p, 10))
		}
		return strings.Join(ports, ", ")
	case "volume-unbound", "volume-zone", "volume-limit":
		return strings.Join(pod.claims, ", ")
	}
	return ""
}

// selectorWords writes the selector and the required affinity as kubectl's label selectors; terms are joined by "or".
func (d *podDemand) selectorWords() string {
	var all []string
	for _, s := range d.selector {
		all = append(all, s.Key+"="+s.Value)
	}
	var terms []string
	for _, i := range slices.Sorted(maps.Keys(d.affinity)) {
		var term []string
		for _, a := range d.affinity[i] {
			term = append(term, requirementWords(a))
		}
		terms = append(terms, strings.Join(term, " and "))
	}
	if len(terms) > 0 {
		all = append(all, strings.Join(terms, " or "))
	}
	return strings.Join(all, " and ")
}

func requirementWords(a parsers.K8sNodeAffinity) string {
	switch a.Operator {
	case "Exists":
		return "a label " + a.Key
	case "DoesNotExist":
		return "no label " + a.Key
	case "Gt", "Lt":
		return a.Key + map[string]string{"Gt": ">", "Lt": "<"}[a.Operator] + strings.Join(a.Values, "")
	case "In":
		if len(a.Values) == 1 {
			return a.Key + "=" + a.Values[0]
		}
	}
	return a.Key + " " + strings.ToLower(a.Operator) + " (" + strings.Join(a.Values, ", ") + ")"
}

// amount writes a quantity with its unit: "0.4 CPU", "3.5 GiB memory", "1 nvidia.com/gpu".
func amount(resource string, value float64) string {
	text := amountOf(resource, value)
	switch resource {
	case "cpu":
		return text + " CPU"
	case "memory":
		return text + " memory"
	}
	return text + " " + resource
}

// amountOf writes a quantity as a person would.
func amountOf(resource string, value float64) string {
	if resource != "memory" && resource != "ephemeral-storage" && !strings.HasPrefix(resource, "hugepages-") {
		return strconv.FormatFloat(float64(int64(value*1000+0.5))/1000, 'f', -1, 64)
	}
	for _, unit := range []struct {
		name string
		size float64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}} {
		if value >= unit.size {
			return strconv.FormatFloat(float64(int64(value/unit.size*10+0.5))/10, 'f', -1, 64) + " " + unit.name
		}
	}
	return fmt.Sprintf("%.0f bytes", value)
}
