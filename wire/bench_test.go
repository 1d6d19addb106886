package wire_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func scalar(name string, v float64) *mesospb.Resource {
	return &mesospb.Resource{Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &v}}
}

// offersEvent is what a scheduler is sent when n agents became free.
func offersEvent(n int) *schedulerpb.Event {
	offers := make([]*mesospb.Offer, n)
	for i := range offers {
		ports := &mesospb.Resource{Name: new("ports"), Type: mesospb.Value_RANGES.Enum(),
			Ranges: &mesospb.Value_Ranges{Range: []*mesospb.Value_Range{{Begin: new(uint64(31000)), End: new(uint64(32000))}}}}
		resources := []*mesospb.Resource{scalar("cpus", 7.5), scalar("mem", 15024), scalar("disk", 102400), ports}
		for _, r := range resources {
			r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new("web")}
		}
		host := fmt.Sprintf("agent-%d.example.com", i)
		offers[i] = &mesospb.Offer{
			Id:          &mesospb.OfferID{Value: new(fmt.Sprintf("39bc9390-bba3-4742-acfc-98fcb58034fb-O%d", i))},
			FrameworkId: &mesospb.FrameworkID{Value: new("39bc9390-bba3-4742-acfc-98fcb58034fb-0001")},
			AgentId:     &mesospb.AgentID{Value: new(fmt.Sprintf("39bc9390-bba3-4742-acfc-98fcb58034fb-S%d", i))},
			Hostname:    &host,
			Url: &mesospb.URL{Scheme: new("http"), Path: new("/slave(1)"),
				Address: &mesospb.Address{Hostname: &host, Ip: new("10.1.2.3"), Port: new(int32(5051))}},
			Attributes: []*mesospb.Attribute{{Name: new("rack"), Type: mesospb.Value_TEXT.Enum(),
				Text: &mesospb.Value_Text{Value: new("r7")}}},
			Resources:      resources,
			AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new("web")},
		}
	}
	return &schedulerpb.Event{Type: schedulerpb.Event_OFFERS.Enum(), Offers: &schedulerpb.Event_Offers{Offers: offers}}
}

// BenchmarkOffers encodes and decodes an event of 100 offers, with this
// package's codecs and with those that were the alternatives.
func BenchmarkOffers(b *testing.B) {
	event := offersEvent(100)
	jsonBytes, err := wire.MarshalJSON(event)
	if err != nil {
		b.Fatal(err)
	}
	protobufBytes, err := wire.Marshal(event)
	if err != nil {
		b.Fatal(err)
	}
	buffer := make([]byte, 0, 2*len(jsonBytes))
	run := func(name string, size int, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	j, p := len(jsonBytes), len(protobufBytes)
	run("encode/wire.JSON", j, func() error { _, err := wire.AppendJSON(buffer[:0], event); return err })
	run("encode/protojson", j, func() error { _, err := protojson.Marshal(event); return err })
	run("encode/encoding-json", j, func() error { _, err := json.Marshal(event); return err })
	run("encode/wire.Protobuf", p, func() error { _, err := wire.Append(buffer[:0], event); return err })
	run("encode/proto.Marshal", p, func() error { _, err := proto.Marshal(event); return err })

	into := new(schedulerpb.Event)
	run("decode/wire.JSON", j, func() error { return wire.UnmarshalJSON(jsonBytes, into) })
	run("decode/protojson", j, func() error { return protojson.Unmarshal(jsonBytes, into) })
	run("decode/encoding-json", j, func() error { return json.Unmarshal(jsonBytes, new(schedulerpb.Event)) })
	run("decode/wire.Protobuf", p, func() error { return wire.Unmarshal(protobufBytes, into) })
	run("decode/vtproto-alone", p, func() error { into.Reset(); return into.UnmarshalVT(protobufBytes) })
	run("decode/proto.Unmarshal", p, func() error { return proto.Unmarshal(protobufBytes, into) })
}

// tasks is a part of a master's state: n running tasks as operators see them.
func tasks(n int) *masterpb.Response_GetTasks {
	all := make([]*mesospb.Task, n)
	for i := range all {
		id := &mesospb.TaskID{Value: new(fmt.Sprintf("service-%d.instance", i))}
		agent := &mesospb.AgentID{Value: new(fmt.Sprintf("39bc9390-bba3-4742-acfc-98fcb58034fb-S%d", i%20_000))}
		all[i] = &mesospb.Task{
			Name: new("service"), TaskId: id, AgentId: agent, State: mesospb.TaskState_TASK_RUNNING.Enum(),
			FrameworkId: &mesospb.FrameworkID{Value: new("39bc9390-bba3-4742-acfc-98fcb58034fb-0001")},
			Resources:   []*mesospb.Resource{scalar("cpus", 0.5), scalar("mem", 128)},
			Statuses: []*mesospb.TaskStatus{{
				TaskId: id, AgentId: agent, State: mesospb.TaskState_TASK_RUNNING.Enum(), Timestamp: new(1795292438.463951),
				Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(), Uuid: []byte("0123456789abcdef"),
				ContainerStatus: &mesospb.ContainerStatus{ContainerId: &mesospb.ContainerID{Value: new("c3e2b9cc-7e0b-4f0e-8a66-2b7f4a4f0c1d")}},
			}},
			StatusUpdateState: mesospb.TaskState_TASK_RUNNING.Enum(), User: new("root"),
		}
	}
	return &masterpb.Response_GetTasks{Tasks: all}
}

// BenchmarkTasks is the encoding of the tasks of a large cluster's state.
func BenchmarkTasks(b *testing.B) {
	const count = 20_000
	state := tasks(count)
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		b.Run(media.String(), func(b *testing.B) {
			buffer, err := media.Append(nil, state)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(buffer)))
			for b.Loop() {
				if buffer, err = media.Append(buffer[:0], state); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/task")
		})
	}
}
