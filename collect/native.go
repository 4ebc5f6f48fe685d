//go:build linux

package collect

import (
	"context"

	"coldcase/bundle"
)

// What IndexEntry.Producer says.
const (
	producerExec   = "exec"
	producerNative = "native"
)

// nativeInstead reports whether an artifact is gathered without its program: because that was asked for, or because
// the program would do to the node what this collector does not do, such as load a module.
func (s *session) nativeInstead(a Artifact) bool {
	refused := a.Needs != nil && a.Needs(s.host) != ""
	nativeRefused := refused
	if a.NativeNeeds != nil {
		nativeRefused = a.NativeNeeds(s.host) != ""
	}
	return a.Native != nil && !nativeRefused && (refused || s.opts.Native)
}

// produce gathers what a program prints. Where the program is missing, does not start, or ends without having printed
// anything, native prints the same; it may be nil. Without argv only native is asked.
func (s *session) produce(ctx context.Context, a Artifact, argv, env []string, native func(*sink) error, k *sink) outcome {
	byHand := func() outcome {
		o := within(ctx, a.timeout(), a.Name, func() error { return native(k) })
		o.producer = producerNative
		return o
	}
	if native != nil && (len(argv) == 0 || s.opts.Native) {
		return byHand()
	}
	o := runProgram(ctx, a.timeout(), argv, environment(env), k)
	if native == nil || o.status == bundle.StatusOK || o.status == bundle.StatusAborted || k.count() > 0 || ctx.Err() != nil {
		return o
	}
	n := byHand()
	if n.status != bundle.StatusOK && k.count() == 0 {
		o.err += "; without it: " + n.err
		return o
	}
	n.stderr = o.err // why the program did not do it
	if o.stderr != "" {
		n.stderr += ": " + o.stderr
	}
	return n
}

// nativeOf binds an artifact's own producer to this node; nil when it has none.
func (s *session) nativeOf(ctx context.Context, a Artifact) func(*sink) error {
	if a.Native == nil {
		return nil
	}
	return func(k *sink) error { return a.Native(ctx, s.host, k) }
}

// argv is a command line when its program is on the node and may be run, else nil.
func (s *session) argv(words ...string) []string {
	if s.opts.Native || lookProgram(words[0]) == "" {
		return nil
	}
	return words
}
