package wire

import (
	"reflect"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// settle does what the generated protobuf decoder leaves undone in the message
// at m, which it has just decoded.
//
// Enums get the meaning that they have in proto2, which is that a value without
// a name is an unknown field: an optional field that carries one is unset, an
// element of a list is left out, and a required field is missing. What is taken
// out is kept with the message's unknown fields, so that it is still there when
// the message is passed on.
//
// A message that is absent from a map's entry becomes an empty one.
//
// Unknown fields, which the generated decoder keeps but hardly reads, must be
// well-formed, or what is encoded from the message would be refused by others.
func (p *plan) settle(m unsafe.Pointer) error {
	if unknown := *(*[]byte)(unsafe.Add(m, p.unknown)); len(unknown) > 0 && !wellFormed(unknown) {
		return &pathError{cause: "malformed unknown field", offset: -1}
	}
	for _, i := range p.unsettled {
		f := &p.fields[i]
		at := unsafe.Add(m, f.offset)
		var err error
		if f.enum != nil {
			err = p.closeEnum(m, f, at)
		} else {
			err = f.settleMessages(at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func wellFormed(fields []byte) bool {
	for len(fields) > 0 {
		number, _, n := protowire.ConsumeField(fields)
		if n < 0 || number > protowire.MaxValidNumber {
			return false
		}
		fields = fields[n:]
	}
	return true
}

// closeEnum settles the enum field f, at at, of the message at m.
func (p *plan) closeEnum(m unsafe.Pointer, f *field, at unsafe.Pointer) error {
	switch f.shape {
	case pointer:
		v := (**int32)(at)
		if *v == nil || f.enum.has(**v) {
			return nil
		}
		if f.required != 0 {
			return &pathError{path: "." + f.name, cause: "required field has the value " +
				strconv.Itoa(int(**v)) + ", which " + string(f.enum.full) + " does not know", offset: -1}
		}
		p.keepUnknown(m, f, **v)
		*v = nil
	case list:
		values := (*[]int32)(at)
		known := (*values)[:0]
		for _, v := range *values {
			if f.enum.has(v) {
				known = append(known, v)
			} else {
				p.keepUnknown(m, f, v)
			}
		}
		*values = known
	case oneof:
		if w := f.member(at); w != nil && !f.enum.has(*(*int32)(w)) {
			p.keepUnknown(m, f, *(*int32)(w))
			reflect.NewAt(f.goType, at).Elem().SetZero()
		}
	}
	return nil
}

func (p *plan) keepUnknown(m unsafe.Pointer, f *field, v int32) {
	message := reflect.NewAt(p.goType, m).Interface().(proto.Message).ProtoReflect()
	unknown := protowire.AppendTag(message.GetUnknown(), f.number, protowire.VarintType)
	message.SetUnknown(protowire.AppendVarint(unknown, uint64(int64(v))))
}

// settleMessages settles the messages that the field holds at at.
func (f *field) settleMessages(at unsafe.Pointer) error {
	switch f.shape {
	case pointer: // the two shapes that nearly every field has go without a closure
		if m := *(*unsafe.Pointer)(at); m != nil {
			return f.settleMessage(m, "")
		}
		return nil
	case list:
		for i, m := range *(*[]unsafe.Pointer)(at) {
			if err := f.message.settle(m); err != nil {
				return under(err, "."+f.name+"["+strconv.Itoa(i)+"]")
			}
		}
		return nil
	case dict:
		if err := f.fillDict(at); err != nil {
			return err
		}
	}
	return f.messages(at, f.settleMessage)
}

func (f *field) settleMessage(m unsafe.Pointer, index string) error {
	if err := f.message.settle(m); err != nil {
		return under(err, "."+f.name+index)
	}
	return nil
}

// fillDict gives each entry of a map that has no message an empty one.
func (f *field) fillDict(at unsafe.Pointer) error {
	dict := reflect.NewAt(f.goType, at).Elem()
	for _, key := range sortedKeys(dict) {
		if !dict.MapIndex(reflect.ValueOf(key)).IsNil() {
			continue
		}
		if err := f.message.missing(f.message.empty); err != nil {
			return under(err, "."+f.name+keyInPath(key))
		}
		dict.SetMapIndex(reflect.ValueOf(key), reflect.New(f.message.goType))
	}
	return nil
}
