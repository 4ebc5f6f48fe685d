package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"filippo.io/age"
	"github.com/spf13/pflag"

	"coldcase/bundle"
)

// identityFlags are the secret keys that open encrypted bundles.
type identityFlags struct{ files []string }

const identityHint = "name the key file that age-keygen made with --identity FILE"

func (f *identityFlags) register(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.files, "identity", nil, "a `file` with secret keys of age, for encrypted bundles; may be given several times")
}

// open begins the reading of a case.
func (f *identityFlags) open(paths []string, o bundle.Options) (*bundle.Reader, error) {
	var err error
	if o.Identities, err = f.load(); err != nil {
		return nil, err
	}
	r, err := bundle.Open(paths, o)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, unreadable(err)
	}
	if err != nil {
		return nil, unreadable(err, "coldcase inspect BUNDLE shows what is in it")
	}
	return r, nil
}

// load reads the key files, in the form of age-keygen.
func (f *identityFlags) load() ([]age.Identity, error) {
	var all []age.Identity
	for _, name := range f.files {
		file, err := os.Open(name)
		if err != nil {
			return nil, usageError(fmt.Errorf("--identity: %w", err), "give the key file that age-keygen made")
		}
		ids, err := age.ParseIdentities(file)
		file.Close()
		if err != nil {
			return nil, usageError(fmt.Errorf("--identity %q: %w", name, err), "give the key file that age-keygen made: a line of it begins with AGE-SECRET-KEY-")
		}
		all = append(all, ids...)
	}
	return all, nil
}

// lockedError is what to say when nothing was read; nil when encryption is not the reason.
func lockedError(r *bundle.Reader) error {
	for _, p := range r.Locked() {
		return unreadable(fmt.Errorf("%s: %s", p.Bundle, p.What), identityHint)
	}
	return nil
}

// warnLocked names the encrypted bundles that were left out while others were read.
func warnLocked(e *env, r *bundle.Reader) {
	for _, p := range r.Locked() {
		fmt.Fprintf(e.err, "warning: left out %s: %s\n", p.Bundle, p.What)
	}
	if len(r.Locked()) > 0 {
		fmt.Fprintf(e.err, "hint: %s\n", identityHint)
	}
}
