package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"coldcase/analyze"
)

// number prints n with thousands separated: 12,345.
func number[T int | int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// count prints n with its noun; the plural is the noun with an s unless given.
func count[T int | int64](n T, noun string, plural ...string) string {
	if n != 1 && len(plural) > 0 {
		noun = plural[0]
	} else if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// size prints n bytes in binary units.
func size(n int64) string {
	if n < 1024 {
		return count(n, "byte")
	}
	v, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		if v /= 1024; v < 1024 {
			break
		}
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
}

// clock prints a time in UTC to the second; empty when unknown.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// lasting prints a duration in its two largest units: "3 h 12 min".
func lasting(d time.Duration) string {
	units := []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	for i, u := range units {
		if d < u.size {
			continue
		}
		text := fmt.Sprintf("%d %s", d/u.size, u.name)
		if i+1 < len(units) {
			if rest := d % u.size / units[i+1].size; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "less than 1 s"
}

// between prints a period, the date once when both ends share it.
func between(from, to time.Time) string {
	switch {
	case from.IsZero() && to.IsZero():
		return ""
	case from.IsZero():
		return "until " + clock(to)
	case to.IsZero() || to.Equal(from):
		return clock(from)
	case from.UTC().Format(time.DateOnly) == to.UTC().Format(time.DateOnly):
		return from.UTC().Format("2006-01-02 15:04:05") + " to " + to.UTC().Format("15:04:05 UTC")
	}
	return from.UTC().Format("2006-01-02 15:04:05") + " to " + clock(to)
}

// seen tells how often and when a finding was seen; nothing for what one undated look showed.
func seen(f *analyze.Finding) string {
	when := between(f.FirstSeen, f.LastSeen)
	often := ""
	switch {
	case f.Count == 1 && when == "" && !f.AtLeast:
		return ""
	case f.Count == 1 && !f.AtLeast:
		often = "once"
	case f.Count > 0:
		often = count(f.Count, "time")
	}
	if f.AtLeast && f.Count > 0 {
		often = "at least " + often
	}
	switch {
	case often == "":
		return when
	case when == "":
		return "Seen " + often
	}
	return "Seen " + often + ", " + when
}

// about names a subject; a node's name stands alone, the others say what they are and where.
func about(s analyze.Subject) string {
	switch {
	case s.Name == "":
		return s.Scope
	case s.Scope == "cluster", s.Scope == "":
		return s.Name
	case s.Node != "" && s.Node != s.Name:
		return s.Scope + " " + s.Name + " on " + s.Node
	}
	return s.Scope + " " + s.Name
}

// several lists the first n of names and counts the rest.
func several(names []string, n int) string {
	switch {
	case len(names) > n+1:
		return strings.Join(names[:n], ", ") + fmt.Sprintf(" and %s more", number(len(names)-n))
	case len(names) > 1:
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
	return strings.Join(names, "")
}

// sentence closes s with a full stop unless it ends in one of its own.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// clip cuts s to n runes with an ellipsis.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
