//go:build linux

package collect

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

// TestDeadAPIServerCostsSeconds collects the cluster group from servers that are dead in different ways.
func TestDeadAPIServerCostsSeconds(t *testing.T) {
	if lookProgram("kubectl") == "" {
		t.Skip("needs kubectl")
	}
	t.Setenv("HTTPS_PROXY", "")
	t.Setenv("https_proxy", "")
	for name, c := range map[string]struct {
		port  int
		says  string
		limit time.Duration
	}{
		"closed port":        {closedPort(t), "connection refused", 5 * time.Second},
		"blackhole":          {blackhole(t), "i/o timeout", 10 * time.Second},
		"accepts, is silent": {silent(t), "did not answer", 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := filepath.Join(t.TempDir(), "config")
			text := fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: x, cluster: {server: 'https://127.0.0.1:%d'}}]\n", c.port)
			text += "contexts: [{name: x, context: {cluster: x, user: x}}]\ncurrent-context: x\nusers: [{name: x, user: {token: geheim-token}}]\n"
			require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
			began := time.Now()
			g, summary := collectInto(t, context.Background(), Options{Node: "n", Kubeconfig: config, Only: []string{"cluster"}, Timeout: 2 * time.Minute})
			require.Less(t, time.Since(began), c.limit)
			asked := 0
			for _, e := range summary.Entries {
				if strings.HasPrefix(e.Artifact, "cluster/") {
					asked++
					require.Equal(t, bundle.StatusUnsupported, e.Status, e.Artifact)
					require.Contains(t, e.Error, "the API server is out of reach", e.Artifact)
					require.Contains(t, e.Error, c.says, e.Artifact)
				}
			}
			require.Greater(t, asked, 10)
			require.NotContains(t, fmt.Sprint(g.text, g.entries, g.manifest), "geheim")
		})
	}
}

func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// blackhole is a port whose queue is full: the kernel drops what would connect, as a dead route does.
func blackhole(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(fd, 0))
	name, err := unix.Getsockname(fd)
	require.NoError(t, err)
	port := name.(*unix.SockaddrInet4).Port
	for range 20 {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), 200*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Skip("needs a queue of connections that can be filled")
	return 0
}

// silent accepts connections and never answers.
func silent(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestServerOfAKubeconfig(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "")
	t.Setenv("https_proxy", "")
	file := filepath.Join(t.TempDir(), "config")
	for text, want := range map[string]string{
		"clusters: [{name: a, cluster: {server: 'https://[fd00::1]:6443'}}]\ncontexts: [{name: x, context: {cluster: a}}]\ncurrent-context: x\n":           "[fd00::1]:6443",
		"clusters: [{name: a, cluster: {server: 'https://api.example'}}]\ncontexts: [{name: x, context: {cluster: a}}]\ncurrent-context: x\n":              "api.example:443",
		"clusters: [{name: a, cluster: {server: 'https://b', proxy-url: 'http://p'}}]\ncontexts: [{name: x, context: {cluster: a}}]\ncurrent-context: x\n": "",
		"clusters: [{name: a, cluster: {server: 'https://b'}}]\ncurrent-context: x\n":                                                                      "",
		"{{{": "",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		require.Equal(t, want, serverAddress(file), text)
	}
	require.Empty(t, serverAddress("/none:/other"))
}
