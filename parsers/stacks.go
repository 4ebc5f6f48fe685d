package parsers

import (
	"regexp"
	"strconv"
	"strings"

	"coldcase/fact"
)

// BlockedTask is a thread in uninterruptible sleep and where in the kernel it waits. Source: /proc/PID/task/TID/stack and
// wchan (proc(5)), below a line "PID/TID STATE NAME wchan=FUNCTION" as coldcase-collect prints it.
type BlockedTask struct {
	PID   int64    `cel:"pid" json:"pid"`
	TID   int64    `cel:"tid" json:"tid"`
	Comm  string   `cel:"comm" json:"comm"`
	Wchan string   `cel:"wchan" json:"wchan"` // kernel function; empty or "0" when it is not told
	Stack []string `cel:"stack" json:"stack"` // functions, the innermost first; empty without root's rights
}

// FactKind implements fact.Value.
func (BlockedTask) FactKind() fact.Kind { return "process.blocked" }

var _ = register(Parser{
	Name:      "stacks",
	Doc:       "kernel stacks of threads in uninterruptible sleep, below a line that names each (proc(5))",
	Artifacts: []string{"node/stacks"},
	Facts:     []fact.Value{BlockedTask{}},
	Parse:     parseStacks,
})

const maxFrames = 64

var (
	stackHead = regexp.MustCompile(`^(\d+)/(\d+) D (.*) wchan=(\S*)$`)
	// [<0>] rpc_wait_bit_killable+0x1e/0xa0 [sunrpc], [<ffffffff811d2c85>] wait_on_page_bit+0x85/0x90 before Linux 4.16
	stackFrame = regexp.MustCompile(`^\[<[0-9a-f]+>\] ([\w.]+)\+0x`)
	stackEnd   = regexp.MustCompile(`^\[<[0-9a-f]+>\] 0x[0-9a-f]+$|^# `)
)

func parseStacks(in *Input) error {
	var task BlockedTask
	first, last := 0, 0
	end := func() {
		if first > 0 {
			in.Emit(first, last, task)
		}
		first = 0
	}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		line = strings.TrimSpace(line)
		if m := stackHead.FindStringSubmatch(line); m != nil {
			end()
			task = BlockedTask{Comm: m[3], Wchan: m[4]}
			task.PID, _ = strconv.ParseInt(m[1], 10, 64) // digits
			task.TID, _ = strconv.ParseInt(m[2], 10, 64)
			first, last = n, n
		} else if m := stackFrame.FindStringSubmatch(line); m != nil && first > 0 {
			if last = n; len(task.Stack) < maxFrames {
				task.Stack = append(task.Stack, m[1])
			}
		} else if stackEnd.MatchString(line) || isPrompt(line) {
			in.Skip(n, n)
		}
	}
	end()
	return nil
}
