package parsers

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// describeEventRow matches "Warning  BackOff  39s (x735 over 15h)  kubelet  Back-off restarting ...": the columns move
// when a message before had several lines, and a reporter may be missing.
var (
	describeEventRow  = regexp.MustCompile(`^(\S+)\s{2,}(\S+)\s{2,}((<\w+>|\d[\da-z]*)(?: \(x(\d+) over (<\w+>|\d[\da-z]*)\))?)\s{2,}(.*)$`)
	describeEventFrom = regexp.MustCompile(`^(\S+(?:, ?\S+)?)\s{2,}(.*)$`)
	describeAgePart   = regexp.MustCompile(`(\d{1,6})([ydhms])`)
	describeAgeForm   = regexp.MustCompile(`^(?:\d{1,6}[ydhms])+$`)
)

// describeEvents emits the rows of the table below "Events:". Text that is no row continues the message before it.
func describeEvents(o *describeObject, root *k8sVal) {
	var v K8sEvent
	first, last, message := 0, 0, -1
	flush := func() {
		if first > 0 {
			v.Message = k8sCut(strings.TrimSpace(v.Message), k8sEventBytes)
			o.in.EmitAt(first, min(last, first+k8sSpan-1), "", v.Last, v)
			o.in.Skip(first, last)
		}
		first = 0
	}
	for _, row := range o.events {
		if strings.HasPrefix(row.text, "Type ") || strings.HasPrefix(row.text, "---- ") {
			if message < 0 {
				message = strings.Index(string(o.in.Text.Line(row.n)), "Message")
			}
			o.in.Skip(row.n, row.n)
			continue
		}
		m := describeEventRow.FindStringSubmatchIndex(row.text)
		if m == nil || row.indent != 2 {
			if first > 0 && len(v.Message) < k8sEventBytes {
				v.Message += "\n" + string(o.in.Text.Line(row.n))
			}
			last = row.n
			continue
		}
		flush()
		v = describeEvent(o, root, row.text, m, row.indent+m[14] == message)
		first, last = row.n, row.n
	}
	flush()
}

// describeEvent makes the fact of one row. noFrom says that the text after the age stands in the message's column.
func describeEvent(o *describeObject, root *k8sVal, text string, m []int, noFrom bool) K8sEvent {
	group := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return text[m[2*i]:m[2*i+1]]
	}
	v := K8sEvent{
		Namespace: root.str("metadata", "namespace"), Kind: o.kind, Name: root.str("metadata", "name"),
		Type: group(1), Reason: group(2), Age: group(3), Count: 1, Message: group(7),
	}
	if n, err := strconv.ParseInt(group(5), 10, 64); err == nil {
		v.Count = n
	}
	v.Last = describeSince(o.in.At, group(4))
	if v.First = describeSince(o.in.At, group(6)); v.First.IsZero() && group(6) == "" {
		v.First = v.Last
	}
	if from := describeEventFrom.FindStringSubmatch(v.Message); from != nil && !noFrom {
		v.Component, v.Message = from[1], from[2]
		if component, host, ok := strings.Cut(v.Component, ","); ok { // kubectl before 1.23
			v.Component, v.Host = component, strings.TrimSpace(host)
		}
	}
	if v.Component == "kubelet" && v.Host == "" { // the kubelet that speaks of an object is its node's
		v.Host = root.str("spec", "nodeName")
		if v.Kind == "Node" {
			v.Host = v.Name
		}
	}
	return v
}

// describeSince is the moment an age before at; zero for "<unknown>" and "<invalid>" (a clock that is ahead).
func describeSince(at time.Time, age string) time.Time {
	d, ok := describeAge(age)
	if !ok || at.IsZero() {
		return time.Time{}
	}
	return at.Add(-d).UTC()
}

const describeMaxAge = 90 * 365 * 24 * time.Hour // three times this fits a time.Duration

// describeAge reads kubectl's ages: "39s", "5m30s", "15h", "2d3h", "3y120d".
func describeAge(text string) (time.Duration, bool) {
	if !describeAgeForm.MatchString(text) {
		return 0, false
	}
	var sum time.Duration
	for _, part := range describeAgePart.FindAllStringSubmatch(text, 3) {
		n, err := strconv.ParseInt(part[1], 10, 32)
		if err != nil {
			return 0, false
		}
		unit := time.Second
		switch part[2] {
		case "y":
			unit = 365 * 24 * time.Hour
		case "d":
			unit = 24 * time.Hour
		case "h":
			unit = time.Hour
		case "m":
			unit = time.Minute
		}
		sum += time.Duration(min(n, int64(describeMaxAge/unit))) * unit
	}
	return min(sum, describeMaxAge), true
}
