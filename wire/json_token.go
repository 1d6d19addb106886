package wire

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// A scanner reads JSON tokens. It is strict about RFC 8259, except that strings
// may carry bytes that are no UTF-8, as Mesos allows.
type scanner struct {
	data    []byte
	pos     int
	scratch []byte // of the last string that had escapes
}

// wrong makes an error at the current position.
func (s *scanner) wrong(cause string) error { return &pathError{cause: cause, offset: s.pos} }

// next skips white space and returns the byte that the next token begins with,
// or 0 at the end.
func (s *scanner) next() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// found says what token begins with c, for errors.
func (s *scanner) found(c byte) string {
	switch {
	case s.pos == len(s.data):
		return "the end of the input"
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == '"':
		return "a string"
	case c == 't' || c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	case c == '-' || isDigit(c):
		return "a number"
	}
	return strconv.QuoteRune(rune(c))
}

func (s *scanner) expected(what string) error {
	return s.wrong("expected " + what + ", found " + s.found(s.next()))
}

// literal reads true, false or null.
func (s *scanner) literal(word string) error {
	if end := s.pos + len(word); end <= len(s.data) && string(s.data[s.pos:end]) == word {
		s.pos = end
		return nil
	}
	return s.wrong("expected " + word)
}

// punctuation reads the one byte c after white space.
func (s *scanner) punctuation(c byte) error {
	if s.next() != c || s.pos == len(s.data) {
		return s.expected(strconv.QuoteRune(rune(c)))
	}
	s.pos++
	return nil
}

// more reads what follows an element: a comma (true) or the closing byte (false).
func (s *scanner) more(closing byte) (bool, error) {
	switch c := s.next(); {
	case c == ',':
		s.pos++
		return true, nil
	case c == closing:
		s.pos++
		return false, nil
	}
	return false, s.expected("',' or " + strconv.QuoteRune(rune(closing)))
}

// open reads the opening byte of an object or array and reports whether it is
// empty, in which case the closing byte is read, too.
func (s *scanner) open(closing byte) (empty bool) {
	s.pos++
	if s.next() == closing {
		s.pos++
		return true
	}
	return false
}

// str reads a string. The bytes are valid until the next call.
func (s *scanner) str() ([]byte, error) {
	if s.next() != '"' {
		return nil, s.expected("a string")
	}
	s.pos++
	start := s.pos
	for i, c := range s.data[start:] {
		switch {
		case c == '"':
			s.pos = start + i + 1
			return s.data[start : start+i], nil
		case c == '\\':
			s.pos = start + i
			s.scratch = append(s.scratch[:0], s.data[start:start+i]...)
			return s.escaped()
		case c < ' ':
			s.pos = start + i
			return nil, s.wrong("control character in a string")
		}
	}
	s.pos = len(s.data)
	return nil, s.wrong("string without an end")
}

// escaped reads the rest of a string, from its first backslash on.
func (s *scanner) escaped() ([]byte, error) {
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		switch {
		case c == '"':
			s.pos++
			return s.scratch, nil
		case c < ' ':
			return nil, s.wrong("control character in a string")
		case c != '\\':
			s.scratch = append(s.scratch, c)
			s.pos++
		default:
			if err := s.escape(); err != nil {
				return nil, err
			}
		}
	}
	return nil, s.wrong("string without an end")
}

// escape reads one escape sequence, or two that are a surrogate pair.
func (s *scanner) escape() error {
	if s.pos+1 >= len(s.data) {
		return s.wrong("string without an end")
	}
	c := s.data[s.pos+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.unicode()
	default:
		return s.wrong("unknown escape sequence in a string")
	}
	s.scratch = append(s.scratch, c)
	s.pos += 2
	return nil
}

func (s *scanner) unicode() error {
	const size = len(`\u0000`)
	r, ok := hex4(s.data[s.pos:])
	if !ok {
		return s.wrong(`expected four hexadecimal digits after \u`)
	}
	if utf16.IsSurrogate(r) {
		low, _ := hex4(s.data[s.pos+size:])
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return s.wrong(`half of a surrogate pair in a string`)
		}
		s.pos += size
	}
	s.pos += size
	s.scratch = utf8.AppendRune(s.scratch, r)
	return nil
}

// hex4 reads the \uXXXX that data begins with.
func hex4(data []byte) (rune, bool) {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range data[2:6] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number reads a number and reports whether it is written as an integer.
func (s *scanner) number() (token []byte, integer bool, err error) {
	start := s.pos
	if s.at('-') {
		s.pos++
	}
	switch {
	case s.at('0'):
		s.pos++
	case !s.digits():
		return nil, false, s.wrong("expected a digit")
	}
	integer = true
	if s.at('.') {
		s.pos++
		if integer = false; !s.digits() {
			return nil, false, s.wrong("expected a digit")
		}
	}
	if s.at('e') || s.at('E') {
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		if integer = false; !s.digits() {
			return nil, false, s.wrong("expected a digit")
		}
	}
	return s.data[start:s.pos], integer, nil
}

func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

// digits reads digits and reports whether there was one.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// skip reads a value of any kind whose content does not matter.
func (s *scanner) skip(depth int) error {
	switch c := s.next(); {
	case c == '{' || c == '[':
		return s.skipNested(c+2, depth) // '}' and ']' are two after '{' and '['
	case c == '"':
		_, err := s.str()
		return err
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	case c == '-' || isDigit(c):
		_, _, err := s.number()
		return err
	}
	return s.expected("a value")
}

func (s *scanner) skipNested(closing byte, depth int) error {
	if depth >= maxJSONDepth {
		return s.wrong("nested too deep")
	}
	more := !s.open(closing)
	for more {
		if closing == '}' {
			if _, err := s.str(); err != nil {
				return err
			}
			if err := s.punctuation(':'); err != nil {
				return err
			}
		}
		err := s.skip(depth + 1)
		if err == nil {
			more, err = s.more(closing)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// double is the value of a number's token; false if it is out of range.
func double(token []byte) (float64, bool) {
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(token), len(token)), 64)
	return v, err == nil
}
