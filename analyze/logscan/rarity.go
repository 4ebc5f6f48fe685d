package logscan

import "strings"

// unseen is the frequency, per million bytes, that a trigram is taken to have when commonTrigrams does not list it.
const unseen = 1.0

// trigramFrequency is how often three bytes stand together in ordinary logs, per million bytes, in powers of two.
// Letters count without case, and all digits as 0.
var trigramFrequency = func() map[[3]byte]float64 {
	table := make(map[[3]byte]float64, 2048)
	for _, row := range strings.Split(commonTrigrams, "\n") {
		if len(row) < 3 {
			continue
		}
		frequency := float64(int64(8) << (row[0] - 'a'))
		for i := 2; i+3 <= len(row); i += 3 {
			table[[3]byte{row[i], row[i+1], row[i+2]}] = frequency
		}
	}
	return table
}()

func triFrequency(s string) float64 {
	key := [3]byte{foldByte(s[0]), foldByte(s[1]), foldByte(s[2])}
	if f, ok := trigramFrequency[key]; ok {
		return f
	}
	return unseen
}

func foldByte(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	case c >= '0' && c <= '9':
		return '0'
	}
	return c
}

// rarestWindow finds the eight bytes of a literal whose five four-byte grams are rarest together, and how often one of
// them is expected per million bytes. A gram stands no more often than either of the trigrams in it.
func rarestWindow(lit string) (offset int, frequency float64) {
	var tri [minLiteral - 2]float64 // of the window, from the first trigram on
	for at := 0; at+minLiteral <= len(lit); at++ {
		fresh := len(tri) - 1
		if at == 0 {
			fresh = 0
		}
		copy(tri[:], tri[1:])
		for k := fresh; k < len(tri); k++ {
			tri[k] = triFrequency(lit[at+k : at+k+3])
		}
		sum := 0.0
		for k := range stride {
			sum += min(tri[k], tri[k+1])
		}
		if at == 0 || sum < frequency {
			offset, frequency = at, sum
		}
	}
	return offset, frequency
}
