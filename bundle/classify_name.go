package bundle

import (
	"path"
	"strings"
)

func artifactByName(name string) string {
	base := strings.TrimSuffix(path.Base(name), ".txt")
	if _, ok := LookupArtifact("node/" + base); ok {
		return "node/" + base
	}
	return ""
}

// nodeFromFile turns an archive's file name into a node's name.
func nodeFromFile(base string) string {
	name, _, _ := strings.Cut(base, ".")
	return name
}

// nodeFromFolders finds the nearest folder that can be a node's name.
func nodeFromFolders(dir string) string {
	if b := path.Base(dir); b != "." && b != "/" {
		return b
	}
	return ""
}
