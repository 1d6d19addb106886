package wire

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"
)

// plainJSON are the bytes that stand for themselves in a JSON string and need
// no look at their neighbours.
var plainJSON = func() (plain [256]bool) {
	for c := range plain {
		plain[c] = ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\'
	}
	return plain
}()

// AppendJSONString appends s as a JSON string. It escapes only what must be
// escaped. Bytes that are no UTF-8 become U+FFFD, so that what is written is
// JSON always, whatever a protobuf message carried.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plainJSON[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[done:i]...)
		dst = appendEscape(dst, c)
		i++
		done = i
	}
	return append(append(dst, s[done:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if c >= utf8.RuneSelf {
		return utf8.AppendRune(dst, utf8.RuneError)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}

// AppendJSONDouble appends a number as Mesos writes its doubles: the shortest
// digits that give the same double back, always with a fraction or an exponent
// (1.0, 0.1, 1e21, 2.5e-7). What JSON has no number for is a string:
// "Infinity", "-Infinity", "NaN".
func AppendJSONDouble(dst []byte, v float64) []byte {
	const wholeUntil = 1e15 // integers below are exact and have no exponent
	size := math.Abs(v)
	switch {
	case size < wholeUntil && v == math.Trunc(v) && !(v == 0 && math.Signbit(v)):
		return append(strconv.AppendInt(dst, int64(v), 10), '.', '0')
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	case v != 0 && (size < 1e-6 || size >= 1e21):
		return appendExponential(dst, v)
	}
	dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
	if v == math.Trunc(v) {
		dst = append(dst, '.', '0')
	}
	return dst
}

// appendExponential writes 1e-7 and 1e21 where strconv writes 1e-07 and 1e+21.
func appendExponential(dst []byte, v float64) []byte {
	dst = strconv.AppendFloat(dst, v, 'e', -1, 64)
	exponent := len(dst)
	for dst[exponent-1] != 'e' {
		exponent--
	}
	digits := exponent + 1 // past the sign
	if dst[digits] == '0' && digits < len(dst)-1 {
		digits++
	}
	if dst[exponent] == '-' {
		exponent++
	}
	return append(dst[:exponent], dst[digits:]...)
}

func appendBase64(dst, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), data), '"')
}
