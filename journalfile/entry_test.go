package journalfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEach hands on the entries that the text has, with the same values.
func TestEach(t *testing.T) {
	for name, file := range fixtures(t) {
		text, _ := export(t, file, Options{})
		want := fields(t, text)
		n := 0
		s, err := Each(bytes.NewReader(file), Options{Fields: []string{"MESSAGE", "_SYSTEMD_UNIT"}}, func(e *Entry) error {
			require.Equal(t, want[n]["MESSAGE"], strings.ReplaceAll(string(e.Get("MESSAGE")), "\n\n__CURSOR=", "\n\n __CURSOR="), name)
			require.Equal(t, want[n]["_SYSTEMD_UNIT"], string(e.Get("_SYSTEMD_UNIT")))
			require.Equal(t, want[n]["_SYSTEMD_UNIT"] == "kubelet.service", e.Has("_SYSTEMD_UNIT", "kubelet.service"))
			require.Equal(t, want[n]["__REALTIME_TIMESTAMP"], fmt.Sprint(e.Time().UnixMicro()))
			require.Equal(t, want[n]["_BOOT_ID"], e.Boot())
			require.Nil(t, e.Get("_HOSTNAME"), "nobody wants it")
			n++
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, len(want), n)
		require.Empty(t, s.Damage())
	}
}

func TestEachStops(t *testing.T) {
	enough, n := errors.New("enough"), 0
	_, err := Each(bytes.NewReader(fixtures(t)["sealed.journal"]), Options{}, func(*Entry) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	require.Equal(t, 3, n)
	_, err = Each(strings.NewReader("no journal"), Options{}, nil)
	var format *FormatError
	require.ErrorAs(t, err, &format)
}

func TestReadInfo(t *testing.T) {
	for name, file := range fixtures(t) {
		info, err := ReadInfo(bytes.NewReader(file))
		require.NoError(t, err)
		require.EqualValues(t, 18, info.Entries, name)
		require.Equal(t, "2026-03-01T12:00:30.000417Z", info.Last.UTC().Format("2006-01-02T15:04:05.999999Z07:00"), name)
	}
	for _, bad := range []string{"", "LPKSHHRH", strings.Repeat("x", 300)} {
		_, err := ReadInfo(strings.NewReader(bad))
		var format *FormatError
		require.ErrorAs(t, err, &format, "%q", bad)
	}
	empty := newBuilder()
	info, err := ReadInfo(bytes.NewReader(empty.file))
	require.NoError(t, err)
	require.True(t, info.Last.IsZero())
}
