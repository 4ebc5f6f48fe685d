package analyze

import (
	"slices"
	"strconv"

	"coldcase/fact"
	"coldcase/parsers"
)

// ServiceBacking is one port of a Service that selects pods, with what stands behind it. A Service without ports has one
// with port 0.
type ServiceBacking struct {
	Type       string `cel:"type" json:"type"`
	ClusterIP  string `cel:"clusterIP" json:"clusterIP"`
	Port       int64  `cel:"port" json:"port"`
	TargetPort string `cel:"targetPort" json:"targetPort"`
	NodePort   int64  `cel:"nodePort" json:"nodePort"`
	Policy     string `cel:"policy" json:"policy"`     // externalTrafficPolicy
	Selector   string `cel:"selector" json:"selector"` // "app=web,tier=front"
	// Selected counts the pods that its selector finds and that have not ended, Ready those of them that are ready; -1
	// when no pod of the case was collected.
	Selected int64 `cel:"selected" json:"selected"`
	Ready    int64 `cel:"ready" json:"ready"`
	// EndpointsReady counts its ready endpoints; -1 when endpoints were not collected.
	EndpointsReady int64    `cel:"endpointsReady" json:"endpointsReady"`
	Declared       []int64  `cel:"declared" json:"declared"` // container ports that the selected pods declare, sorted
	Names          []string `cel:"names" json:"names"`       // names of container ports of the selected pods
	Nodes          []string `cel:"nodes" json:"nodes"`       // with a ready one of the selected pods, sorted
	Unready        string   `cel:"unready" json:"unready"`   // one of the selected pods that are not ready
	Unnamed        string   `cel:"unnamed" json:"unnamed"`   // one of the selected pods that has no port of the name in TargetPort
}

// FactKind implements fact.Value.
func (ServiceBacking) FactKind() fact.Kind { return "service.backing" }

var serviceBacking = derivation{
	zero: ServiceBacking{}, from: []fact.Kind{"k8s.service", "k8s.pod", "k8s.endpoints"}, rows: deriveBacking,
}

func deriveBacking(s *store) []*row {
	pods, ready := podsByNamespace(s), readyEndpoints(s)
	ports := map[string][]*row{}
	for _, r := range s.facts["k8s.service-port"] {
		v := r.value.(parsers.K8sServicePort)
		ports[v.Namespace+"/"+v.Service] = append(ports[v.Namespace+"/"+v.Service], r)
	}
	var out []*row
	for _, r := range s.facts["k8s.service"] {
		v := r.value.(parsers.K8sService)
		if len(v.Selector) == 0 || v.Type == "ExternalName" {
			continue
		}
		b := ServiceBacking{Type: v.Type, ClusterIP: v.ClusterIP, Policy: v.ExternalTrafficPolicy, Selected: -1, Ready: -1, EndpointsReady: -1,
			Selector: selectorText(v.Selector), Declared: []int64{}, Names: []string{}, Nodes: []string{}}
		if n, ok := ready[v.Namespace+"/"+v.Name]; ok {
			b.EndpointsReady = n
		}
		var mine []servingPod
		for _, p := range pods[v.Namespace] {
			if selects(v.Selector, p.pod.Labels) {
				mine = append(mine, p)
			}
		}
		if len(s.facts["k8s.pod"]) > 0 {
			b.count(mine)
		}
		rows := ports[v.Namespace+"/"+v.Name]
		if len(rows) == 0 {
			rows = []*row{nil}
		}
		for _, p := range rows {
			out = append(out, b.on(r, p, mine))
		}
	}
	return out
}

// servingPod is a pod that may stand behind a Service.
type servingPod struct {
	pod   parsers.K8sPod
	row   *row
	ports []int64
	names []string
}

func podsByNamespace(s *store) map[string][]servingPod {
	containers := map[string][]parsers.K8sContainer{}
	for _, r := range s.facts["k8s.container"] {
		v := r.value.(parsers.K8sContainer)
		containers[v.Namespace+"/"+v.Pod] = append(containers[v.Namespace+"/"+v.Pod], v)
	}
	out := map[string][]servingPod{}
	seen := map[string]bool{}
	for _, r := range s.facts["k8s.pod"] {
		v := r.value.(parsers.K8sPod)
		if key := v.Namespace + "/" + v.Name; v.Phase != "Succeeded" && v.Phase != "Failed" && !seen[key] {
			seen[key] = true
			p := servingPod{pod: v, row: r}
			for _, c := range containers[key] {
				p.ports, p.names = append(p.ports, c.Ports...), append(p.names, c.PortNames...)
			}
			out[v.Namespace] = append(out[v.Namespace], p)
		}
	}
	return out
}

// readyEndpoints counts by Service; of Endpoints and EndpointSlices the larger number counts.
func readyEndpoints(s *store) map[string]int64 {
	out := map[string]int64{}
	for _, r := range s.facts["k8s.endpoints"] {
		v := r.value.(parsers.K8sEndpoints)
		out[v.Namespace+"/"+v.Service] = max(out[v.Namespace+"/"+v.Service], v.Ready)
	}
	return out
}

func (b *ServiceBacking) count(pods []servingPod) {
	b.Selected, b.Ready = int64(len(pods)), 0
	for _, p := range pods {
		b.Declared, b.Names = append(b.Declared, p.ports...), append(b.Names, p.names...)
		if p.pod.Ready {
			b.Ready++
			b.Nodes = append(b.Nodes, p.pod.Node)
		} else if b.Unready == "" {
			b.Unready = p.pod.Name
		}
	}
	for _, list := range []*[]string{&b.Names, &b.Nodes} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	slices.Sort(b.Declared)
	b.Declared = slices.Compact(b.Declared)
}

// on is the backing of one port, or of a Service that has none.
func (b ServiceBacking) on(service, port *row, pods []servingPod) *row {
	r := &row{place: service.place, at: service.at, last: service.last, count: 1, source: service.source}
	if port != nil {
		v := port.value.(parsers.K8sServicePort)
		b.Port, b.TargetPort, b.NodePort = v.Port, v.TargetPort, v.NodePort
		if b.TargetPort == "" {
			b.TargetPort = strconv.FormatInt(v.Port, 10)
		}
		r.more = append(r.more, port.source)
	}
	for _, p := range pods {
		if !slices.Contains(p.names, b.TargetPort) {
			b.Unnamed = p.pod.Name
			break
		}
	}
	if len(pods) > 0 {
		r.more = append(r.more, pods[0].row.source)
	}
	r.value = b
	return r
}

// selects is how label selectors without expressions work; an empty one selects everything.
func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

func selectorText(selector map[string]string) string {
	text := ""
	for _, key := range sortedKeys(selector) {
		text += "," + key + "=" + selector[key]
	}
	return text[min(1, len(text)):]
}
