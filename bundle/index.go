package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// encodeIndex sets x.Hash and renders x for people.
func encodeIndex(x Index) ([]byte, error) {
	if x.Artifacts == nil {
		x.Artifacts = []IndexEntry{}
	}
	canonical, err := json.Marshal(x.Artifacts)
	if err != nil {
		return nil, fmt.Errorf("encode the index: %w", err)
	}
	sum := sha256.Sum256(canonical)
	x.Hash = hex.EncodeToString(sum[:])
	text, err := json.MarshalIndent(x, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode the index: %w", err)
	}
	return append(text, '\n'), nil
}

// DecodeIndex reads an index.json. Fields that this version does not know are ignored; a newer format version or a
// hash that does not fit the artifacts is an error, the latter together with the index.
func DecodeIndex(text []byte) (*Index, error) {
	var raw struct {
		Artifacts json.RawMessage `json:"artifacts"`
	}
	var x Index
	if err := json.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("decode %s: %w", IndexName, err)
	}
	if err := checkVersion(IndexName, x.FormatVersion); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("decode %s: %w", IndexName, err)
	}
	// The hash covers the bytes as they were written, so that fields of later versions take part in it.
	var canonical bytes.Buffer
	if err := json.Compact(&canonical, raw.Artifacts); err != nil {
		return &x, fmt.Errorf("decode %s: artifacts: %w", IndexName, err)
	}
	sum := sha256.Sum256(canonical.Bytes())
	if got := hex.EncodeToString(sum[:]); got != x.Hash {
		return &x, fmt.Errorf("%s: hash %q does not fit its artifacts (%s)", IndexName, x.Hash, got)
	}
	return &x, nil
}

// DecodeManifest reads a manifest.json with the same tolerance.
func DecodeManifest(text []byte) (*Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("decode %s: %w", ManifestName, err)
	}
	if err := checkVersion(ManifestName, m.FormatVersion); err != nil {
		return nil, err
	}
	return &m, nil
}

func checkVersion(name string, version int) error {
	switch {
	case version < 1:
		return fmt.Errorf("%s: no format version", name)
	case version > FormatVersion:
		return fmt.Errorf("%s has format version %d, this program reads up to %d: use a newer coldcase", name, version, FormatVersion)
	}
	return nil
}
