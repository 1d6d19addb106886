package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// A MediaType is one of the two encodings of messages over HTTP.
type MediaType uint8

const (
	// JSON is application/json.
	JSON MediaType = iota
	// Protobuf is application/x-protobuf.
	Protobuf
)

// String is the name in Content-Type and Accept headers.
func (t MediaType) String() string {
	switch t {
	case JSON:
		return "application/json"
	case Protobuf:
		return "application/x-protobuf"
	}
	panic(fmt.Sprintf("wire: no media type has the number %d", uint8(t)))
}

// Append appends m in this encoding to dst: AppendJSON or Append.
func (t MediaType) Append(dst []byte, m Message) ([]byte, error) {
	if t == JSON {
		return AppendJSON(dst, m)
	}
	return Append(dst, m)
}

// Unmarshal sets m to the message in data: UnmarshalJSON or Unmarshal.
func (t MediaType) Unmarshal(data []byte, m Message) error {
	if t == JSON {
		return UnmarshalJSON(data, m)
	}
	return Unmarshal(data, m)
}

// ParseMediaType reads a Content-Type header. Case and parameters such as a
// charset do not matter. It reports false for every other type, and for none.
func ParseMediaType(contentType string) (MediaType, bool) {
	name, _, _ := strings.Cut(contentType, ";")
	name = strings.TrimSpace(name)
	for _, t := range [...]MediaType{JSON, Protobuf} {
		if strings.EqualFold(name, t.String()) {
			return t, true
		}
	}
	return 0, false
}

// Negotiate chooses the encoding of an answer by the request's Accept header
// (several of them joined by commas; empty if there is none), as Mesos does: an
// absent header accepts everything, and JSON is chosen wherever it is accepted
// at all, so q-values matter only where they are zero, which refuses a type. It
// reports false if neither encoding is accepted.
func Negotiate(accept string) (MediaType, bool) {
	for _, t := range [...]MediaType{JSON, Protobuf} {
		if accept == "" || accepts(accept, t.String()) {
			return t, true
		}
	}
	return 0, false
}

// RecordIO is the type of a stream of records, whose own type is in the headers
// Message-Content-Type and Message-Accept.
const RecordIO = "application/recordio"

// IsRecordIO reports whether a Content-Type header is RecordIO's.
func IsRecordIO(contentType string) bool {
	name, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(name), RecordIO)
}

// AcceptsRecordIO reports whether an Accept header allows RecordIO.
func AcceptsRecordIO(accept string) bool { return accepts(accept, RecordIO) }

// accepts reports whether an Accept header allows a type. What it says of the
// type itself goes before what it says of application/*, and that before */*.
func accepts(accept, name string) bool {
	for _, candidate := range [...]string{name, "application/*", "*/*"} {
		for element := range strings.SplitSeq(accept, ",") {
			mediaRange, parameters, _ := strings.Cut(element, ";")
			if strings.EqualFold(strings.TrimSpace(mediaRange), candidate) {
				return quality(parameters) > 0
			}
		}
	}
	return false
}

// quality is the q-value among a media range's parameters: 1 if there is none,
// 0 if it is no number.
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}
