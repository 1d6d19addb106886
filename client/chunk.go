package client

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// parseChunk decodes the answer of /files/read, {"data":"...","offset":N}.
//
// The daemons put a file's bytes into that string as they are, whether they are
// valid UTF-8 or not. encoding/json would replace those that aren't, so the
// string is taken apart here, byte for byte.
func parseChunk(body []byte) (data []byte, offset int64, err error) {
	p := chunkParser{rest: body}
	if err := p.take('{'); err != nil {
		return nil, 0, err
	}
	for first := true; !p.at('}'); first = false {
		if !first {
			if err := p.take(','); err != nil {
				return nil, 0, err
			}
		}
		key, err := p.text()
		if err != nil {
			return nil, 0, err
		}
		if err := p.take(':'); err != nil {
			return nil, 0, err
		}
		switch string(key) {
		case "data":
			data, err = p.text()
		case "offset":
			offset, err = p.number()
		default:
			err = fmt.Errorf("unknown field %q", key)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return data, offset, nil
}

var errChunkCut = errors.New("the answer is cut short")

type chunkParser struct{ rest []byte }

func (p *chunkParser) space() {
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\n' || p.rest[0] == '\r' || p.rest[0] == '\t') {
		p.rest = p.rest[1:]
	}
}

func (p *chunkParser) at(c byte) bool {
	p.space()
	return len(p.rest) > 0 && p.rest[0] == c
}

func (p *chunkParser) take(c byte) error {
	if !p.at(c) {
		if len(p.rest) == 0 {
			return errChunkCut
		}
		return fmt.Errorf("%q where %q is expected", p.rest[0], c)
	}
	p.rest = p.rest[1:]
	return nil
}

func (p *chunkParser) number() (int64, error) {
	p.space()
	end := 0
	for end < len(p.rest) && (p.rest[end] == '-' || p.rest[end] >= '0' && p.rest[end] <= '9') {
		end++
	}
	n, err := strconv.ParseInt(string(p.rest[:end]), 10, 64)
	p.rest = p.rest[end:]
	return n, err
}

// text takes a string. Its bytes are unescaped in place: no escape is shorter
// than what it stands for.
func (p *chunkParser) text() ([]byte, error) {
	if err := p.take('"'); err != nil {
		return nil, err
	}
	out := p.rest[:0]
	for len(p.rest) > 0 {
		switch c := p.rest[0]; c {
		case '"':
			p.rest = p.rest[1:]
			return out, nil
		case '\\':
			var err error
			if out, err = p.escape(out); err != nil {
				return nil, err
			}
		default:
			out = append(out, c)
			p.rest = p.rest[1:]
		}
	}
	return nil, errChunkCut
}

var escapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

func (p *chunkParser) escape(out []byte) ([]byte, error) {
	if len(p.rest) < 2 {
		return nil, errChunkCut
	}
	if p.rest[1] != 'u' {
		c := escapes[p.rest[1]]
		if c == 0 {
			return nil, fmt.Errorf("unknown escape \\%c", p.rest[1])
		}
		p.rest = p.rest[2:]
		return append(out, c), nil
	}
	r, err := p.unit()
	if err != nil {
		return nil, err
	}
	if utf16.IsSurrogate(r) && len(p.rest) > 1 && p.rest[0] == '\\' && p.rest[1] == 'u' {
		low, err := p.unit()
		if err != nil {
			return nil, err
		}
		r = utf16.DecodeRune(r, low)
	}
	return utf8.AppendRune(out, r), nil
}

// unit takes \uXXXX.
func (p *chunkParser) unit() (rune, error) {
	if len(p.rest) < 6 {
		return 0, errChunkCut
	}
	n, err := strconv.ParseUint(string(p.rest[2:6]), 16, 16)
	p.rest = p.rest[6:]
	return rune(n), err
}
