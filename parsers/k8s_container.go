package parsers

import (
	"strconv"
	"strings"

	"coldcase/fact"
)

// K8sContainer is one container of a Pod's specification. The values of its environment are never read.
type K8sContainer struct {
	Namespace string   `cel:"namespace" json:"namespace"`
	Pod       string   `cel:"pod" json:"pod"`
	Node      string   `cel:"node" json:"node"`
	Container string   `cel:"container" json:"container"`
	Image     string   `cel:"image" json:"image"`
	Init      bool     `cel:"init" json:"init"`
	Command   string   `cel:"command" json:"command"` // words joined by a blank, white space folded; bounded to 2 KiB
	Args      string   `cel:"args" json:"args"`       // as Command
	Ports     []int64  `cel:"ports" json:"ports"`
	HostPorts []int64  `cel:"hostPorts" json:"hostPorts"`
	Liveness  K8sProbe `cel:"liveness" json:"liveness,omitzero"`
	Readiness K8sProbe `cel:"readiness" json:"readiness,omitzero"`
	Startup   K8sProbe `cel:"startup" json:"startup,omitzero"`
	PortNames []string `cel:"portNames" json:"portNames,omitempty"` // of Ports, those that have one (get)
	// PreStopCommand is what the preStop hook runs, as Command. (get)
	PreStopCommand string `cel:"preStopCommand" json:"preStopCommand,omitempty"`
	PreStop        string `cel:"preStop" json:"preStop,omitempty"` // how its preStop hook works: exec, http-get, tcp-socket, sleep; empty without one (get)
}

// FactKind implements fact.Value.
func (K8sContainer) FactKind() fact.Kind { return "k8s.container" }

// FactPlace implements fact.Placed.
func (c K8sContainer) FactPlace() fact.Place { return k8sPodPlace(c.Namespace, c.Pod, c.Node) }

// K8sProbe is a probe of a container; Type is empty when there is none. Durations count seconds.
type K8sProbe struct {
	Type             string `cel:"type" json:"type"` // http-get, tcp-socket, exec, grpc
	Host             string `cel:"host" json:"host"`
	Port             string `cel:"port" json:"port"`             // as written: "8080" or a port's name
	PortNumber       int64  `cel:"portNumber" json:"portNumber"` // 0 when there is none or the name is not known
	Path             string `cel:"path" json:"path"`             // of http-get
	DelaySeconds     int64  `cel:"delaySeconds" json:"delaySeconds"`
	TimeoutSeconds   int64  `cel:"timeoutSeconds" json:"timeoutSeconds"`
	PeriodSeconds    int64  `cel:"periodSeconds" json:"periodSeconds"`
	SuccessThreshold int64  `cel:"successThreshold" json:"successThreshold"`
	FailureThreshold int64  `cel:"failureThreshold" json:"failureThreshold"`
}

// K8sContainerResource is one limit or request of a container.
type K8sContainerResource struct {
	Namespace string  `cel:"namespace" json:"namespace"`
	Pod       string  `cel:"pod" json:"pod"`
	Node      string  `cel:"node" json:"node"`
	Container string  `cel:"container" json:"container"`
	Resource  string  `cel:"resource" json:"resource"` // cpu, memory, ephemeral-storage, ...
	Which     string  `cel:"which" json:"which"`       // limit, request
	Quantity  string  `cel:"quantity" json:"quantity"` // as written: "1024m"
	Value     float64 `cel:"value" json:"value"`       // bytes, cores or pieces; -1 when Quantity is none
}

// FactKind implements fact.Value.
func (K8sContainerResource) FactKind() fact.Kind { return "k8s.container-resource" }

// FactPlace implements fact.Placed.
func (r K8sContainerResource) FactPlace() fact.Place { return k8sPodPlace(r.Namespace, r.Pod, r.Node) }

func k8sContainer(e *k8sEmitter, ref k8sPodRef, c *k8sVal, init bool) {
	at, name := c.get("name").or(c), c.str("name")
	v := K8sContainer{
		Namespace: ref.namespace, Pod: ref.name, Node: ref.node, Container: name, Image: c.str("image"), Init: init,
		Command: k8sWords(c.strs("command")), Args: k8sWords(c.strs("args")), PreStopCommand: k8sWords(c.strs("lifecycle", "preStop", "exec", "command")),
	}
	named := map[string]int64{}
	for _, p := range c.list("ports") {
		if p.str("name") != "" {
			v.PortNames = append(v.PortNames, p.str("name"))
		}
		v.Ports = append(v.Ports, p.num("containerPort"))
		named[p.str("name")] = p.num("containerPort")
		if host := p.num("hostPort"); host != 0 {
			v.HostPorts = append(v.HostPorts, host)
		}
	}
	v.Liveness = k8sProbe(c.get("livenessProbe"), named)
	v.Readiness = k8sProbe(c.get("readinessProbe"), named)
	v.Startup = k8sProbe(c.get("startupProbe"), named)
	for _, form := range [...][2]string{{"exec", "exec"}, {"httpGet", "http-get"}, {"tcpSocket", "tcp-socket"}, {"sleep", "sleep"}} {
		if c.get("lifecycle", "preStop", form[0]) != nil {
			v.PreStop = form[1]
		}
	}
	e.emit(at, v)
	for _, which := range [...]string{"limits", "requests"} {
		for _, q := range c.entries("resources", which) {
			e.emit(q, K8sContainerResource{
				Namespace: ref.namespace, Pod: ref.name, Node: ref.node, Container: name,
				Resource: q.key, Which: strings.TrimSuffix(which, "s"), Quantity: q.text, Value: k8sQuantity(q.text),
			})
		}
	}
	for _, m := range c.list("volumeMounts") {
		e.emit(m, K8sVolumeMount{
			Namespace: ref.namespace, Pod: ref.name, Node: ref.node, Container: name,
			Name: m.str("name"), Path: m.str("mountPath"), SubPath: m.str("subPath"), ReadOnly: m.flag("readOnly"),
		})
	}
	if name == "kube-proxy" {
		kubeProxyFlags(e, c, KubeProxySetting{Namespace: ref.namespace, Pod: ref.name, Node: ref.node, From: "args"})
	}
}

func k8sProbe(p *k8sVal, named map[string]int64) K8sProbe {
	if p == nil {
		return K8sProbe{}
	}
	v := K8sProbe{
		Type: "unknown", DelaySeconds: p.num("initialDelaySeconds"), TimeoutSeconds: p.num("timeoutSeconds"), PeriodSeconds: p.num("periodSeconds"),
		SuccessThreshold: p.num("successThreshold"), FailureThreshold: p.num("failureThreshold"),
	}
	for _, form := range [...][2]string{{"exec", "exec"}, {"httpGet", "http-get"}, {"tcpSocket", "tcp-socket"}, {"grpc", "grpc"}} {
		if how := p.get(form[0]); how != nil {
			v.Type, v.Host, v.Port, v.Path = form[1], how.str("host"), how.str("port"), how.str("path")
			break
		}
	}
	var err error
	if v.PortNumber, err = strconv.ParseInt(v.Port, 10, 32); err != nil {
		v.PortNumber = named[v.Port]
	}
	return v
}

// k8sWords joins a command's words. Line ends inside a word fold, because describe prints each line as if it were a word.
func k8sWords(words []string) string {
	return k8sCut(strings.Join(strings.Fields(strings.Join(words, " ")), " "), 2048)
}
