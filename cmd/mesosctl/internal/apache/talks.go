package apache

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// talks knows which containers of an agent can be attached to: those that have a
// terminal, and those of sessions.
type talks struct {
	agent string // the URL of its API

	mu       sync.Mutex
	sessions []*mesospb.ContainerID
}

// may reports whether a call is no vain wish to attach.
func (t *talks) may(call *agentpb.Call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch call.GetType() {
	case agentpb.Call_LAUNCH_NESTED_CONTAINER_SESSION:
		t.sessions = append(t.sessions, call.GetLaunchNestedContainerSession().GetContainerId())
		return true
	case agentpb.Call_ATTACH_CONTAINER_OUTPUT:
		id := call.GetAttachContainerOutput().GetContainerId()
		return slices.ContainsFunc(t.sessions, func(s *mesospb.ContainerID) bool { return proto.Equal(s, id) }) || t.terminal(id)
	}
	return true
}

// terminal reports whether a task's container has a terminal.
func (t *talks) terminal(id *mesospb.ContainerID) bool {
	body, err := wire.Marshal(&agentpb.Call{Type: agentpb.Call_GET_TASKS.Enum()})
	if err != nil {
		return false
	}
	response, err := http.Post(t.agent, wire.Protobuf.String(), bytes.NewReader(body))
	if err != nil {
		return false
	}
	defer response.Body.Close()
	answer := &agentpb.Response{}
	if body, err = io.ReadAll(response.Body); err != nil {
		return false
	}
	media, _ := wire.ParseMediaType(response.Header.Get("Content-Type"))
	if media.Unmarshal(body, answer) != nil {
		return false
	}
	return slices.ContainsFunc(answer.GetGetTasks().GetLaunchedTasks(), func(task *mesospb.Task) bool {
		return task.GetContainer().GetTtyInfo() != nil && slices.ContainsFunc(task.GetStatuses(), func(s *mesospb.TaskStatus) bool {
			return proto.Equal(s.GetContainerStatus().GetContainerId(), id)
		})
	})
}
