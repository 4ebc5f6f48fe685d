//go:build linux

package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is a flag's number of bytes, with K, M or G for powers of 1024, as in "200M", "200MiB" or "1G".
type byteSize int64

const leastSize = 64 << 10

// Set implements pflag.Value.
func (b *byteSize) Set(text string) error {
	word := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(text)), "B"), "I")
	unit := int64(1)
	for letter, size := range map[string]int64{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30} {
		if rest, ok := strings.CutSuffix(word, letter); ok {
			word, unit = rest, size
			break
		}
	}
	n, err := strconv.ParseInt(word, 10, 64)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no size such as 200M or 1G", text)
	case n < 0 || n > math.MaxInt64/unit || n*unit < leastSize:
		return fmt.Errorf("%q is not between 64K and what fits", text)
	}
	*b = byteSize(n * unit)
	return nil
}

// String implements fmt.Stringer.
func (b *byteSize) String() string {
	for _, u := range []struct {
		letter string
		size   int64
	}{{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}} {
		if n := int64(*b); n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d%s", n/u.size, u.letter)
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Type implements pflag.Value.
func (b *byteSize) Type() string { return "size" }
