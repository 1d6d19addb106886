// Package apache makes of this project's daemons, for tests, what Apache Mesos was in an
// older version: its v1 API without the calls, events, fields and values that came
// later, and /files. Everything else is not there.
package apache

import (
	_ "embed"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/mesos"
)

// since is what of the v1 API came after 1.5.0, and with which version: "field", its
// message, its name, the version; or "value", its enum, its name, the version. It was
// read off the .proto files of the releases.
//
//go:embed since.tsv
var since string

// Version is a version of Apache Mesos since 1.5: its second number.
type Version int

// ParseVersion reads a version such as 1.5.
func ParseVersion(text string) (Version, error) {
	minor, ok := strings.CutPrefix(text, "1.")
	n, err := strconv.Atoi(minor)
	if !ok || err != nil || n < 5 || n > 11 {
		return 0, mesos.Errorf(mesos.Invalid, "%q is not a version from 1.5 to 1.11", text)
	}
	return Version(n), nil
}

// String is as in 1.5.0.
func (v Version) String() string { return "1." + strconv.Itoa(int(v)) + ".0" }

// table is when things came, by their full names.
var table = func() map[protoreflect.FullName]Version {
	table := map[protoreflect.FullName]Version{}
	for line := range strings.Lines(since) {
		columns := strings.Split(strings.TrimSpace(line), "\t")
		version, err := ParseVersion(columns[3])
		if err != nil {
			panic("apache: since.tsv: " + err.Error())
		}
		table[protoreflect.FullName(columns[1]).Append(protoreflect.Name(columns[2]))] = version
	}
	return table
}()

// has reports whether a version has a field.
func (v Version) has(f protoreflect.FieldDescriptor) bool { return v >= table[f.FullName()] }

// knows reports whether it has a value of an enum.
func (v Version) knows(e protoreflect.EnumDescriptor, n protoreflect.EnumNumber) bool {
	value := e.Values().ByNumber(n)
	return value != nil && v >= table[e.FullName().Append(value.Name())]
}

// forget takes out of a message what the version does not have: from a call what its
// parser ignores, and from an answer what it can't say.
func (v Version) forget(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case !v.has(f):
			m.Clear(f)
		case f.IsMap():
			if f.MapValue().Message() != nil {
				value.Map().Range(func(_ protoreflect.MapKey, value protoreflect.Value) bool {
					v.forget(value.Message())
					return true
				})
			}
		case f.IsList():
			v.forgetList(f, value.List())
		case f.Enum() != nil:
			if !v.knows(f.Enum(), value.Enum()) {
				m.Clear(f)
			}
		case f.Message() != nil:
			v.forget(value.Message())
		}
		return true
	})
}

func (v Version) forgetList(f protoreflect.FieldDescriptor, list protoreflect.List) {
	kept := 0
	for i := range list.Len() {
		item := list.Get(i)
		switch {
		case f.Enum() != nil:
			if !v.knows(f.Enum(), item.Enum()) {
				continue
			}
		case f.Message() != nil:
			typed := typeOf(item.Message())
			v.forget(item.Message())
			if typed && !typeOf(item.Message()) { // such as a capability
				continue
			}
		}
		list.Set(kept, item)
		kept++
	}
	list.Truncate(kept)
}

// typeOf reports whether a message has a type that is set.
func typeOf(m protoreflect.Message) bool {
	f := m.Descriptor().Fields().ByName("type")
	return f != nil && m.Has(f)
}
