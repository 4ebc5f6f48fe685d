package pseudonym

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// KeySize is the length of a key in bytes; its file holds it as hexadecimal digits.
const KeySize = 32

// Key is what makes pseudonyms: who has it can translate them back.
type Key [KeySize]byte

// NewKey draws a random key.
func NewKey() (Key, error) {
	var k Key
	if _, err := rand.Read(k[:]); err != nil {
		return k, fmt.Errorf("draw a key: %w", err)
	}
	return k, nil
}

// ReadKey reads a key file: 64 hexadecimal digits and perhaps a line ending.
func ReadKey(file string) (Key, error) {
	var k Key
	f, err := os.Open(file)
	if err != nil {
		return k, fmt.Errorf("read the key: %w", err)
	}
	defer f.Close()
	buf := make([]byte, 4*KeySize)
	n, err := io.ReadFull(f, buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return k, fmt.Errorf("read the key %q: %w", file, err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(buf[:n])))
	if err != nil || len(raw) != KeySize {
		return k, fmt.Errorf("%q is no key file: it must hold %d hexadecimal digits", file, 2*KeySize)
	}
	copy(k[:], raw)
	return k, nil
}

// EnsureKey reads a key file; when there is none it draws a key and creates the file with mode 0600.
func EnsureKey(file string) (Key, error) {
	k, err := ReadKey(file)
	if !errors.Is(err, os.ErrNotExist) {
		return k, err
	}
	if k, err = NewKey(); err != nil {
		return k, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return k, fmt.Errorf("create the key: %w", err)
	}
	_, err = fmt.Fprintf(f, "%x\n", k[:])
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return k, fmt.Errorf("write the key %q: %w", file, err)
	}
	return k, nil
}

// derive makes an independent secret for one purpose.
func (k Key) derive(purpose string, data ...string) [sha256.Size]byte {
	h := hmac.New(sha256.New, k[:])
	_, _ = io.WriteString(h, purpose) // a hash takes everything
	for _, d := range data {
		_, _ = h.Write([]byte{0})
		_, _ = io.WriteString(h, d)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
