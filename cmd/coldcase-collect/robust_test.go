//go:build linux

package main_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
	"coldcase/signatures"
)

// archive is what the analyzer's reader finds in a bundle.
type archive struct {
	status  map[string]bundle.Status // by canonical name
	aborted bool
	node    string
}

// openArchive reads a bundle to its end.
func openArchive(t *testing.T, file string, keys ...age.Identity) archive {
	t.Helper()
	r, err := bundle.Open([]string{file}, bundle.Options{Identities: keys})
	require.NoError(t, err)
	defer r.Close()
	a := archive{status: map[string]bundle.Status{}}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, r)
		require.NoError(t, err)
		a.status[e.Artifact] = e.Status
	}
	require.Len(t, r.Bundles(), 1)
	a.aborted = r.Bundles()[0].Aborted
	if m := r.Bundles()[0].Manifest; m != nil {
		a.node = m.Node.Name
	}
	return a
}

// analyses analyses a bundle and returns how many artifacts the result accounts for.
func analyses(t *testing.T, file string, set *analyze.Set, keys ...age.Identity) int {
	t.Helper()
	r, err := bundle.Open([]string{file}, bundle.Options{Identities: keys})
	require.NoError(t, err)
	defer r.Close()
	res, err := analyze.Run(context.Background(), r, set, analyze.Options{})
	require.NoError(t, err)
	return len(res.Coverage)
}

func allSignatures(t *testing.T) *analyze.Set {
	t.Helper()
	sigs, err := analyze.LoadSignatures(signatures.FS)
	require.NoError(t, err)
	set, err := analyze.NewSet(sigs)
	require.NoError(t, err)
	return set
}

// progressLine is one artifact's line: its status and name.
var progressLine = regexp.MustCompile(`(?m)^([a-z-]+) +((?:node|cluster|capture)/\S+) .*\n`)

func TestKilledAtAnyMoment(t *testing.T) {
	set := allSignatures(t)
	rng := rand.New(rand.NewSource(1))
	told := 0
	for i := range 20 {
		file := filepath.Join(t.TempDir(), "b.tar.zst")
		cmd := exec.Command("coldcase-collect", "node", "--node-name", "node-t", "--no-cluster", "--interval", "0", "--only", "memory,kernel,network,firewall,disk", "--skip", "cpu-samples", "-o", file)
		var progress bytes.Buffer
		cmd.Stderr = &progress
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { // the manifest is written first of all
			st, err := os.Stat(file)
			return err == nil && st.Size() > 0
		}, 20*time.Second, time.Millisecond)
		time.Sleep(time.Duration(rng.Intn(200)) * time.Millisecond)
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		_ = cmd.Wait()
		a := openArchive(t, file)
		reported := progressLine.FindAllStringSubmatch(progress.String(), -1)
		if len(reported) > 0 { // else it may have died while it wrote the manifest
			require.Equal(t, "node-t", a.node)
			require.True(t, a.aborted || cmd.ProcessState.Success())
		}
		for _, m := range reported {
			told++
			require.Equal(t, bundle.Status(m[1]), a.status[m[2]], "run %d: %s was reported before the kill", i, m[2])
		}
		if n := analyses(t, file, set); len(reported) > 0 {
			require.GreaterOrEqual(t, n, len(reported))
		}
	}
	require.Greater(t, told, 20, "some artifacts were done before the kill")
}

// inMounts runs a shell script as root in a mount namespace of its own, with the collector in PATH.
func inMounts(t *testing.T, script string, env ...string) (stderr string, code int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts file systems")
	}
	cmd := exec.Command("sh", "-c", "mount --make-rprivate / || exit 99; "+script)
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stderr = &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skipf("needs mount namespaces: %v", err)
	}
	if cmd.ProcessState.ExitCode() == 99 {
		t.Skipf("needs mounts: %s", out.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func TestFullOutputDisk(t *testing.T) {
	root := t.TempDir()
	for _, c := range []string{"a", "b", "c", "d", "e", "f"} {
		dir := filepath.Join(root, "var/log/pods/shop_web-"+c+"_0a1b2c3d-0000-4000-8000-123456789abc/web")
		require.NoError(t, os.MkdirAll(dir, 0o755))
		noise := make([]byte, 1<<20)
		for i := range noise {
			noise[i] = "\nabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+"[rand.Intn(64)]
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "0.log"), noise, 0o644))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(root, "proc"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "proc/meminfo"), []byte("MemTotal: 1 kB\n"), 0o644))
	small, kept := t.TempDir(), filepath.Join(t.TempDir(), "b.tar.zst")
	stderr, code := inMounts(t, `mount -t tmpfs -o size=3m none "$SMALL" || exit 99
		coldcase-collect node --node-name node-t --host-root "$HOST" --no-cluster --only meminfo,containers -o "$SMALL/b.tar.zst"
		code=$?; cp "$SMALL/b.tar.zst" "$KEPT"; exit $code`, "SMALL="+small, "HOST="+root, "KEPT="+kept)
	require.Equal(t, 3, code, stderr)
	require.Regexp(t, `(?m)^error: .*no space left on device$`, stderr)
	require.Regexp(t, `(?m)^hint: .*-o - `, stderr)
	a := openArchive(t, kept)
	require.True(t, a.aborted)
	require.Equal(t, bundle.StatusOK, a.status["node/meminfo"])
	whole := 0
	for _, m := range progressLine.FindAllStringSubmatch(stderr, -1) {
		require.Equal(t, bundle.Status(m[1]), a.status[m[2]], m[2])
		if strings.HasPrefix(m[2], "node/container-log/") {
			whole++
		}
	}
	require.GreaterOrEqual(t, whole, 2, "logs that were written before the disk was full: %s", stderr)
}

// A program or file that hangs, in whatever way, costs the run no more than its time, and what came before is there.
func TestRunEndsInTimeWhateverHangs(t *testing.T) {
	if st, err := os.Stat("/usr/local/sbin"); err != nil || !st.IsDir() {
		t.Skip("needs /usr/local/sbin to put programs in front of the system's")
	}
	cases := []struct {
		name, artifact string
		program, text  string // in front of the system's; none for a file that never answers
	}{
		{"program that ignores TERM", "ip-link", "ip", "#!/bin/sh\ntrap '' TERM INT HUP\necho half\nwhile :; do sleep 1; done\n"},
		{"grandchild that holds the pipe", "ipset", "ipset", "#!/bin/sh\nsleep 300 &\necho whole\n"},
		{"grandchild that ignores TERM", "sysctl", "sysctl", "#!/bin/sh\n(trap '' TERM; sleep 300; :) &\nwait\n"},
		{"file that never answers", "zoneinfo", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, file := t.TempDir(), filepath.Join(t.TempDir(), "b.tar.zst")
			mounts := `mount --bind "$DIR" /usr/local/sbin`
			if c.program == "" {
				require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
				mounts = `mount --bind "$DIR/fifo" /proc/zoneinfo`
			} else {
				require.NoError(t, os.WriteFile(filepath.Join(dir, c.program), []byte(c.text), 0o755))
			}
			began := time.Now()
			stderr, code := inMounts(t, mounts+` || exit 99
				exec coldcase-collect node --node-name node-t --no-cluster --timeout 2s --interval 0 --only meminfo,`+c.artifact+` -o "$OUT"`, "DIR="+dir, "OUT="+file)
			took := time.Since(began)
			require.Equal(t, 0, code, stderr)
			require.Less(t, took, 4*time.Second, stderr)
			a := openArchive(t, file)
			require.Equal(t, bundle.StatusOK, a.status["node/meminfo"], stderr)
			require.Equal(t, bundle.StatusTimeout, a.status["node/"+c.artifact], stderr)
		})
	}
}

func TestSignalsLeaveAWholeIndex(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "b.tar.zst")
			out, err := os.Create(file)
			require.NoError(t, err)
			defer out.Close()
			progress := &firstWrite{seen: make(chan struct{})}
			cmd := exec.Command("coldcase-collect", "node", "--node-name", "node-t", "--no-cluster", "-o", "-")
			pipe, err := cmd.StdoutPipe()
			require.NoError(t, err)
			cmd.Stderr = progress
			require.NoError(t, cmd.Start())
			go func() { <-progress.seen; _ = cmd.Process.Signal(sig) }()
			_, err = io.Copy(out, pipe)
			require.NoError(t, err)
			require.NoError(t, cmd.Wait(), "a stopped collection is no failure")
			a := openArchive(t, file)
			require.True(t, a.aborted)
			skipped := 0
			for _, status := range a.status {
				if status == bundle.StatusSkipped {
					skipped++
				}
			}
			require.Positive(t, skipped, "the index says what was left out")
		})
	}
}

// firstWrite tells when the first bytes come.
type firstWrite struct {
	seen chan struct{}
	done bool
}

func (f *firstWrite) Write(p []byte) (int, error) {
	if !f.done {
		f.done = true
		close(f.seen)
	}
	return len(p), nil
}
