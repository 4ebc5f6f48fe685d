package bundle

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

// member is one file of a container, before it is known what it is.
type member struct {
	name     string
	size     int64 // -1 when unknown
	modified time.Time
	records  map[string]string // the PAX records of records.go, nil without
	body     io.Reader         // io.EOF at the end; every other error means that the rest is lost
}

// walker goes through the members of one container in the order in which they lie there. next skips what is left of
// the member before. Its errors: io.EOF at the end, *refusal for a member that is left out, *gapError for a damaged
// place behind which the walk goes on; any other error ends the walk.
type walker struct {
	kind    string // "tar", "zip", "dir", "file"
	next    func() (*member, error)
	suspect func() bool  // the bytes last read came from a damaged frame
	offset  func() int64 // bytes of the container that were read, after decompression
	close   func()
	rest    func() (int64, error) // reads what stands behind the end of a tar and counts it, without padding; may be nil
}

// refusal says why a member is not delivered; an empty reason needs no mention.
type refusal struct{ name, why string }

// Error implements error.
func (e *refusal) Error() string { return fmt.Sprintf("refused %q: %s", e.name, e.why) }

// checkName refuses names that could mislead whoever prints or stores them. It returns the cleaned name.
func checkName(name string, limit int) (string, error) {
	switch {
	case name == "":
		return "", &refusal{name, "a member without a name"}
	case len(name) > limit:
		return "", &refusal{name[:min(64, limit)] + "...", fmt.Sprintf("limit name-length: %d bytes, limit %d", len(name), limit)}
	case !utf8.ValidString(name):
		return "", &refusal{strings.ToValidUTF8(name, "?"), "the name is not UTF-8"}
	case strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) >= 0:
		return "", &refusal{fmt.Sprintf("%q", name), "control characters in the name"}
	case strings.HasPrefix(name, "/") || strings.HasPrefix(name, `\`) || len(name) > 1 && name[1] == ':':
		return "", &refusal{name, "an absolute name"}
	}
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == ".." {
			return "", &refusal{name, "the name leaves the archive"}
		}
	}
	clean := path.Clean(name)
	if clean == "." {
		return "", &refusal{name, ""}
	}
	return clean, nil
}

// checkLink refuses links. One that stays inside the archive names bytes that come anyway, so it needs no mention.
func checkLink(name, target string, hard bool) error {
	at := path.Join(path.Dir(name), target)
	if hard {
		at = path.Clean(target)
	}
	if path.IsAbs(target) || at == ".." || strings.HasPrefix(at, "../") {
		return &refusal{name, fmt.Sprintf("a link to %q leaves the archive", target)}
	}
	return &refusal{name, ""}
}
