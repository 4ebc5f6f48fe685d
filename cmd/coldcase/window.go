package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"coldcase/analyze"
)

// windowFlags are the time that a report is asked about.
type windowFlags struct{ since, until, incident string }

func (f *windowFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.incident, "incident", "", "when it happened; faults that were over half an hour before, or began later, are shown as leads")
	fl.StringVar(&f.since, "since", "", "faults that ended before this time are shown as leads")
	fl.StringVar(&f.until, "until", "", "faults that began after this time are shown as leads")
}

// timeForms are the spellings of a time; without a zone it is UTC.
var timeForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

func (f *windowFlags) window() (w analyze.Window, err error) {
	for _, flag := range []struct {
		name, value string
		to          *time.Time
	}{{"incident", f.incident, &w.Incident}, {"since", f.since, &w.Since}, {"until", f.until, &w.Until}} {
		if *flag.to, err = parseTime(flag.name, flag.value); err != nil {
			return w, err
		}
	}
	if !w.Since.IsZero() && !w.Until.IsZero() && w.Until.Before(w.Since) {
		return w, usageError(fmt.Errorf("--until %s is before --since %s", f.until, f.since))
	}
	return w, nil
}

func parseTime(name, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, value); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usageError(fmt.Errorf("--%s %q is no time", name, value), `write it as 2026-03-14T09:26:53Z, 2026-03-14T09:26:53+01:00 or "2026-03-14 09:26" (UTC)`)
}
