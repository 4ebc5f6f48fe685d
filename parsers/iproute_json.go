package parsers

import (
	"bytes"
	"encoding/json"
	"strings"
)

// iprouteIsJSON reports whether the artifact is the output of "ip -j" or "bridge -j", perhaps below a line of stderr.
func iprouteIsJSON(in *Input) bool { return iprouteJSONStart(in) >= 0 }

// iprouteJSONStart is the offset of the first array, -1 when there is none in the first lines.
func iprouteJSONStart(in *Input) int {
	const noiseLines = 20
	data, off := in.Text.Bytes(), 0
	for n := 1; n <= min(noiseLines, in.Text.Lines()); n++ {
		line := bytes.TrimSpace(in.Text.Line(n))
		if len(line) > 0 && line[0] == '[' && (len(line) == 1 || bytes.ContainsAny(line[1:], "{]")) {
			return off + bytes.IndexByte(data[off:], '[')
		}
		end := bytes.IndexByte(data[off:], '\n')
		if end < 0 {
			return -1
		}
		off += end + 1
	}
	return -1
}

// iprouteJSON calls each for every object of the arrays in the artifact (one array per invocation of the tool), with
// the lines that the object spans. Objects that each refuses, and what follows a syntax error, count as unrecognised.
func iprouteJSON(in *Input, each func(first, last int, object []byte) bool) {
	start := iprouteJSONStart(in)
	if start < 0 {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(in.Text.Bytes()[start:]))
	for {
		open, err := dec.Token()
		if err != nil || open != json.Delim('[') {
			return
		}
		line := in.Text.LineAt(start + int(dec.InputOffset()) - 1)
		in.Skip(line, line)
		for dec.More() {
			var raw json.RawMessage
			if dec.Decode(&raw) != nil {
				return
			}
			end := start + int(dec.InputOffset())
			first, last := in.Text.LineAt(end-len(raw)), in.Text.LineAt(end-1)
			if string(bytes.TrimSpace(raw)) == "{}" { // a device that the tool's filter left out
				in.Skip(first, last)
			} else if !each(first, last, raw) {
				for n := first; n <= last; n++ {
					in.Unrecognized(n)
				}
			}
		}
		if _, err := dec.Token(); err != nil {
			return
		}
		line = in.Text.LineAt(start + int(dec.InputOffset()) - 1)
		in.Skip(line, line)
	}
}

// iprouteText is a JSON value that iproute writes as a string in one version and as a number in another.
type iprouteText string

// UnmarshalJSON takes any scalar; null and composite values become "".
func (t *iprouteText) UnmarshalJSON(b []byte) error {
	*t = ""
	if len(b) == 0 || b[0] == '{' || b[0] == '[' || string(b) == "null" {
		return nil
	}
	if b[0] != '"' {
		*t = iprouteText(b)
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = iprouteText(s)
	return nil
}

func (t iprouteText) int() int64 { return netInt(string(t)) }

// iproutePresent is a key whose presence says yes: "not": null, "router": null, "hairpin": true.
type iproutePresent bool

// UnmarshalJSON is called for null as well.
func (p *iproutePresent) UnmarshalJSON(b []byte) error {
	*p = string(b) != "false"
	return nil
}

// iprouteHas reports whether flags holds name.
func iprouteHas(flags []string, name string) bool {
	for _, f := range flags {
		if strings.EqualFold(f, name) {
			return true
		}
	}
	return false
}

// iprouteNoise recognises the error lines of iproute that stand between or in place of its output.
func iprouteNoise(line string) bool {
	return strings.HasPrefix(line, "Error: ") || strings.HasPrefix(line, "RTNETLINK answers: ") || line == "Dump terminated" ||
		line == "Message truncated" || strings.HasPrefix(line, "Dump was interrupted") || strings.HasPrefix(line, "Cannot find device ") ||
		strings.HasPrefix(line, "Device \"") || strings.HasPrefix(line, "Cannot open netlink socket")
}
