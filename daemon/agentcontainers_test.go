//go:build !windows

package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// contained is an agent that runs a task which does nothing, and its container.
type contained struct {
	*testing.T
	agent *client.Agent
	task  *mesospb.ContainerID
}

func startContained(t *testing.T, media wire.MediaType) *contained {
	t.Helper()
	l := startLocal(t)
	s := subscribe(t, l.Master())
	s.accept("idle", "exec sleep 1000")
	status := s.until("the task runs", taskIs("idle", mesospb.TaskState_TASK_RUNNING))
	c := &contained{t, client.NewAgent(l.Agents()[0], client.Config{MediaType: media}), status.GetContainerStatus().GetContainerId()}
	return c
}

func (c *contained) child(names ...string) *mesospb.ContainerID {
	id := c.task
	for _, name := range names {
		id = &mesospb.ContainerID{Value: &name, Parent: id}
	}
	return id
}

func (c *contained) ctx() context.Context {
	ctx, cancel := context.WithTimeout(c.Context(), 30*time.Second)
	c.Cleanup(cancel)
	return ctx
}

func (c *contained) call(call *agentpb.Call) *agentpb.Response {
	c.Helper()
	answer, err := c.agent.Call(c.ctx(), call)
	if err != nil {
		c.Fatal(err)
	}
	return answer
}

func shellCommand(text string) *mesospb.CommandInfo { return &mesospb.CommandInfo{Value: &text} }

func (c *contained) launch(id *mesospb.ContainerID, text string) {
	c.Helper()
	c.call(&agentpb.Call{
		Type:                  agentpb.Call_LAUNCH_NESTED_CONTAINER.Enum(),
		LaunchNestedContainer: &agentpb.Call_LaunchNestedContainer{ContainerId: id, Command: shellCommand(text)},
	})
}

func (c *contained) kill(id *mesospb.ContainerID) {
	c.Helper()
	c.call(&agentpb.Call{
		Type:                agentpb.Call_KILL_NESTED_CONTAINER.Enum(),
		KillNestedContainer: &agentpb.Call_KillNestedContainer{ContainerId: id},
	})
}

// ends waits for a container's end, and checks how that was.
func (c *contained) ends(id *mesospb.ContainerID, want syscall.WaitStatus) {
	c.Helper()
	end, err := c.agent.WaitContainer(c.ctx(), id)
	if err != nil || syscall.WaitStatus(end.GetExitStatus()) != want {
		c.Errorf("%v ended with %v, %v; want %d", id, end, err, want)
	}
}

func (c *contained) session(id *mesospb.ContainerID, text string, container *mesospb.ContainerInfo) *client.Output {
	c.Helper()
	output, err := c.agent.LaunchSession(c.ctx(), id, shellCommand(text), container)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(output.Close)
	return output
}

// read reads output to its end.
func (c *contained) read(output *client.Output) (stdout, stderr string) {
	c.Helper()
	for {
		data, err := output.Next()
		switch {
		case errors.Is(err, io.EOF):
			return stdout, stderr
		case err != nil:
			c.Fatal(err)
		case data.GetType() == agentpb.ProcessIO_Data_STDERR:
			stderr += string(data.GetData())
		default:
			stdout += string(data.GetData())
		}
	}
}

const killed = syscall.WaitStatus(syscall.SIGKILL)

func TestNestedContainersOfATask(t *testing.T) {
	// covers: AgentContainerAPITest.NestedContainerLaunch
	// covers: AgentContainerAPITest.TwoLevelNestedContainerLaunch
	// covers: AgentContainerAPITest.GetContainers
	c := startContained(t, wire.Protobuf)
	child, grandchild := c.child("child"), c.child("child", "grandchild")
	c.launch(child, "exec sleep 1000")
	c.launch(grandchild, "exec sleep 1000")
	list := c.call(&agentpb.Call{
		Type: agentpb.Call_GET_CONTAINERS.Enum(), GetContainers: &agentpb.Call_GetContainers{ShowNested: new(true)},
	}).GetGetContainers().GetContainers()
	if len(list) != 3 {
		t.Errorf("%d containers, want 3: %v", len(list), list)
	}
	c.kill(grandchild)
	c.ends(grandchild, killed)
	c.kill(child)
	c.ends(child, killed)
	// One that is launched again is there already, whatever has become of it.
	again := c.child("again")
	c.launch(again, "exit 3")
	c.launch(again, "exit 4")
	c.ends(again, 3<<8)
	if err := c.agent.RemoveContainer(c.ctx(), again); err != nil {
		t.Error(err)
	}
	if _, err := c.agent.WaitContainer(c.ctx(), again); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("wait for one that was removed: %v", err)
	}
	// One that can't be launched leaves its parent as it is.
	for _, call := range []*agentpb.Call_LaunchNestedContainer{
		{ContainerId: c.child("docker"), Command: shellCommand("true"), Container: &mesospb.ContainerInfo{
			Type: mesospb.ContainerInfo_DOCKER.Enum(), Docker: &mesospb.ContainerInfo_DockerInfo{Image: new("alpine")},
		}},
		{ContainerId: c.child("lost"), Command: &mesospb.CommandInfo{
			Value: new("true"), Uris: []*mesospb.CommandInfo_URI{{Value: new("/no/such/file")}},
		}},
	} {
		_, err := c.agent.Call(c.ctx(), &agentpb.Call{Type: agentpb.Call_LAUNCH_NESTED_CONTAINER.Enum(), LaunchNestedContainer: call})
		if mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%v: %v", call, err)
		}
	}
	c.launch(c.child("fine"), "exit 0")
	c.ends(c.child("fine"), 0)
}

func TestSessionsInATask(t *testing.T) {
	// covers: AgentAPITest.LaunchNestedContainerSession
	// covers: AgentAPITest.LaunchNestedContainerSessionWithTTY
	// covers: AgentAPITest.LaunchNestedContainerSessionDisconnected
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		t.Run(media.String(), func(t *testing.T) {
			c := startContained(t, media)
			const text = "printf output && printf error 1>&2"
			if stdout, stderr := c.read(c.session(c.child("plain"), text, nil)); stdout != "output" || stderr != "error" {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
			tty := &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), TtyInfo: &mesospb.TTYInfo{}}
			if stdout, stderr := c.read(c.session(c.child("tty"), text, tty)); stdout != "outputerror" || stderr != "" {
				t.Errorf("on a terminal: stdout %q, stderr %q", stdout, stderr)
			}
			left := c.session(c.child("left"), "exec sleep 1000", nil)
			left.Close()
			c.ends(c.child("left"), killed)
		})
	}
}

func TestInputOfASession(t *testing.T) {
	// covers: AgentAPITest.AttachContainerInputRepeat
	// covers: AgentAPIStreamingTest.AttachInputToNestedContainerSession
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		t.Run(media.String(), func(t *testing.T) {
			c := startContained(t, media)
			cat := c.child("cat")
			output := c.session(cat, "cat", nil)
			attach := func() *client.Input {
				in, err := c.agent.AttachInput(c.ctx(), cat)
				if err != nil {
					t.Fatal(err)
				}
				return in
			}
			first := attach()
			if _, err := first.Write([]byte("Hello, World!")); err != nil {
				t.Fatal(err)
			}
			var hello string // it is attached once this comes back
			for hello != "Hello, World!" {
				data, err := output.Next()
				if err != nil {
					t.Fatal(err)
				}
				hello += string(data.GetData())
			}
			busy := attach()
			if <-busy.Over(); mesos.KindOf(busy.Close()) != mesos.Conflict {
				t.Errorf("a second input: %v", busy.Close())
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			large := strings.Repeat("Lorem ipsum dolor sit amet. ", 40_000)
			go func() {
				second := attach()
				for chunk := range slices.Chunk([]byte(large), 4096) {
					second.Write(chunk)
				}
				second.End()
				second.Close()
			}()
			if stdout, _ := c.read(output); stdout != large {
				t.Errorf("%d bytes came back of %d", len(stdout), len(large))
			}
			c.ends(cat, 0)
		})
	}
}

func TestSessionsInParallel(t *testing.T) {
	// covers: AgentAPITest.DISABLED_ROOT_CGROUPS_LaunchNestedContainerSessionsInParallel
	const many = 10
	for _, media := range encodings {
		t.Run(media.String(), func(t *testing.T) {
			c := startContained(t, media)
			var outputs []*client.Output
			for i := range many {
				outputs = append(outputs, c.session(c.child(fmt.Sprint("s", i)), "echo echo", nil))
			}
			for i, output := range outputs {
				if stdout, stderr := c.read(output); stdout+stderr != "echo\n" {
					t.Errorf("session %d: stdout %q, stderr %q", i, stdout, stderr)
				}
			}
		})
	}
}

func TestInputOfANestedTerminal(t *testing.T) {
	// covers: AgentAPIStreamingTest.DISABLED_AttachContainerInput
	for _, media := range encodings {
		t.Run(media.String(), func(t *testing.T) {
			c := startContained(t, media)
			cat := c.child("cat")
			c.call(&agentpb.Call{
				Type: agentpb.Call_LAUNCH_NESTED_CONTAINER.Enum(),
				LaunchNestedContainer: &agentpb.Call_LaunchNestedContainer{
					ContainerId: cat, Command: shellCommand("cat"),
					Container: &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), TtyInfo: &mesospb.TTYInfo{}},
				},
			})
			output, err := c.agent.AttachOutput(c.ctx(), cat)
			if err != nil {
				t.Fatal(err)
			}
			defer output.Close()
			input, err := c.agent.AttachInput(c.ctx(), cat)
			if err != nil {
				t.Fatal(err)
			}
			const line = "Lorem ipsum dolor sit amet"
			for _, text := range []string{line + "\n", "\x04"} { // then the terminal's end of file
				if _, err := input.Write([]byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			if err := input.Close(); err != nil {
				t.Error(err)
			}
			// The terminal echoes what cat then repeats.
			if stdout, stderr := c.read(output); stdout != line+"\r\n"+line+"\r\n" || stderr != "" {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
		})
	}
}

func TestSessionEndsWithItsTask(t *testing.T) {
	// covers: AgentAPITest.ROOT_CGROUPS_LaunchNestedContainerSessionKillTask
	c := startContained(t, wire.Protobuf)
	output := c.session(c.child("session"), "echo up; exec sleep 1000", nil)
	if data, err := output.Next(); err != nil || string(data.GetData()) != "up\n" {
		t.Fatalf("%q, %v", data.GetData(), err)
	}
	c.call(&agentpb.Call{
		Type:          agentpb.Call_KILL_CONTAINER.Enum(),
		KillContainer: &agentpb.Call_KillContainer{ContainerId: c.task},
	})
	c.read(output)
}

func TestStandaloneContainer(t *testing.T) {
	c := startContained(t, wire.JSON)
	own := &mesospb.ContainerID{Value: new("own")}
	c.call(&agentpb.Call{
		Type:            agentpb.Call_LAUNCH_CONTAINER.Enum(),
		LaunchContainer: &agentpb.Call_LaunchContainer{ContainerId: own, Command: shellCommand("exec sleep 1000")},
	})
	list := c.call(&agentpb.Call{
		Type: agentpb.Call_GET_CONTAINERS.Enum(), GetContainers: &agentpb.Call_GetContainers{ShowStandalone: new(true)},
	}).GetGetContainers().GetContainers()
	if len(list) != 2 {
		t.Errorf("%d containers, want 2: %v", len(list), list)
	}
	c.call(&agentpb.Call{
		Type:          agentpb.Call_KILL_CONTAINER.Enum(),
		KillContainer: &agentpb.Call_KillContainer{ContainerId: own, Signal: new(int32(syscall.SIGTERM))},
	})
	end := c.call(&agentpb.Call{Type: agentpb.Call_WAIT_CONTAINER.Enum(), WaitContainer: &agentpb.Call_WaitContainer{ContainerId: own}})
	if got := end.GetWaitContainer().GetExitStatus(); got != int32(syscall.SIGTERM) {
		t.Errorf("it ended with %d", got)
	}
	c.call(&agentpb.Call{
		Type:            agentpb.Call_REMOVE_CONTAINER.Enum(),
		RemoveContainer: &agentpb.Call_RemoveContainer{ContainerId: own},
	})
}
