package journalfile

import "errors"

var errLZ4 = errors.New("damaged lz4 block")

// lz4Block decodes one block (LZ4 Block Format Description) onto dst and stops without an error when dst has limit
// bytes.
func lz4Block(dst, src []byte, limit int) ([]byte, error) {
	for len(src) > 0 {
		token := src[0]
		var ok bool
		var n int
		if n, src, ok = lz4Length(int(token>>4), src[1:]); !ok || n > len(src) {
			return dst, errLZ4
		}
		if room := limit - len(dst); n >= room {
			return append(dst, src[:room]...), nil
		}
		dst, src = append(dst, src[:n]...), src[n:]
		if len(src) == 0 {
			return dst, nil // the last sequence has literals only
		}
		if len(src) < 2 {
			return dst, errLZ4
		}
		back := int(src[0]) | int(src[1])<<8
		if n, src, ok = lz4Length(int(token&15), src[2:]); !ok || back == 0 || back > len(dst) {
			return dst, errLZ4
		}
		n = min(n+4, limit-len(dst))
		for n > 0 { // source and target may overlap: what was just written repeats
			from := len(dst) - back
			piece := min(n, back)
			dst, n = append(dst, dst[from:from+piece]...), n-piece
		}
		if len(dst) >= limit {
			return dst, nil
		}
	}
	return dst, errLZ4
}

// lz4Length reads the bytes that continue a length of 15.
func lz4Length(n int, src []byte) (int, []byte, bool) {
	if n < 15 {
		return n, src, true
	}
	for i, c := range src {
		if n += int(c); n > maxObject {
			return 0, nil, false
		}
		if c < 255 {
			return n, src[i+1:], true
		}
	}
	return 0, nil, false
}
