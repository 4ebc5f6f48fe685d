package analyze

import (
	"fmt"
	"strings"
)

// Page is the signature as a person reads it, in Markdown: what it proves, with what, what it cannot, how to fix it.
func (s *Signature) Page(all []*Signature) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n%s %s, judged per %s, since %s.\n\n%s\n", s.ID, s.Title, s.Severity, s.Kind, s.Scope, s.Since, strings.TrimSpace(s.Description))
	b.WriteString("\n## What it looks at\n")
	for i := range s.Select {
		s.Select[i].page(&b)
	}
	fmt.Fprintf(&b, "\nIt matches when: `%s`\n", s.condition())
	for _, r := range s.Severities {
		fmt.Fprintf(&b, "- %s instead: `%s`\n", r.Is, r.When)
	}
	for _, c := range s.Confidence {
		when := c.When
		if when == "" {
			when = "otherwise"
		}
		fmt.Fprintf(&b, "- %s: `%s`\n", c.Is, when)
	}
	if s.CannotProve != "" {
		fmt.Fprintf(&b, "\n## What it cannot prove\n%s\n", strings.TrimSpace(s.CannotProve))
	}
	s.pageCauses(&b, all)
	if len(s.Remediation) > 0 {
		b.WriteString("\n## What to do\n")
	}
	for i, step := range s.Remediation {
		fmt.Fprintf(&b, "%d. %s (risk: %s)\n", i+1, step.Do, step.Risk)
		if step.Command != "" {
			fmt.Fprintf(&b, "\n       %s\n\n", strings.ReplaceAll(strings.TrimSpace(step.Command), "\n", "\n       "))
		}
	}
	if len(s.References) > 0 {
		fmt.Fprintf(&b, "\n## References\n- %s\n", strings.Join(s.References, "\n- "))
	}
	return b.String()
}

func (s *Selection) page(b *strings.Builder) {
	role := ""
	switch {
	case s.Absent:
		role = " (must be absent)"
	case s.Context:
		role = " (context)"
	}
	fmt.Fprintf(b, "- **%s**%s: %s, from %s\n", s.Name, role, s.From, strings.Join(producers(s.From), ", "))
	for _, p := range s.Pattern {
		fmt.Fprintf(b, "  - pattern `%s`\n", p)
	}
	if s.Where != "" {
		fmt.Fprintf(b, "  - where `%s`\n", strings.TrimSpace(s.Where))
	}
}

func (s *Signature) pageCauses(b *strings.Builder, all []*Signature) {
	var causes []string
	for _, other := range all {
		for _, id := range other.Explains {
			if id == s.ID {
				causes = append(causes, other.ID)
			}
		}
	}
	if len(causes)+len(s.Explains) == 0 {
		return
	}
	b.WriteString("\n## Causes and symptoms\n")
	if len(causes) > 0 {
		fmt.Fprintf(b, "Explained by: %s\n", strings.Join(causes, ", "))
	}
	if len(s.Explains) > 0 {
		fmt.Fprintf(b, "Explains: %s\n", strings.Join(s.Explains, ", "))
	}
}

// Skeleton is the beginning of a signature and of its fixture.
func Skeleton(id string) (yaml, fixture string, err error) {
	if !idForm.MatchString(id) {
		return "", "", fmt.Errorf("id %q is not lower-case words joined by dashes", id)
	}
	return strings.ReplaceAll(skeletonYAML, "ID", id), strings.ReplaceAll(skeletonFixture, "ID", id), nil
}

const skeletonYAML = `id: ID
title: One line that names the failure
severity: warning            # critical, warning, info
kind: fault                  # fault, benign, advice, configuration
since: "0.1"
scope: node                  # node, pod, service, ingress, capture, cluster: what it is judged on
description: >
  What happens and why, for someone who meets it the first time.
select:                      # what is selected here is the evidence
  lines:
    from: log.kernel
    pattern: 'some words of at least eight letters (?P<device>\S+) went wrong'
message: "{{ lines[0].device }} of {{ subject.node }} went wrong {{ string(lines[0].count) }} times."
cannotProve: What the evidence does not show.
remediation:
  - do: What to do first.
    command: some command
    risk: low                # none, low, medium, high
`

const skeletonFixture = `synthetic: say here which kernel and tool printed the lines, or what they are shaped after
-- matched/expect.yaml --
matched: {ID: [node-a]}
-- matched/node-a/dmesg.txt --
[  100.000001] some words of at least eight letters eth0 went wrong
-- clear/node-a/dmesg.txt --
[  100.000001] eth0: the near miss: alike words that mean something else
`
