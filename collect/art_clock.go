//go:build linux

package collect

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// timedatectl is not asked: it would start a service.
var (
	_ = register(Artifact{Name: "node/chrony-tracking", Path: "node/chrony-tracking.txt", Group: "kernel", Privacy: PrivacyAddresses, Argv: [][]string{{"chronyc", "-n", "tracking"}}})
	_ = register(Artifact{
		Name: "node/clock", Path: "node/clock.txt", Group: "kernel", Privacy: PrivacySystem, Native: nativeClock, Gather: gatherNative,
		What: []string{"adjtimex(2), which is only asked", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
	})
)

// nativeClock prints "key value" lines in the names of adjtimex(2): offset and errors in microseconds, or in
// nanoseconds for the offset where status has STA_NANO (8192). A state of 5 and a status with STA_UNSYNC (64) mean
// that nothing keeps the clock right.
func nativeClock(_ context.Context, h *host, k *sink) error {
	var t unix.Timex // Modes 0 changes nothing
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return fmt.Errorf("adjtimex: %w", err)
	}
	_, err = fmt.Fprintf(k, "state %d\nstatus %d\nsynchronised %t\noffset %d\nfreq %d\nmaxerror %d\nesterror %d\ntai %d\nclocksource %s\n",
		state, t.Status, t.Status&unix.STA_UNSYNC == 0, t.Offset, t.Freq, t.Maxerror, t.Esterror, t.Tai,
		h.line("/sys/devices/system/clocksource/clocksource0/current_clocksource"))
	return err
}
