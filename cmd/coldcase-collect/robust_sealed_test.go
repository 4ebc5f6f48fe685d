//go:build linux

package main_test

import (
	"bufio"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

// told is an artifact that the collector reported as done.
type told struct {
	name   string
	status bundle.Status
	at     time.Time // when the line was read
}

// reports reads progress lines until the collector is gone.
func reports(t *testing.T, cmd *exec.Cmd) func() []told {
	t.Helper()
	pipe, err := cmd.StderrPipe()
	require.NoError(t, err)
	var all []told
	var done sync.WaitGroup
	done.Go(func() {
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			if m := progressLine.FindStringSubmatch(lines.Text() + "\n"); m != nil {
				all = append(all, told{m[2], bundle.Status(m[1]), time.Now()})
			}
		}
	})
	return func() []told { done.Wait(); return all }
}

// The encryption holds back what does not fill a chunk, and the collector fills it up after an artifact when that was
// last done a second ago. So of a collection that is killed everything opens that had been done a second before the
// last artifact that was done; what is lost are the newest artifacts in a row, and nothing in between.
func TestKilledAtAnyMomentWhileEncrypting(t *testing.T) {
	t.Parallel()
	const heldBack = time.Second + 250*time.Millisecond // and what a line takes from the collector to the test
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	set := allSignatures(t)
	rng := rand.New(rand.NewSource(2))
	kept, lost := 0, 0
	for i := range 20 {
		file := filepath.Join(t.TempDir(), "b.tar.zst.age")
		cmd := exec.Command("coldcase-collect", "node", "--node-name", "node-t", "--no-cluster", "--interval", "2s", "--only", "memory,kernel,network,firewall,disk",
			"--encrypt-to", key.Recipient().String(), "-o", file)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		reported := reports(t, cmd)
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool {
			st, err := os.Stat(file)
			return err == nil && st.Size() > 0
		}, 20*time.Second, time.Millisecond)
		time.Sleep(time.Duration(rng.Intn(4000)) * time.Millisecond)
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		all := reported()
		_ = cmd.Wait()
		if len(all) == 0 {
			continue // killed before the manifest was whole
		}
		a := openArchive(t, file, key)
		require.Equal(t, "node-t", a.node)
		require.True(t, a.aborted || cmd.ProcessState.Success())
		gone := false
		for _, r := range all {
			status, ok := a.status[r.name]
			require.False(t, gone && ok, "run %d: %s is there, one before it is not", i, r.name)
			if !ok {
				require.WithinDuration(t, all[len(all)-1].at, r.at, heldBack, "run %d: %s was done long before", i, r.name)
				gone = true
				lost++
				continue
			}
			require.Equal(t, r.status, status, "run %d: %s", i, r.name)
			kept++
		}
		require.GreaterOrEqual(t, analyses(t, file, set, key), len(a.status))
	}
	require.Greater(t, kept, 200)
	t.Logf("%d artifacts kept, %d lost", kept, lost)
}

// An encrypted bundle of the cluster's objects is a bundle like any other for whoever has the key.
func TestEncryptedClusterBundle(t *testing.T) {
	dir := t.TempDir()
	coldcase := filepath.Join(dir, "coldcase")
	out, err := exec.Command("go", "build", "-o", coldcase, "coldcase/cmd/coldcase").CombinedOutput()
	require.NoError(t, err, "%s", out)
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	keyFile, file := filepath.Join(dir, "key.txt"), filepath.Join(dir, "c.tar.zst.age")
	require.NoError(t, os.WriteFile(keyFile, []byte(key.String()+"\n"), 0o600))
	bin := filepath.Join(dir, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "kubectl"), []byte(fakeKubectl), 0o755))
	config := filepath.Join(dir, "config")
	require.NoError(t, os.WriteFile(config, []byte("apiVersion: v1\nkind: Config\n"), 0o600))

	stderr, code := inMounts(t, `mount --bind "$BIN" /usr/local/sbin || exit 99
		exec coldcase-collect cluster --kubeconfig "$CONFIG" --encrypt-to "$TO" -o "$OUT"`, "BIN="+bin, "CONFIG="+config, "TO="+key.Recipient().String(), "OUT="+file)
	require.Equal(t, 0, code, stderr)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "checkout-7")
	a := openArchive(t, file, key)
	require.False(t, a.aborted)
	require.Equal(t, bundle.StatusOK, a.status["cluster/pods"], stderr)
	run := func(args ...string) string {
		out, err := exec.Command(coldcase, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	require.Contains(t, run("verify", file, "--identity", keyFile), ": whole: ")
	require.Contains(t, run("facts", file, "--identity", keyFile, "--kind", "k8s.pod"), `"checkout-7"`)
	require.Regexp(t, `(?m)^ok +cluster/pods +cluster/pods.yaml +exec +`, run("inspect", file, "--identity", keyFile))
	require.Regexp(t, `(?mi)^- read: \d{2} artifacts`, run("analyze", file, "--identity", keyFile, "-q"))
	err = exec.Command(coldcase, "verify", file).Run()
	require.ErrorContains(t, err, "exit status 3")
}

// fakeKubectl answers with one pod, and with empty lists.
const fakeKubectl = `#!/bin/sh
case "$*" in
*"get --raw /version"*) echo '{"gitVersion": "v1.30.2"}' ;;
*"get pods -A -o yaml"*) cat << 'YAML'
apiVersion: v1
kind: List
metadata:
  resourceVersion: ""
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: checkout-7
    namespace: shop
    uid: 0a1b2c3d-0000-4000-8000-123456789abc
  spec:
    containers:
    - name: app
      image: registry.example/app:1
    nodeName: node-a
  status:
    phase: Running
YAML
;;
*"-o yaml"*) printf 'apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: ""\n' ;;
esac
`
