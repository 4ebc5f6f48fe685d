//go:build linux

package collect

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"coldcase/bundle"
)

const (
	dialTimeout  = 3 * time.Second
	probeTimeout = 6 * time.Second
)

// probe finds out once, in seconds, whether the API server answers at all. kubectl by itself tries again and again,
// and each of its commands would: a dead API server must not cost minutes.
func (c *cluster) probe(ctx context.Context) {
	if c.none != "" || c.probed {
		return
	}
	c.probed = true
	if address := serverAddress(c.kubeconfig); address != "" {
		conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
		if err != nil {
			c.none, c.status = fmt.Sprintf("the API server is out of reach: %v", err), bundle.StatusUnsupported
			return
		}
		conn.Close()
	}
	o := runProgram(ctx, probeTimeout, c.argv([]string{"get", "--raw", "/version"}), kubectlEnv(), io.Discard)
	if o.status == bundle.StatusTimeout && ctx.Err() == nil {
		c.none, c.status = fmt.Sprintf("the API server is out of reach: it took the connection, but did not answer within %s", probeTimeout), bundle.StatusUnsupported
		return
	}
	c.judge(o) // what it cannot reach it remembers; a refusal is an answer
}

// kubeconfig is what of a kubeconfig file is needed to find the server. Credentials are not decoded.
type kubeconfig struct {
	Current  string `yaml:"current-context"`
	Contexts []struct {
		Name    string `yaml:"name"`
		Context struct {
			Cluster string `yaml:"cluster"`
		} `yaml:"context"`
	} `yaml:"contexts"`
	Clusters []struct {
		Name    string `yaml:"name"`
		Cluster struct {
			Server string `yaml:"server"`
			Proxy  string `yaml:"proxy-url"`
		} `yaml:"cluster"`
	} `yaml:"clusters"`
}

// serverAddress is host:port of the API server, "" when it is not plain which one kubectl would ask, or when it
// would go through a proxy.
func serverAddress(file string) string {
	if file == "" {
		file = os.Getenv("KUBECONFIG")
	}
	for _, proxy := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		if os.Getenv(proxy) != "" {
			return ""
		}
	}
	text, err := readBounded(file, mib) // a list of files is no file
	if err != nil {
		return ""
	}
	var config kubeconfig
	if !decodeKubeconfig(text, &config) {
		return ""
	}
	for _, ctx := range config.Contexts {
		if ctx.Name != config.Current {
			continue
		}
		for _, cl := range config.Clusters {
			if cl.Name == ctx.Context.Cluster && cl.Cluster.Proxy == "" {
				return hostPort(cl.Cluster.Server)
			}
		}
	}
	return ""
}

func decodeKubeconfig(text string, config *kubeconfig) (ok bool) {
	defer func() { ok = recover() == nil && ok }() // the YAML library panics on some documents
	return yaml.Unmarshal([]byte(text), config) == nil
}

func hostPort(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	if port == "" {
		return ""
	}
	return net.JoinHostPort(u.Hostname(), port)
}
