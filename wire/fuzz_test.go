package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// seedCalls are calls that lead into every shape of field: lists, maps, oneofs,
// bytes, messages that nest in themselves.
func seedCalls(f *testing.F) []*schedulerpb.Call {
	texts := []string{
		`{}`,
		`{"type":"SUBSCRIBE","framework_id":{"value":"f"},"subscribe":{"framework_info":{"user":"root","name":"é\n",` +
			`"failover_timeout":1.5e3,"roles":["a","b/c"],"capabilities":[{"type":"MULTI_ROLE"}],` +
			`"offer_filters":{"a":{"min_allocatable_resources":{"quantities":[{"quantities":{"cpus":{"value":0.1}}}]}}}},` +
			`"offer_constraints":{"role_constraints":{"a":{"groups":[{"attribute_constraints":[{"selector":{"attribute_name":"x"},` +
			`"predicate":{"not_exists":{}}}]}]}}}}}`,
		`{"type":"ACCEPT","accept":{"offer_ids":[{"value":"o"}],"operations":[{"type":"LAUNCH","launch":{"task_infos":[` +
			`{"name":"n","task_id":{"value":"t"},"agent_id":{"value":"a"},"data":"+/8=","resources":[{"name":"ports",` +
			`"type":"RANGES","ranges":{"range":[{"begin":1,"end":18446744073709551615}]}}],"kill_policy":{"grace_period":` +
			`{"nanoseconds":-1}},"check":{"type":"TCP","tcp":{"port":"80"}}}]}}],"filters":{"refuse_seconds":"Infinity"}}}`,
		`{"type":"ACKNOWLEDGE","acknowledge":{"agent_id":{"value":"a"},"task_id":{"value":"t"},"uuid":"MDEyMzQ1Njc4OWFiY2RlZg=="}}`,
	}
	calls := make([]*schedulerpb.Call, len(texts))
	for i, text := range texts {
		calls[i] = unmarshaled(f, new(schedulerpb.Call), text)
	}
	return calls
}

// checkAllocation fails if f takes more memory than a multiple of its input. The
// factor is that of the emptiest list of the largest message.
func checkAllocation(t *testing.T, input int, f func()) {
	t.Helper()
	const floor, factor = 1 << 20, 2_000 // bytes, bytes per byte
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > floor+factor*uint64(input) {
		t.Errorf("%d bytes allocated for %d of input", n, input)
	}
}

// checkKind fails if an error of a decoder is not one for its caller.
func checkKind(t *testing.T, err error) {
	t.Helper()
	if kind := mesos.KindOf(err); err != nil && kind != mesos.Invalid && kind != mesos.TooLarge {
		t.Errorf("an error of kind %v: %v", kind, err)
	}
}

// What decodes encodes to JSON, and that JSON decodes to the same.
func checkJSON(t *testing.T, m wire.Message) {
	t.Helper()
	first, err := wire.MarshalJSON(m)
	if err != nil {
		t.Fatalf("what was decoded does not encode: %v", err)
	}
	if !json.Valid(first) {
		t.Fatalf("not JSON: %q", first)
	}
	if bytes.Contains(first, []byte(`"NaN"`)) || bytes.Contains(first, []byte("�")) {
		return // neither comes back as what it was
	}
	again := m.ProtoReflect().New().Interface().(wire.Message)
	if err := wire.UnmarshalJSON(first, again); err != nil {
		t.Fatalf("%v\n%s", err, first)
	}
	if second, err := wire.MarshalJSON(again); err != nil || !bytes.Equal(first, second) {
		t.Fatalf("%v\nfirst  %s\nsecond %s", err, first, second)
	}
}

func FuzzUnmarshalJSON(f *testing.F) {
	for _, call := range seedCalls(f) {
		text, err := wire.MarshalJSON(call)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"x":[[[{"y":null}]]],"type":"\ud83d\ude00"}`))
	f.Add([]byte(`{"x":-0.1e+5,"acknowledge":{"uuid":"a b= "},"request":{"requests":{}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		call := new(schedulerpb.Call)
		var err error
		checkAllocation(t, len(data), func() { err = wire.UnmarshalJSON(data, call) })
		if checkKind(t, err); err != nil {
			return
		}
		if utf8.Valid(data) && !json.Valid(data) {
			t.Fatalf("accepted what is not JSON")
		}
		checkJSON(t, call)
	})
}

func FuzzUnmarshal(f *testing.F) {
	for _, call := range seedCalls(f) {
		data, err := wire.Marshal(call)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte{0x10, 0x63})                         // an unknown enum value
	f.Add([]byte{0x13, 0x14, 0x0a, 0x02, 0x0a, 0x00}) // a group, and a framework's id
	f.Fuzz(func(t *testing.T, data []byte) {
		call := new(schedulerpb.Call)
		var err error
		checkAllocation(t, len(data), func() { err = wire.Unmarshal(data, call) })
		if checkKind(t, err); err != nil {
			return
		}
		checkJSON(t, call)
		encoded, err := wire.Marshal(call)
		if err != nil {
			t.Fatal(err)
		}
		again := new(schedulerpb.Call)
		if err := wire.Unmarshal(encoded, again); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(call, again) {
			t.Fatalf("%v\ncame back as %v", call, again)
		}
		if err := proto.Unmarshal(encoded, again); err != nil {
			t.Fatalf("the standard decoder does not accept it: %v", err)
		}
	})
}

// Messages that nest in themselves, on which a decoder recurses.
func FuzzUnmarshalNested(f *testing.F) {
	id := &mesospb.ContainerID{Value: new("a"), Parent: &mesospb.ContainerID{Value: new("b"), Parent: &mesospb.ContainerID{Value: new("c")}}}
	data, err := wire.Marshal(id)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		id := new(mesospb.ContainerID)
		if err := wire.Unmarshal(data, id); err != nil {
			checkKind(t, err)
			return
		}
		checkJSON(t, id)
	})
}

func FuzzRecordReader(f *testing.F) {
	f.Add([]byte("5\nHELLO6\nWORLD!0\n"))
	f.Add([]byte("5\nHELLOnot encoded!\n"))
	f.Add([]byte("18446744073709551615\nx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 30 // bytes
		var records [][]byte
		var err error
		checkAllocation(t, len(data), func() {
			reader := wire.NewRecordReader(bytes.NewReader(data), limit)
			var record []byte
			for record, err = reader.Next(); err == nil; record, err = reader.Next() {
				records = append(records, bytes.Clone(record))
			}
		})
		var stream []byte
		for _, record := range records {
			stream = wire.AppendRecord(stream, record)
		}
		// Lengths with leading zeros are the only ones that can be written shorter.
		if errors.Is(err, io.EOF) && len(stream) != len(data) && !bytes.Contains(data, []byte("0")) {
			t.Errorf("%q came back as %q", data, stream)
		}
	})
}

func FuzzFrameReader(f *testing.F) {
	for _, m := range []*linkpb.ToMaster{
		{}, {Message: &linkpb.ToMaster_Register{Register: &linkpb.Register{AgentInfo: &mesospb.AgentInfo{Hostname: new("h")}, Version: new("1")}}},
	} {
		frame, err := wire.AppendFrame(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(frame, frame...))
	}
	f.Add([]byte("\x3f\xff\xff\xffx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkAllocation(t, len(data), func() {
			frames := wire.NewFrameReader(bytes.NewReader(data), wire.MaxMessageSize)
			m := new(linkpb.ToMaster)
			for {
				err := frames.Next(m)
				switch {
				case err == nil:
					if _, err := wire.AppendFrame(nil, m); err != nil {
						t.Fatalf("what was decoded does not encode: %v", err)
					}
				case mesos.KindOf(err) != mesos.Invalid:
					return // the stream is broken or at its end
				}
			}
		})
	})
}

func FuzzNegotiate(f *testing.F) {
	f.Add("application/json;q=0.5, */*;q=0")
	f.Fuzz(func(_ *testing.T, header string) {
		wire.Negotiate(header)
		wire.ParseMediaType(header)
	})
}
