//go:build linux

package collect

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Certificates of the node and of the control plane: kubeadm's, the kubelet's, those of etcd beside the cluster
// (Debian, kubespray), k3s and RKE2, and those inside kubeconfig files.
var _ = register(certificateFiles("node/certificates", "/etc/kubernetes/pki/*.crt", "/etc/kubernetes/pki/etcd/*.crt", "/etc/kubernetes/*.conf",
	"/var/lib/kubelet/pki/kubelet-client-current.pem", "/var/lib/kubelet/pki/kubelet-server-current.pem", "/var/lib/kubelet/pki/kubelet.crt",
	"/etc/etcd/*.crt", "/etc/etcd/*.pem", "/etc/etcd/pki/*.crt", "/etc/etcd/pki/*.pem", "/etc/ssl/etcd/ssl/*.pem",
	"/var/lib/rancher/k3s/agent/*.crt", "/var/lib/rancher/k3s/server/tls/*.crt", "/var/lib/rancher/rke2/agent/*.crt", "/var/lib/rancher/rke2/server/tls/*.crt"))

func certificateFiles(name string, patterns ...string) Artifact {
	return Artifact{
		Name: name, Path: name + ".txt", Group: "kubelet", Privacy: PrivacyAddresses,
		Gather: gatherMasked(publicCertificates, patterns...),
		What:   append([]string{"subject, issuer, dates and names of the certificates in these files, never the files themselves"}, patterns...),
	}
}

// embedded is a certificate inside a kubeconfig file.
var embedded = regexp.MustCompile(`(?m)^\s*client-certificate-data:\s*([A-Za-z0-9+/=]+)\s*$`)

// publicCertificates writes what openssl x509 -noout -subject -issuer -dates -ext subjectAltName prints of each
// certificate in a file. Nothing else of the file is kept: keys stand in the same files. A kubeconfig may point to a
// certificate instead of holding one.
func publicCertificates(w io.Writer, file []byte) error {
	for _, m := range embedded.FindAllSubmatch(file, -1) {
		if text, err := base64.StdEncoding.DecodeString(string(m[1])); err == nil {
			file = append(append(bytes.Clone(file), '\n'), text...)
		}
	}
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return errors.New("a certificate in it cannot be read") // the reason may quote the file
		}
		if err := writeCertificate(w, c); err != nil {
			return err
		}
	}
	return nil
}

func writeCertificate(w io.Writer, c *x509.Certificate) error {
	const stamp = "Jan _2 15:04:05 2006 GMT"
	names := make([]string, 0, len(c.DNSNames)+len(c.IPAddresses))
	for _, n := range c.DNSNames {
		names = append(names, "DNS:"+n)
	}
	for _, ip := range c.IPAddresses {
		names = append(names, "IP Address:"+ip.String())
	}
	text := fmt.Sprintf("subject=%s\nissuer=%s\nnotBefore=%s\nnotAfter=%s\n", oneLine(c.Subject.String()), oneLine(c.Issuer.String()),
		c.NotBefore.UTC().Format(stamp), c.NotAfter.UTC().Format(stamp))
	if len(names) > 0 {
		text += "X509v3 Subject Alternative Name:\n    " + oneLine(strings.Join(names, ", ")) + "\n"
	}
	if c.IsCA {
		text += "X509v3 Basic Constraints:\n    CA:TRUE\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// oneLine keeps a name from looking like further lines.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
