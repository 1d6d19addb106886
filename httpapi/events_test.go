package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// operatorEvents subscribes and returns what reads the next event; nil at the
// end of the stream.
func operatorEvents(t *testing.T, url string, media wire.MediaType) func() *masterpb.Event {
	t.Helper()
	answer := post(t, url+"/api/v1", []byte(`{"type":"SUBSCRIBE"}`), "Content-Type", jsonType, "Accept", media.String())
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != media.String() {
		t.Fatalf("%s %s", answer.Status, answer.Header.Get("Content-Type"))
	}
	records := wire.NewRecordReader(answer.Body, wire.MaxMessageSize)
	return func() *masterpb.Event {
		record, err := records.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		event := new(masterpb.Event)
		if err == nil {
			err = media.Unmarshal(record, event)
		}
		if err != nil {
			t.Fatal(err)
		}
		return event
	}
}

func TestOperatorsAreToldTheStateAndThenItsChanges(t *testing.T) {
	// covers: MasterAPITest.FrameworksEvent
	// covers: MasterAPITest.SubscribeAgentEvents
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		config, _ := leader()
		v := config.View
		cluster(v)
		server := serve(t, NewMaster(config))
		next := operatorEvents(t, server.URL, media)
		first := next()
		if s := first.GetSubscribed(); first.GetType() != masterpb.Event_SUBSCRIBED || s.GetHeartbeatIntervalSeconds() != 15 ||
			len(s.GetGetState().GetGetTasks().GetTasks()) != 3 || len(s.GetGetState().GetGetAgents().GetAgents()) != 2 ||
			len(s.GetGetState().GetGetFrameworks().GetCompletedFrameworks()) != 1 {
			t.Errorf("%v", first)
		}
		if event := next(); event.GetType() != masterpb.Event_HEARTBEAT {
			t.Errorf("%v", event)
		}

		v.PutAgent(registeredAgent("M-S7"))
		v.PutAgent(registeredAgent("M-S7")) // only what it uses may have changed
		subscribed := frameworkRecordOf("H", true)
		v.PutFramework(subscribed, false)
		busy := frameworkRecordOf("H", true)
		busy.FrameworkInfo = subscribed.FrameworkInfo
		v.PutFramework(busy, false)
		away := frameworkRecordOf("H", false)
		away.FrameworkInfo = subscribed.FrameworkInfo
		v.PutFramework(away, false)
		running := task("H", "M-S7", "new", mesospb.TaskState_TASK_RUNNING, 7)
		v.PutTask(running, TaskActive)
		v.PutTask(running, TaskActive)
		v.PutTask(task("H", "M-S7", "new", mesospb.TaskState_TASK_FINISHED, 7), TaskCompleted)
		v.PutFramework(away, true)
		v.DropAgent("M-S7")
		v.DropFramework("H")

		var told []string
		for range 7 {
			event := next()
			told = append(told, event.GetType().String()+" "+event.GetAgentAdded().GetAgent().GetAgentInfo().GetId().GetValue()+
				event.GetAgentRemoved().GetAgentId().GetValue()+event.GetFrameworkAdded().GetFramework().GetFrameworkInfo().GetId().GetValue()+
				event.GetFrameworkUpdated().GetFramework().GetFrameworkInfo().GetId().GetValue()+
				event.GetFrameworkRemoved().GetFrameworkInfo().GetId().GetValue()+event.GetTaskAdded().GetTask().GetTaskId().GetValue())
			if update := event.GetTaskUpdated(); update != nil &&
				(update.GetState() != mesospb.TaskState_TASK_FINISHED || update.GetStatus().GetTimestamp() != 8) {
				t.Errorf("%v", update)
			}
		}
		want := "AGENT_ADDED M-S7,FRAMEWORK_ADDED H,FRAMEWORK_UPDATED H,TASK_ADDED new,TASK_UPDATED ,FRAMEWORK_REMOVED H,AGENT_REMOVED M-S7"
		if got := strings.Join(told, ","); got != want {
			t.Errorf("%s", got)
		}
		v.Reset()
		if event := next(); event != nil {
			t.Errorf("after the term: %v", event)
		}
		if v.Subscribers() != 0 {
			t.Errorf("%d subscribers after the term", v.Subscribers())
		}
	}
}

func TestOperatorsGetHeartbeats(t *testing.T) {
	// covers: MasterAPITest.Heartbeat
	config, _ := leader()
	config.Heartbeat = 20 * time.Millisecond
	next := operatorEvents(t, serve(t, NewMaster(config)).URL, wire.JSON)
	if event := next(); event.GetSubscribed().GetHeartbeatIntervalSeconds() != 0.02 {
		t.Errorf("%v", event)
	}
	for range 10 {
		if event := next(); event.GetType() != masterpb.Event_HEARTBEAT {
			t.Errorf("%v", event)
		}
	}
}

func TestTheOldestSubscriberMakesRoom(t *testing.T) {
	config, _ := leader()
	config.MaxSubscribers = 2
	server := serve(t, NewMaster(config))
	var streams []func() *masterpb.Event
	for range 3 {
		next := operatorEvents(t, server.URL, wire.Protobuf)
		next()
		next()
		streams = append(streams, next)
	}
	if event := streams[0](); event != nil {
		t.Errorf("the oldest got %v", event)
	}
	config.View.PutAgent(registeredAgent("M-S0"))
	for i, next := range streams[1:] {
		if event := next(); event.GetType() != masterpb.Event_AGENT_ADDED {
			t.Errorf("stream %d: %v", i, event)
		}
	}
	if n := config.View.Subscribers(); n != 2 {
		t.Errorf("%d subscribers", n)
	}
}

func TestAnOperatorThatLeavesIsForgotten(t *testing.T) {
	config, _ := leader()
	server := serve(t, NewMaster(config))
	answer := post(t, server.URL+"/api/v1", []byte(`{"type":"SUBSCRIBE"}`), "Content-Type", jsonType)
	answer.Body.Close()
	for deadline := time.Now().Add(10 * time.Second); config.View.Subscribers() > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the subscriber is still there")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestATaskWithoutStatusIsToldByItsState(t *testing.T) {
	config, _ := leader()
	server := serve(t, NewMaster(config))
	next := operatorEvents(t, server.URL, wire.JSON)
	next()
	next()
	staging := task("F", "A", "t", mesospb.TaskState_TASK_STAGING, 1)
	staging.Statuses = nil
	config.View.PutTask(staging, TaskActive)
	lost := proto.Clone(staging).(*mesospb.Task)
	lost.State = mesospb.TaskState_TASK_LOST.Enum()
	config.View.PutTask(lost, TaskCompleted)
	next()
	if update := next().GetTaskUpdated(); update.GetStatus().GetState() != mesospb.TaskState_TASK_LOST || update.GetStatus().GetTaskId().GetValue() != "t" {
		t.Errorf("%v", fmt.Sprint(update))
	}
}
