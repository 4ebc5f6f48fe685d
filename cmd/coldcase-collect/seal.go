//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"coldcase/bundle"
)

// recipients are those whom --encrypt-to names; empty means that the bundle is not encrypted.
type recipients []age.Recipient

// parseRecipients reads the values of --encrypt-to.
func parseRecipients(values []string) (recipients, error) {
	const hint = "age-keygen prints it as \"public key\"; whoever will analyse the bundle keeps the other half"
	var all recipients
	for _, v := range values {
		if v == "" || strings.ContainsAny(v, "\n#") {
			return nil, usage(hint, "--encrypt-to: %q is no public key of age", v)
		}
		if strings.HasPrefix(strings.ToUpper(v), "AGE-SECRET-KEY-") {
			return nil, usage("give the public key, which begins with age1", "--encrypt-to: this is a secret key")
		}
		rs, err := age.ParseRecipients(strings.NewReader(v))
		if err != nil {
			return nil, usage(hint, "--encrypt-to: %q is no public key of age", v)
		}
		all = append(all, rs...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	if _, err := age.Encrypt(io.Discard, all...); err != nil {
		return nil, usage("give keys of one kind", "--encrypt-to: %w", err)
	}
	return all, nil
}

// suffix is what the name of an encrypted bundle ends with.
func (rs recipients) suffix() string {
	if len(rs) == 0 {
		return ""
	}
	return bundle.SealedSuffix
}

// chunk is what the encryption holds back.
func (rs recipients) chunk() int64 {
	if len(rs) == 0 {
		return 0
	}
	return bundle.ChunkSize
}

// seal encrypts what is written to w, chunk by chunk. finish marks the end of the file; a file that was never finished
// opens as far as it goes.
func (rs recipients) seal(w io.Writer) (sealed io.Writer, finish func() error, err error) {
	if len(rs) == 0 {
		return w, func() error { return nil }, nil
	}
	enc, err := age.Encrypt(w, rs...)
	if err != nil {
		return nil, nil, fmt.Errorf("encrypt the bundle: %w", err)
	}
	return enc, func() error {
		if err := enc.Close(); err != nil {
			return fmt.Errorf("finish the encryption: %w", err)
		}
		return nil
	}, nil
}
