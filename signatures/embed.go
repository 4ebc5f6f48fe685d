// Package signatures holds the known failures, one YAML file each; this is its only Go file.
package signatures

import "embed"

// FS holds every signature that ships with coldcase.
//
//go:embed *.yaml
var FS embed.FS
