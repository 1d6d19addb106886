package agent

import (
	"maps"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Executors find a token in their environment if there is a key to sign it with.
func TestExecutorIsGivenAToken(t *testing.T) {
	s := newStage(t, State{})
	s.agent.config.Token = func(f mesos.FrameworkID, e mesos.ExecutorID, c mesos.ContainerID) string {
		return "token of " + string(f) + " " + string(e) + " " + string(c)
	}
	s.do("start", "connected", "registered")
	s.do("run task=t executor=E")
	e := s.agent.frameworks.get("F").executors.get("E")
	var token string
	for _, v := range s.agent.environment(e) {
		if v.Name == "MESOS_EXECUTOR_AUTHENTICATION_TOKEN" {
			token = v.Value
		}
	}
	if want := "token of F E " + string(e.container); token != want {
		t.Errorf("its token is %q, want %q", token, want)
	}
}

// An executor that has to prove who it is may speak for itself and for no other.
// https://mesos.apache.org/documentation/latest/authorization/#implicit-executor-authorization
func TestExecutorSpeaksForItself(t *testing.T) {
	s := scene(t, "run task=t executor=E")
	e := s.agent.frameworks.get("F").executors.get("E")
	id := func(kind executorpb.Call_Type) *executorpb.Call {
		return &executorpb.Call{
			Type: kind.Enum(), FrameworkId: &mesospb.FrameworkID{Value: new("F")}, ExecutorId: &mesospb.ExecutorID{Value: new("E")},
			Subscribe: &executorpb.Call_Subscribe{}, Message: &executorpb.Call_Message{Data: []byte("x")},
		}
	}
	mine := map[string]string{"fid": "F", "eid": "E", "cid": string(e.container)}
	wrong := []map[string]string{{}}
	for name := range mine {
		claims := maps.Clone(mine)
		claims[name] = "another"
		without := maps.Clone(mine)
		delete(without, name)
		wrong = append(wrong, claims, without)
	}
	call := func(claims map[string]string, kind executorpb.Call_Type) string {
		s.out.Reset()
		if kind == executorpb.Call_SUBSCRIBE {
			s.step(ExecutorSubscribe{Request: 1, Stream: "s", Claims: claims, Call: id(kind)})
		} else {
			s.step(ExecutorCall{Request: 1, Claims: claims, Call: id(kind)})
		}
		return s.out.String()
	}
	for _, claims := range wrong {
		s.contains(call(claims, executorpb.Call_SUBSCRIBE), "reply: executor call: ", "its token's claim", "(forbidden)")
		s.lacks(s.out.String(), "SUBSCRIBED")
	}
	s.contains(call(mine, executorpb.Call_SUBSCRIBE), "reply: accepted", "SUBSCRIBED")
	for _, claims := range wrong {
		s.contains(call(claims, executorpb.Call_MESSAGE), "its token's claim", "(forbidden)")
		s.lacks(s.out.String(), "to master")
	}
	s.contains(call(mine, executorpb.Call_MESSAGE), "reply: accepted", "to master")
}

// Executors and command tasks that ask for no container get that of
// --default_container_info; what asks for one keeps it.
func TestDefaultContainer(t *testing.T) {
	mine := &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), Hostname: new("mine")}
	s := newStage(t, State{})
	s.agent.config.DefaultContainer = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), Hostname: new("default")}
	s.do("start", "connected", "registered", "run task=c", "run task=t executor=E")
	f := s.agent.frameworks.get("F")
	command, custom := f.executors.get("c"), f.executors.get("E")
	if got := s.agent.launchEffect(command).Executor.GetContainer().GetHostname(); got != "default" {
		t.Errorf("of a command task: %q", got)
	}
	if got := s.agent.launchEffect(custom).Executor.GetContainer().GetHostname(); got != "default" {
		t.Errorf("of an executor: %q", got)
	}
	if custom.info.Container != nil {
		t.Error("it is shown as if it had been asked for")
	}
	task := &mesospb.TaskInfo{}
	if got := s.agent.asLaunched(command, task); got.GetContainer().GetHostname() != "default" || task.Container != nil {
		t.Errorf("a command task is launched as %v", got)
	}
	if got := s.agent.asLaunched(custom, task); got.Container != nil {
		t.Errorf("an executor's task is launched as %v", got)
	}
	task.Container = mine
	if got := s.agent.asLaunched(command, task); got.Container != mine {
		t.Errorf("a task with a container is launched as %v", got)
	}
	custom.info.Container = mine
	if got := s.agent.launchEffect(custom).Executor.GetContainer(); got.GetHostname() != "mine" {
		t.Errorf("of an executor that asks for one: %v", got)
	}
}
