package wire_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func TestProtobufComesBack(t *testing.T) {
	want := offersEvent(3)
	data, err := wire.Append([]byte("before"), want)
	if err != nil {
		t.Fatal(err)
	}
	data, ok := bytes.CutPrefix(data, []byte("before"))
	if !ok {
		t.Fatal("dst was overwritten")
	}
	got := &schedulerpb.Event{Type: schedulerpb.Event_ERROR.Enum(), Error: &schedulerpb.Event_Error{}} // must vanish
	if err := wire.Unmarshal(data, got); err != nil {
		t.Fatal(err)
	}
	clear(data) // got must not notice
	if !proto.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
	standard, err := proto.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := wire.Unmarshal(standard, got); err != nil || !proto.Equal(got, want) {
		t.Fatalf("of the standard encoding: %v %v", err, got)
	}
}

func TestProtobufThatIsRefused(t *testing.T) {
	missing := partial(t, &schedulerpb.Call{Accept: &schedulerpb.Call_Accept{Operations: []*mesospb.Offer_Operation{
		{}, {Launch: &mesospb.Offer_Operation_Launch{TaskInfos: []*mesospb.TaskInfo{{Name: new("n")}}}}}}})
	missingInMap := partial(t, &schedulerpb.Call{Subscribe: &schedulerpb.Call_Subscribe{
		FrameworkInfo: &mesospb.FrameworkInfo{User: new("u"), Name: new("n"), OfferFilters: map[string]*mesospb.OfferFilters{
			"role": {MinAllocatableResources: &mesospb.OfferFilters_MinAllocatableResources{
				Quantities: []*mesospb.OfferFilters_ResourceQuantities{{Quantities: map[string]*mesospb.Value_Scalar{"cpus": {}}}}}}}}}})
	for _, test := range []struct {
		name, want string
		data       []byte
	}{
		{"a required field", "call.accept.operations[1].launch.task_infos[0].task_id: required field is missing", missing},
		{"a required field in a map", `call.subscribe.framework_info.offer_filters["role"].min_allocatable_resources.` +
			`quantities[0].quantities["cpus"].value: required field is missing`, missingInMap},
		{"an entry of a map without a value", `call.subscribe.offer_constraints.role_constraints["a"].groups[0].` +
			`attribute_constraints[0].selector: required field is missing`, partial(t, &schedulerpb.Call{Subscribe: &schedulerpb.Call_Subscribe{
			FrameworkInfo: &mesospb.FrameworkInfo{User: new("u"), Name: new("n")},
			OfferConstraints: &schedulerpb.OfferConstraints{RoleConstraints: map[string]*schedulerpb.OfferConstraints_RoleConstraints{
				"a": {Groups: []*schedulerpb.OfferConstraints_RoleConstraints_Group{{
					AttributeConstraints: []*schedulerpb.AttributeConstraint{{}}}}}}}}})},
		{"JSON", "call: ", []byte(`{"type":"SUBSCRIBE"}`)},
		{"a torn message", "call: ", missing[:len(missing)-1]},
		{"an endless varint", "call: ", bytes.Repeat([]byte{0xff}, 11)},
		{"a length past the end", "call: ", []byte{0x1a, 0xff, 0xff, 0xff, 0xff, 0x07}},
		{"a group without a start", "call: ", []byte{0x0c}},
		{"an unknown field with an impossible number", "call: malformed unknown field", []byte{0xf0, 0xe0, 0xf0, 0xe0, 0x15, 0x4a}},
	} {
		err := wire.Unmarshal(test.data, new(schedulerpb.Call))
		if err == nil || !strings.HasPrefix(err.Error(), "decode protobuf: "+test.want) || mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s:\ngot  %v\nwant decode protobuf: %s", test.name, err, test.want)
		}
	}
}

func TestAnEmptyMessageIsRefusedOnlyForItsRequiredFields(t *testing.T) {
	if err := wire.Unmarshal(nil, new(schedulerpb.Call)); err != nil {
		t.Error(err)
	}
	if err := wire.Unmarshal(nil, new(mesospb.Resource)); err == nil || !strings.Contains(err.Error(), "resource.name: ") {
		t.Errorf("got %v", err)
	}
}

func TestProtobufDepthIsLimited(t *testing.T) {
	id := func(depth int) []byte {
		// Built from the inside out, at the end of a buffer, so that it takes linear time.
		value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "c")
		reversed := func(dst, data []byte) []byte {
			for i := len(data) - 1; i >= 0; i-- {
				dst = append(dst, data[i])
			}
			return dst
		}
		out := reversed(nil, value)
		for range depth {
			header := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.BytesType), uint64(len(out)))
			out = reversed(reversed(out, header), value)
		}
		return reversed(nil, out)
	}
	status := func(id []byte) []byte { // a TaskStatus with this container ID
		data, err := wire.Marshal(&mesospb.TaskStatus{TaskId: &mesospb.TaskID{Value: new("t")}, State: mesospb.TaskState_TASK_RUNNING.Enum()})
		if err != nil {
			t.Fatal(err)
		}
		container := protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), id)
		return protowire.AppendBytes(protowire.AppendTag(data, 13, protowire.BytesType), container)
	}
	if err := wire.Unmarshal(id(100), new(mesospb.ContainerID)); err != nil {
		t.Error(err)
	}
	deep := id(2_000_000)
	for m, data := range map[wire.Message][]byte{new(mesospb.ContainerID): deep, new(mesospb.TaskStatus): status(deep)} {
		if err := wire.Unmarshal(data, m); err == nil || !strings.Contains(err.Error(), "nested too deep") {
			t.Errorf("%T: got %.300v", m, err)
		}
	}
}

func TestNothingIsEncodedAsNothing(t *testing.T) {
	if _, err := wire.MarshalJSON((*schedulerpb.Call)(nil)); err == nil || mesos.KindOf(err) != mesos.Internal {
		t.Errorf("got %v", err)
	}
}

// Two bytes of protobuf, or three of JSON, can be a message that takes 200 in memory.
func TestManySmallMessagesAreRefused(t *testing.T) {
	const count = 2_000_000
	operations := bytes.Repeat([]byte{0x12, 0x00}, count)
	protobuf := protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), operations)
	json := []byte(`{"accept":{"operations":[` + strings.Repeat("{},", count) + `{}]}}`)
	for media, data := range map[wire.MediaType][]byte{wire.Protobuf: protobuf, wire.JSON: json} {
		err := media.Unmarshal(data, new(schedulerpb.Call))
		if err == nil || !strings.Contains(err.Error(), ": call.accept.operations") || !strings.Contains(err.Error(), "too many small messages") {
			t.Errorf("%v: got %v", media, err)
		}
	}
}

// What is large because the cluster is must not be refused.
func TestLargeStatesAreNotRefused(t *testing.T) {
	state := tasks(5_000)
	for _, media := range []wire.MediaType{wire.Protobuf, wire.JSON} {
		data, err := media.Append(nil, state)
		if err != nil {
			t.Fatal(err)
		}
		if err := media.Unmarshal(data, state); err != nil {
			t.Errorf("%v: %v", media, err)
		}
	}
}

// Enums are closed in proto2: a value that this version does not know is an
// unknown field, is kept, and is there for the next one that decodes it.
func TestUnknownEnumValues(t *testing.T) {
	const unknown = 999
	status := &mesospb.TaskStatus{TaskId: &mesospb.TaskID{Value: new("t")}, State: mesospb.TaskState_TASK_LOST.Enum(),
		Reason: mesospb.TaskStatus_Reason(unknown).Enum()}
	linux := &mesospb.LinuxInfo{EffectiveCapabilities: &mesospb.CapabilityInfo{Capabilities: []mesospb.CapabilityInfo_Capability{
		mesospb.CapabilityInfo_CHOWN, unknown, mesospb.CapabilityInfo_KILL}}}
	selector := &schedulerpb.AttributeConstraint_Selector{
		Selector: &schedulerpb.AttributeConstraint_Selector_PseudoattributeType_{PseudoattributeType: unknown}}

	recode(t, status)
	if status.Reason != nil {
		t.Errorf("an optional one is %v", status.Reason)
	}
	recode(t, linux)
	if c := linux.EffectiveCapabilities.Capabilities; len(c) != 2 || c[1] != mesospb.CapabilityInfo_KILL {
		t.Errorf("a list is %v", c)
	}
	recode(t, selector)
	if selector.Selector != nil {
		t.Errorf("a member of a oneof is %v", selector.Selector)
	}

	data, err := wire.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	plain := new(mesospb.TaskStatus)
	if err := plain.UnmarshalVT(data); err != nil || plain.GetReason() != unknown {
		t.Errorf("it was not passed on: %v %v", plain, err)
	}

	status.State = mesospb.TaskState(unknown).Enum()
	data, err = wire.Marshal(&schedulerpb.Event{Update: &schedulerpb.Event_Update{Status: status}})
	if err != nil {
		t.Fatal(err)
	}
	err = wire.Unmarshal(data, new(schedulerpb.Event))
	const want = "decode protobuf: event.update.status.state: required field has the value 999, which mesos.v1.TaskState does not know"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// An entry of a map may lack its value, which then is empty.
func TestMapEntriesWithoutAValue(t *testing.T) {
	entry := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "key")
	in := func(number protowire.Number, data []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), data)
	}
	constraints := new(schedulerpb.OfferConstraints)
	if err := wire.Unmarshal(in(1, entry), constraints); err != nil || constraints.RoleConstraints["key"] == nil {
		t.Errorf("got %v, %v", constraints, err)
	}
	err := wire.Unmarshal(in(1, entry), new(mesospb.OfferFilters_ResourceQuantities))
	const want = `decode protobuf: resource_quantities.quantities["key"].value: required field is missing`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A nil where a message should be is a mistake of this project's own code; it
// must not bring the process down while it writes.
func TestNilMessagesAreEmpty(t *testing.T) {
	for m, want := range map[wire.Message]string{
		&mesospb.TaskGroupInfo{Tasks: []*mesospb.TaskInfo{nil}}:                                          "task_group_info.tasks[0].name: required field is missing",
		&schedulerpb.Call_Request{Requests: []*mesospb.Request{nil}}:                                     "",
		&mesospb.OfferFilters_ResourceQuantities{Quantities: map[string]*mesospb.Value_Scalar{"a": nil}}: `resource_quantities.quantities["a"].value: required field is missing`,
	} {
		data, err := wire.MarshalJSON(m)
		if want == "" && (err != nil || string(data) != `{"requests":[{}]}`) || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("got %s, %v, want %s", data, err, want)
		}
	}
}

// recode encodes m and decodes it again.
func recode(t *testing.T, m wire.Message) {
	t.Helper()
	data, err := wire.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := wire.Unmarshal(data, m); err != nil {
		t.Fatal(err)
	}
}

func partial(t *testing.T, m proto.Message) []byte {
	t.Helper()
	data, err := proto.MarshalOptions{AllowPartial: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// covers: ProtobufUtilTest.LargeMessageEvolve
func TestMessagesMayBeLarge(t *testing.T) {
	const size = 70 << 20 // bytes, more than protobuf once allowed
	want := &mesospb.ExecutorInfo{ExecutorId: &mesospb.ExecutorID{Value: new("e")}, Data: bytes.Repeat([]byte{7}, size)}
	recode(t, want)
	if len(want.Data) != size {
		t.Errorf("%d bytes came back", len(want.Data))
	}
}
