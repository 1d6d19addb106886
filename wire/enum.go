package wire

import (
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// An enum holds both ways between an enum's names and numbers.
type enum struct {
	full   protoreflect.FullName
	byName map[string]int32
	quoted [][]byte // names in quotes by number; nil where there is none
}

func enumOf(d protoreflect.EnumDescriptor) *enum {
	const most = 1 << 11 // numbers are few and small, so a table serves
	e := &enum{full: d.FullName(), byName: make(map[string]int32, d.Values().Len())}
	for i := range d.Values().Len() {
		name, number := string(d.Values().Get(i).Name()), int32(d.Values().Get(i).Number())
		invariant(0 <= number && number < most, e.full, "the enum has a number out of range")
		e.byName[name] = number
		for int(number) >= len(e.quoted) {
			e.quoted = append(e.quoted, nil)
		}
		if e.quoted[number] == nil { // the first of two names of one number counts
			e.quoted[number] = AppendJSONString(nil, name)
		}
	}
	return e
}

func (e *enum) has(number int32) bool {
	return 0 <= number && int(number) < len(e.quoted) && e.quoted[number] != nil
}

// append writes a value's quoted name, or the number of one without a name.
func (e *enum) append(dst []byte, number int32) []byte {
	if e.has(number) {
		return append(dst, e.quoted[number]...)
	}
	return strconv.AppendInt(dst, int64(number), 10)
}
