package parsers

import (
	"regexp"
	"strings"
)

// promptLine is a shell prompt with the command that a person typed before the output: "[root@node-a ~]# df -h",
// "root@node-a:~# df -h", "$ df -h".
var promptLine = regexp.MustCompile(`^(?:\[[^\]\s]+@[^\]]*\]\s?|[\w.-]+@[\w.-]+:?\S*\s?)?[#$]\s*\S`)

// isPrompt tells a shell prompt, a "# comment", a "set -x" echo and a banner of asterisks or equal signs from output:
// what people and scripts leave around a command's output when they save it.
func isPrompt(line string) bool {
	s := strings.TrimSpace(line)
	return promptLine.MatchString(s) || strings.HasPrefix(s, "+ ") || strings.HasPrefix(s, "***") || strings.HasPrefix(s, "===")
}
