package report

import (
	"bytes"
	_ "embed"
	"encoding/json"

	"coldcase/analyze"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of the json format.
func Schema() []byte { return bytes.Clone(schema) }

// renderJSON writes the Result itself: indented, lists never null, times in UTC, invalid UTF-8 as U+FFFD with the
// mark ranges moved along.
func renderJSON(buf *bytes.Buffer, r *analyze.Result) error {
	enc := json.NewEncoder(buf)
	enc.SetIndent("", "  ")
	return enc.Encode(rewrite(r, appendValid))
}
