//go:build linux

package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"coldcase/collect"
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

// groupSizes is a flag's limits of groups, as in "logs=200M,containers=16M".
type groupSizes map[string]int64

// Set implements pflag.Value; what is given later counts.
func (g groupSizes) Set(text string) error {
	for _, pair := range strings.Split(text, ",") {
		group, word, _ := strings.Cut(pair, "=")
		if !slices.Contains(collect.Groups(), group) {
			return fmt.Errorf("%q is no GROUP=SIZE; groups are %s", pair, strings.Join(collect.Groups(), ", "))
		}
		var size byteSize
		if err := size.Set(word); err != nil {
			return err
		}
		g[group] = int64(size)
	}
	return nil
}

// String implements fmt.Stringer.
func (g groupSizes) String() string {
	var pairs []string
	for _, group := range slices.Sorted(maps.Keys(g)) {
		size := byteSize(g[group])
		pairs = append(pairs, group+"="+size.String())
	}
	return strings.Join(pairs, ",")
}

// Type implements pflag.Value.
func (g groupSizes) Type() string { return "sizes" }
