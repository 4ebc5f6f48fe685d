// Package demo holds the case that coldcase shows to someone who has no bundle: real bundles of a small lab cluster.
// fixtures/lab/demo.sh makes it anew; docs/demo.md tells its story.
package demo

import _ "embed"

// Case is a tar of the case's bundles, one per node and one of the API server.
//
//go:embed case/case.tar
var Case []byte
