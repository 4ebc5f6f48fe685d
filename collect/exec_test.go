//go:build linux

package collect

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func shell(t *testing.T, timeout time.Duration, script string) (outcome, string, time.Duration) {
	t.Helper()
	var out bytes.Buffer
	began := time.Now()
	o := runProgram(context.Background(), timeout, []string{"sh", "-c", script}, environment(nil), &out)
	return o, out.String(), time.Since(began)
}

func TestProgramThatIgnoresTermIsKilledAtTheDeadline(t *testing.T) {
	o, text, took := shell(t, 300*time.Millisecond, "trap '' TERM INT HUP; echo before; while :; do sleep 1; done")
	require.Equal(t, bundle.StatusTimeout, o.status)
	require.Equal(t, "SIGKILL", o.signal)
	require.Contains(t, o.err, "did not end within 300ms")
	require.Equal(t, "before\n", text, "what was printed before the deadline counts")
	require.Less(t, took, 2300*time.Millisecond)
}

func TestGrandchildThatHoldsThePipeIsKilledWithItsGroup(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	o, text, took := shell(t, 5*time.Second, "sleep 60 & echo $! > "+pidFile+"; echo done")
	require.Equal(t, bundle.StatusTimeout, o.status)
	require.Contains(t, o.err, "kept its output open")
	require.Equal(t, "done\n", text)
	require.Less(t, took, 2*time.Second, "the program itself ended at once")
	requireGone(t, pidFile)
}

func TestGrandchildDiesWithItsParentAtTheDeadline(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	o, _, took := shell(t, 300*time.Millisecond, "sh -c 'trap \"\" TERM; sleep 60; :' & echo $! > "+pidFile+"; wait")
	require.Equal(t, bundle.StatusTimeout, o.status)
	require.Less(t, took, 2300*time.Millisecond)
	requireGone(t, pidFile)
}

func requireGone(t *testing.T, pidFile string) {
	t.Helper()
	text, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	var pid int
	_, err = fmt.Sscan(string(text), &pid)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ") || syscall.Kill(pid, 0) != nil
	}, 3*time.Second, 20*time.Millisecond, "process %d still runs", pid)
}

func TestProgramThatEscapesItsGroupIsLeftBehind(t *testing.T) {
	if lookProgram("setsid") == "" {
		t.Skip("needs setsid")
	}
	o, text, took := shell(t, 300*time.Millisecond, "echo before; setsid sleep 4; sleep 4")
	require.Equal(t, bundle.StatusTimeout, o.status)
	require.Equal(t, "before\n", text)
	require.Less(t, took, 2300*time.Millisecond)
}

func TestExitCodesAndSignals(t *testing.T) {
	cases := []struct {
		name, script string
		want         outcome
	}{
		{"success", "echo x", outcome{status: bundle.StatusOK, producer: producerExec}},
		{"failure", "echo why >&2; exit 3", outcome{status: bundle.StatusNonzeroExit, err: "sh ended with exit code 3", stderr: "why\n", exit: 3, producer: producerExec}},
		{"signal", "kill -SEGV $$", outcome{status: bundle.StatusNonzeroExit, err: "sh was ended by signal SIGSEGV", signal: "SIGSEGV", producer: producerExec}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o, _, _ := shell(t, 5*time.Second, c.script)
			require.Equal(t, c.want, o)
		})
	}
}

func TestMissingProgram(t *testing.T) {
	o := runProgram(context.Background(), time.Second, []string{"coldcase-no-such-program"}, nil, &bytes.Buffer{})
	require.Equal(t, bundle.StatusMissingBinary, o.status)
	require.Contains(t, o.err, "coldcase-no-such-program")
}

func TestProgramThatMayNotBeStarted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broken")
	require.NoError(t, os.WriteFile(file, []byte("\x7fELF but not really"), 0o755))
	o := runProgram(context.Background(), time.Second, []string{file}, nil, &bytes.Buffer{})
	require.Equal(t, bundle.StatusUnsupported, o.status)
}

func TestStderrKeepsTheNewestPart(t *testing.T) {
	o, text, _ := shell(t, 5*time.Second, "i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; echo out")
	require.Equal(t, "out\n", text, "the error output never mixes with the output")
	require.LessOrEqual(t, len(o.stderr), stderrLimit)
	require.True(t, strings.HasSuffix(o.stderr, "line 2998\nline 2999\n"))
}

func TestProgramsGetAMinimalEnvironment(t *testing.T) {
	t.Setenv("COLDCASE_TEST_SECRET", "hunter2")
	t.Setenv("TZ", "Asia/Tokyo")
	_, text, _ := shell(t, 5*time.Second, "env")
	require.NotContains(t, text, "hunter2")
	require.Contains(t, text, "LC_ALL=C\n")
	require.Contains(t, text, "TZ=Asia/Tokyo\n")
}

func TestStoppedCollectorSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(200*time.Millisecond, func() { cancel(errStopped) })
	o := runProgram(ctx, time.Minute, []string{"sleep", "60"}, environment(nil), &bytes.Buffer{})
	require.Equal(t, bundle.StatusAborted, o.status)
}

func TestInterruptedProgramMayFinish(t *testing.T) {
	var out bytes.Buffer
	o := runFor(context.Background(), 300*time.Millisecond, []string{"sh", "-c", "trap 'echo summary; exit 0' INT; while :; do sleep 0.05; done"}, environment(nil), &out)
	require.Equal(t, outcome{status: bundle.StatusOK, producer: producerExec}, o)
	require.Equal(t, "summary\n", out.String())
}
