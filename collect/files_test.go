//go:build linux

package collect

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func TestFIFOThatNeverAnswersIsLeftBehind(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	var out bytes.Buffer
	k := newText(&out, Keep{})
	began := time.Now()
	o := readFile(context.Background(), 200*time.Millisecond, fifo, 0, k)
	require.Equal(t, bundle.StatusTimeout, o.status)
	require.Less(t, time.Since(began), 2200*time.Millisecond)

	_, _, err := k.close()
	require.NoError(t, err)
	w, err := os.OpenFile(fifo, os.O_WRONLY, 0) // wakes the reader that was left behind
	require.NoError(t, err)
	_, _ = w.WriteString("late\n")
	require.NoError(t, w.Close())
	time.Sleep(50 * time.Millisecond)
	require.Empty(t, out.String(), "what comes late must not reach the archive")
}

func TestFileStatuses(t *testing.T) {
	dir := t.TempDir()
	k := newText(&bytes.Buffer{}, Keep{})
	require.Equal(t, bundle.StatusUnsupported, readFile(context.Background(), time.Second, filepath.Join(dir, "none"), 0, k).status)
	require.Equal(t, bundle.StatusNonzeroExit, readFile(context.Background(), time.Second, dir, 0, k).status)
	if os.Geteuid() == 0 {
		t.Skip("needs an ordinary user: root may read everything")
	}
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, nil, 0))
	require.Equal(t, bundle.StatusPermission, readFile(context.Background(), time.Second, secret, 0, k).status)
}

func TestOfALargeLogOnlyTheEndIsRead(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "line %04d\n", i) // 10 bytes each
	}
	require.NoError(t, os.WriteFile(log, []byte(text.String()), 0o600))
	cases := []struct {
		name    string
		newest  int64
		dropped int
	}{
		{"cut inside a line", 105, 990},
		{"cut between lines", 100, 990},
		{"all of it", 10000, 0},
		{"more than there is", 20000, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			k := newText(&out, Keep{Tail: c.newest})
			o := readFile(context.Background(), time.Second, log, c.newest, k)
			require.Equal(t, bundle.StatusOK, o.status)
			seen, truncation, err := k.close()
			require.NoError(t, err)
			require.EqualValues(t, 10000, seen)
			want := text.String()[c.dropped*10:]
			if c.dropped > 0 {
				want = fmt.Sprintf("[coldcase: %d bytes dropped here]\n", c.dropped*10) + want
				require.Equal(t, fmt.Sprintf("oldest %d bytes", c.dropped*10), truncation)
			}
			require.Equal(t, want, out.String())
		})
	}
}
