//go:build linux

package collect

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A kubelet's file holds its key behind its certificate, and a kubeconfig holds both inside.
func TestPublicCertificatesKeepNoKey(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "system:node:node-a\nnotAfter=never"}, NotBefore: time.Unix(1772366400, 0),
		NotAfter: time.Unix(1803902400, 0), DNSNames: []string{"node-a"}, IPAddresses: []net.IP{net.IPv4(10, 20, 0, 21)},
	}, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kubernetes"}}, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	secret := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})
	want := "subject=CN=system:node:node-a notAfter=never\nissuer=CN=kubernetes\nnotBefore=Mar  1 12:00:00 2026 GMT\n" +
		"notAfter=Mar  1 12:00:00 2027 GMT\nX509v3 Subject Alternative Name:\n    DNS:node-a, IP Address:10.20.0.21\n"

	var out bytes.Buffer
	require.NoError(t, publicCertificates(&out, append(append([]byte{}, cert...), secret...)))
	require.Equal(t, want, out.String())

	out.Reset()
	kubeconfig := "users:\n- name: u\n  user:\n    client-certificate-data: " + base64.StdEncoding.EncodeToString(cert) +
		"\n    client-key-data: " + base64.StdEncoding.EncodeToString(secret) + "\n"
	require.NoError(t, publicCertificates(&out, []byte(kubeconfig)))
	require.Equal(t, want, out.String())
}
