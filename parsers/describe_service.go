package parsers

import (
	"regexp"
	"strconv"
	"strings"
)

// describeService makes a Service of its description, and emits the endpoints that are printed with its ports.
func describeService(o *describeObject) *k8sVal {
	root := describeMeta(o)
	var port *k8sVal
	for _, s := range o.sections {
		value := describeNone(s.val)
		switch s.key {
		case "Selector":
			for _, pair := range strings.Split(value, ",") {
				if key, v, ok := strings.Cut(pair, "="); ok {
					root.putValue(s, v, "spec", "selector", key)
				}
			}
		case "Type":
			root.put(s, value, "spec", "type")
		case "IP":
			root.put(s, value, "spec", "clusterIP")
		case "External IPs":
			for _, ip := range strings.Split(value, ",") {
				root.putList(s, "spec", "externalIPs").putText(s, ip)
			}
		case "LoadBalancer Ingress":
			describeIngressPoints(root, s)
		case "LoadBalancer Source Ranges":
			for _, cidr := range strings.Split(value, ",") {
				root.putList(s, "spec", "loadBalancerSourceRanges").putText(s, cidr)
			}
		case "Session Affinity":
			root.put(s, s.val, "spec", "sessionAffinity")
		case "External Traffic Policy":
			root.put(s, value, "spec", "externalTrafficPolicy")
		case "Internal Traffic Policy":
			root.put(s, value, "spec", "internalTrafficPolicy")
		case "Port":
			if f := strings.Fields(s.val); len(f) == 2 {
				number, protocol, _ := strings.Cut(f[1], "/")
				port = root.putList(s, "spec", "ports").putItem(s)
				port.put(s, describeNone(f[0]), "name")
				port.put(s, number, "port")
				port.put(s, protocol, "protocol")
			}
		case "TargetPort":
			target, _, _ := strings.Cut(value, "/")
			port.putSafe(s, target, "targetPort")
		case "NodePort":
			if f := strings.Fields(s.val); len(f) == 2 {
				number, _, _ := strings.Cut(f[1], "/")
				port.putSafe(s, number, "nodePort")
			}
		}
	}
	describeServiceEndpoints(o, root)
	return root
}

// putSafe sets a field of a port and stretches the port over the line; nothing happens before the first port.
func (v *k8sVal) putSafe(at *describeItem, text, key string) {
	if v != nil {
		v.put(at, text, key)
		v.last = max(v.last, at.last)
	}
}

// describeIngressPoints reads "198.51.100.7 (VIP), lb.example.com".
func describeIngressPoints(root *k8sVal, s *describeItem) {
	for _, point := range strings.Split(describeNone(s.val), ",") {
		if f := strings.Fields(point); len(f) > 0 {
			root.putList(s, "status", "loadBalancer", "ingress").putItem(s).put(s, f[0], "ip")
		}
	}
}

var describeMore = regexp.MustCompile(` \+ (\d+) more\.\.\.$`)

// describeServiceEndpoints emits what stands behind each port, as far as kubectl prints it: three addresses and a number.
func describeServiceEndpoints(o *describeObject, root *k8sVal) {
	if root.str("spec", "type") == "ExternalName" {
		return
	}
	namespace, service := root.str("metadata", "namespace"), root.str("metadata", "name")
	count, ports, at := K8sEndpoints{Namespace: namespace, Service: service, NotReady: -1}, root.list("spec", "ports"), (*describeItem)(nil)
	var all []K8sEndpoint
	var lines []*describeItem
	number := -1
	for _, s := range o.sections {
		if s.key == "Port" {
			number++
		}
		if s.key != "Endpoints" {
			continue
		}
		list, more := describeNone(s.val), int64(0)
		if m := describeMore.FindStringSubmatch(list); m != nil {
			more, _ = strconv.ParseInt(m[1], 10, 64)
			list = strings.TrimSuffix(list, m[0])
		}
		shown := int64(0)
		for _, address := range strings.Split(list, ",") {
			v, ok := describeEndpoint(address)
			if !ok {
				continue
			}
			v.Namespace, v.Service, v.Ready = namespace, service, true
			if number >= 0 && number < len(ports) {
				v.PortName, v.Protocol = ports[number].str("name"), ports[number].str("protocol")
			}
			all, lines = append(all, v), append(lines, s)
			shown++
		}
		if at == nil || shown+more > count.Ready {
			at, count.Ready = s, shown+more
		}
	}
	if at == nil {
		return
	}
	o.in.Emit(at.n, at.n, count)
	for i, v := range all {
		o.in.Emit(lines[i].n, lines[i].n, v)
	}
}

// describeEndpoint reads "10.40.1.7:8080", "[fd00::7]:8080", or an address alone.
func describeEndpoint(text string) (K8sEndpoint, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return K8sEndpoint{}, false
	}
	i := strings.LastIndexByte(text, ':')
	if i < 0 || strings.Count(text, ":") > 1 && !strings.Contains(text, "]:") {
		return K8sEndpoint{IP: text}, true
	}
	port, err := strconv.ParseInt(text[i+1:], 10, 32)
	return K8sEndpoint{IP: strings.Trim(text[:i], "[]"), Port: port}, err == nil
}
