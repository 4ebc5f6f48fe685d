package parsers

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// describeContainers reads a section of containers. "Environment" is passed over: its values are nobody's business.
func describeContainers(root *k8sVal, s *describeItem, specs, statuses string) {
	for _, c := range s.kids {
		if c.key == "" {
			continue
		}
		head := &describeItem{n: c.n, last: c.n}
		spec := root.putList(s, "spec", specs).putItem(c)
		spec.put(head, c.key, "name")
		spec.put(c.kid("Image"), c.value("Image"), "image")
		describePorts(spec, c)
		for key, field := range map[string]string{"Command": "command", "Args": "args"} {
			if words := c.kid(key); words != nil {
				for _, l := range words.flat() {
					spec.putList(words, field).putText(l, l.text)
				}
			}
		}
		for _, which := range [...]string{"Limits", "Requests"} {
			if list := c.kid(which); list != nil {
				for _, q := range list.kids {
					spec.put(q, q.val, "resources", strings.ToLower(which), q.key)
				}
			}
		}
		for _, which := range [...]string{"Liveness", "Readiness", "Startup"} {
			describeProbe(spec, c.kid(which), strings.ToLower(which)+"Probe")
		}
		describeMounts(spec, c.kid("Mounts"))
		if c.kid("State") == nil {
			continue // the container has no status yet
		}
		status := root.putList(s, "status", statuses).putItem(c)
		status.put(head, c.key, "name")
		status.put(c.kid("Container ID"), c.value("Container ID"), "containerID")
		status.put(c.kid("Ready"), strings.ToLower(c.value("Ready")), "ready")
		status.put(c.kid("Restart Count"), c.value("Restart Count"), "restartCount")
		describeState(status, c.kid("State"), "state")
		describeState(status, c.kid("Last State"), "lastState")
	}
}

// describeState reads "State:  Terminated" and what is below it.
func describeState(status *k8sVal, s *describeItem, field string) {
	if s == nil || describeNone(s.val) == "" {
		return
	}
	kind := strings.ToLower(s.val)
	state := status.add(&k8sVal{typ: k8sMap, key: field, first: s.n, last: s.end()})
	inner := state.add(&k8sVal{typ: k8sMap, key: kind, first: s.n, last: s.end()})
	for key, name := range map[string]string{
		"Reason": "reason", "Message": "message", "Exit Code": "exitCode", "Signal": "signal", "Started": "startedAt", "Finished": "finishedAt",
	} {
		inner.put(s.kid(key), s.value(key), name)
	}
}

// describePort matches one of "8080/TCP (http), 53/UDP"; names are printed since 1.34.
var describePort = regexp.MustCompile(`(\d+)/(\w+)(?: \(([\w-]+)\))?`)

func describePorts(spec *k8sVal, c *describeItem) {
	var hosts [][]string
	for _, key := range [...]string{"Host Port", "Host Ports"} {
		hosts = append(hosts, describePort.FindAllStringSubmatch(c.value(key), -1)...)
	}
	for _, key := range [...]string{"Port", "Ports"} {
		at := c.kid(key)
		if at == nil {
			continue
		}
		for i, m := range describePort.FindAllStringSubmatch(at.val, -1) {
			port := spec.putList(at, "ports").putItem(at)
			port.put(at, m[1], "containerPort")
			port.put(at, m[2], "protocol")
			port.put(at, m[3], "name")
			if i < len(hosts) && hosts[i][1] != "0" {
				port.put(at, hosts[i][1], "hostPort")
			}
		}
	}
}

var describeProbeForm = regexp.MustCompile(`^(\S+) (.*?) ?delay=(\d+)s timeout=(\d+)s period=(\d+)s #success=(\d+) #failure=(\d+)$`)

// describeProbe reads "http-get http://:8080/healthz delay=0s timeout=1s period=10s #success=1 #failure=3".
func describeProbe(spec *k8sVal, at *describeItem, field string) {
	if at == nil {
		return
	}
	m := describeProbeForm.FindStringSubmatch(at.val)
	if m == nil {
		return
	}
	for i, name := range [...]string{"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"} {
		spec.put(at, m[i+3], field, name)
	}
	switch target := m[2]; m[1] {
	case "http-get":
		_, target, _ = strings.Cut(target, "://")
		hostPort, path, rooted := strings.Cut(target, "/")
		if plain, err := url.PathUnescape(path); err == nil {
			path = plain
		}
		if rooted {
			spec.put(at, "/"+path, field, "httpGet", "path")
		}
		describeHostPort(spec, at, hostPort, field, "httpGet")
	case "tcp-socket":
		describeHostPort(spec, at, target, field, "tcpSocket")
	case "grpc":
		target, _, _ = strings.Cut(strings.TrimPrefix(target, "<pod>"), " ")
		describeHostPort(spec, at, target, field, "grpc")
	case "exec":
		spec.put(at, "-", field, "exec", "command")
	}
}

func describeHostPort(spec *k8sVal, at *describeItem, hostPort, field, form string) {
	host, port := hostPort, ""
	if i := strings.LastIndexByte(hostPort, ':'); i >= 0 {
		host, port = strings.Trim(hostPort[:i], "[]"), hostPort[i+1:]
	}
	spec.put(at, host, field, form, "host")
	spec.put(at, port, field, form, "port")
}

var describeMount = regexp.MustCompile(`^(.+) from (\S+) \((r[wo])(?:,path=(".*"))?\)$`)

func describeMounts(spec *k8sVal, s *describeItem) {
	if s == nil {
		return
	}
	for _, l := range s.flat() {
		m := describeMount.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		mount := spec.putList(s, "volumeMounts").putItem(l)
		mount.put(l, m[1], "mountPath")
		mount.put(l, m[2], "name")
		if m[3] == "ro" {
			mount.put(l, "true", "readOnly")
		}
		if path, err := strconv.Unquote(m[4]); err == nil {
			mount.put(l, path, "subPath")
		}
	}
}
