package wire_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// agentThatComesBack is what an agent with n tasks tells a new master.
func agentThatComesBack(n int) *linkpb.ToMaster {
	running := tasks(n).Tasks
	agent := &mesospb.AgentInfo{
		Hostname: new("agent-1.example.com"), Id: running[0].AgentId,
		Resources: []*mesospb.Resource{scalar("cpus", 24), scalar("mem", 4096)},
	}
	for _, task := range running {
		task.AgentId, task.Statuses[0].AgentId = agent.Id, agent.Id
	}
	return &linkpb.ToMaster{Message: &linkpb.ToMaster_Reregister{Reregister: &linkpb.Reregister{
		AgentInfo: agent, Version: new("1.12.0"), Tasks: running,
		Frameworks: []*mesospb.FrameworkInfo{{User: new("root"), Name: new("web"), Id: running[0].FrameworkId, Roles: []string{"web"}}},
	}}}
}

func TestSharedPartsAreOne(t *testing.T) {
	message := agentThatComesBack(3)
	data, err := wire.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	var sharer wire.Sharer
	first, second := new(linkpb.ToMaster), new(linkpb.ToMaster)
	for _, m := range []*linkpb.ToMaster{first, second} {
		if err := sharer.Unmarshal(data, m); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(m, message) {
			t.Fatalf("got %v, want %v", m, message)
		}
	}
	a, b := first.GetReregister(), second.GetReregister()
	if a == b || a.Tasks[0] == b.Tasks[0] || a.AgentInfo == b.AgentInfo || a.Tasks[0].Statuses[0] == b.Tasks[0].Statuses[0] {
		t.Error("what is not to be shared was")
	}
	for i, task := range a.Tasks {
		if task.AgentId != a.AgentInfo.Id || task.Statuses[0].AgentId != task.AgentId || task.Statuses[0].TaskId != task.TaskId ||
			task.Resources[0] != a.Tasks[0].Resources[0] || task.TaskId != b.Tasks[i].TaskId {
			t.Errorf("task %d shares too little", i)
		}
	}
	if a.Frameworks[0] != b.Frameworks[0] {
		t.Error("a framework was decoded twice")
	}
}

// checkShared fails unless a Sharer decodes to what Unmarshal decodes to.
func checkShared(t *testing.T, sharer *wire.Sharer, data []byte, got, want wire.Message) {
	t.Helper()
	gotErr, wantErr := sharer.Unmarshal(data, got), wire.Unmarshal(data, want)
	if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
		t.Fatalf("got the error %v, want %v", gotErr, wantErr)
	}
	if gotErr != nil {
		return
	}
	gotData, err := wire.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	wantData, err := wire.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) && string(gotData) != string(wantData) { // NaN equals nothing
		t.Fatalf("got %v, want %v", got, want)
	}
}

func FuzzSharer(f *testing.F) {
	for _, call := range seedCalls(f) {
		data, err := wire.Marshal(call)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for n := range 4 {
		data, err := wire.Marshal(agentThatComesBack(n + 1))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte{0x10, 0x63})                         // an unknown enum value
	f.Add([]byte{0x13, 0x14, 0x0a, 0x02, 0x0a, 0x00}) // a group, and a framework's id
	f.Add([]byte{0x0a, 0x02, 0x0a, 0x00, 0x0a, 0x02, 0x0a, 0x00})
	var sharer wire.Sharer
	f.Fuzz(func(t *testing.T, data []byte) {
		for range 2 { // the second time with everything shared
			checkShared(t, &sharer, data, new(schedulerpb.Call), new(schedulerpb.Call))
			checkShared(t, &sharer, data, new(linkpb.ToMaster), new(linkpb.ToMaster))
		}
	})
}

// BenchmarkReregister decodes what an agent with 50 tasks tells a new master.
func BenchmarkReregister(b *testing.B) {
	data, err := wire.Marshal(agentThatComesBack(50))
	if err != nil {
		b.Fatal(err)
	}
	var sharer wire.Sharer
	for name, decode := range map[string]func([]byte, wire.Message) error{"each": wire.Unmarshal, "shared": sharer.Unmarshal} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := decode(data, new(linkpb.ToMaster)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
