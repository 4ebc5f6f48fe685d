package report

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"coldcase/analyze"
)

type junitSuites struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Skipped  int           `xml:"skipped,attr"`
	Errors   int           `xml:"errors,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Errors    int         `xml:"errors,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Skipped *junitSkipped `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// renderJUnit writes one suite per node or scope and one case per verdict. What matched at warning or worse fails,
// info only prints, inconclusive is skipped with what was missing: a pipeline sees the three verdicts apart.
func renderJUnit(buf *bytes.Buffer, raw *analyze.Result) error {
	r := rewrite(raw, appendVisible)
	findings := map[string]*analyze.Finding{}
	for i := range r.Findings {
		f := &r.Findings[i]
		findings[verdictKey(f.Signature, f.Subject)] = f
	}
	_, newest := collected(r)
	all := &junitSuites{Name: cmp.Or(oneLine(r.Tool), "coldcase")}
	suites := map[string]*junitSuite{}
	add := func(s analyze.Subject, c junitCase) {
		name := suiteName(s)
		suite := suites[name]
		if suite == nil {
			suite = &junitSuite{Name: name, Timestamp: junitTime(newest)}
			suites[name] = suite
			all.Suites = append(all.Suites, suite)
		}
		suite.add(c)
	}
	for _, v := range r.Verdicts {
		key := verdictKey(v.Signature, v.Subject)
		add(v.Subject, caseOf(&v, findings[key]))
		delete(findings, key)
	}
	for i := range r.Findings { // none may be lost, even where its verdict is
		f := &r.Findings[i]
		if findings[verdictKey(f.Signature, f.Subject)] == f {
			add(f.Subject, caseOf(&analyze.Verdict{Signature: f.Signature, Title: f.Title, Subject: f.Subject, Outcome: analyze.Matched}, f))
		}
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Skipped+s.Skipped
	}
	buf.WriteString(xml.Header)
	enc := xml.NewEncoder(buf)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	buf.WriteByte('\n')
	return nil
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Skipped != nil {
		s.Skipped++
	}
}

func verdictKey(signature string, s analyze.Subject) string {
	return strings.Join([]string{signature, s.Scope, s.Name, s.Node}, "\x00")
}

func suiteName(s analyze.Subject) string {
	if s.Node != "" {
		return oneLine(s.Node)
	}
	if s.Scope == "node" && s.Name != "" {
		return oneLine(s.Name)
	}
	return cmp.Or(oneLine(s.Scope), "case")
}

func caseOf(v *analyze.Verdict, f *analyze.Finding) junitCase {
	c := junitCase{Class: oneLine(v.Signature), Name: oneLine(cmp.Or(v.Title, v.Signature))}
	if v.Subject.Name != "" {
		c.Name += " [" + oneLine(v.Subject.Name) + "]"
	} else if v.Subjects > 0 {
		c.Name += " [" + count(v.Subjects, "subject") + "]"
	}
	switch {
	case v.Outcome == analyze.Inconclusive:
		message := "missing: " + strings.Join(v.Missing, ", ")
		if v.Reason != "" {
			message += " (" + v.Reason + ")"
		}
		c.Skipped = &junitSkipped{Message: oneLine(message)}
	case v.Outcome == analyze.Matched && f != nil && f.Severity == analyze.Info:
		c.Out = f.Message + "\n" + junitText(f)
	case v.Outcome == analyze.Matched && f != nil:
		c.Failure = &junitFailure{Type: string(f.Severity), Message: oneLine(f.Message), Text: junitText(f)}
	case v.Outcome == analyze.Matched:
		c.Failure = &junitFailure{Type: "matched", Message: oneLine(v.Title)}
	}
	return c
}

// junitText is the finding's evidence and steps as plain text.
func junitText(f *analyze.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s. %s\n", f.Confidence, about(f.Subject), seen(f))
	for _, s := range selections(f.Evidence) {
		for i := range s.First {
			fmt.Fprintf(&b, "\n%s\n", s.First[i].Where())
			for _, l := range s.First[i].Lines {
				if l.Context {
					continue
				}
				b.WriteString("  ")
				for _, seg := range l.Segments {
					b.WriteString(seg.Text)
				}
				b.WriteByte('\n')
			}
		}
		if len(s.More) > 0 {
			fmt.Fprintf(&b, "\n%s of %s\n", count(len(s.More), "more quotation"), selectionName(s.Name))
		}
	}
	for i, step := range f.Remediation {
		fmt.Fprintf(&b, "\n%d. %s (risk: %s)\n", i+1, step.Do, step.Risk)
		if step.Command != "" {
			fmt.Fprintf(&b, "   %s\n", strings.ReplaceAll(step.Command, "\n", "\n   "))
		}
	}
	if len(f.Causes) > 0 {
		fmt.Fprintf(&b, "\nCaused by: %s\n", strings.Join(f.Causes, ", "))
	}
	return b.String()
}

// junitTime is the format that JUnit readers take: ISO 8601 without a zone, here UTC.
func junitTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}
