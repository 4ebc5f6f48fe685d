package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// ageMagic begins every file that is encrypted with age (age-encryption.org/v1), in its binary form.
const ageMagic = "age-encryption.org/v1\n"

// maxAgeHeader bounds the part in front of the payload, which age holds in memory: a line per recipient.
const maxAgeHeader = 1 << 20

// SealedSuffix ends the name of a bundle that is encrypted.
const SealedSuffix = ".age"

func isAge(head []byte) bool { return bytes.HasPrefix(head, []byte(ageMagic)) }

// errSealed is met where an identity is wanted.
var errSealed = errors.New("it is encrypted with age, and no identity was given")

// unseal returns the plain bytes of an age file. Only what age has authenticated is delivered; a file that was cut off
// ends with io.ErrUnexpectedEOF behind its last whole chunk of 64 KiB.
func (r *Reader) unseal(p *peeker, name string) (*peeker, error) {
	if len(r.opts.Identities) == 0 {
		return nil, r.lock(name, errSealed)
	}
	in := &ageInput{r: p, header: maxAgeHeader}
	plain, err := age.Decrypt(in, r.opts.Identities...)
	if err != nil {
		if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
			return nil, r.lock(name, errors.New("it is encrypted with age, and to none of the identities that were given"))
		}
		return nil, r.lock(name, fmt.Errorf("it is encrypted with age and cannot be opened: %w", err))
	}
	in.header = -1
	out := &peeker{r: &ageOutput{in: in, plain: plain}}
	if len(out.peek(1)) == 0 && errors.Is(out.err, io.ErrUnexpectedEOF) {
		return nil, r.lock(name, errors.New("it is encrypted with age and ends early, before the first 64 KiB: nothing in it can be read"))
	}
	return out, nil
}

func (r *Reader) lock(name string, err error) error {
	r.locked = append(r.locked, Problem{Bundle: name, What: err.Error()})
	return err
}

// Locked lists the encrypted bundles met so far that could not be opened, each with the reason. They are among the
// Problems too, those inside an archive with its name.
func (r *Reader) Locked() []Problem { return append([]Problem(nil), r.locked...) }

// ageInput remembers what age's errors do not tell: whether the file had ended, and why reading it failed.
type ageInput struct {
	r      io.Reader
	header int // bytes that a header may still have; negative behind it
	ended  bool
	err    error
}

// Read implements io.Reader.
func (a *ageInput) Read(b []byte) (int, error) {
	if a.header == 0 {
		return 0, fmt.Errorf("its header is larger than %d bytes", maxAgeHeader)
	}
	if a.header > 0 {
		b = b[:min(len(b), a.header)]
	}
	n, err := a.r.Read(b)
	if a.header > 0 {
		a.header -= n
	}
	switch {
	case err == io.EOF:
		a.ended = true
	case err != nil:
		a.err = err
	}
	return n, err
}

// ageOutput tells a file that was cut off from one that was altered.
type ageOutput struct {
	in    *ageInput
	plain io.Reader
	n     int64
}

// Read implements io.Reader.
func (a *ageOutput) Read(b []byte) (int, error) {
	n, err := a.plain.Read(b)
	a.n += int64(n)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case a.in.err != nil && !errors.Is(a.in.err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("encrypted with age: behind byte %d nothing can be decrypted: %w", a.n, errors.New(a.in.err.Error()))
	case a.in.ended || a.in.err != nil:
		// The last chunk of a file that was cut off is one that does not authenticate.
		return n, io.ErrUnexpectedEOF
	}
	return n, fmt.Errorf("encrypted with age: altered behind byte %d, and nothing from there on can be decrypted: %w", a.n, err)
}

// unsealedName is a file's name without the suffix that says that it is encrypted.
func unsealedName(name string) string { return strings.TrimSuffix(name, SealedSuffix) }
