package wire

import (
	"reflect"
	"slices"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/mesos"
)

// MarshalJSON returns m as JSON: see the package's documentation for the rules.
// Its only error is a required field that is not set.
func MarshalJSON(m Message) ([]byte, error) { return AppendJSON(nil, m) }

// AppendJSON is MarshalJSON onto the end of dst. With room in dst it allocates
// nothing, save for maps. After an error the contents of dst beyond its length
// are undefined.
func AppendJSON(dst []byte, m Message) ([]byte, error) {
	p, at := planFor(m)
	if at == nil {
		return dst, mesos.Errorf(mesos.Internal, "encode json: %s: the message is nil", p.name)
	}
	if out, ok := p.appendJSON(dst, at); ok {
		return out, nil
	}
	return dst, failed("encode json", p, p.missing(at))
}

// appendJSON reports false if a required field is not set.
func (p *plan) appendJSON(dst []byte, m unsafe.Pointer) (_ []byte, ok bool) {
	start := len(dst)
	for i := range p.fields {
		f := &p.fields[i]
		at := unsafe.Add(m, f.offset)
		switch f.shape {
		case pointer:
			v := *(*unsafe.Pointer)(at)
			if v == nil {
				if f.required != 0 {
					return dst, false
				}
				dst = append(dst, f.unset...)
				continue
			}
			dst, ok = f.appendValue(append(dst, f.key...), v)
		case list:
			dst, ok = f.appendList(dst, at)
		default:
			dst, ok = f.appendRare(dst, at)
		}
		if !ok {
			return dst, false
		}
	}
	return closeJSON(dst, start, "{}"), true
}

// closeJSON ends an object or array that began at start: what is there has a
// comma before each element, and the first of them becomes the opening bracket.
func closeJSON(dst []byte, start int, brackets string) []byte {
	if len(dst) == start {
		return append(dst, brackets...)
	}
	dst[start] = brackets[0]
	return append(dst, brackets[1])
}

// appendValue writes the value at v, which is a message itself if f is one.
func (f *field) appendValue(dst []byte, v unsafe.Pointer) ([]byte, bool) {
	switch f.kind {
	case protoreflect.MessageKind:
		return f.message.appendJSON(dst, f.message.orEmpty(v))
	case protoreflect.StringKind:
		dst = AppendJSONString(dst, *(*string)(v))
	case protoreflect.DoubleKind:
		dst = AppendJSONDouble(dst, *(*float64)(v))
	case protoreflect.EnumKind:
		dst = f.enum.append(dst, *(*int32)(v))
	case protoreflect.Int64Kind:
		dst = strconv.AppendInt(dst, *(*int64)(v), 10)
	case protoreflect.Uint64Kind:
		dst = strconv.AppendUint(dst, *(*uint64)(v), 10)
	case protoreflect.Int32Kind:
		dst = strconv.AppendInt(dst, int64(*(*int32)(v)), 10)
	case protoreflect.Uint32Kind:
		dst = strconv.AppendUint(dst, uint64(*(*uint32)(v)), 10)
	case protoreflect.BoolKind:
		dst = strconv.AppendBool(dst, *(*bool)(v))
	case protoreflect.BytesKind:
		dst = appendBase64(dst, *(*[]byte)(v))
	}
	return dst, true
}

// appendList writes a repeated field, or nothing if it has no elements.
func (f *field) appendList(dst []byte, at unsafe.Pointer) ([]byte, bool) {
	// Every slice begins with its address and length, whatever its elements are.
	elements := *(*[]struct{})(at)
	if len(elements) == 0 {
		return dst, true
	}
	dst = append(dst, f.key...)
	start := len(dst)
	first := unsafe.Pointer(unsafe.SliceData(elements))
	for i := range len(elements) {
		v := unsafe.Add(first, uintptr(i)*f.size)
		if f.kind == protoreflect.MessageKind {
			v = *(*unsafe.Pointer)(v)
		}
		var ok bool
		if dst, ok = f.appendValue(append(dst, ','), v); !ok {
			return dst, false
		}
	}
	return closeJSON(dst, start, "[]"), true
}

// appendRare writes a field of one of the shapes that few fields have.
func (f *field) appendRare(dst []byte, at unsafe.Pointer) (_ []byte, ok bool) {
	switch f.shape {
	case plain:
		if reflect.NewAt(f.goType, at).Elem().IsZero() {
			return dst, f.required == 0
		}
	case dict:
		return f.appendDict(dst, at)
	case oneof:
		if at = f.member(at); at == nil {
			return dst, true
		}
		if f.kind == protoreflect.MessageKind {
			at = *(*unsafe.Pointer)(at)
		}
	}
	return f.appendValue(append(dst, f.key...), at)
}

// appendDict writes a map as an object with sorted keys, or nothing if it is empty.
func (f *field) appendDict(dst []byte, at unsafe.Pointer) (_ []byte, ok bool) {
	dict := reflect.NewAt(f.goType, at).Elem()
	if dict.Len() == 0 {
		return dst, true
	}
	dst = append(dst, f.key...)
	start := len(dst)
	for _, key := range sortedKeys(dict) {
		dst = append(AppendJSONString(append(dst, ','), key), ':')
		value := dict.MapIndex(reflect.ValueOf(key))
		if f.kind == protoreflect.MessageKind {
			dst, ok = f.appendValue(dst, value.UnsafePointer())
		} else {
			box := reflect.New(value.Type())
			box.Elem().Set(value)
			dst, ok = f.appendValue(dst, box.UnsafePointer())
		}
		if !ok {
			return dst, false
		}
	}
	return closeJSON(dst, start, "{}"), true
}

func sortedKeys(dict reflect.Value) []string {
	keys := make([]string, 0, dict.Len())
	for _, key := range dict.MapKeys() {
		keys = append(keys, key.String())
	}
	slices.Sort(keys)
	return keys
}

// missing names a required field that is not set in the message at m, or
// returns nil if all are.
func (p *plan) missing(m unsafe.Pointer) error {
	for i := range p.fields {
		f := &p.fields[i]
		at := unsafe.Add(m, f.offset)
		if f.required != 0 && reflect.NewAt(f.goType, at).Elem().IsNil() {
			return missingField(f, -1)
		}
		if f.message == nil {
			continue
		}
		err := f.messages(at, func(m unsafe.Pointer, index string) error {
			return under(f.message.missing(m), "."+f.name+index)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func missingField(f *field, offset int) error {
	return &pathError{path: "." + f.name, cause: "required field is missing", offset: offset}
}
