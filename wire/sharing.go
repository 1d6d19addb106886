package wire

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A Sharer decodes messages that have much in common, such as what agents tell
// of their tasks: a part that is byte for byte one that it has met a moment ago
// is that one again, and costs neither time nor memory. Not for use by two
// goroutines at once; the zero Sharer is ready.
type Sharer struct {
	parts  map[*plan]*parts
	memory int // bytes that structs of this message may still take
}

// shareable are the messages that may be parts of several others: nobody changes
// one of them once it was decoded.
var shareable = map[protoreflect.FullName]bool{
	"mesos.v1.AgentID":              true,
	"mesos.v1.AgentInfo.Capability": true,
	"mesos.v1.ExecutorID":           true,
	"mesos.v1.FrameworkID":          true,
	"mesos.v1.FrameworkInfo":        true,
	"mesos.v1.Resource":             true,
	"mesos.v1.TaskID":               true,
}

// parts are the newest of one type, as they were encoded and as they are.
type parts struct {
	data   [8][]byte
	part   [8]unsafe.Pointer
	oldest int
}

// longestPart is up to how many bytes a part may have to be kept for others.
const longestPart = 4 << 10

// deepest is how deep messages may nest that are not left to Unmarshal.
const deepest = 16

// Unmarshal sets m to the protobuf message in data, as the function Unmarshal
// does. Messages of the types that are shareable, in m and in what is decoded
// later, may be the same: they must not be changed.
func (s *Sharer) Unmarshal(data []byte, m Message) error {
	p, at := planFor(m)
	m.Reset()
	s.memory = memoryFor(data)
	if len(data) <= MaxMessageSize && s.message(p, data, at, 0) {
		return nil
	}
	return Unmarshal(data, m) // which also says what is wrong
}

// message decodes the message at m, which is empty, and reports whether it could:
// what is rare, and what is wrong, it leaves alone.
func (s *Sharer) message(p *plan, data []byte, m unsafe.Pointer, depth int) bool {
	if s.memory -= int(p.goType.Size()); s.memory < 0 || depth > deepest {
		return false
	}
	var seen uint64 // required fields
	for len(data) > 0 {
		tag, n := uvarint(data)
		if n <= 0 || tag>>3 > uint64(len(p.byNumber)) {
			return false
		}
		f := p.fieldNumbered(protoreflect.FieldNumber(tag >> 3))
		if f == nil {
			return false
		}
		data = data[n:]
		at := unsafe.Add(m, f.offset)
		if f.shape == pointer && *(*unsafe.Pointer)(at) != nil {
			return false // a field that comes twice
		}
		switch protowire.Type(tag & 7) {
		case protowire.BytesType:
			size, n := uvarint(data)
			if n <= 0 || size > uint64(len(data)-n) || !s.bytes(f, data[n:n+int(size)], at, depth) {
				return false
			}
			data = data[n+int(size):]
		case protowire.VarintType:
			v, n := uvarint(data)
			if n <= 0 || f.shape != pointer || !putVarint(f, v, at) {
				return false
			}
			data = data[n:]
		case protowire.Fixed64Type:
			if len(data) < 8 || f.shape != pointer || f.kind != protoreflect.DoubleKind {
				return false
			}
			put(f, at, math.Float64frombits(binary.LittleEndian.Uint64(data)))
			data = data[8:]
		default:
			return false
		}
		seen |= f.required
	}
	return seen == p.required
}

// uvarint reads a number; most take one byte.
func uvarint(data []byte) (v uint64, n int) {
	if len(data) > 0 && data[0] < 0x80 {
		return uint64(data[0]), 1
	}
	return binary.Uvarint(data)
}

func putVarint(f *field, v uint64, at unsafe.Pointer) bool {
	switch f.kind {
	case protoreflect.EnumKind:
		if !f.enum.has(int32(v)) {
			return false
		}
		put(f, at, int32(v))
	case protoreflect.BoolKind:
		put(f, at, v != 0)
	case protoreflect.Int32Kind:
		put(f, at, int32(v))
	case protoreflect.Uint32Kind:
		put(f, at, uint32(v))
	case protoreflect.Int64Kind:
		put(f, at, int64(v))
	case protoreflect.Uint64Kind:
		put(f, at, v)
	default:
		return false
	}
	return true
}

// bytes decodes a field that has a length: a string, bytes, or a message.
func (s *Sharer) bytes(f *field, data []byte, at unsafe.Pointer, depth int) bool {
	switch {
	case f.kind == protoreflect.StringKind && (f.shape == pointer || f.shape == list):
		put(f, at, string(data))
	case f.kind == protoreflect.BytesKind && f.shape == plain:
		*(*[]byte)(at) = append(make([]byte, 0, len(data)), data...)
	case f.kind != protoreflect.MessageKind:
		return false
	case f.shape == pointer:
		return s.part(f.message, data, (*unsafe.Pointer)(at), depth+1)
	case f.shape == list:
		elements := (*[]unsafe.Pointer)(at)
		var element unsafe.Pointer
		if !s.part(f.message, data, &element, depth+1) {
			return false
		}
		*elements = append(*elements, element)
	case f.shape == oneof:
		holder := reflect.NewAt(f.goType, at).Elem()
		if !holder.IsNil() {
			return false
		}
		wrapper := reflect.New(f.wrapper)
		holder.Set(wrapper)
		return s.part(f.message, data, (*unsafe.Pointer)(wrapper.UnsafePointer()), depth+1)
	default:
		return false
	}
	return true
}

// part sets to to the message in data.
func (s *Sharer) part(p *plan, data []byte, to *unsafe.Pointer, depth int) bool {
	if !p.shareable || len(data) > longestPart {
		*to = reflect.New(p.goType).UnsafePointer()
		return s.message(p, data, *to, depth)
	}
	known := s.parts[p]
	if known == nil {
		if s.parts == nil {
			s.parts = make(map[*plan]*parts)
		}
		known = new(parts)
		s.parts[p] = known
	}
	for i := range known.data {
		if known.part[i] != nil && string(known.data[i]) == string(data) {
			*to = known.part[i]
			return true
		}
	}
	*to = reflect.New(p.goType).UnsafePointer()
	if !s.message(p, data, *to, depth) {
		return false
	}
	known.data[known.oldest] = append(known.data[known.oldest][:0], data...)
	known.part[known.oldest] = *to
	known.oldest = (known.oldest + 1) % len(known.data)
	return true
}
