package parsers

import (
	"regexp"
	"strings"
)

// describeIngress makes an Ingress of its description.
func describeIngress(o *describeObject) *k8sVal {
	root := describeMeta(o)
	for _, s := range o.sections {
		switch s.key {
		case "Ingress Class":
			root.put(s, describeNone(s.val), "spec", "ingressClassName")
		case "Address":
			describeIngressPoints(root, s)
		case "Default backend":
			// Before 1.22 kubectl printed this name when there was none.
			if m := describeBackend.FindStringSubmatch(s.val); m != nil && m[1]+":"+m[2] != "default-http-backend:80" {
				root.put(s, m[1], "spec", "defaultBackend", "service", "name")
				root.put(s, m[2], "spec", "defaultBackend", "service", "port", "number")
			} else if m != nil {
				root.put(s, m[3], "defaultError")
			}
		case "Rules":
			describeRules(root, s)
		}
	}
	return root
}

var (
	// describeBackend matches "web:80 (10.40.1.7:8080)" and `gone:80 (<error: services "gone" not found>)`.
	describeBackend = regexp.MustCompile(`^([^\s:]+):(\S+)(?:\s+\((?:<error: (.*)>|.*)\))?$`)
	describePath    = regexp.MustCompile(`^(?:(/\S*)\s+)?(\S.*)$`)
)

// describeRules reads the table of rules: a line with a host, below it lines with a path and its backend.
func describeRules(root *k8sVal, s *describeItem) {
	var paths *k8sVal
	for _, row := range s.flat() {
		f := strings.Fields(row.text)
		switch {
		case f[0] == "Host" && len(f) == 3, strings.HasPrefix(f[0], "----"):
			continue
		case f[0] == "*" && len(f) > 1 && f[1] == "*":
			continue // the default backend once more
		case len(f) == 1:
			rule := root.putList(s, "spec", "rules").putItem(row)
			if f[0] != "*" {
				rule.put(row, f[0], "host")
			}
			paths = rule.putList(row, "http", "paths")
			continue
		case paths == nil:
			continue
		}
		m := describePath.FindStringSubmatch(row.text)
		if m == nil {
			continue
		}
		path := paths.putItem(&describeItem{n: row.n, last: row.n})
		path.put(row, m[1], "path")
		if b := describeBackend.FindStringSubmatch(m[2]); b != nil {
			path.put(row, b[1], "backend", "service", "name")
			path.put(row, b[2], "backend", "service", "port", "number")
			path.put(row, b[3], "error")
		}
	}
}

// describeEndpoints makes an Endpoints object of its description.
func describeEndpoints(o *describeObject) *k8sVal {
	root := describeMeta(o)
	s := o.section("Subsets")
	if s == nil {
		return root
	}
	var subset *k8sVal
	for _, line := range s.kids {
		switch line.key {
		case "Addresses", "NotReadyAddresses":
			if line.key == "Addresses" || subset == nil {
				subset = root.putList(s, "subsets").putItem(line)
			}
			for _, ip := range strings.Split(describeNone(line.val), ",") {
				if ip != "" {
					subset.putList(line, describeLower(line.key)).putItem(line).put(line, ip, "ip")
				}
			}
		case "Ports":
			for _, row := range line.flat() {
				f := strings.Fields(row.text)
				if subset == nil || len(f) != 3 || f[0] == "Name" || strings.HasPrefix(f[0], "----") {
					continue
				}
				port := subset.putList(line, "ports").putItem(row)
				port.put(row, describeNone(f[0]), "name")
				port.put(row, f[1], "port")
				port.put(row, f[2], "protocol")
			}
		}
	}
	return root
}
