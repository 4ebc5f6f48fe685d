//go:build linux

package collect

import (
	"fmt"
	"io"
)

// groupBudgets bound the bytes of a group's artifacts, before compression, so that one of them cannot use up what
// the others need. What is not listed may use half of the total.
var groupBudgets = map[string]int64{
	"memory": 32 * mib, "kernel": 64 * mib, "network": 64 * mib, "firewall": 128 * mib, "disk": 32 * mib, "kubelet": 64 * mib,
	"podnet": 64 * mib, "logs": 352 * mib, "containers": 96 * mib, "cluster": 512 * mib, "capture": 256 * mib,
}

// leastKeep is the smallest piece of an artifact that is worth keeping: below it the artifact is left out.
const leastKeep = 4 * kib

// budget is what may still be stored, in bytes before compression.
type budget struct {
	total, left int64
	groups      map[string]int64 // limits that were asked for
	used        map[string]int64 // by group
}

func newBudget(total int64, groups map[string]int64) budget {
	return budget{total: total, left: total, groups: groups, used: map[string]int64{}}
}

// limit is what a group may use.
func (b *budget) limit(group string) int64 {
	if limit, ok := b.groups[group]; ok {
		return limit
	}
	if limit, ok := groupBudgets[group]; ok {
		return limit
	}
	return b.total / 2
}

// room is how much of a group's artifact still fits.
func (b *budget) room(group string) int64 {
	return min(b.left, b.limit(group)-b.used[group])
}

// refuses returns why not even a small piece of an artifact fits, or "".
func (b *budget) refuses(a Artifact) string {
	switch {
	case b.left < leastKeep:
		return fmt.Sprintf("the archive has reached its size limit of %d bytes", b.total)
	case b.room(a.Group) < leastKeep:
		return fmt.Sprintf("the group %s has reached its size limit of %d bytes", a.Group, b.limit(a.Group))
	}
	return ""
}

// cut is what of an artifact may be kept: its own limits, scaled down to the room that is left.
func (b *budget) cut(a Artifact) Keep {
	k := a.Keep.orDefault()
	room := max(b.room(a.Group), 0)
	if k.Head+k.Tail <= room {
		return k
	}
	if k.Tail == 0 {
		return Keep{Head: max(room, 1)}
	}
	head := room / 8
	if k.Head == 0 {
		head = 0
	}
	head = min(head, k.Head)
	return Keep{Head: head, Tail: max(room-head, 1)}
}

func (b *budget) spend(a Artifact, n int64) {
	b.left -= n
	b.used[a.Group] += n
}

// counter counts what goes into the archive.
type counter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
