package collect

import "bytes"

// ring holds the newest lines in a buffer that is never moved once it has its full size, so that the tail of a huge
// log costs its own size in memory and not a multiple of it.
type ring struct {
	buf   []byte
	start int // of the oldest byte
	n     int
}

// push adds a line. The caller has made sure that it fits into limit.
func (r *ring) push(line []byte, limit int) {
	if r.n+len(line) > len(r.buf) {
		r.grow(min(limit, max(2*len(r.buf), r.n+len(line), 16*kib)))
	}
	at := (r.start + r.n) % len(r.buf)
	copy(r.buf, line[copy(r.buf[at:], line):])
	r.n += len(line)
}

func (r *ring) grow(size int) {
	bigger := make([]byte, size)
	n := 0
	for _, p := range r.parts() {
		n += copy(bigger[n:], p)
	}
	r.buf, r.start = bigger, 0
}

// dropLine forgets the oldest line and says how many bytes and line ends it had.
func (r *ring) dropLine() (size, lines int) {
	for _, p := range r.parts() {
		if end := bytes.IndexByte(p, '\n'); end >= 0 {
			size += end + 1
			lines = 1
			break
		}
		size += len(p)
	}
	if r.n -= size; r.n == 0 {
		r.start = 0
	} else {
		r.start = (r.start + size) % len(r.buf)
	}
	return size, lines
}

// parts returns what is held, oldest first.
func (r *ring) parts() [][]byte {
	if r.n == 0 {
		return nil
	}
	end := r.start + r.n
	if end <= len(r.buf) {
		return [][]byte{r.buf[r.start:end]}
	}
	return [][]byte{r.buf[r.start:], r.buf[:end-len(r.buf)]}
}
