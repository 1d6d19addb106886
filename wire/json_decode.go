package wire

import (
	"encoding/base64"
	"reflect"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// UnmarshalJSON sets m to the message in data, which is one JSON object: see the
// package's documentation for the rules. m keeps no reference to data. Errors
// are of kind mesos.Invalid, or mesos.TooLarge, and name the field and the
// offset. After an error the contents of m are undefined.
func UnmarshalJSON(data []byte, m Message) error {
	const op = "decode json"
	p, at := planFor(m)
	if err := checkSize(op, p, data); err != nil {
		return err
	}
	m.Reset()
	d := decoder{scanner: scanner{data: data}, memory: memoryFor(data)}
	if err := d.message(p, at, 0); err != nil {
		return failed(op, p, err)
	}
	if d.next(); d.pos < len(data) {
		return failed(op, p, d.expected("the end of the input"))
	}
	return nil
}

type decoder struct {
	scanner
	memory int // bytes that structs may still take
}

// message reads an object into the message at m, which is empty.
func (d *decoder) message(p *plan, m unsafe.Pointer, depth int) error {
	if d.next() != '{' {
		return d.expected("an object")
	}
	if depth >= maxJSONDepth {
		return d.wrong("nested too deep")
	}
	var seen uint64 // required fields
	guess := 0      // the field that probably comes next
	more := !d.open('}')
	for more {
		name, err := d.str()
		if err != nil {
			return err
		}
		i := p.index(name, guess)
		if err := d.punctuation(':'); err != nil {
			return err
		}
		if i < 0 {
			err = d.skip(depth + 1)
		} else {
			guess = i + 1
			f := &p.fields[i]
			var set bool
			if set, err = d.field(f, unsafe.Add(m, f.offset), depth); err != nil {
				return under(err, "."+f.name)
			}
			if seen &^= f.required; set {
				seen |= f.required
			}
		}
		if err == nil {
			more, err = d.more('}')
		}
		if err != nil {
			return err
		}
	}
	if seen == p.required {
		return nil
	}
	for i := range p.fields {
		if f := &p.fields[i]; f.required&^seen != 0 {
			return missingField(f, d.pos-1)
		}
	}
	return nil
}

// index finds a field by name, beginning with a guess; -1 if there is none.
func (p *plan) index(name []byte, guess int) int {
	if guess < len(p.fields) && string(name) == p.fields[guess].name {
		return guess
	}
	if i, ok := p.byName[string(name)]; ok {
		return i
	}
	return -1
}

// field reads a field's value and reports whether the field is set then. A name
// that comes twice has the value that came last.
func (d *decoder) field(f *field, at unsafe.Pointer, depth int) (set bool, err error) {
	c := d.next()
	if c == 'n' {
		reflect.NewAt(f.goType, at).Elem().SetZero()
		return false, d.literal("null")
	}
	switch f.shape {
	case list:
		if len(*(*[]struct{})(at)) > 0 { // of an earlier field of this name
			reflect.NewAt(f.goType, at).Elem().SetZero()
		}
		if c != '[' { // one element stands for a list of one
			return d.value(f, at, depth)
		}
		return true, d.list(f, at, depth)
	case dict:
		return true, d.dict(f, at, depth)
	case oneof:
		wrapper := reflect.New(f.wrapper)
		if set, err = d.value(f, wrapper.UnsafePointer(), depth); set {
			reflect.NewAt(f.goType, at).Elem().Set(wrapper)
		}
		return set, err
	}
	return d.value(f, at, depth)
}

func (d *decoder) list(f *field, at unsafe.Pointer, depth int) error {
	if depth+1 >= maxJSONDepth {
		return d.wrong("nested too deep")
	}
	more := !d.open(']')
	for i := 0; more; i++ {
		var err error
		if d.next() == 'n' { // null adds nothing, as in Mesos
			err = d.literal("null")
		} else {
			_, err = d.value(f, at, depth+1)
		}
		if err == nil {
			more, err = d.more(']')
		}
		if err != nil {
			return under(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return nil
}

func (d *decoder) dict(f *field, at unsafe.Pointer, depth int) error {
	if d.next() != '{' {
		return d.expected("an object")
	}
	if depth+1 >= maxJSONDepth {
		return d.wrong("nested too deep")
	}
	dict := reflect.NewAt(f.goType, at).Elem()
	dict.Set(reflect.MakeMap(f.goType))
	more := !d.open('}')
	for more {
		name, err := d.str()
		if err != nil {
			return err
		}
		key := string(name)
		if err := d.punctuation(':'); err != nil {
			return under(err, keyInPath(key))
		}
		value := reflect.New(f.value.goType)
		if _, err = d.value(f.value, value.UnsafePointer(), depth+1); err != nil {
			return under(err, keyInPath(key))
		}
		dict.SetMapIndex(reflect.ValueOf(key), value.Elem())
		if more, err = d.more('}'); err != nil {
			return err
		}
	}
	return nil
}

// value reads one value and puts it at at: into a pointer or in place, or onto
// the end of a list. It reports false if the value is one to be passed over.
func (d *decoder) value(f *field, at unsafe.Pointer, depth int) (set bool, err error) {
	switch f.kind {
	case protoreflect.MessageKind:
		return true, d.nested(f, at, depth)
	case protoreflect.StringKind:
		var s []byte
		if s, err = d.str(); err == nil {
			put(f, at, string(s))
		}
	case protoreflect.BytesKind:
		var b []byte
		if b, err = d.bytes(); err == nil {
			put(f, at, b)
		}
	case protoreflect.EnumKind:
		return d.enum(f, at)
	case protoreflect.BoolKind:
		var b bool
		if b, err = d.boolean(); err == nil {
			put(f, at, b)
		}
	default:
		var n number
		if n, err = d.numeric(f.kind); err == nil {
			n.put(f, at)
		}
	}
	return err == nil, err
}

// put stores a value in the way of the field's shape.
func put[T any](f *field, at unsafe.Pointer, v T) {
	switch f.shape {
	case pointer:
		*(**T)(at) = &v
	case list:
		elements := (*[]T)(at)
		*elements = append(*elements, v)
	default:
		*(*T)(at) = v
	}
}

// nested reads a message. Whatever the shape, what is stored is a pointer to it.
func (d *decoder) nested(f *field, at unsafe.Pointer, depth int) error {
	if d.memory -= int(f.message.goType.Size()); d.memory < 0 {
		return tooMuchMemory(d.pos)
	}
	m := reflect.New(f.message.goType).UnsafePointer()
	if f.shape == list {
		elements := (*[]unsafe.Pointer)(at)
		*elements = append(*elements, m)
	} else {
		*(*unsafe.Pointer)(at) = m
	}
	return d.message(f.message, m, depth+1)
}

// enum reads the name of an enum's value. An unknown name is an error only
// where a value is required; elsewhere it leaves the field unset or adds nothing
// to the list, as an unknown number does in protobuf.
func (d *decoder) enum(f *field, at unsafe.Pointer) (set bool, err error) {
	start := d.pos
	name, err := d.str()
	if err != nil {
		return false, err
	}
	number, ok := f.enum.byName[string(name)]
	switch {
	case ok:
		put(f, at, number)
	case f.required != 0:
		d.pos = start
		return false, d.wrong("unknown value " + strconv.Quote(clip(name)) + " of enum " + string(f.enum.full))
	case f.shape != list:
		reflect.NewAt(f.goType, at).Elem().SetZero()
	}
	return ok, nil
}

// bytes reads base64, in the standard alphabet, with or without padding and
// with white space anywhere.
func (d *decoder) bytes() ([]byte, error) {
	start := d.pos
	text, err := d.str()
	if err != nil {
		return nil, err
	}
	compact := make([]byte, 0, len(text))
	for _, c := range text {
		if c == '=' {
			break
		}
		if c != ' ' && c != '\t' && c != '\n' && c != '\v' && c != '\f' && c != '\r' {
			compact = append(compact, c)
		}
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(compact)))
	n, err := base64.RawStdEncoding.Decode(out, compact)
	if err != nil {
		d.pos = start
		return nil, d.wrong("not base64")
	}
	return out[:n], nil
}

// boolean reads true or false, or one of them in a string.
func (d *decoder) boolean() (bool, error) {
	switch d.next() {
	case 't':
		return true, d.literal("true")
	case 'f':
		return false, d.literal("false")
	case '"':
		start := d.pos
		text, err := d.str()
		if err != nil {
			return false, err
		}
		if s := string(text); s == "true" || s == "false" {
			return s == "true", nil
		}
		d.pos = start
		return false, d.wrong("expected a boolean, found the string " + strconv.Quote(clip(text)))
	}
	return false, d.expected("a boolean")
}

// clip shortens text from outside for an error.
func clip(text []byte) string {
	const longest = 64 // bytes
	if len(text) > longest {
		return string(text[:longest]) + "..."
	}
	return string(text)
}
