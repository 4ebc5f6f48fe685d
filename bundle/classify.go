package bundle

import (
	"path"
	"strings"
)

// Classify recognises an artifact by its path in a foreign bundle and by the first bytes of its content (64 KiB are
// plenty). artifact is "" for what is not recognised; node is "" when the path names none, and for cluster artifacts.
func Classify(name string, head []byte) (artifact, node string) {
	artifact = artifactByName(name)
	if strings.HasPrefix(artifact, "cluster/") {
		return artifact, ""
	}
	return artifact, nodeFromFolders(path.Dir(name))
}
