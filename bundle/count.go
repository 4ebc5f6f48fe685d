package bundle

import (
	"io"
	"sync/atomic"
)

type atomicInt = atomic.Int64

// counter counts what is read through it; readers on other goroutines may look.
type counter struct {
	r io.Reader
	n *atomicInt
}

// Read implements io.Reader.
func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}
