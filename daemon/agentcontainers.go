//go:build !windows

package daemon

import (
	"context"
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// containerAPI is the containerizer as operators and executors use it over HTTP.
type containerAPI struct{ *Agent }

// Usage implements httpapi.Containers.
func (a containerAPI) Usage(ctx context.Context, id mesos.ContainerID) (*mesospb.ResourceStatistics, error) {
	return a.containers.Usage(ctx, id)
}

// Status implements httpapi.Containers.
func (a containerAPI) Status(id mesos.ContainerID) (*mesospb.ContainerStatus, error) {
	return a.containers.Status(id)
}

// List implements httpapi.Containers.
func (a containerAPI) List() []httpapi.ListedContainer {
	var list []httpapi.ListedContainer
	for _, c := range a.containers.Containers() {
		list = append(list, httpapi.ListedContainer(c))
	}
	return list
}

// Pending implements httpapi.Containers.
func (a containerAPI) Pending() []httpapi.PendingOperation {
	var list []httpapi.PendingOperation
	for _, p := range a.containers.Pending() {
		list = append(list, httpapi.PendingOperation(p))
	}
	return list
}

// Launch implements httpapi.Containers.
func (a containerAPI) Launch(ctx context.Context, launch httpapi.ContainerLaunch) error {
	_, err := a.containers.Launch(ctx, a.spec(launch))
	return err
}

// spec is the container of a launch. What has no parent is standalone.
func (a containerAPI) spec(launch httpapi.ContainerLaunch) container.Spec {
	spec := container.Spec{
		ID: launch.ID, Command: launch.Command, Container: launch.Container,
		Resources: launch.Resources, Limits: launch.Limits,
	}
	if a.cfg.SwitchUser {
		spec.User = launch.Command.GetUser()
	}
	if spec.Standalone = launch.ID.Parent() == ""; spec.Standalone && a.cfg.Outlive {
		spec.Outlive = a.cfg.RecoveryTimeout
	}
	return spec
}

// LaunchSession implements httpapi.Containers.
func (a containerAPI) LaunchSession(ctx context.Context, launch httpapi.ContainerLaunch) (httpapi.ContainerOutput, error) {
	spec := a.spec(launch)
	spec.Debug, spec.Stdin = true, true
	output, err := a.containers.LaunchSession(ctx, spec)
	if err != nil {
		return nil, err
	}
	return containerOutput{output}, nil
}

// Wait implements httpapi.Containers.
func (a containerAPI) Wait(ctx context.Context, id mesos.ContainerID) (*agentpb.Response_WaitContainer, error) {
	exit, err := a.containers.Wait(ctx, id)
	if err != nil {
		return nil, err
	}
	end := new(agentpb.Response_WaitContainer)
	if exit.Known {
		status := int32(exit.Status)
		end.ExitStatus = &status
	}
	if exit.Reason != 0 {
		end.State, end.Reason = mesospb.TaskState_TASK_FAILED.Enum(), &exit.Reason
	}
	if len(exit.Limited) > 0 {
		end.Limitation = &mesospb.TaskResourceLimitation{Resources: exit.Limited}
	}
	if exit.Message != "" {
		end.Message = &exit.Message
	}
	return end, nil
}

// Kill implements httpapi.Containers.
func (a containerAPI) Kill(id mesos.ContainerID, signal int) error {
	return a.containers.SignalFirst(id, syscall.Signal(signal))
}

// Destroy implements httpapi.Containers.
func (a containerAPI) Destroy(ctx context.Context, id mesos.ContainerID) error {
	return a.containers.Destroy(ctx, id)
}

// Remove implements httpapi.Containers.
func (a containerAPI) Remove(id mesos.ContainerID) error { return a.containers.Remove(id) }

// AttachOutput implements httpapi.Containers.
func (a containerAPI) AttachOutput(ctx context.Context, id mesos.ContainerID) (httpapi.ContainerOutput, error) {
	output, err := a.containers.AttachOutput(ctx, id)
	if err != nil {
		return nil, err
	}
	return containerOutput{output}, nil
}

// AttachInput implements httpapi.Containers.
func (a containerAPI) AttachInput(ctx context.Context, id mesos.ContainerID) (httpapi.ContainerInput, error) {
	return a.containers.AttachInput(ctx, id)
}

// containerOutput is output in the words of httpapi.
type containerOutput struct{ container.Output }

// Next implements httpapi.ContainerOutput.
func (o containerOutput) Next() (stderr bool, data []byte, err error) {
	chunk, err := o.Output.Next()
	return chunk.Stderr, chunk.Data, err
}
