package bundle

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
)

// Why PlanMerge refuses an input; errors.Is tells them apart.
var (
	ErrNoBundle  = errors.New("no bundle of one node or cluster")
	ErrDuplicate = errors.New("the same collection twice")
	ErrDiffers   = errors.New("not what its index says")
)

// MergeOptions say how bundles become a case.
type MergeOptions struct {
	Tool             string         // name and version for the case's manifest
	Identities       []age.Identity // let encrypted bundles be verified; they stay encrypted
	AllowDifferences bool           // take bundles that are not what their index says
}

// Merge is a case that is about to be written.
type Merge struct {
	Manifest CaseManifest
	Inputs   []MergeInput // in the order of the case
}

// MergeInput is one bundle of it.
type MergeInput struct {
	CaseBundle
	File     string       // where it is now
	Verified Verification // what was found out before
}

// PlanMerge verifies bundles and decides how they are put together: named after node and time, sorted by name, so that
// neither the order of paths nor the names of the files change the case. Encrypted ones keep their file's name. It
// reads every file twice, and holds none of them.
func PlanMerge(paths []string, o MergeOptions) (*Merge, error) {
	m := &Merge{Manifest: CaseManifest{FormatVersion: FormatVersion, Tool: o.Tool}}
	for _, p := range paths {
		in, err := planInput(filepath.Clean(p), o)
		if err != nil {
			return nil, err
		}
		m.Inputs = append(m.Inputs, *in)
	}
	slices.SortFunc(m.Inputs, func(a, b MergeInput) int {
		if n := strings.Compare(a.Path, b.Path); n != 0 {
			return n
		}
		return strings.Compare(a.SHA256, b.SHA256)
	})
	if err := m.refuseDuplicates(); err != nil {
		return nil, err
	}
	m.name()
	for i := range m.Inputs {
		m.Manifest.Bundles = append(m.Manifest.Bundles, m.Inputs[i].CaseBundle)
	}
	return m, nil
}

func planInput(file string, o MergeOptions) (*MergeInput, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q: %s: %w", file, plainError(err), ErrNoBundle)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%q is no regular file: %w", file, ErrNoBundle)
	}
	found, err := Verify([]string{file}, Options{Identities: o.Identities})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrNoBundle)
	}
	if len(found) != 1 || found[0].Case || found[0].Name != file {
		return nil, fmt.Errorf("%q holds several bundles: %w", file, ErrNoBundle)
	}
	in := &MergeInput{File: file, Verified: found[0]}
	v := &in.Verified
	if in.SHA256, in.Bytes, err = hashFile(file); err != nil {
		return nil, err
	}
	switch {
	case v.Sealed:
		in.Path, in.State = cleanMember(filepath.Base(file)), CaseSealed
	case v.Unreadable != "":
		return nil, fmt.Errorf("%q: %s: %w", file, v.Unreadable, ErrNoBundle)
	default:
		in.Node, in.Collected, in.State = v.Node, v.Collected.UTC(), stateOf(v)
		in.Path = memberName(v)
	}
	if v.Tampered() && !o.AllowDifferences {
		return nil, fmt.Errorf("%q, %d differences, the first: %s %s %s: %w", file, len(v.Differences), v.Differences[0].Kind, v.Differences[0].Path, v.Differences[0].What, ErrDiffers)
	}
	return in, nil
}

func stateOf(v *Verification) CaseState {
	switch {
	case v.Tampered():
		return CaseDiffers
	case v.CutOff():
		return CaseCut
	case v.Aborted:
		return CaseAborted
	}
	return CaseWhole
}

// memberName names a bundle after what it holds.
func memberName(v *Verification) string {
	node := v.Node
	if node == "" {
		node = "cluster"
	}
	return fmt.Sprintf("%s-%s.%s", cleanMember(node), v.Collected.UTC().Format("20060102T150405Z"), v.Container)
}

// cleanMember replaces what a member's name must not hold.
func cleanMember(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == ':' || r == '~' || r <= ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, "_"))
	if s = strings.TrimLeft(s, "."); s == "" {
		return "_"
	}
	return s[:min(len(s), 200)]
}

// refuseDuplicates finds the same collection twice, also where one copy was packed anew.
func (m *Merge) refuseDuplicates() error {
	for i := range m.Inputs {
		for j := range i {
			a, b := &m.Inputs[j], &m.Inputs[i]
			known := !a.Verified.Collected.IsZero() && !b.Verified.Collected.IsZero()
			if a.SHA256 == b.SHA256 || known && a.Verified.Node == b.Verified.Node && a.Verified.Collected.Equal(b.Verified.Collected) {
				files := []string{a.File, b.File}
				slices.Sort(files)
				if !known {
					return fmt.Errorf("%q and %q are the same file: %w", files[0], files[1], ErrDuplicate)
				}
				what := "node " + a.Verified.Node
				if a.Verified.Node == "" {
					what = "the cluster"
				}
				return fmt.Errorf("%q and %q are both of %s, collected %s: %w", files[0], files[1], what, a.Verified.Collected.Format(time.RFC3339), ErrDuplicate)
			}
		}
	}
	return nil
}

// name makes the members' names different.
func (m *Merge) name() {
	used := map[string]bool{CaseName: true, ManifestName: true, IndexName: true}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		name := in.Path
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%d-%s", n, in.Path)
		}
		used[name] = true
		in.Path = name
	}
	slices.SortFunc(m.Inputs, func(a, b MergeInput) int { return strings.Compare(a.Path, b.Path) })
}

// Write streams the case to w: a tar, its manifest first, all with the same time, so that the same bundles give the
// same bytes. container is "tar", or "tar.zst" for one more layer around it. The bundles are copied as they are.
func (m *Merge) Write(w io.Writer, container string) error {
	frames := (*compressor)(nil)
	switch container {
	case "tar":
	case ContainerZstd:
		c, err := newCompressor(w, container)
		if err != nil {
			return err
		}
		w, frames = c, c
	default:
		return fmt.Errorf("unknown container of a case %q: want tar or %s", container, ContainerZstd)
	}
	text, err := json.MarshalIndent(m.Manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", CaseName, err)
	}
	text = append(text, '\n')
	t := tar.NewWriter(w)
	if err := t.WriteHeader(caseHeader(CaseName, int64(len(text)))); err != nil {
		return fmt.Errorf("write %s: %w", CaseName, err)
	}
	if _, err := t.Write(text); err != nil {
		return fmt.Errorf("write %s: %w", CaseName, err)
	}
	for i := range m.Inputs {
		if err := m.Inputs[i].copyTo(t, frames); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return fmt.Errorf("finish the case: %w", err)
	}
	if frames != nil {
		return frames.endFrame()
	}
	return nil
}

func caseHeader(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: path.Clean(name), Size: size, Mode: 0o644, ModTime: time.Unix(0, 0).UTC()}
}

// copyTo adds a bundle to the case, and fails when it is not the one that was verified any more.
func (in *MergeInput) copyTo(t *tar.Writer, frames *compressor) error {
	f, err := os.Open(in.File)
	if err != nil {
		return fmt.Errorf("open bundle: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := t.WriteHeader(caseHeader(in.Path, in.Bytes)); err != nil {
		return fmt.Errorf("write member %q: %w", in.Path, err)
	}
	sum, buf := sha256.New(), make([]byte, 256<<10)
	for left := in.Bytes; left > 0; {
		n, err := f.Read(buf[:min(left, int64(len(buf)))])
		sum.Write(buf[:n])
		left -= int64(n)
		if _, werr := t.Write(buf[:n]); werr != nil {
			return fmt.Errorf("write member %q: %w", in.Path, werr)
		}
		if frames != nil && frames.bytes > 8<<20 {
			if err := frames.endFrame(); err != nil {
				return fmt.Errorf("write member %q: %w", in.Path, err)
			}
		}
		if err == io.EOF && left > 0 {
			return fmt.Errorf("%q became shorter while it was read", in.File)
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("read bundle: %w", err)
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != in.SHA256 {
		return fmt.Errorf("%q changed while it was read", in.File)
	}
	return nil
}

func hashFile(name string) (sum string, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", 0, fmt.Errorf("open bundle: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	size, err = io.Copy(h, f)
	if err != nil {
		return "", 0, fmt.Errorf("read bundle: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
