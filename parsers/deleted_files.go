package parsers

import (
	"sort"
	"strconv"
	"strings"

	"coldcase/fact"
)

// DeletedFiles are the files that a process holds open although they have no name any more: df counts them, du does not.
// Source: coldcase-collect's listing of /proc/*/fd, and lsof(8) +L1.
type DeletedFiles struct {
	PID     int64  `cel:"pid" json:"pid"`
	Process string `cel:"process" json:"process"`
	Files   int64  `cel:"files" json:"files"`
	Bytes   int64  `cel:"bytes" json:"bytes"`     // of all of them, each file once
	Largest string `cel:"largest" json:"largest"` // path that the largest one had
}

// FactKind implements fact.Value.
func (DeletedFiles) FactKind() fact.Kind { return "deleted.files" }

var _ = register(Parser{
	Name:      "deleted-files",
	Doc:       "open files without a name (lsof(8) +L1; proc(5), fd)",
	Artifacts: []string{"node/deleted-files"},
	Facts:     []fact.Value{DeletedFiles{}},
	Parse:     parseDeletedFiles,
})

// deletedFile is one line.
type deletedFile struct {
	pid, bytes        int64
	process, id, path string
}

// heldFiles sums up one process.
type heldFiles struct {
	DeletedFiles
	line  int
	max   int64
	known map[string]bool
}

func parseDeletedFiles(in *Input) error {
	byPID := map[int64]*heldFiles{}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		f, ok := deletedLine(strings.Fields(line))
		if !ok {
			if strings.HasPrefix(line, "PID NAME FD") || strings.HasPrefix(line, "COMMAND ") || strings.HasPrefix(line, "# ") ||
				strings.HasPrefix(line, "lsof: ") || isPrompt(line) {
				in.Skip(n, n)
			}
			continue
		}
		in.Skip(n, n)
		h := byPID[f.pid]
		if h == nil {
			h = &heldFiles{DeletedFiles: DeletedFiles{PID: f.pid, Process: f.process}, known: map[string]bool{}, max: -1}
			byPID[f.pid] = h
		}
		if h.known[f.id] || f.bytes < 0 || h.Bytes > 1<<60 {
			continue
		}
		h.known[f.id] = true
		h.Files++
		h.Bytes += f.bytes
		if f.bytes > h.max {
			h.max, h.Largest, h.line = f.bytes, f.path, n
		}
	}
	held := make([]*heldFiles, 0, len(byPID))
	for _, h := range byPID {
		if h.Files > 0 {
			held = append(held, h)
		}
	}
	sort.Slice(held, func(i, j int) bool { return held[i].line < held[j].line })
	for _, h := range held {
		in.Emit(h.line, h.line, h.DeletedFiles)
	}
	return nil
}

// deletedLine reads "2114 shopd 7 1048576 8:1:131 /var/log/x" and lsof's
// "shopd 2114 root 7w REG 8,1 1048576 0 131 /var/log/x (deleted)".
func deletedLine(f []string) (deletedFile, bool) {
	number := func(text string) int64 {
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v > 1<<58 {
			return -1
		}
		return v
	}
	if len(f) >= 6 && number(f[0]) > 0 && strings.Count(f[4], ":") == 2 {
		return deletedFile{pid: number(f[0]), process: f[1], bytes: number(f[3]), id: f[4], path: strings.Join(f[5:], " ")}, true
	}
	if len(f) >= 10 && number(f[1]) > 0 && f[4] == "REG" {
		path := strings.TrimSuffix(strings.Join(f[9:], " "), " (deleted)")
		return deletedFile{pid: number(f[1]), process: f[0], bytes: number(f[6]), id: f[5] + ":" + f[8], path: path}, true
	}
	return deletedFile{}, false
}
