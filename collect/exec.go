//go:build linux

package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"coldcase/bundle"
)

const (
	waitDelay   = 500 * time.Millisecond // for output that is still in the pipe when the program is gone
	abandonTime = time.Second            // after which a program that not even SIGKILL ends is left behind
	stderrLimit = 4 * kib
)

// Causes of a context's end, to tell a stopped collector from an expired one.
var (
	errStopped = errors.New("the collector was stopped")
	errTimeUp  = errors.New("the total time was used up")
)

// searchPath finds system programs also for a user whose PATH lacks the sbin directories.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var permissionText = regexp.MustCompile(`(?i)permission denied|operation not permitted|must be root|you need to be root|not permitted|need to be root`)

// outcome is how one artifact's collection ended.
type outcome struct {
	status bundle.Status
	err    string
	stderr string
	exit   int
	signal string

	producer string // producerExec or producerNative; "" when neither had a part in it
}

// lookProgram finds a program in PATH and the usual system directories; "" when it is nowhere.
func lookProgram(name string) string {
	if strings.Contains(name, "/") {
		if unix.Access(name, unix.X_OK) == nil {
			return name
		}
		return ""
	}
	for _, dir := range filepath.SplitList(searchPath + ":" + os.Getenv("PATH")) {
		file := filepath.Join(dir, name)
		if st, err := os.Stat(file); dir != "" && err == nil && st.Mode().IsRegular() && unix.Access(file, unix.X_OK) == nil {
			return file
		}
	}
	return ""
}

// environment is what programs get: the C locale, the node's zone, and nothing that the collector was given.
func environment(extra []string) []string {
	env := []string{"PATH=" + searchPath, "LC_ALL=C", "LANG=C"}
	if tz, ok := os.LookupEnv("TZ"); ok {
		env = append(env, "TZ="+tz)
	}
	return append(env, extra...)
}

// runProgram runs a program in a process group of its own. At the deadline the whole group is killed; what cannot be
// killed, and who keeps the output open, is left behind. It returns within the timeout plus two seconds.
func runProgram(ctx context.Context, timeout time.Duration, argv, env []string, out io.Writer) outcome {
	return run(ctx, timeout, 0, argv, env, out)
}

// runFor runs a program that goes on until it is interrupted, such as a capture.
func runFor(ctx context.Context, length time.Duration, argv, env []string, out io.Writer) outcome {
	return run(ctx, length+3*time.Second, length, argv, env, out)
}

func run(ctx context.Context, timeout, interrupt time.Duration, argv, env []string, out io.Writer) outcome {
	program := lookProgram(argv[0])
	if program == "" {
		return outcome{status: bundle.StatusMissingBinary, err: fmt.Sprintf("program %q is not on the node", argv[0])}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stderr := &tail{limit: stderrLimit}
	cmd := exec.CommandContext(ctx, program, argv[1:]...)
	cmd.Args[0], cmd.Env, cmd.Stdout, cmd.Stderr = argv[0], env, out, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = waitDelay
	if err := cmd.Start(); err != nil {
		return startFailed(argv[0], err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	if interrupt > 0 {
		timer := time.AfterFunc(interrupt, func() { _ = cmd.Process.Signal(os.Interrupt) }) // already ended is fine
		defer timer.Stop()
	}
	var err error
	select {
	case err = <-done:
	case <-afterEnd(ctx, waitDelay+abandonTime):
		err = errAbandoned
	}
	if errors.Is(err, exec.ErrWaitDelay) || ctx.Err() != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // children that outlived the program; gone is fine
	}
	o := judge(ctx, timeout, argv[0], err)
	o.stderr, o.producer = redactText(stderr.String()), producerExec
	return o
}

var errAbandoned = errors.New("it did not end when killed and was left behind")

// afterEnd fires a while after the context ended.
func afterEnd(ctx context.Context, d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(d, func() { close(c) }) })
	return c
}

func startFailed(name string, err error) outcome {
	status := bundle.StatusUnsupported
	if errors.Is(err, os.ErrPermission) {
		status = bundle.StatusPermission
	}
	return outcome{status: status, err: fmt.Sprintf("program %q did not start: %v", name, err)}
}

// judge turns the end of a program into a status word.
func judge(ctx context.Context, timeout time.Duration, name string, err error) outcome {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return outcome{status: bundle.StatusOK}
	case ctx.Err() != nil:
		o := ended(ctx, timeout, name)
		if errors.As(err, &exit) {
			o.exit, o.signal = exitOf(exit)
		} else if errors.Is(err, errAbandoned) {
			o.err += "; " + err.Error()
		}
		return o
	case errors.Is(err, exec.ErrWaitDelay):
		return outcome{status: bundle.StatusTimeout, err: fmt.Sprintf("%s ended, but a child of it kept its output open and was killed", name)}
	case errors.As(err, &exit):
		o := outcome{status: bundle.StatusNonzeroExit}
		o.exit, o.signal = exitOf(exit)
		o.err = fmt.Sprintf("%s ended with exit code %d", name, o.exit)
		if o.signal != "" {
			o.err = fmt.Sprintf("%s was ended by signal %s", name, o.signal)
		}
		return o
	}
	return outcome{status: bundle.StatusNonzeroExit, err: fmt.Sprintf("%s: %v", name, err)}
}

// ended says why a context ended: the artifact's own limit, the total time, or a stopped collector.
func ended(ctx context.Context, timeout time.Duration, what string) outcome {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopped):
		return outcome{status: bundle.StatusAborted, err: cause.Error() + " while it ran"}
	case errors.Is(cause, errTimeUp):
		return outcome{status: bundle.StatusTimeout, err: what + ": " + cause.Error()}
	}
	return outcome{status: bundle.StatusTimeout, err: fmt.Sprintf("%s did not end within %s", what, timeout)}
}

func exitOf(e *exec.ExitError) (code int, signal string) {
	if ws, ok := e.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 0, unix.SignalName(ws.Signal())
	}
	return e.ExitCode(), ""
}

// tail keeps the newest bytes of what is written to it.
type tail struct {
	mu    sync.Mutex
	limit int
	buf   []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.limit; over > 0 {
		t.buf = bytes.Clone(t.buf[over:])
	}
	return len(p), nil
}

// String implements fmt.Stringer.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.buf), "?")
}
