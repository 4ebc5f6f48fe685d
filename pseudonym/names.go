package pseudonym

import (
	"encoding/hex"
	"net/netip"
	"regexp"
	"strings"
)

// Kind says what a name names; it is the start of the pseudonym.
type Kind string

// The kinds of names.
const (
	Node      Kind = "node" // also hosts
	Namespace Kind = "ns"
	Pod       Kind = "pod"
	Domain    Kind = "dom"
	ID        Kind = "id" // machine and boot identifiers: the pseudonym has the shape of the original
)

// pair is one row of the table.
type pair struct{ token, original string }

// names are the known names, ready for both directions.
type names struct {
	tokens  map[string]string // by original
	forward *trie
	back    *trie
	origins map[string]string // by token
}

func newNames() *names {
	return &names{tokens: map[string]string{}, origins: map[string]string{}, forward: &trie{}, back: &trie{}}
}

func (n *names) add(original, token string) {
	if n.tokens[original] != "" {
		return
	}
	n.tokens[original] = token
	n.forward.add(original, token)
	if n.origins[token] == "" {
		n.origins[token] = original
		n.back.add(token, original)
	}
}

// kept are names that are the same in every cluster, and that tools look for.
var kept = map[string]bool{
	"": true, "default": true, "kube-system": true, "kube-public": true, "kube-node-lease": true, "localhost": true, "unknown": true, "cluster": true,
	"calico-system": true, "calico-apiserver": true, "tigera-operator": true, "cert-manager": true, "ingress-nginx": true, "istio-system": true,
	"kubernetes-dashboard": true, "local-path-storage": true, "metallb-system": true, "kube-flannel": true,
	"localdomain": true, "local": true, "internal": true, "ec2.internal": true, "compute.internal": true, "cluster.local": true,
}

// systemPod recognises pods of the cluster itself. What follows may be a node's name, which is replaced on its own.
var systemPod = regexp.MustCompile(`^(?:kube-proxy|coredns|kube-dns|calico-(?:node|kube-controllers|typha|apiserver)|kube-apiserver|kube-controller-manager|kube-scheduler|etcd|kube-flannel-ds|cilium|node-local-dns|nodelocaldns|metrics-server)(?:-|$)`)

// podName takes the parts apart that a ReplicaSet, a DaemonSet or a StatefulSet appends.
var podName = regexp.MustCompile(`^(.+?)(?:-([0-9a-z]{8,10}))?-([bcdfghjklmnpqrstvwxz2456789]{5})$|^(.+)-([0-9]{1,4})$`)

// Learn makes a name known, with what follows from it: a host's short name and its domain. Names that are the same
// everywhere, and names that are addresses, which are replaced as such, are left out.
func (m *Mapper) Learn(k Kind, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.learn(k, name)
}

// Name learns a name and returns its pseudonym, whatever text it would stand in.
func (m *Mapper) Name(k Kind, name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.learn(k, name)
	if token := m.names.tokens[name]; token != "" {
		return token
	}
	return m.replace(name, false)
}

func (m *Mapper) learn(k Kind, name string) {
	name = strings.TrimSpace(name)
	if kept[name] || len(name) > 253 || !wordByte(name, 0) || !wordByte(name, len(name)-1) || m.names.tokens[name] != "" {
		return
	}
	if k == Pod && systemPod.MatchString(name) {
		return
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return
	}
	m.names.add(name, m.token(k, name))
	if lower := strings.ToLower(name); lower != name {
		m.names.add(lower, m.token(k, lower))
	}
	if short, domain, ok := strings.Cut(name, "."); ok && k == Node {
		m.learn(Node, short)
		m.learnDomain(domain)
	}
}

func (m *Mapper) learnDomain(domain string) {
	if _, err := netip.ParseAddr(domain); err != nil && !kept[domain] && strings.ContainsAny(domain, "abcdefghijklmnopqrstuvwxyz") {
		m.learn(Domain, domain)
	}
}

// token makes the pseudonym of a name from the key alone, so that collectors on different nodes agree.
func (m *Mapper) token(k Kind, name string) string {
	switch k {
	case ID:
		return m.shape(name)
	case Pod:
		if p := podName.FindStringSubmatch(name); p != nil {
			return m.podToken(p)
		}
	case Node:
		if short, domain, ok := strings.Cut(name, "."); ok {
			if kept[domain] {
				return m.token(Node, short) + "." + domain
			}
			return m.token(Node, short) + "." + m.token(Domain, domain)
		}
	}
	sum := m.key.derive("name "+string(k), name)
	return string(k) + mark + hex.EncodeToString(sum[:4])
}

// mark begins what is random in a pseudonym. No number begins with an x, so that "node-1" or "node-a" is not found in it.
const mark = "-x"

// podToken keeps the shape, and that pods of one workload share a beginning.
func (m *Mapper) podToken(p []string) string {
	base, number := p[1], ""
	if p[4] != "" {
		base, number = p[4], "-"+p[5]
	}
	sum := m.key.derive("name pod", base)
	token := string(Pod) + mark + hex.EncodeToString(sum[:4])
	if number != "" {
		return token + number
	}
	if p[2] != "" {
		token += "-" + m.letters(base+"-"+p[2], len(p[2]))
	}
	return token + "-" + m.letters(base+"-"+p[2]+"-"+p[3], 5)
}

// safeLetters are those of Kubernetes' generated names.
const safeLetters = "bcdfghjklmnpqrstvwxz2456789"

func (m *Mapper) letters(of string, n int) string {
	sum := m.key.derive("suffix", of)
	out := make([]byte, min(n, len(sum)))
	for i := range out {
		out[i] = safeLetters[int(sum[i])%len(safeLetters)]
	}
	return string(out)
}

// shape replaces the hexadecimal digits of an identifier and leaves its dashes.
func (m *Mapper) shape(id string) string {
	sum := m.key.derive("id", strings.ToLower(id))
	digits := hex.EncodeToString(sum[:])
	out := []byte(id)
	for i, n := 0, 0; i < len(out); i++ {
		if wordByte(id, i) {
			out[i] = digits[n%len(digits)]
			n++
		}
	}
	return string(out)
}

// common are names that are also words of logs and of tools. They are replaced only where the text says what they are.
var common = words(`api app apps backend base bridge build cache client cluster config container containerd controller controllers core cri crio data database db demo dev device dns docker error etcd event events filesystem frontend
	health host http https info ingress internal io ip job jobs kernel kube kubelet kubernetes link local log logging logs main manager master mem memory metrics mount net network node nodes none ns null operator pod pods policy
	prod production proxy public queue ready route router run runtime scheduler security server service services stage staging state status storage stable svc sync system systemd task tasks temp test tests time tmp tools user users
	volume warning web worker workers dom id true false`)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(text) {
		set[w] = true
	}
	return set
}

func isCommon(name string) bool { return len(name) < 3 || common[name] }
