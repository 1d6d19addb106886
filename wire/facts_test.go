package wire_test

import (
	"bufio"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// The protocol is frozen: every message, field and enum value of Mesos 1.11 is
// in testdata/wire-v1.tsv, one a line (kind, parent, name, number, label, type,
// default, oneof). The descriptors must say the same, no less and no more.
func TestDescriptorsAreThoseOfMesos(t *testing.T) {
	want := readFacts(t, "testdata/wire-v1.tsv")
	got := map[string]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if file.Package() == "mesos.v1" || strings.HasPrefix(string(file.Package()), "mesos.v1.") {
			factsOfEnums(got, file.Enums())
			factsOfMessages(got, file.Messages())
		}
		return true
	})
	for _, fact := range difference(want, got) {
		t.Errorf("missing in the descriptors: %s", fact)
	}
	for _, fact := range difference(got, want) {
		t.Errorf("only in the descriptors: %s", fact)
	}
	if len(got) < 1600 {
		t.Errorf("only %d facts", len(got))
	}
}

func readFacts(t *testing.T, name string) map[string]bool {
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	facts := map[string]bool{}
	lines := bufio.NewScanner(file)
	lines.Scan() // the heading
	for lines.Scan() {
		facts[lines.Text()] = true
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return facts
}

func factsOfEnums(facts map[string]bool, enums protoreflect.EnumDescriptors) {
	for i := range enums.Len() {
		values := enums.Get(i).Values()
		for j := range values.Len() {
			v := values.Get(j)
			add(facts, "enum", string(enums.Get(i).FullName()), string(v.Name()), strconv.Itoa(int(v.Number())), "", "", "", "")
		}
	}
}

func factsOfMessages(facts map[string]bool, messages protoreflect.MessageDescriptors) {
	for i := range messages.Len() {
		m := messages.Get(i)
		factsOfEnums(facts, m.Enums())
		factsOfMessages(facts, m.Messages())
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			add(facts, "field", string(m.FullName()), string(f.Name()), strconv.Itoa(int(f.Number())),
				f.Cardinality().String(), typeOf(f), defaultOf(f), oneofOf(f))
		}
	}
}

func add(facts map[string]bool, columns ...string) { facts[strings.Join(columns, "\t")] = true }

func typeOf(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return string(f.Message().FullName())
	case protoreflect.EnumKind:
		return string(f.Enum().FullName())
	}
	return f.Kind().String()
}

func defaultOf(f protoreflect.FieldDescriptor) string {
	switch {
	case !f.HasDefault():
		return ""
	case f.Kind() == protoreflect.EnumKind:
		return string(f.DefaultEnumValue().Name())
	}
	return f.Default().String()
}

func oneofOf(f protoreflect.FieldDescriptor) string {
	if f.ContainingOneof() == nil {
		return ""
	}
	return "oneof:" + string(f.ContainingOneof().Name())
}

func difference(a, b map[string]bool) []string {
	var only []string
	for fact := range a {
		if !b[fact] {
			only = append(only, fact)
		}
	}
	slices.Sort(only)
	return only
}
