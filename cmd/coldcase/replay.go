package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"coldcase/replay"
)

func replayCommand(e *env) *cobra.Command {
	var update bool
	var junit string
	var packs []string
	cmd := &cobra.Command{
		Use:   "replay DIR...",
		Short: "Analyse historical bundles and compare with what they must show",
		Long: `Runs every folder at or below DIR that holds an expect.yaml: the other files in it are the
bundles of one case. Fails with a line per difference. --update writes the expectations anew.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := loadSet(packs)
			if err != nil {
				return err
			}
			cases, err := replay.Find(args...)
			if err != nil {
				return unreadable(err)
			}
			if len(cases) == 0 {
				return usageError(fmt.Errorf("no %s at or below %s", replay.ExpectName, strings.Join(args, ", ")),
					"write one with a single line, matched: {}, beside a bundle and run again with --update")
			}
			var outcomes []replay.Outcome
			for _, c := range cases {
				if update {
					if err := replay.Update(cmd.Context(), c, set); err != nil {
						return unreadable(fmt.Errorf("%s: %w", c.Dir, err))
					}
					fmt.Fprintf(e.out, "updated %s\n", c.Dir)
					continue
				}
				o := replay.Run(cmd.Context(), c, set)
				printOutcome(e, &o)
				outcomes = append(outcomes, o)
			}
			if junit != "" {
				if err := writeJUnit(junit, outcomes); err != nil {
					return usageError(err)
				}
			}
			return replayVerdict(outcomes)
		},
	}
	cmd.Flags().BoolVar(&update, "update", false, "write what the analysis finds as the expectation")
	cmd.Flags().StringVar(&junit, "junit", "", "also write the outcome as a JUnit file")
	cmd.Flags().StringArrayVar(&packs, "signatures", nil, "a folder with more signatures")
	return cmd
}

func printOutcome(e *env, o *replay.Outcome) {
	switch {
	case o.Err != nil:
		fmt.Fprintf(e.out, "FAIL %s\n    %v\n", o.Case.Dir, o.Err)
	case len(o.Diff) > 0:
		fmt.Fprintf(e.out, "FAIL %s\n", o.Case.Dir)
		for _, d := range o.Diff {
			fmt.Fprintf(e.out, "    %s\n", d)
		}
	default:
		fmt.Fprintf(e.out, "ok   %s (%d findings)\n", o.Case.Dir, len(o.Result.Findings))
	}
}

func replayVerdict(outcomes []replay.Outcome) error {
	failed := 0
	for i := range outcomes {
		if outcomes[i].Failed() {
			failed++
		}
	}
	if failed > 0 {
		return &exitError{code: exitFindings, err: errFindings}
	}
	return nil
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(path string, outcomes []replay.Outcome) error {
	s := junitSuite{Name: "coldcase replay", Tests: len(outcomes)}
	for i := range outcomes {
		o := &outcomes[i]
		c := junitCase{Name: o.Case.Dir}
		if o.Failed() {
			s.Failures++
			lines := o.Diff
			if o.Err != nil {
				lines = []string{o.Err.Error()}
			}
			c.Failure = &junitFailure{Message: lines[0], Text: strings.Join(lines, "\n")}
		}
		s.Cases = append(s.Cases, c)
	}
	text, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode JUnit: %w", err)
	}
	return os.WriteFile(path, append([]byte(xml.Header), append(text, '\n')...), 0o644)
}
