package httpapi

import (
	"context"
	"syscall"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The calls that operators and executors make of containers. See
// https://mesos.apache.org/documentation/latest/operator-http-api/ and
// https://mesos.apache.org/documentation/latest/nested-container-and-task-group/.

// containerCall answers the calls that launch, wait for, kill and remove
// containers. It reports false for others.
func (a *Agent) containerCall(ctx context.Context, call *agentpb.Call) (answer answerer, ok bool, err error) {
	switch call.GetType() {
	case agentpb.Call_LAUNCH_NESTED_CONTAINER:
		c := call.LaunchNestedContainer
		answer, err = a.launchContainer(ctx, ContainerLaunch{
			ID: convert.ContainerID(c.GetContainerId()), Command: c.GetCommand(), Container: c.GetContainer(),
		})
	case agentpb.Call_LAUNCH_CONTAINER:
		c := call.LaunchContainer
		answer, err = a.launchContainer(ctx, ContainerLaunch{
			ID: convert.ContainerID(c.GetContainerId()), Command: c.GetCommand(), Container: c.GetContainer(),
			Resources: c.GetResources(), Limits: c.GetLimits(),
		})
	case agentpb.Call_WAIT_NESTED_CONTAINER:
		answer, err = a.waitContainer(ctx, call.WaitNestedContainer.GetContainerId(), true)
	case agentpb.Call_WAIT_CONTAINER:
		answer, err = a.waitContainer(ctx, call.WaitContainer.GetContainerId(), false)
	case agentpb.Call_KILL_NESTED_CONTAINER:
		answer, err = a.killContainer(ctx, call.KillNestedContainer.GetContainerId(), call.KillNestedContainer.Signal)
	case agentpb.Call_KILL_CONTAINER:
		answer, err = a.killContainer(ctx, call.KillContainer.GetContainerId(), call.KillContainer.Signal)
	case agentpb.Call_REMOVE_NESTED_CONTAINER:
		answer, err = a.removeContainer(ctx, call.RemoveNestedContainer.GetContainerId())
	case agentpb.Call_REMOVE_CONTAINER:
		answer, err = a.removeContainer(ctx, call.RemoveContainer.GetContainerId())
	default:
		return nil, false, nil
	}
	return answer, true, err
}

// launchContainer answers 200, or 202 if the container is there. A client that
// goes away does not stop the launch: it may come back to wait.
func (a *Agent) launchContainer(ctx context.Context, launch ContainerLaunch) (answerer, error) {
	err := a.mayLaunch(ctx, launch, acl.LaunchNestedContainerAsUser, acl.LaunchNestedContainerUnderParent)
	if err != nil {
		return nil, err
	}
	err = a.Containers.Launch(context.WithoutCancel(ctx), launch)
	switch {
	case mesos.KindOf(err) == mesos.Conflict:
		return accepted, nil
	case err != nil:
		return nil, launchFailed(err)
	}
	return done, nil
}

// launchFailed is the error of a launch: whatever it was, it is the request that
// asked for too much, and Mesos's clients know it so.
func launchFailed(err error) error { return mesos.Errorf(mesos.Invalid, "%w", err) }

func (a *Agent) waitContainer(ctx context.Context, wireID *mesospb.ContainerID, nested bool) (answerer, error) {
	id := convert.ContainerID(wireID)
	if err := a.mayTouch(ctx, id, "wait for", acl.WaitNestedContainer, acl.WaitStandaloneContainer); err != nil {
		return nil, err
	}
	end, err := a.Containers.Wait(ctx, id)
	if err != nil {
		return nil, err
	}
	if !nested {
		return message(&agentpb.Response{Type: agentpb.Response_WAIT_CONTAINER.Enum(), WaitContainer: end}), nil
	}
	return message(&agentpb.Response{
		Type: agentpb.Response_WAIT_NESTED_CONTAINER.Enum(),
		WaitNestedContainer: &agentpb.Response_WaitNestedContainer{
			ExitStatus: end.ExitStatus, State: end.State, Reason: end.Reason, Limitation: end.Limitation, Message: end.Message,
		},
	}), nil
}

func (a *Agent) killContainer(ctx context.Context, wireID *mesospb.ContainerID, signal *int32) (answerer, error) {
	id := convert.ContainerID(wireID)
	if err := a.mayTouch(ctx, id, "kill", acl.KillNestedContainer, acl.KillStandaloneContainer); err != nil {
		return nil, err
	}
	number := int(syscall.SIGKILL)
	if signal != nil {
		number = int(*signal)
	}
	if err := a.Containers.Kill(id, number); err != nil {
		return nil, err
	}
	return done, nil
}

func (a *Agent) removeContainer(ctx context.Context, wireID *mesospb.ContainerID) (answerer, error) {
	id := convert.ContainerID(wireID)
	if err := a.mayTouch(ctx, id, "remove", acl.RemoveNestedContainer, acl.RemoveStandaloneContainer); err != nil {
		return nil, err
	}
	if err := a.Containers.Remove(id); err != nil {
		return nil, err
	}
	return done, nil
}
