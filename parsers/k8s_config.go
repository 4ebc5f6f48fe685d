package parsers

import (
	"strings"

	"coldcase/fact"
)

// K8sConfig is one key of a ConfigMap. Secrets are never read.
type K8sConfig struct {
	Namespace string `cel:"namespace" json:"namespace"`
	ConfigMap string `cel:"configMap" json:"configMap"`
	Key       string `cel:"key" json:"key"`
	Value     string `cel:"value" json:"value"` // bounded to 64 KiB
}

// FactKind implements fact.Value.
func (K8sConfig) FactKind() fact.Kind { return "k8s.config" }

// FactPlace implements fact.Placed.
func (c K8sConfig) FactPlace() fact.Place { return fact.Place{Namespace: c.Namespace} }

// IPMasqCIDR is one destination that ip-masq-agent does not masquerade (nonMasqueradeCIDRs).
type IPMasqCIDR struct {
	CIDR string `cel:"cidr" json:"cidr"`
}

// FactKind implements fact.Value.
func (IPMasqCIDR) FactKind() fact.Kind { return "ip-masq.cidr" }

// CalicoSetting is one key of the ConfigMap calico-config that holds a single line.
type CalicoSetting struct {
	Key   string `cel:"key" json:"key"` // calico_backend, veth_mtu, ...
	Value string `cel:"value" json:"value"`
}

// FactKind implements fact.Value.
func (CalicoSetting) FactKind() fact.Kind { return "calico.setting" }

var _ = register(k8sGetParser("k8s-configmaps", "kubectl get configmaps -o yaml|json (Kubernetes API, core/v1 ConfigMap)", "cluster/configmaps",
	[]fact.Value{K8sConfig{}, KubeProxySetting{}, CorednsDirective{}, IPMasqCIDR{}, CalicoSetting{}}, "ConfigMap"))

const k8sConfigBytes = 64 << 10

func k8sConfigMap(e *k8sEmitter, o *k8sVal) {
	namespace, name := o.str("metadata", "namespace"), o.str("metadata", "name")
	for _, key := range o.entries("data") {
		// The whole value is the fact, so the whole of its lines is the span.
		e.in.EmitAt(key.first, key.last, key.pointer(), e.in.At, K8sConfig{
			Namespace: namespace, ConfigMap: name, Key: key.key, Value: k8sCut(key.text, k8sConfigBytes),
		})
		switch {
		case strings.HasPrefix(name, "kube-proxy"):
			kubeProxyConfig(e, key, KubeProxySetting{Namespace: namespace, From: "configmap"})
		case (name == "coredns" || name == "rke2-coredns-rke2-coredns" || strings.HasPrefix(name, "node-local-dns") || strings.HasPrefix(name, "nodelocaldns")) && key.key == "Corefile":
			corefile(e, key, name)
		case strings.HasPrefix(name, "ip-masq-agent"):
			ipMasqConfig(e, key)
		case name == "calico-config" && !strings.Contains(key.text, "\n"):
			e.emit(key, CalicoSetting{Key: key.key, Value: key.text})
		}
	}
}

// k8sNested decodes YAML that is the text of a scalar; nil when it is none. Lines of the result count from 1.
func k8sNested(v *k8sVal) *k8sVal {
	if len(v.text) > k8sConfigBytes {
		return nil
	}
	root, err := k8sYAMLNode([]byte(v.text))
	if err != nil {
		return nil
	}
	nested, err := k8sConvert(root, 0, strings.Count(v.text, "\n")+1, nil, 0)
	if err != nil {
		return nil
	}
	return nested
}

func ipMasqConfig(e *k8sEmitter, key *k8sVal) {
	for _, cidr := range k8sNested(key).list("nonMasqueradeCIDRs") {
		if cidr.typ == k8sScalar {
			first, last := key.line(cidr.first - 1)
			e.emitLines(key, first, last, e.in.At, IPMasqCIDR{CIDR: cidr.text})
		}
	}
}
