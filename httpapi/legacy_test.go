package httpapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// sameJSON checks members of an object against an object.
func sameJSON(t *testing.T, members []byte, want string) {
	t.Helper()
	var got, expected any
	if err := json.Unmarshal([]byte("{"+string(members)+"}"), &got); err != nil {
		t.Fatalf("%v in %s", err, members)
	}
	if err := json.Unmarshal([]byte(want), &expected); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, expected) {
		t.Errorf("got {%s}, want %s", members, want)
	}
}

// How /state shows things, as tools expect it:
// https://mesos.apache.org/documentation/latest/endpoints/master/state/
func TestATaskInState(t *testing.T) {
	// covers: HTTPTest.ModelTask
	task := &mesospb.Task{
		Name: proto.String("task"), TaskId: &mesospb.TaskID{Value: proto.String("t")}, AgentId: &mesospb.AgentID{Value: proto.String("s")},
		FrameworkId: &mesospb.FrameworkID{Value: proto.String("f")}, State: mesospb.TaskState_TASK_RUNNING.Enum(), User: proto.String("user1"),
		Limits: map[string]*mesospb.Value_Scalar{"cpus": {Value: new(1.0)}, "mem": {Value: new(32.0)}},
		Statuses: []*mesospb.TaskStatus{{
			TaskId: &mesospb.TaskID{Value: proto.String("t")}, State: mesospb.TaskState_TASK_RUNNING.Enum(), Timestamp: new(0.0),
			AgentId: &mesospb.AgentID{Value: proto.String("s")}, ExecutorId: &mesospb.ExecutorID{Value: proto.String("t")},
		}},
		Discovery: &mesospb.DiscoveryInfo{
			Visibility: mesospb.DiscoveryInfo_CLUSTER.Enum(), Name: proto.String("discover"),
			Ports: &mesospb.Ports{Ports: []*mesospb.Port{{Number: new(uint32(80)), Labels: &mesospb.Labels{Labels: []*mesospb.Label{
				{Key: proto.String("ACTION"), Value: proto.String("port:7987 DENY")},
			}}}}},
		},
	}
	sameJSON(t, appendTask(nil, task), `{"executor_id": "", "framework_id": "f", "id": "t", "name": "task",
		"resources": {"cpus": 0, "disk": 0, "gpus": 0, "mem": 0}, "limits": {"cpus": 1.0, "mem": 32}, "slave_id": "s",
		"state": "TASK_RUNNING", "statuses": [{"state": "TASK_RUNNING", "timestamp": 0}],
		"discovery": {"name": "discover", "visibility": "CLUSTER", "ports": {"ports": [
			{"number": 80, "labels": {"labels": [{"key": "ACTION", "value": "port:7987 DENY"}]}}]}},
		"user": "user1"}`)
}

func TestResourcesInState(t *testing.T) {
	// covers: HTTPTest.ModelResources
	list := convert.ToWire(resources.MustParse("cpus:1;cpus(foo):1;gpus:1;mem:512;disk:1024;ports(foo):[1-10];bar:1"))
	revocable := convert.ToWire(resources.MustParse("cpus:1.1;gpus:2;mem:513;disk:1025"))
	for _, r := range revocable {
		r.Revocable = &mesospb.Resource_RevocableInfo{}
	}
	sameJSON(t, appendResources(nil, "r", append(list, revocable...)), `{"r": {"bar": 1, "cpus": 2, "cpus_revocable": 1.1, "disk": 1024,
		"disk_revocable": 1025, "gpus": 1, "gpus_revocable": 2, "mem": 512, "mem_revocable": 513, "ports": "[1-10]"}}`)
}

func TestReservedResourcesInState(t *testing.T) {
	// covers: HTTP.ModelRoleResources
	reserved, rest := reservations(convert.ToWire(resources.MustParse("cpus(foo):1;ports(foo):[1-10];mem(bar):512;disk(bar):1024")))
	if len(rest) > 0 {
		t.Errorf("unreserved: %v", rest)
	}
	sameJSON(t, appendReserved(nil, "r", reserved), `{"r": {"foo": {"cpus": 1, "disk": 0, "gpus": 0, "mem": 0, "ports": "[1-10]"},
		"bar": {"cpus": 0, "disk": 1024, "gpus": 0, "mem": 512}}}`)
}

func TestANetworkAsJSON(t *testing.T) {
	// covers: HTTP.SerializeNetworkInfo
	network := &mesospb.NetworkInfo{
		IpAddresses: []*mesospb.NetworkInfo_IPAddress{{Protocol: mesospb.NetworkInfo_IPv4.Enum(), IpAddress: proto.String("10.0.0.1")}},
		Groups:      []string{"foo", "bar"},
	}
	text, err := wire.MarshalJSON(network)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, text[1:len(text)-1], `{"ip_addresses": [{"protocol": "IPv4", "ip_address": "10.0.0.1"}], "groups": ["foo", "bar"]}`)
}

func TestRolesOfAFramework(t *testing.T) {
	// covers: ProtobufUtilTest.GetRoles
	multi := &mesospb.FrameworkInfo{
		Roles:        []string{"bar", "qux"},
		Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()}},
	}
	if got := rolesOf(multi); !slices.Equal(got, []string{"bar", "qux"}) {
		t.Errorf("roles are %q", got)
	}
	if got := rolesOf(&mesospb.FrameworkInfo{Role: proto.String("foo")}); !slices.Equal(got, []string{"foo"}) {
		t.Errorf("the role is %q", got)
	}
}
