package analyze

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// functions are what conditions may call besides CEL's own.
func functions() []cel.EnvOption {
	str, boolean := cel.StringType, cel.BoolType
	return []cel.EnvOption{
		cel.Function("versionIn", cel.Overload("version_in", []*cel.Type{str, str}, boolean,
			cel.BinaryBinding(func(v, r ref.Val) ref.Val {
				return types.Bool(versionIn(v.Value().(string), r.Value().(string)))
			}))),
		cel.Function("cidrContains", cel.Overload("cidr_contains", []*cel.Type{str, str}, boolean,
			cel.BinaryBinding(func(c, a ref.Val) ref.Val {
				return types.Bool(cidrContains(c.Value().(string), a.Value().(string)))
			}))),
		cel.Function("mountOf", cel.Overload("mount_of", []*cel.Type{str, cel.ListType(str)}, str,
			cel.BinaryBinding(func(path, mounts ref.Val) ref.Val {
				return types.String(mountOf(path.Value().(string), texts(mounts)))
			}))),
		cel.Function("sum", cel.MemberOverload("list_int_sum", []*cel.Type{cel.ListType(cel.IntType)}, cel.IntType, cel.UnaryBinding(sum))),
		cel.Function("pages", cel.Overload("pages_of_order", []*cel.Type{cel.IntType}, cel.IntType,
			cel.UnaryBinding(func(order ref.Val) ref.Val {
				n, ok := order.Value().(int64)
				if !ok || n < 0 || n > 40 {
					return types.NewErr("no page order: %v", order.Value())
				}
				return types.Int(int64(1) << n)
			}))),
	}
}

// sum adds a list of integers.
func sum(list ref.Val) ref.Val {
	it, ok := list.(traits.Lister)
	if !ok {
		return types.NewErr("sum wants a list")
	}
	var total ref.Val = types.IntZero
	n, _ := it.Size().Value().(int64)
	for i := range n {
		total = total.(types.Int).Add(it.Get(types.Int(i)))
		if _, ok := total.(types.Int); !ok {
			return total // overflow, or an element that is no integer
		}
	}
	return total
}

// texts is a list of strings; what is none is left out.
func texts(list ref.Val) []string {
	it, ok := list.(traits.Lister)
	if !ok {
		return nil
	}
	var out []string
	n, _ := it.Size().Value().(int64)
	for i := range n {
		if text, ok := it.Get(types.Int(i)).Value().(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// mountOf is the mount point that holds a path: the longest of those above it; "" when none is.
func mountOf(path string, mounts []string) string {
	best := ""
	for _, m := range mounts {
		if holds := m == "/" || path == m || strings.HasPrefix(path, m+"/"); holds && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// cidrContains reports whether the prefix holds the address; false when either does not parse.
func cidrContains(cidr, addr string) bool {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(addr)
	return err == nil && p.Contains(a)
}

// versionIn judges a version against ranges such as ">=2.6.33 <4.7 || 3.10": terms of one range must all hold,
// ranges are joined by "||". A term without operator is a prefix: "3.10" holds 3.10.0-1062.el7. An unreadable version
// is in no range.
func versionIn(version, ranges string) bool {
	if version = strings.TrimPrefix(strings.TrimSpace(version), "v"); version == "" || !unicode.IsDigit(rune(version[0])) {
		return false
	}
	for _, r := range strings.Split(ranges, "||") {
		terms := strings.Fields(r)
		holds := len(terms) > 0
		for _, term := range terms {
			holds = holds && versionTerm(version, term)
		}
		if holds {
			return true
		}
	}
	return false
}

func versionTerm(version, term string) bool {
	for _, op := range []string{">=", "<=", ">", "<", "="} {
		bound, ok := strings.CutPrefix(term, op)
		if !ok {
			continue
		}
		c := compareVersions(version, strings.TrimPrefix(bound, "v"))
		switch op {
		case ">=":
			return c >= 0
		case "<=":
			return c <= 0
		case ">":
			return c > 0
		case "<":
			return c < 0
		}
		return c == 0
	}
	v, t := versionParts(version), versionParts(strings.TrimPrefix(term, "v"))
	if len(t) > len(v) {
		return false
	}
	for i := range t {
		if t[i] != v[i] {
			return false
		}
	}
	return true
}

// compareVersions compares numbers as numbers and words as words: 3.10.0-693 < 3.10.0-1062, v1.18.4-tke.9 < tke.26.
// A version that goes on where the other ends is the later one.
func compareVersions(a, b string) int {
	x, y := versionParts(a), versionParts(b)
	for i := 0; i < len(x) && i < len(y); i++ {
		if c := comparePart(x[i], y[i]); c != 0 {
			return c
		}
	}
	return len(x) - len(y)
}

func comparePart(a, b string) int {
	m, errA := strconv.ParseInt(a, 10, 64)
	n, errB := strconv.ParseInt(b, 10, 64)
	switch {
	case errA == nil && errB == nil && m != n:
		if m < n {
			return -1
		}
		return 1
	case errA == nil && errB == nil:
		return 0
	case errA == nil: // a number is later than a word: 1.2.3 > 1.2.rc1
		return 1
	case errB == nil:
		return -1
	}
	return strings.Compare(a, b)
}

// versionParts splits at dots, dashes and where digits meet letters.
func versionParts(v string) []string {
	var parts []string
	var part strings.Builder
	flush := func() {
		if part.Len() > 0 {
			parts = append(parts, part.String())
			part.Reset()
		}
	}
	digit := false
	for _, r := range v {
		switch {
		case !unicode.IsDigit(r) && !unicode.IsLetter(r):
			flush()
			continue
		case part.Len() > 0 && unicode.IsDigit(r) != digit:
			flush()
		}
		digit = unicode.IsDigit(r)
		part.WriteRune(r)
	}
	flush()
	return parts
}
