package httpapi

import (
	"maps"
	"slices"

	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The objects of /state and its relatives: appendX appends the fields of an X
// to an object that is open.

func appendTask(dst []byte, t *mesospb.Task) []byte {
	dst = appendString(dst, "id", t.GetTaskId().GetValue())
	dst = appendString(dst, "name", t.GetName())
	dst = appendString(dst, "framework_id", t.GetFrameworkId().GetValue())
	dst = appendString(dst, "executor_id", t.GetExecutorId().GetValue())
	dst = appendString(dst, "slave_id", t.GetAgentId().GetValue())
	dst = appendString(dst, "state", t.GetState().String())
	dst = appendResources(dst, "resources", t.GetResources())
	if len(t.Limits) > 0 {
		dst = appendLimits(dst, t.Limits)
	}
	dst = appendRole(dst, t.GetResources())
	dst = append(appendKey(dst, "statuses"), '[')
	for _, status := range t.GetStatuses() {
		dst = append(appendStatus(append(comma(dst), '{'), status), '}')
	}
	dst = append(dst, ']')
	if t.User != nil {
		dst = appendString(dst, "user", t.GetUser())
	}
	if t.Labels != nil {
		dst = appendMessages(dst, "labels", t.GetLabels().GetLabels())
	}
	if t.Discovery != nil {
		dst = appendMessage(dst, "discovery", t.Discovery)
	}
	if t.Container != nil {
		dst = appendMessage(dst, "container", t.Container)
	}
	if t.HealthCheck != nil {
		dst = appendMessage(dst, "health_check", t.HealthCheck)
	}
	return dst
}

// appendLimits appends resource limits by name; no limit at all is Infinity.
func appendLimits(dst []byte, limits map[string]*mesospb.Value_Scalar) []byte {
	dst = append(appendKey(dst, "limits"), '{')
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		dst = appendDouble(dst, name, limits[name].GetValue())
	}
	return append(dst, '}')
}

// appendRole appends the role that resources are allocated to.
func appendRole(dst []byte, resources []*mesospb.Resource) []byte {
	if len(resources) == 0 {
		return dst
	}
	return appendString(dst, "role", resources[0].GetAllocationInfo().GetRole())
}

func appendStatus(dst []byte, s *mesospb.TaskStatus) []byte {
	dst = appendString(dst, "state", s.GetState().String())
	dst = appendDouble(dst, "timestamp", s.GetTimestamp())
	if s.Labels != nil {
		dst = appendMessages(dst, "labels", s.GetLabels().GetLabels())
	}
	if s.ContainerStatus != nil {
		dst = append(appendKey(dst, "container_status"), '{')
		dst = append(appendContainerStatus(dst, s.ContainerStatus), '}')
	}
	if s.Healthy != nil {
		dst = appendBool(dst, "healthy", s.GetHealthy())
	}
	return dst
}

func appendContainerStatus(dst []byte, s *mesospb.ContainerStatus) []byte {
	if s.ContainerId != nil {
		dst = appendMessage(dst, "container_id", s.ContainerId)
	}
	if len(s.NetworkInfos) > 0 {
		dst = append(appendKey(dst, "network_infos"), '[')
		for _, info := range s.NetworkInfos {
			dst = append(appendNetwork(append(comma(dst), '{'), info), '}')
		}
		dst = append(dst, ']')
	}
	if s.CgroupInfo != nil {
		dst = appendMessage(dst, "cgroup_info", s.CgroupInfo)
	}
	return dst
}

func appendNetwork(dst []byte, n *mesospb.NetworkInfo) []byte {
	if len(n.Groups) > 0 {
		dst = appendStrings(dst, "groups", n.Groups)
	}
	if n.Labels != nil {
		dst = appendMessages(dst, "labels", n.GetLabels().GetLabels())
	}
	if len(n.IpAddresses) > 0 {
		dst = appendMessages(dst, "ip_addresses", n.IpAddresses)
	}
	if n.Name != nil {
		dst = appendString(dst, "name", n.GetName())
	}
	if len(n.PortMappings) > 0 {
		dst = appendMessages(dst, "port_mappings", n.PortMappings)
	}
	return dst
}

func appendCommand(dst []byte, c *mesospb.CommandInfo) []byte {
	if c.Shell != nil {
		dst = appendBool(dst, "shell", c.GetShell())
	}
	if c.Value != nil {
		dst = appendString(dst, "value", c.GetValue())
	}
	dst = appendStrings(dst, "argv", c.GetArguments())
	if c.Environment != nil {
		dst = appendMessage(dst, "environment", c.Environment)
	}
	dst = append(appendKey(dst, "uris"), '[')
	for _, uri := range c.GetUris() {
		dst = append(comma(dst), '{')
		dst = appendString(dst, "value", uri.GetValue())
		dst = append(appendBool(dst, "executable", uri.GetExecutable()), '}')
	}
	return append(dst, ']')
}

func appendExecutorInfo(dst []byte, e *mesospb.ExecutorInfo) []byte {
	dst = appendString(dst, "executor_id", e.GetExecutorId().GetValue())
	dst = appendString(dst, "name", e.GetName())
	dst = appendString(dst, "framework_id", e.GetFrameworkId().GetValue())
	dst = append(appendKey(dst, "command"), '{')
	if e.Command != nil {
		dst = appendCommand(dst, e.Command)
	}
	dst = append(dst, '}')
	dst = appendResources(dst, "resources", e.GetResources())
	dst = appendRole(dst, e.GetResources())
	return appendExecutorKind(dst, e)
}

func appendExecutorKind(dst []byte, e *mesospb.ExecutorInfo) []byte {
	if e.Labels != nil {
		dst = appendMessages(dst, "labels", e.GetLabels().GetLabels())
	}
	if e.Type != nil {
		dst = appendString(dst, "type", e.GetType().String())
	}
	return dst
}

func appendOffer(dst []byte, o *mesospb.Offer) []byte {
	dst = appendString(dst, "id", o.GetId().GetValue())
	dst = appendString(dst, "framework_id", o.GetFrameworkId().GetValue())
	if o.AllocationInfo != nil {
		dst = appendMessage(dst, "allocation_info", o.AllocationInfo)
	}
	dst = appendString(dst, "slave_id", o.GetAgentId().GetValue())
	return appendResources(dst, "resources", o.GetResources())
}

func appendDomain(dst []byte, d *mesospb.DomainInfo) []byte {
	if d == nil {
		return dst
	}
	return appendMessage(dst, "domain", d)
}

func appendAgentInfo(dst []byte, info *mesospb.AgentInfo) []byte {
	dst = appendString(dst, "id", info.GetId().GetValue())
	dst = appendString(dst, "hostname", info.GetHostname())
	dst = appendInt(dst, "port", int64(info.GetPort()))
	dst = appendAttributes(dst, "attributes", info.GetAttributes())
	return appendDomain(dst, info.Domain)
}

// capability is a message that holds a type, as every *_Capability does.
func capabilities[C interface{ GetType() E }, E interface{ String() string }](list []C) []E {
	types := make([]E, len(list))
	for i, c := range list {
		types[i] = c.GetType()
	}
	return types
}

// appendAgent appends a registered agent: a is what the reader may see of it,
// and whole is all of it, by which totals count.
func appendAgent(dst []byte, a, whole *masterpb.Response_GetAgents_Agent) []byte {
	dst = appendAgentInfo(dst, a.GetAgentInfo())
	dst = appendString(dst, "pid", a.GetPid())
	dst = appendTime(dst, "registered_time", a.RegisteredTime)
	if a.ReregisteredTime != nil {
		dst = appendTime(dst, "reregistered_time", a.ReregisteredTime)
	}
	reserved, unreserved := reservations(a.GetTotalResources())
	dst = appendResources(dst, "resources", whole.GetTotalResources())
	dst = appendResources(dst, "used_resources", whole.GetAllocatedResources())
	dst = appendResources(dst, "offered_resources", whole.GetOfferedResources())
	dst = appendReserved(dst, "reserved_resources", reserved)
	dst = appendResources(dst, "unreserved_resources", unreserved)
	dst = appendBool(dst, "active", a.GetActive())
	dst = appendBool(dst, "deactivated", a.GetDeactivated())
	dst = appendString(dst, "version", a.GetVersion())
	dst = appendNames(dst, "capabilities", capabilities(a.GetCapabilities()))
	if a.DrainInfo != nil {
		dst = appendMessage(dst, "drain_info", a.DrainInfo)
	}
	if a.EstimatedDrainStartTime != nil {
		dst = appendTime(dst, "estimated_drain_start_time_seconds", a.EstimatedDrainStartTime)
	}
	return dst
}

// appendTime appends a time as seconds since 1970, 0 for none.
func appendTime(dst []byte, key string, t *mesospb.TimeInfo) []byte {
	return appendDouble(dst, key, float64(t.GetNanoseconds())/1e9)
}

// appendFrameworkSummary appends what /state-summary shows of a framework.
func appendFrameworkSummary(dst []byte, f *masterpb.Response_GetFrameworks_Framework) []byte {
	info := f.GetFrameworkInfo()
	dst = appendString(dst, "id", info.GetId().GetValue())
	dst = appendString(dst, "name", info.GetName())
	dst = appendResources(dst, "used_resources", f.GetAllocatedResources())
	dst = appendResources(dst, "offered_resources", f.GetOfferedResources())
	dst = appendNames(dst, "capabilities", capabilities(info.GetCapabilities()))
	dst = appendString(dst, "hostname", info.GetHostname())
	dst = appendString(dst, "webui_url", info.GetWebuiUrl())
	dst = appendBool(dst, "active", f.GetActive())
	dst = appendBool(dst, "connected", f.GetConnected())
	return appendBool(dst, "recovered", f.GetRecovered())
}

// appendFramework appends what /state shows of a framework before its lists.
func appendFramework(dst []byte, f *masterpb.Response_GetFrameworks_Framework) []byte {
	info := f.GetFrameworkInfo()
	dst = appendFrameworkSummary(dst, f)
	dst = appendString(dst, "user", info.GetUser())
	dst = appendDouble(dst, "failover_timeout", info.GetFailoverTimeout())
	dst = appendBool(dst, "checkpoint", info.GetCheckpoint())
	dst = appendTime(dst, "registered_time", f.RegisteredTime)
	dst = appendTime(dst, "unregistered_time", f.UnregisteredTime)
	if info.Principal != nil {
		dst = appendString(dst, "principal", info.GetPrincipal())
	}
	all := append(slices.Clone(f.GetAllocatedResources()), f.GetOfferedResources()...)
	dst = appendResources(dst, "resources", all)
	if f.ReregisteredTime != nil && f.ReregisteredTime.GetNanoseconds() != f.RegisteredTime.GetNanoseconds() {
		dst = appendTime(dst, "reregistered_time", f.ReregisteredTime)
	}
	dst = appendRoles(dst, info)
	if info.Labels != nil {
		dst = appendMessages(dst, "labels", info.GetLabels().GetLabels())
	}
	if f.OfferConstraints == nil {
		return append(appendKey(dst, "offer_constraints"), "{}"...)
	}
	return appendMessage(dst, "offer_constraints", f.OfferConstraints)
}

// appendRoles appends a framework's role, or roles if it can have several.
func appendRoles(dst []byte, info *mesospb.FrameworkInfo) []byte {
	if slices.Contains(capabilities(info.GetCapabilities()), mesospb.FrameworkInfo_Capability_MULTI_ROLE) {
		return appendStrings(dst, "roles", info.GetRoles())
	}
	return appendString(dst, "role", info.GetRole())
}

// appendMaster appends what leader_info shows of a master.
func appendMaster(dst []byte, m *mesospb.MasterInfo) []byte {
	dst = appendString(dst, "id", m.GetId())
	dst = appendString(dst, "pid", m.GetPid())
	dst = appendInt(dst, "port", int64(m.GetPort()))
	dst = appendString(dst, "hostname", m.GetHostname())
	return appendDomain(dst, m.Domain)
}

// rolesOf are the roles that a framework is subscribed to.
func rolesOf(info *mesospb.FrameworkInfo) []string {
	if slices.Contains(capabilities(info.GetCapabilities()), mesospb.FrameworkInfo_Capability_MULTI_ROLE) {
		return info.GetRoles()
	}
	return []string{info.GetRole()}
}
