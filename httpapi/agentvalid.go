package httpapi

import (
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/valid"
)

// maxContainerName is the longest name of a container, in bytes: what is left of a
// file's for what is added to it.
const maxContainerName = 242

// validateContainerID: a container's names are parts of paths, and joined by dots.
func validateContainerID(id *mesospb.ContainerID) error {
	for at := "container_id"; id != nil; id, at = id.Parent, at+".parent" {
		err := mesos.ValidateID(id.GetValue())
		switch {
		case err != nil:
		case len(id.GetValue()) > maxContainerName:
			err = mesos.Errorf(mesos.Invalid, "it has %d bytes, the limit is %d", len(id.GetValue()), maxContainerName)
		case strings.ContainsAny(id.GetValue(), ". "):
			err = mesos.Errorf(mesos.Invalid, "%q has a dot or a space", id.GetValue())
		}
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "%s: %w", at, err)
		}
	}
	return nil
}

// containerCallMessage is what all calls about containers have.
type containerCallMessage interface{ GetContainerId() *mesospb.ContainerID }

// validateAgentCall checks that a call has what its type needs.
func validateAgentCall(call *agentpb.Call) error {
	var err error
	switch call.GetType() {
	case agentpb.Call_GET_METRICS:
		return needs("get_metrics", call.GetMetrics != nil)
	case agentpb.Call_SET_LOGGING_LEVEL:
		return needs("set_logging_level", call.SetLoggingLevel != nil)
	case agentpb.Call_LIST_FILES:
		return needs("list_files", call.ListFiles != nil)
	case agentpb.Call_READ_FILE:
		return needs("read_file", call.ReadFile != nil)
	case agentpb.Call_ADD_RESOURCE_PROVIDER_CONFIG:
		c := call.AddResourceProviderConfig
		if err = needs("add_resource_provider_config", c != nil); err == nil && c.GetInfo().GetId() != nil {
			err = mesos.Errorf(mesos.Invalid, "add_resource_provider_config.info.id: the agent gives it, it must not be set")
		}
	case agentpb.Call_UPDATE_RESOURCE_PROVIDER_CONFIG:
		c := call.UpdateResourceProviderConfig
		if err = needs("update_resource_provider_config", c != nil); err == nil && c.GetInfo().GetId() != nil {
			err = mesos.Errorf(mesos.Invalid, "update_resource_provider_config.info.id: the agent gives it, it must not be set")
		}
	case agentpb.Call_REMOVE_RESOURCE_PROVIDER_CONFIG:
		return needs("remove_resource_provider_config", call.RemoveResourceProviderConfig != nil)
	case agentpb.Call_MARK_RESOURCE_PROVIDER_GONE:
		return needs("mark_resource_provider_gone", call.MarkResourceProviderGone != nil)
	default:
		return validateContainerCall(call)
	}
	return err
}

// needs is the error of a call without the field that its type needs.
func needs(field string, present bool) error {
	if !present {
		return missing(strings.ToUpper(field), field)
	}
	return nil
}

func validateContainerCall(call *agentpb.Call) error {
	switch call.GetType() {
	case agentpb.Call_LAUNCH_NESTED_CONTAINER:
		c := call.LaunchNestedContainer
		return validateLaunch("launch_nested_container", c != nil, c, c.GetCommand(), c.GetContainer(), nil)
	case agentpb.Call_LAUNCH_NESTED_CONTAINER_SESSION:
		c := call.LaunchNestedContainerSession
		return validateLaunch("launch_nested_container_session", c != nil, c, c.GetCommand(), c.GetContainer(), nil)
	case agentpb.Call_LAUNCH_CONTAINER:
		c := call.LaunchContainer
		return validateLaunch("launch_container", c != nil, c, c.GetCommand(), c.GetContainer(), c)
	case agentpb.Call_WAIT_NESTED_CONTAINER:
		return validateAbout("wait_nested_container", call.WaitNestedContainer != nil, call.WaitNestedContainer, true)
	case agentpb.Call_KILL_NESTED_CONTAINER:
		return validateAbout("kill_nested_container", call.KillNestedContainer != nil, call.KillNestedContainer, true)
	case agentpb.Call_REMOVE_NESTED_CONTAINER:
		return validateAbout("remove_nested_container", call.RemoveNestedContainer != nil, call.RemoveNestedContainer, true)
	case agentpb.Call_WAIT_CONTAINER:
		return validateAbout("wait_container", call.WaitContainer != nil, call.WaitContainer, false)
	case agentpb.Call_KILL_CONTAINER:
		return validateAbout("kill_container", call.KillContainer != nil, call.KillContainer, false)
	case agentpb.Call_REMOVE_CONTAINER:
		return validateAbout("remove_container", call.RemoveContainer != nil, call.RemoveContainer, false)
	case agentpb.Call_ATTACH_CONTAINER_OUTPUT:
		return validateAbout("attach_container_output", call.AttachContainerOutput != nil, call.AttachContainerOutput, false)
	}
	return nil
}

// validateAbout checks a call about a container, which must be a nested one if
// the call is about these.
func validateAbout(field string, present bool, call containerCallMessage, nested bool) error {
	if err := needs(field, present); err != nil {
		return err
	}
	if call.GetContainerId() == nil {
		return mesos.Errorf(mesos.Invalid, "%s.container_id: missing", field)
	}
	if err := validateContainerID(call.GetContainerId()); err != nil {
		return mesos.Errorf(mesos.Invalid, "%s.%w", field, err)
	}
	if nested && call.GetContainerId().GetParent() == nil {
		return mesos.Errorf(mesos.Invalid, "%s.container_id.parent: missing: a nested container is in another", field)
	}
	return nil
}

// validateLaunch checks a launch. asked is set if the call can ask for resources.
func validateLaunch(field string, present bool, call containerCallMessage, command *mesospb.CommandInfo,
	container *mesospb.ContainerInfo, asked *agentpb.Call_LaunchContainer) error {
	if err := validateAbout(field, present, call, asked == nil && field != "launch_container"); err != nil {
		return err
	}
	id := convert.ContainerID(call.GetContainerId())
	if err := validateResources(id, asked); err != nil {
		return mesos.Errorf(mesos.Invalid, "%s.%w", field, err)
	}
	if err := valid.Command(command); err != nil {
		return mesos.Errorf(mesos.Invalid, "%s.command.%w", field, err)
	}
	if err := valid.Container(container); err != nil {
		return mesos.Errorf(mesos.Invalid, "%s.container.%w", field, err)
	}
	if err := validateShare(field, id, container.GetLinuxInfo()); err != nil {
		return mesos.Errorf(mesos.Invalid, "%s.container.linux_info.share_cgroups: %w", field, err)
	}
	return nil
}

// validateResources: what has no parent takes what the agent has not offered to
// anybody, so it can have nothing that belongs to a role; what is nested in a
// nested container has the resources of that one.
func validateResources(id mesos.ContainerID, asked *agentpb.Call_LaunchContainer) error {
	list, err := convert.Resources(asked.GetResources())
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "resources: %w", err)
	}
	switch {
	case id.Parent() == "":
		return validateUnowned(list)
	case id.Parent().Parent() == "":
	case len(asked.GetResources()) > 0:
		return mesos.Errorf(mesos.Invalid, "resources: a container that is nested in a nested one can't have its own")
	case len(asked.GetLimits()) > 0:
		return mesos.Errorf(mesos.Invalid, "limits: a container that is nested in a nested one can't have its own")
	}
	return nil
}

func validateUnowned(list resources.Resources) error {
	for r := range list.All() {
		switch {
		case len(r.Reservations) > 0:
			return mesos.Errorf(mesos.Invalid, "resources: a standalone container can't have reserved ones")
		case r.Disk != nil && r.Disk.Persistence != nil:
			return mesos.Errorf(mesos.Invalid, "resources: a standalone container can't have persistent volumes")
		case r.Revocable:
			return mesos.Errorf(mesos.Invalid, "resources: a standalone container can't have revocable ones")
		}
	}
	return nil
}

// validateShare: what has no parent has nobody's cgroups to share; sessions and
// what is nested more deeply must share.
func validateShare(field string, id mesos.ContainerID, linux *mesospb.LinuxInfo) error {
	switch {
	case linux == nil || linux.ShareCgroups == nil:
	case id.Parent() == "" && linux.GetShareCgroups():
		return mesos.Errorf(mesos.Invalid, "it can't be true of a container without a parent")
	case field == "launch_nested_container_session" && !linux.GetShareCgroups():
		return mesos.Errorf(mesos.Invalid, "it can't be false of a session")
	case id.Parent().Parent() != "" && !linux.GetShareCgroups():
		return mesos.Errorf(mesos.Invalid, "it can't be false of a container that is nested in a nested one")
	}
	return nil
}
