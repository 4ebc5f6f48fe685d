package parsers

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// logLocales are the abbreviated month names that strftime("%b") writes in common locales (glibc's locale data), in
// lower case and without the closing dot.
var logLocales = []string{
	"jan feb mar apr may jun jul aug sep oct nov dec", // C, and much of Europe in part
	"january february march april may june july august sept october november december",
	"jan feb mär apr mai jun jul aug sep okt nov dez", // de_DE
	"jän feb mär apr mai juni juli aug sep okt nov dez",
	"janv févr mars avril mai juin juil août sept oct nov déc", // fr_FR
	"janv fevr mars avr mai juin juil aout sept oct nov dec",
	"ene feb mar abr may jun jul ago sep oct nov dic",                      // es_ES
	"gen feb mar apr mag giu lug ago set ott nov dic",                      // it_IT
	"jan fev mar abr mai jun jul ago set out nov dez",                      // pt_BR
	"jan feb mrt apr mei jun jul aug sep okt nov dec",                      // nl_NL
	"jan feb mar apr maj jun jul aug sep okt nov dec",                      // sv_SE, da_DK
	"tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu", // fi_FI
	"sty lut mar kwi maj cze lip sie wrz paź lis gru",                      // pl_PL
	"led úno bře dub kvě čen čec srp zář říj lis pro",                      // cs_CZ
	"янв фев мар апр май июн июл авг сен окт ноя дек",                      // ru_RU
	"янв фев мар апр мая июн июл авг сен окт ноя дек",
	"oca şub mar nis may haz tem ağu eyl eki kas ara", // tr_TR
	"1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",          // zh_CN, ja_JP
	"1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월",          // ko_KR
}

// logMonths finds a month by its name in any of the locales; no name has two meanings.
var logMonths = func() map[string]time.Month {
	months := map[string]time.Month{}
	for _, names := range logLocales {
		for i, name := range strings.Fields(names) {
			months[name] = time.Month(i + 1)
		}
	}
	return months
}()

// logMonth reads a month's short name and reports its length with a closing dot; 0 when there is none. The name must
// end at a blank.
func logMonth(b []byte) (time.Month, int) {
	var low [24]byte
	k, n := 0, 0
	for n < len(b) && b[n] != ' ' {
		r, size := utf8.DecodeRune(b[n:])
		if k+utf8.UTFMax > len(low) || n == 0 && !unicode.IsLetter(r) && !logDigit(b[0]) {
			return 0, 0
		}
		if r != '.' {
			k += utf8.EncodeRune(low[k:], unicode.ToLower(r))
		}
		n += size
	}
	month, ok := logMonths[string(low[:k])]
	if !ok || n == len(b) {
		return 0, 0
	}
	return month, n
}
