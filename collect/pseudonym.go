//go:build linux

package collect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"path"
	"strings"
	"time"

	"coldcase/bundle"
	"coldcase/pseudonym"
)

const (
	nameListLimit   = 32 * mib
	nameListTimeout = 20 * time.Second
)

// pseudonymEditor replaces originals in an artifact's lines. It comes after everything that masks.
type pseudonymEditor struct{ e *pseudonym.Editor }

func (p pseudonymEditor) edit(line []byte, _ bool, w io.Writer) error {
	_, err := io.WriteString(w, p.e.Line(string(line)))
	return err
}

// captureHider replaces originals in a capture. Of a capture that it cannot read nothing is passed on.
type captureHider struct {
	c   *pseudonym.Capture
	err error
}

// Write implements io.Writer.
func (h *captureHider) Write(p []byte) (int, error) {
	if h.err != nil {
		return len(p), nil
	}
	n, err := h.c.Write(p)
	if errors.Is(err, pseudonym.ErrCapture) {
		h.err = err
		return len(p), nil
	}
	return n, err
}

// hide puts the replacement at the end of a sink's chain, before the cut; the result says why nothing could be kept.
func (s *session) hide(k *sink, capture bool) (refused func() error) {
	m := s.opts.Pseudonyms
	if m == nil {
		return func() error { return nil }
	}
	if capture {
		h := &captureHider{c: m.Capture(k.chain)}
		k.chain = h
		return func() error { return h.err }
	}
	l := &lineWriter{editor: pseudonymEditor{m.Editor()}, w: k.cut}
	k.lines[len(k.lines)-1].w = l
	k.lines = append(k.lines, l)
	return func() error { return nil }
}

// hideHead replaces originals in what is known of an artifact before its first byte.
func (s *session) hideHead(e *bundle.IndexEntry) {
	if m := s.opts.Pseudonyms; m != nil {
		e.Artifact, e.Path, e.Argv = m.Text(e.Artifact), m.Text(e.Path), hideTexts(m, e.Argv)
	}
}

// hideTail replaces originals in how an artifact ended.
func (s *session) hideTail(e *bundle.IndexEntry) {
	if m := s.opts.Pseudonyms; m != nil {
		e.Error, e.Stderr = m.Text(e.Error), m.Text(e.Stderr)
	}
}

func hideTexts(m *pseudonym.Mapper, list []string) []string {
	var out []string
	for _, text := range list {
		out = append(out, m.Text(text))
	}
	return out
}

// hideManifest learns the names of this node and of the cluster and replaces what the manifest says of them.
func (s *session) hideManifest(ctx context.Context, man bundle.Manifest) bundle.Manifest {
	m := s.opts.Pseudonyms
	if m == nil {
		return man
	}
	for _, name := range []string{man.Node.Name, man.Node.Hostname, s.host.kubeletFlag("--hostname-override"), s.host.line("/etc/hostname")} {
		m.Learn(pseudonym.Node, name)
	}
	m.Learn(pseudonym.ID, man.Node.MachineID)
	m.Learn(pseudonym.ID, man.Node.BootID)
	for _, dir := range s.host.glob("/var/log/pods/*") { // NAMESPACE_POD_UID
		if p := strings.Split(path.Base(dir), "_"); len(p) == 3 {
			m.Learn(pseudonym.Namespace, p[0])
			m.Learn(pseudonym.Pod, p[1])
		}
	}
	s.learnCluster(ctx, m)
	man.Node.Name, man.Node.Hostname = m.Name(pseudonym.Node, man.Node.Name), m.Name(pseudonym.Node, man.Node.Hostname)
	man.Node.MachineID, man.Node.BootID = m.Name(pseudonym.ID, man.Node.MachineID), m.Name(pseudonym.ID, man.Node.BootID)
	man.Options = hideTexts(m, man.Options)
	return man
}

// nameLists are the lists whose columns are names. Events name pods that are gone.
var nameLists = []struct {
	args    []string
	columns []pseudonym.Kind
}{
	{[]string{"get", "nodes", "-o", `custom-columns=:.metadata.name,:.metadata.labels.kubernetes\.io/hostname`}, []pseudonym.Kind{pseudonym.Node, pseudonym.Node}},
	{[]string{"get", "namespaces", "-o", "custom-columns=:.metadata.name"}, []pseudonym.Kind{pseudonym.Namespace}},
	{[]string{"get", "pods", "-A", "-o", "custom-columns=:.metadata.namespace,:.metadata.name,:.spec.nodeName"}, []pseudonym.Kind{pseudonym.Namespace, pseudonym.Pod, pseudonym.Node}},
	{[]string{"get", "events", "-A", "--field-selector", "involvedObject.kind=Pod", "-o", "custom-columns=:.involvedObject.namespace,:.involvedObject.name"}, []pseudonym.Kind{pseudonym.Namespace, pseudonym.Pod}},
}

// learnCluster asks the API server for names; where it cannot be asked, the node's own files must do.
func (s *session) learnCluster(ctx context.Context, m *pseudonym.Mapper) {
	if s.opts.NoCluster {
		return
	}
	s.cluster.look(s.opts.Kubeconfig)
	s.cluster.probe(ctx)
	for _, list := range nameLists {
		if s.cluster.none != "" {
			return
		}
		out := &bytes.Buffer{}
		argv := s.cluster.argv(append(list.args, "--no-headers"))
		o := s.cluster.judge(runProgram(ctx, nameListTimeout, argv, kubectlEnv(), &bounded{buf: out, limit: nameListLimit}))
		if o.status != bundle.StatusOK {
			continue
		}
		for line := range strings.Lines(out.String()) {
			for i, name := range strings.Fields(line) {
				if i < len(list.columns) && name != "<none>" {
					m.Learn(list.columns[i], name)
				}
			}
		}
	}
}

// ownAddresses are this machine's, which must not be found in a pseudonymised bundle.
func ownAddresses() (addrs []netip.Addr, macs []pseudonym.MAC) {
	devices, err := net.Interfaces()
	if err != nil {
		return nil, nil // netlink is refused: then names alone are looked for
	}
	for _, d := range devices {
		if len(d.HardwareAddr) == 6 {
			macs = append(macs, pseudonym.MAC(d.HardwareAddr))
		}
		list, err := d.Addrs()
		if err != nil {
			continue
		}
		for _, a := range list {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				addrs = append(addrs, p.Addr())
			}
		}
	}
	return addrs, macs
}
