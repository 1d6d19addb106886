package dialogue

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Session is a command that runs in the container of a task for as long as somebody
// talks to it.
type Session struct {
	Streams *iostreams.Streams
	Task    *taskref.Task
	Command *mesospb.CommandInfo
	// Terminal is this process's, if the command is to have one too.
	Terminal *Terminal
	// Interactive passes the standard input on.
	Interactive bool
}

// NotRun is the error of a session whose command was not run at all.
type NotRun struct{ Err error }

func (e *NotRun) Error() string { return e.Err.Error() }

func (e *NotRun) Unwrap() error { return e.Err }

// Run runs it. How the command ended is an exitcode.Status, as shells have it; nil is 0.
func (s *Session) Run(ctx context.Context) error {
	id := &mesospb.ContainerID{Value: new(uuid.NewString()), Parent: s.Task.Container()}
	output, err := s.Task.Agent.LaunchSession(ctx, id, s.Command, s.container())
	if err != nil {
		return &NotRun{err}
	}
	defer output.Close()
	talk := &Dialogue{Streams: s.Streams, Output: output, Terminal: s.Terminal}
	if s.Interactive {
		talk.Input = func(ctx context.Context) (*client.Input, error) { return s.Task.Agent.AttachInput(ctx, id) }
	}
	if err := talk.Run(ctx); err != nil {
		return Interrupted(ctx, err)
	}
	return exit(ctx, s.Task.Agent, id)
}

func (s *Session) container() *mesospb.ContainerInfo {
	if s.Terminal == nil {
		return nil
	}
	return &mesospb.ContainerInfo{
		Type:    mesospb.ContainerInfo_MESOS.Enum(),
		TtyInfo: &mesospb.TTYInfo{WindowSize: s.Terminal.Size()},
	}
}

// exit is how the command ended.
func exit(ctx context.Context, agent *client.Agent, id *mesospb.ContainerID) error {
	const patience = 10 * time.Second // all it wrote is here, so it has ended or is about to
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	end, err := agent.WaitContainer(ctx, id)
	if err != nil {
		return err
	}
	_ = agent.RemoveContainer(ctx, id) // its agent forgets it with the task at the latest
	if end.ExitStatus == nil {
		return mesos.Errorf(mesos.Internal, "how the command ended is not known: %s", end.GetMessage())
	}
	switch status := syscallStatus(end.GetExitStatus()); {
	case status.signal != 0:
		const signalled = 128
		return exitcode.Status(signalled + status.signal)
	case status.code != 0:
		return exitcode.Status(status.code)
	}
	return nil
}

// syscallStatus takes a status of wait(2) apart, as Linux encodes it on the agent,
// whatever system this is.
func syscallStatus(status int32) (s struct{ code, signal int }) {
	const signals, codes = 0x7f, 0xff
	s.signal = int(status & signals)
	s.code = int(status >> 8 & codes)
	return s
}
