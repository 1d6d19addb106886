package wire_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	_ "github.com/mesosctl/mesosctl/wire/agentpb"
	_ "github.com/mesosctl/mesosctl/wire/allocationpb"
	_ "github.com/mesosctl/mesosctl/wire/executorpb"
	_ "github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	_ "github.com/mesosctl/mesosctl/wire/registrypb"
	_ "github.com/mesosctl/mesosctl/wire/resourceproviderpb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func TestJSONIsWrittenAsMesosWritesIt(t *testing.T) {
	for _, test := range []struct {
		name string
		m    wire.Message
		want string
	}{
		{"defaults of unset fields are written", &mesospb.Filters{}, `{"refuse_seconds":5.0}`},
		{"defaults of deprecated fields are not", scalar("cpus", 1.5),
			`{"name":"cpus","type":"SCALAR","scalar":{"value":1.5}}`},
		{"a default that is set is written", &mesospb.Filters{RefuseSeconds: new(5.0)}, `{"refuse_seconds":5.0}`},
		{"64-bit integers are numbers", &mesospb.TimeInfo{Nanoseconds: new(int64(math.MinInt64))},
			`{"nanoseconds":-9223372036854775808}`},
		{"unsigned ones too", &mesospb.Value_Range{Begin: new(uint64(0)), End: new(uint64(math.MaxUint64))},
			`{"begin":0,"end":18446744073709551615}`},
		{"bytes are base64", &mesospb.UUID{Value: []byte{0xfb, 0xff}}, `{"value":"+/8="}`},
		{"empty bytes are not absent", &mesospb.UUID{Value: []byte{}}, `{"value":""}`},
		{"an empty list is absent", &mesospb.Value_Set{Item: []string{}}, `{}`},
		{"an empty message is not", &schedulerpb.Call_Accept{OfferIds: []*mesospb.OfferID{{Value: new("o")}}, Filters: &mesospb.Filters{}},
			`{"offer_ids":[{"value":"o"}],"filters":{"refuse_seconds":5.0}}`},
		{"maps are objects with sorted keys", &quotapb.QuotaConfig{Role: new("r"), Limits: map[string]*mesospb.Value_Scalar{
			"mem": {Value: new(2.0)}, "cpus": {Value: new(1.0)}}},
			`{"role":"r","limits":{"cpus":{"value":1.0},"mem":{"value":2.0}}}`},
		{"a duration is an ordinary message", unmarshaled(t, &masterpb.Call_DrainAgent{},
			`{"agent_id":{"value":"a"},"max_grace_period":{"seconds":7}}`),
			`{"agent_id":{"value":"a"},"max_grace_period":{"seconds":7},"mark_gone":false}`},
		{"maps of strings", &mesospb.Volume_Source_CSIVolume_StaticProvisioning{VolumeId: new("v"),
			VolumeCapability: unmarshaled(t, &mesospb.Volume_Source_CSIVolume_VolumeCapability{}, `{"access_mode":{"mode":"SINGLE_NODE_WRITER"}}`),
			VolumeContext:    map[string]string{"b": "2", "a": "1"}},
			`{"volume_id":"v","volume_capability":{"access_mode":{"mode":"SINGLE_NODE_WRITER"}},"volume_context":{"a":"1","b":"2"}}`},
		{"a value of an enum without a name is a number", &schedulerpb.Call{Type: schedulerpb.Call_Type(99).Enum()}, `{"type":99}`},
		{"a member of a oneof is an ordinary field", &schedulerpb.AttributeConstraint_Selector{
			Selector: &schedulerpb.AttributeConstraint_Selector_AttributeName{AttributeName: "rack"}},
			`{"attribute_name":"rack"}`},
		{"what must be escaped is", &mesospb.TaskID{Value: new("a\"\\\b\f\n\r\t\x01\x7f/é\u2028😀\xff")},
			`{"value":"a\"\\\b\f\n\r\t\u0001` + "\x7f/é\u2028😀�" + `"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := wire.MarshalJSON(test.m)
			if err != nil || string(got) != test.want {
				t.Fatalf("got  %s %v\nwant %s", got, err, test.want)
			}
			if !json.Valid(got) {
				t.Fatalf("not JSON: %s", got)
			}
		})
	}
}

// The v1 JSON says agent where Mesos's inner messages say slave, in the names of
// fields and of enums' values.
//
// covers: HTTP.AsV1Protobuf
func TestJSONOfATaskStatus(t *testing.T) {
	status := &mesospb.TaskStatus{
		TaskId: &mesospb.TaskID{Value: new("t")}, State: mesospb.TaskState_TASK_RUNNING.Enum(),
		Source: mesospb.TaskStatus_SOURCE_AGENT.Enum(), Reason: mesospb.TaskStatus_REASON_AGENT_RESTARTED.Enum(),
		AgentId: &mesospb.AgentID{Value: new("a")}, Uuid: []byte("0123456789abcdef"),
		Timestamp: new(1795292438.463951), Healthy: new(false),
		ContainerStatus: &mesospb.ContainerStatus{NetworkInfos: []*mesospb.NetworkInfo{{
			IpAddresses: []*mesospb.NetworkInfo_IPAddress{{IpAddress: new("127.0.0.1")}}}}},
	}
	const want = `{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_AGENT",` +
		`"reason":"REASON_AGENT_RESTARTED","agent_id":{"value":"a"},"timestamp":1795292438.463951,"uuid":"MDEyMzQ1Njc4OWFiY2RlZg==","healthy":false,` +
		`"container_status":{"network_infos":[{"ip_addresses":[{"protocol":"IPv4","ip_address":"127.0.0.1"}]}]}}`
	got, err := wire.MarshalJSON(status)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !equalJSON(a, b) {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	back := new(mesospb.TaskStatus)
	if err := wire.UnmarshalJSON(got, back); err != nil {
		t.Fatal(err)
	}
	status.ContainerStatus.NetworkInfos[0].IpAddresses[0].Protocol = mesospb.NetworkInfo_IPv4.Enum()
	if !proto.Equal(status, back) {
		t.Fatalf("came back as %v", back)
	}
}

func equalJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func TestDoublesAreWrittenAsMesosWritesThem(t *testing.T) {
	for want, v := range map[string]float64{
		"0.0": 0, "-0.0": math.Copysign(0, -1), "1.0": 1, "-3.0": -3, "0.1": 0.1, "1.5": 1.5,
		"123456789012345.0": 123456789012345, "1000000000000000.0": 1e15, "100000000000000000000.0": 1e20,
		"1e21": 1e21, "1.5e22": 1.5e22, "-1e100": -1e100, "1.7976931348623157e308": math.MaxFloat64,
		"0.000001": 1e-6, "1e-7": 1e-7, "2.5e-7": 2.5e-7, "5e-324": math.SmallestNonzeroFloat64,
		"1795289312.463951": 1795289312.463951,
		`"Infinity"`:        math.Inf(1), `"-Infinity"`: math.Inf(-1), `"NaN"`: math.NaN(),
	} {
		if got := string(wire.AppendJSONDouble(nil, v)); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
}

func TestJSONIsReadAsMesosReadsIt(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     wire.Message
	}{
		{"white space", " \t\r\n{ \"value\" : \"t\" } \n", &mesospb.TaskID{Value: new("t")}},
		{"unknown names are passed over", `{"x":{"y":[1,{"z":null},"s",true,-1.5e3]},"value":"t"}`, &mesospb.TaskID{Value: new("t")}},
		{"names are case sensitive", `{"Value":1,"value":"t"}`, &mesospb.TaskID{Value: new("t")}},
		{"null is absent", `{"value":"x","parent":null}`, &mesospb.ContainerID{Value: new("x")}},
		{"null in a list adds nothing", `{"item":["a",null,"b"]}`, &mesospb.Value_Set{Item: []string{"a", "b"}}},
		{"one value stands for a list", `{"item":"a"}`, &mesospb.Value_Set{Item: []string{"a"}}},
		{"integers as strings", `{"nanoseconds":"-12"}`, &mesospb.TimeInfo{Nanoseconds: new(int64(-12))}},
		{"integers with an exponent", `{"nanoseconds":1.5e9}`, &mesospb.TimeInfo{Nanoseconds: new(int64(15e8))}},
		{"fractions are cut off", `{"nanoseconds":-2.9}`, &mesospb.TimeInfo{Nanoseconds: new(int64(-2))}},
		{"the largest integer", `{"begin":-0,"end":18446744073709551615}`,
			&mesospb.Value_Range{Begin: new(uint64(0)), End: new(uint64(math.MaxUint64))}},
		{"the smallest", `{"nanoseconds":-9223372036854775808}`, &mesospb.TimeInfo{Nanoseconds: new(int64(math.MinInt64))}},
		{"an integer as a double", `{"refuse_seconds":3}`, &mesospb.Filters{RefuseSeconds: new(3.0)}},
		{"a double as a string", `{"refuse_seconds":"0.25"}`, &mesospb.Filters{RefuseSeconds: new(0.25)}},
		{"infinity", `{"refuse_seconds":"Infinity"}`, &mesospb.Filters{RefuseSeconds: new(math.Inf(1))}},
		{"less than infinity", `{"refuse_seconds":"-Infinity"}`, &mesospb.Filters{RefuseSeconds: new(math.Inf(-1))}},
		{"a boolean as a string", `{"key":"k","value":"true"}`, &mesospb.Label{Key: new("k"), Value: new("true")}},
		{"a boolean as a string", `{"shell":"false"}`, &mesospb.CommandInfo{Shell: new(false)}},
		{"a boolean", `{"shell":true}`, &mesospb.CommandInfo{Shell: new(true)}},
		{"base64 without padding and with white space", `{"value":" +/\n8 "}`, &mesospb.UUID{Value: []byte{0xfb, 0xff}}},
		{"base64 of nothing", `{"value":""}`, &mesospb.UUID{Value: []byte{}}},
		{"escapes", `{"value":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"}`, &mesospb.TaskID{Value: new("\"\\/\b\f\n\r\té😀é")}},
		{"the last of two counts", `{"value":"a","value":"b"}`, &mesospb.TaskID{Value: new("b")}},
		{"the last of two lists counts", `{"item":["a"],"item":["b"]}`, &mesospb.Value_Set{Item: []string{"b"}}},
		{"the last of two messages counts", `{"value":"x","parent":{"value":"a","parent":{"value":"b"}},"parent":{"value":"c"}}`,
			&mesospb.ContainerID{Value: new("x"), Parent: &mesospb.ContainerID{Value: new("c")}}},
		{"an unknown optional enum is absent", `{"type":"NEVER_HEARD"}`, &schedulerpb.Call{}},
		{"a map", `{"role":"r","limits":{"cpus":{"value":1}}}`, &quotapb.QuotaConfig{Role: new("r"),
			Limits: map[string]*mesospb.Value_Scalar{"cpus": {Value: new(1.0)}}}},
		{"a map of strings", `{"volume_id":"v","volume_capability":{"block":{},"access_mode":{"mode":"SINGLE_NODE_WRITER"}},"volume_context":{"a":"1"}}`,
			&mesospb.Volume_Source_CSIVolume_StaticProvisioning{VolumeId: new("v"), VolumeContext: map[string]string{"a": "1"},
				VolumeCapability: unmarshaled(t, &mesospb.Volume_Source_CSIVolume_VolumeCapability{}, `{"block":{},"access_mode":{"mode":"SINGLE_NODE_WRITER"}}`)}},
		{"the last of two maps counts", `{"role":"r","limits":{"cpus":{"value":1}},"limits":{}}`, &quotapb.QuotaConfig{Role: new("r")}},
		{"a member of a oneof", `{"attribute_name":"rack"}`, &schedulerpb.AttributeConstraint_Selector{
			Selector: &schedulerpb.AttributeConstraint_Selector_AttributeName{AttributeName: "rack"}}},
		{"a message of a oneof", `{"text_equals":{"value":"v"}}`, &schedulerpb.AttributeConstraint_Predicate{
			Predicate: &schedulerpb.AttributeConstraint_Predicate_TextEquals_{
				TextEquals: &schedulerpb.AttributeConstraint_Predicate_TextEquals{Value: new("v")}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.want.ProtoReflect().New().Interface().(wire.Message)
			if err := wire.UnmarshalJSON([]byte(test.in), got); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, test.want) {
				t.Fatalf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestJSONThatIsRefused(t *testing.T) {
	const subscribe = `{"type":"SUBSCRIBE","subscribe":{"framework_info":`
	for _, test := range []struct{ in, want string }{
		{``, `call: expected an object, found the end of the input (at byte 0)`},
		{`[]`, `call: expected an object, found an array (at byte 0)`},
		{`{"string": "valid_json"`, `call: expected ',' or '}', found the end of the input (at byte 23)`},
		{`{} x`, `call: expected the end of the input, found 'x' (at byte 3)`},
		{"{}\x00", `call: expected the end of the input, found '\x00' (at byte 2)`},
		{`{"type":1}`, `call.type: expected a string, found a number (at byte 8)`},
		{`{"subscribe":[]}`, `call.subscribe: expected an object, found an array (at byte 13)`},
		{subscribe + `{"name":"n"}}}`, `call.subscribe.framework_info.user: required field is missing (at byte 61)`},
		{subscribe + `{"name":"n","user":null}}}`, `call.subscribe.framework_info.user: required field is missing (at byte 73)`},
		{subscribe + `{"user":"u","name":7}}}`, `call.subscribe.framework_info.name: expected a string, found a number (at byte 69)`},
		{`{"accept":{"operations":[{},{"type":"LAUNCH","launch":{"task_infos":[{"name":true}]}}]}}`,
			`call.accept.operations[1].launch.task_infos[0].name: expected a string, found a boolean (at byte 77)`},
		{`{"accept":{"operations":{"launch":{"task_infos":{"resources":[[]]}}}}}`,
			`call.accept.operations.launch.task_infos.resources[0]: expected an object, found an array (at byte 62)`},
		{`{"reconcile":{"tasks":[{"task_id":{}}]}}`, `call.reconcile.tasks[0].task_id.value: required field is missing (at byte 35)`},
		{`{"acknowledge":{"uuid":"*"}}`, `call.acknowledge.uuid: not base64 (at byte 23)`},
		{`{"kill":{"task_id":{"value":"t"},"kill_policy":{"grace_period":{"nanoseconds":[1]}}}}`,
			`call.kill.kill_policy.grace_period.nanoseconds: expected a number, found an array (at byte 78)`},
		{`{"decline":{"filters":{"refuse_seconds":"5s"}}}`,
			`call.decline.filters.refuse_seconds: expected a number, found the string "5s" (at byte 40)`},
		{`{"decline":{"filters":{"refuse_seconds":1e999}}}`,
			`call.decline.filters.refuse_seconds: the number is out of the range of double (at byte 40)`},
		{`{"decline":{"filters":{"refuse_seconds":01}}}`, `call.decline.filters: expected ',' or '}', found a number (at byte 41)`},
		{`{"decline":{"filters":{"refuse_seconds":1.}}}`, `call.decline.filters.refuse_seconds: expected a digit (at byte 42)`},
		{`{"type":"\x"}`, `call.type: unknown escape sequence in a string (at byte 9)`},
		{`{"type":"\u12"}`, `call.type: expected four hexadecimal digits after \u (at byte 9)`},
		{`{"type":"\ud83d"}`, `call.type: half of a surrogate pair in a string (at byte 9)`},
		{"{\"type\":\"a\nb\"}", `call.type: control character in a string (at byte 10)`},
		{`{"type":"a`, `call.type: string without an end (at byte 10)`},
		{`{"x":tru}`, `call: expected true (at byte 5)`},
		{`{"x":[1,]}`, `call: expected a value, found ']' (at byte 8)`},
		{`{"x":[1}`, `call: expected ',' or ']', found '}' (at byte 7)`},
		{`{"x":{1:2}}`, `call: expected a string, found a number (at byte 6)`},
		{`{"x":{"y"}}`, `call: expected ':', found '}' (at byte 9)`},
		{`{"type"}`, `call: expected ':', found '}' (at byte 7)`},
		{`{"x":-}`, `call: expected a digit (at byte 6)`},
		{`{"x":1e}`, `call: expected a digit (at byte 7)`},
		{`{"x":"\`, `call: string without an end (at byte 6)`},
		{"{\"x\":\"\\n\n\"}", `call: control character in a string (at byte 8)`},
		{`{"type":null null}`, `call: expected ',' or '}', found null (at byte 13)`},
		{`{"decline":{"filters":{"refuse_seconds":"` + strings.Repeat("7", 70) + `x"}}}`,
			`call.decline.filters.refuse_seconds: expected a number, found the string "` + strings.Repeat("7", 64) + `..." (at byte 40)`},
		{`{"accept":{"operations":[{"launch":{"task_infos":[{"command":{"shell":"maybe"}}]}}]}}`,
			`call.accept.operations[0].launch.task_infos[0].command.shell: expected a boolean, found the string "maybe" (at byte 70)`},
		{`{"accept":{"operations":[{"launch":{"task_infos":[{"command":{"shell":0}}]}}]}}`,
			`call.accept.operations[0].launch.task_infos[0].command.shell: expected a boolean, found a number (at byte 70)`},
		{`{"subscribe":{"offer_constraints":{"role_constraints":[]}}}`,
			`call.subscribe.offer_constraints.role_constraints: expected an object, found an array (at byte 54)`},
		{`{"subscribe":{"offer_constraints":{"role_constraints":{"a":null}}}}`,
			`call.subscribe.offer_constraints.role_constraints["a"]: expected an object, found null (at byte 59)`},
		{`{"subscribe":{"offer_constraints":{"role_constraints":{"` + strings.Repeat("k", 70) + `":1}}}}`,
			`call.subscribe.offer_constraints.role_constraints["` + strings.Repeat("k", 64) + `..."]: expected an object, found a number (at byte 128)`},
		{`{"type":null,}`, `call: expected a string, found '}' (at byte 13)`},
	} {
		err := wire.UnmarshalJSON([]byte(test.in), new(schedulerpb.Call))
		switch {
		case err == nil || err.Error() != "decode json: "+test.want:
			t.Errorf("%s\ngot  %v\nwant decode json: %s", test.in, err, test.want)
		case mesos.KindOf(err) != mesos.Invalid:
			t.Errorf("%s: kind is %v", test.in, mesos.KindOf(err))
		}
	}
}

func TestJSONNumbersOutOfRangeAreRefused(t *testing.T) {
	for m, values := range map[wire.Message][]string{
		&mesospb.TimeInfo{}:                {"9223372036854775808", "-9223372036854775809", "1e19", `"9223372036854775808"`},
		&mesospb.CheckInfo_Tcp{}:           {"-1", "4294967296", "4294967296.5", "-1.5", "1e400"},
		&mesospb.CheckStatusInfo_Command{}: {"2147483648", "-2147483649", "3e9"},
		&mesospb.FileInfo{}:                {"-1", "18446744073709551616", "1.9e19"},
	} {
		name := map[protoreflect.Name]string{"TimeInfo": "nanoseconds", "Tcp": "port", "Command": "exit_code", "FileInfo": "size"}[m.ProtoReflect().Descriptor().Name()]
		for _, value := range values {
			err := wire.UnmarshalJSON([]byte(`{"path":"p","`+name+`":`+value+`}`), m)
			if err == nil || !strings.Contains(err.Error(), "."+name+": the number is out of the range of ") {
				t.Errorf("%s %s: %v", name, value, err)
			}
		}
	}
}

func TestUnknownValueOfARequiredEnumIsRefused(t *testing.T) {
	const in = `{"name":"cpus","type":"VECTOR"}`
	err := wire.UnmarshalJSON([]byte(in), new(mesospb.Resource))
	const want = `decode json: resource.type: unknown value "VECTOR" of enum mesos.v1.Value.Type (at byte 22)`
	if err == nil || err.Error() != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}

func TestJSONDepthIsLimited(t *testing.T) {
	nest := func(open, inner, end string, n int) []byte {
		return []byte(strings.Repeat(open, n) + inner + strings.Repeat(end, n))
	}
	for _, in := range [][]byte{
		nest(`{"value":"c","parent":`, `{"value":"c"}`, `}`, 1_000_000),
		nest(`{"x":`, `1`, `}`, 1_000_000),
		[]byte(`{"x":` + strings.Repeat(`[`, 1_000_000)),
	} {
		err := wire.UnmarshalJSON(in, new(mesospb.ContainerID))
		if err == nil || !strings.Contains(err.Error(), "nested too deep") {
			t.Errorf("%.20s...: %.200v", in, err)
		}
	}
	if err := wire.UnmarshalJSON(nest(`{"value":"c","parent":`, `{"value":"c"}`, `}`, 199), new(mesospb.ContainerID)); err != nil {
		t.Error(err)
	}
}

func TestEncodingNamesTheMissingField(t *testing.T) {
	call := &schedulerpb.Call{Accept: &schedulerpb.Call_Accept{Operations: []*mesospb.Offer_Operation{
		{}, {Launch: &mesospb.Offer_Operation_Launch{TaskInfos: []*mesospb.TaskInfo{{Name: new("n")}}}}}}}
	const want = ": call.accept.operations[1].launch.task_infos[0].task_id: required field is missing"
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		dst := []byte("before")
		got, err := media.Append(dst, call)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v: got %v, want ...%s", media, err, want)
		}
		if string(got) != "before" {
			t.Errorf("%v: dst is %q", media, got)
		}
	}
}

// Every message of every package has a plan, and an empty one fails only for
// want of its required fields.
func TestEveryMessageHasACodec(t *testing.T) {
	count := 0
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		m, ok := mt.New().Interface().(wire.Message)
		if !ok {
			return true
		}
		count++
		for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
			if _, err := media.Append(nil, m); err != nil && !strings.HasSuffix(err.Error(), "required field is missing") {
				t.Errorf("%s: %v", mt.Descriptor().FullName(), err)
			}
		}
		return true
	})
	if count < 350 {
		t.Errorf("only %d messages", count)
	}
}

func TestAppendJSONAllocatesNothing(t *testing.T) {
	event := offersEvent(3)
	buffer, err := wire.MarshalJSON(event)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() { buffer, _ = wire.AppendJSON(buffer[:0], event) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() { buffer, _ = wire.Append(buffer[:0], event) }); n != 0 {
		t.Errorf("%v allocations for protobuf", n)
	}
}

func unmarshaled[M wire.Message](t testing.TB, m M, text string) M {
	t.Helper()
	if err := wire.UnmarshalJSON([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	return m
}
