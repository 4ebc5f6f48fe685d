package collect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const jwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMyJ9.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50In0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"

func TestRedaction(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"bearer header", "Authorization: Bearer abc123def456ghi", "Authorization: Bearer [redacted]"},
		{"bearer header without digits", `"Authorization":["Bearer lab-token-x"]`, `"Authorization":["Bearer [redacted]"]`},
		{"basic header", "authorization: Basic dXNlcjpwYXNz", "authorization: Basic [redacted]"},
		{"jwt anywhere", "token review of " + jwt + " failed", "token review of [redacted] failed"},
		{"argument", "kubelet --token=abcdef.0123456789abcdef --v=2", "kubelet --token=[redacted] --v=2"},
		{"argument apart", "run --password hunter2 --port 80", "run --password [redacted] --port 80"},
		{"argument in JSON", `{"cmd":["app","--api-key","k-12345","--db-password=pw"]}`, `{"cmd":["app","--api-key","[redacted]","--db-password=[redacted]"]}`},
		{"quoted argument", `--password="two words" x`, `--password=[redacted] x`},
		{"pair", "connect user=u password=geheim host=h", "connect user=u password=[redacted] host=h"},
		{"pair in JSON", `{"client_secret": "abcd", "a": 1}`, `{"client_secret": "[redacted]", "a": 1}`},
		{"address with password", "dial postgres://app:s3cret@db:5432/x", "dial postgres://app:[redacted]@db:5432/x"},
		{"cloud key", "using AKIAIOSFODNN7EXAMPLE now", "using [redacted] now"},
		{"key on one line", `key: "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n" end`, `key: "[redacted]\n" end`},

		{"file of a token", "--token-auth-file=/etc/tokens.csv", ""},
		{"path as value", "--service-account-token=/var/run/token", ""},
		{"switch", "--authentication-token-webhook=true", ""},
		{"volume message", `MountVolume.SetUp failed for volume "x" : secret "db-password" not found`, ""},
		{"token in words", "failed to fetch token: Post https://10.96.0.1:443/api: dial tcp: i/o timeout", ""},
		{"bearer in words", "bearer authentication is required", ""},
		{"address without password", "Get https://10.0.0.1:10250/metrics: x509", ""},
		{"kernel line", "Memory cgroup out of memory: Killed process 4242 (java) total-vm:1kB", ""},
		{"certificate", "-----BEGIN CERTIFICATE-----", ""},
		{"flag without value", "unknown flag: --token", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				c.want = c.in
			}
			require.Equal(t, c.want, redactText(c.in))
			require.Equal(t, c.want, redactText(c.want), "what was redacted stays as it is")
		})
	}
}

func TestPrivateKeyBlockIsDropped(t *testing.T) {
	var key strings.Builder
	for i := range 20 {
		fmt.Fprintf(&key, "MIIEvQ%020dIBADANBg\n", i)
	}
	text := "before\n-----BEGIN PRIVATE KEY-----\n" + key.String() + "-----END PRIVATE KEY-----\nafter\n"
	require.Equal(t, "before\n[redacted]\n\nafter\n", redactText(text))
}

func TestPrivateKeyWithoutEndDoesNotSwallowTheRest(t *testing.T) {
	text := "-----BEGIN EC PRIVATE KEY-----\n" + strings.Repeat("MHcC\n", pemLines) + "after\n"
	require.Equal(t, "[redacted]\nafter\n", redactText(text))
}
