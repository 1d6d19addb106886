package wire

import (
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A plan is what the codecs know of one message type: its fields with their
// place in the generated struct. It is made once per type from the descriptor
// and the struct, and is immutable after that, so that encoding and decoding
// need no reflection: they read and write fields at their offsets.
//
// The offsets are those of the fields' own Go types (the planner checks each
// one), and values are only ever read and written as those types.
type plan struct {
	name     string // of the root of paths in errors: "call" for ...scheduler.Call
	full     protoreflect.FullName
	goType   reflect.Type // the generated struct
	fields   []field      // in order of declaration
	byName   map[string]int
	byNumber []int8 // index in fields, -1 for none
	required uint64 // bits of the required fields

	// deep: a message of this type can nest in itself at some level.
	deep      bool
	shareable bool           // see Sharer
	unsettled []int          // the fields that settle looks at: enums and messages
	unknown   uintptr        // where the struct keeps unknown fields, a []byte
	empty     unsafe.Pointer // a message without any field set, never written to
	building  bool
}

// A shape says how a field's value lies in the generated struct.
type shape uint8

const (
	pointer shape = iota // *T: nil means unset
	plain                // T: the zero value means unset
	list                 // []T, for messages []*T
	dict                 // map[string]T
	oneof                // an interface that holds a pointer to a wrapper struct of one T
)

// The first members are those that the encoder reads of every field: together
// they fill a cache line.
type field struct {
	offset   uintptr
	shape    shape
	kind     protoreflect.Kind
	required uint64 // this field's bit, 0 if it is not required
	message  *plan  // of a message kind
	key      []byte // `,"name":`
	unset    []byte // `,"name":default`, if a default is written when the field is unset

	name    string
	number  protoreflect.FieldNumber
	enum    *enum        // of an enum kind
	goType  reflect.Type // of the struct's field
	size    uintptr      // of an element of a list
	wrapper reflect.Type // of a oneof: the wrapper struct
	value   *field       // of a dict: its values
}

// absentWhenUnset are the fields whose default is not written when they are
// unset, as in Mesos, which writes no default of a field that it deprecated.
var absentWhenUnset = map[protoreflect.FullName]bool{
	"mesos.v1.FrameworkInfo.role": true,
	"mesos.v1.Resource.role":      true,
}

var (
	plans    sync.Map // reflect.Type of a generated struct -> *plan
	planning sync.Mutex
)

// planFor returns the plan of m's type and m's address.
func planFor(m proto.Message) (*plan, unsafe.Pointer) {
	v := reflect.ValueOf(m)
	t := v.Type().Elem()
	if p, ok := plans.Load(t); ok {
		return p.(*plan), v.UnsafePointer()
	}
	planning.Lock()
	defer planning.Unlock()
	b := planner{made: map[reflect.Type]*plan{}}
	p := b.plan(t)
	for t, made := range b.made {
		plans.Store(t, made)
	}
	return p, v.UnsafePointer()
}

// A planner makes the plans of a message type and of all that it leads to.
// They are published together when complete.
type planner struct {
	made map[reflect.Type]*plan
}

func (b *planner) plan(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	if p, ok := b.made[t]; ok {
		p.deep = p.deep || p.building // t nests in itself
		return p
	}
	empty := reflect.New(t)
	p := &plan{goType: t, building: true, empty: empty.UnsafePointer()}
	b.made[t] = p
	message := empty.Interface().(proto.Message).ProtoReflect()
	d := message.Descriptor()
	p.full = d.FullName()
	p.shareable = shareable[p.full]
	p.name = snakeCase(string(d.Name()))
	p.fields = make([]field, d.Fields().Len())
	p.byName = make(map[string]int, len(p.fields))
	places := placesOf(t)
	unknown, ok := t.FieldByName("unknownFields")
	invariant(ok && unknown.Type.Kind() == reflect.Slice, p.full, "the generated struct has no place for unknown fields")
	p.unknown = unknown.Offset
	for i := range p.fields {
		fd := d.Fields().Get(i)
		f := &p.fields[i]
		b.field(f, fd, message, places)
		if fd.Cardinality() == protoreflect.Required {
			f.required = 1 << bits.OnesCount64(p.required)
			p.required = p.required<<1 | 1
		}
		p.byName[f.name] = i
		for int(f.number) >= len(p.byNumber) {
			p.byNumber = append(p.byNumber, -1)
		}
		p.byNumber[f.number] = int8(i)
		p.deep = p.deep || f.message != nil && f.message.deep
		if f.enum != nil || f.message != nil {
			p.unsettled = append(p.unsettled, i)
		}
	}
	invariant(len(p.fields) < 128 && len(p.byNumber) < 1<<10, p.full, "too many fields for a plan")
	p.building = false
	return p
}

// field fills f with what fd and the generated struct say.
func (b *planner) field(f *field, fd protoreflect.FieldDescriptor, message protoreflect.Message, places map[string]reflect.StructField) {
	f.name, f.number, f.kind = string(fd.Name()), fd.Number(), fd.Kind()
	f.key = append(AppendJSONString([]byte{','}, f.name), ':')
	if fd.ContainingOneof() != nil {
		f.inOneof(fd, message, places)
	} else {
		place, ok := places[strconv.Itoa(int(f.number))]
		invariant(ok, fd.FullName(), "the generated struct has no such field")
		f.offset, f.goType = place.Offset, place.Type
	}
	element := f.goType
	switch {
	case fd.IsMap():
		f.shape, f.value = dict, &field{name: f.name, shape: plain, kind: fd.MapValue().Kind()}
		invariant(fd.MapKey().Kind() == protoreflect.StringKind, fd.FullName(), "a map with keys that are no strings")
		f.kind, element, f.value.goType = f.value.kind, f.goType.Elem(), f.goType.Elem()
	case fd.IsList():
		f.shape, f.size, element = list, f.goType.Elem().Size(), f.goType.Elem()
	case f.shape == oneof:
		element = f.wrapper.Field(0).Type
	case f.kind == protoreflect.BytesKind || !fd.HasPresence():
		f.shape = plain
	case f.kind != protoreflect.MessageKind:
		element = f.goType.Elem()
	}
	want, ok := goKinds[f.kind]
	invariant(ok && element.Kind() == want, fd.FullName(), "no codec for this kind of field")
	switch f.kind {
	case protoreflect.MessageKind:
		f.message = b.plan(element.Elem())
	case protoreflect.EnumKind:
		f.enum = enumOf(fd.Enum())
	}
	if f.value != nil {
		f.value.message, f.value.enum = f.message, f.enum
	}
	if fd.HasDefault() && !absentWhenUnset[fd.FullName()] {
		f.unset = f.appendDefault(slices.Clone(f.key), fd.Default())
	}
}

// goKinds are the kinds of the Go values that hold each kind of field. These
// are all the kinds that the Mesos protocol and this project's own use.
var goKinds = map[protoreflect.Kind]reflect.Kind{
	protoreflect.BoolKind:    reflect.Bool,
	protoreflect.EnumKind:    reflect.Int32,
	protoreflect.Int32Kind:   reflect.Int32,
	protoreflect.Uint32Kind:  reflect.Uint32,
	protoreflect.Int64Kind:   reflect.Int64,
	protoreflect.Uint64Kind:  reflect.Uint64,
	protoreflect.DoubleKind:  reflect.Float64,
	protoreflect.StringKind:  reflect.String,
	protoreflect.BytesKind:   reflect.Slice,
	protoreflect.MessageKind: reflect.Pointer,
}

// inOneof finds the wrapper struct of a oneof's member by setting the member.
func (f *field) inOneof(fd protoreflect.FieldDescriptor, message protoreflect.Message, places map[string]reflect.StructField) {
	place, ok := places[string(fd.ContainingOneof().Name())]
	invariant(ok, fd.FullName(), "the generated struct has no such oneof")
	probe := message.New()
	probe.Set(fd, probe.NewField(fd))
	holder := reflect.ValueOf(probe.Interface()).Elem().FieldByIndex(place.Index)
	f.shape, f.offset, f.goType = oneof, place.Offset, place.Type
	f.wrapper = holder.Elem().Type().Elem()
}

// appendDefault writes an explicit default.
func (f *field) appendDefault(dst []byte, v protoreflect.Value) []byte {
	switch f.kind {
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, v.Bool())
	case protoreflect.EnumKind:
		return f.enum.append(dst, int32(v.Enum()))
	case protoreflect.DoubleKind:
		return AppendJSONDouble(dst, v.Float())
	case protoreflect.StringKind:
		return AppendJSONString(dst, v.String())
	case protoreflect.BytesKind:
		return appendBase64(dst, v.Bytes())
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		return strconv.AppendUint(dst, v.Uint(), 10)
	default:
		return strconv.AppendInt(dst, v.Int(), 10)
	}
}

// placesOf maps the field numbers and the names of the oneofs of a generated
// struct, both from its tags, to its fields.
func placesOf(t reflect.Type) map[string]reflect.StructField {
	places := make(map[string]reflect.StructField, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if _, rest, ok := strings.Cut(f.Tag.Get("protobuf"), ","); ok {
			number, _, _ := strings.Cut(rest, ",")
			places[number] = f
		} else if name := f.Tag.Get("protobuf_oneof"); name != "" {
			places[name] = f
		}
	}
	return places
}

// fieldNumbered returns the field of a number, or nil.
func (p *plan) fieldNumbered(number protoreflect.FieldNumber) *field {
	if int(number) < len(p.byNumber) && p.byNumber[number] >= 0 {
		return &p.fields[p.byNumber[number]]
	}
	return nil
}

// member returns the wrapper struct of a oneof's member if it is the one set.
func (f *field) member(at unsafe.Pointer) unsafe.Pointer {
	holder := reflect.NewAt(f.goType, at).Elem()
	if holder.IsNil() || holder.Elem().Type().Elem() != f.wrapper {
		return nil
	}
	return holder.Elem().UnsafePointer()
}

// messages calls visit with each message that f holds, and with what a path in
// an error says after the field's name. A nil in a list or map is an empty message.
func (f *field) messages(at unsafe.Pointer, visit func(m unsafe.Pointer, at string) error) error {
	switch f.shape {
	case list:
		for i, m := range *(*[]unsafe.Pointer)(at) {
			if err := visit(f.message.orEmpty(m), "["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		return nil
	case dict:
		dict := reflect.NewAt(f.goType, at).Elem()
		for _, key := range sortedKeys(dict) {
			m := dict.MapIndex(reflect.ValueOf(key)).UnsafePointer()
			if err := visit(f.message.orEmpty(m), keyInPath(key)); err != nil {
				return err
			}
		}
		return nil
	case oneof:
		if at = f.member(at); at == nil {
			return nil
		}
	}
	if m := *(*unsafe.Pointer)(at); m != nil {
		return visit(m, "")
	}
	return nil
}

func (p *plan) orEmpty(m unsafe.Pointer) unsafe.Pointer {
	if m == nil {
		return p.empty
	}
	return m
}

// snakeCase turns a message's name into the root of paths: Call is "call",
// FrameworkInfo is "framework_info".
func snakeCase(name string) string {
	var out []byte
	for i := range len(name) {
		c := name[i]
		upper := 'A' <= c && c <= 'Z'
		if upper && i > 0 && !('A' <= name[i-1] && name[i-1] <= 'Z') {
			out = append(out, '_')
		}
		if upper {
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return string(out)
}

// keyInPath is a map's key as paths in errors show it.
func keyInPath(key string) string {
	const longest = 64 // bytes; a key comes from outside
	if len(key) > longest {
		key = key[:longest] + "..."
	}
	return "[" + strconv.Quote(key) + "]"
}

// invariant panics if the generated code is not what the codecs were written for.
func invariant(holds bool, what protoreflect.FullName, broken string) {
	if !holds {
		panic(fmt.Sprintf("wire: plan: %s: %s", what, broken))
	}
}
