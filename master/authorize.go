package master

import (
	"fmt"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What frameworks, agents and operators may do, by the master's ACLs. Who reads
// may see what is the business of whoever serves readers. Every error here is of
// kind mesos.Forbidden.
// https://mesos.apache.org/documentation/latest/authorization/

// forbidden is the error of somebody who may not do something.
func forbidden(principal, format string, args ...any) error {
	who := "somebody who did not authenticate"
	if principal != "" {
		who = fmt.Sprintf("principal %q", principal)
	}
	return mesos.Errorf(mesos.Forbidden, "Not authorized: %s may not %s", who, fmt.Sprintf(format, args...))
}

// mayRegister: a framework needs every one of its roles.
func (m *Master) mayRegister(info *mesospb.FrameworkInfo) error {
	if m.config.ACLs.AllowsAll(info.GetPrincipal(), acl.RegisterFramework, rolesOf(info)) {
		return nil
	}
	return forbidden(info.GetPrincipal(), "register a framework with the roles %q", rolesOf(info))
}

// mayRun: a framework needs the user that a task runs as.
func (m *Master) mayRun(f *framework, task *mesospb.TaskInfo) error {
	if m.config.ACLs == nil {
		return nil
	}
	user := convert.UserOfTaskInfo(task, f.info)
	if m.config.ACLs.Allows(f.info.GetPrincipal(), acl.RunTask, user) {
		return nil
	}
	return forbidden(f.info.GetPrincipal(), "run task %q as user %q", task.GetTaskId().GetValue(), user)
}

// mayJoin: an agent may register, and needs the roles of its static reservations.
// Other reservations were authorized when they were made.
func (m *Master) mayJoin(principal string, total resources.Resources) error {
	if !m.config.ACLs.AllowsAny(principal, acl.RegisterAgent) {
		return forbidden(principal, "register agents")
	}
	for _, role := range total.ReservationRoles() {
		if !m.config.ACLs.Allows(principal, acl.ReserveResources, role) {
			return forbidden(principal, "reserve resources of its agent for role %s", role)
		}
	}
	return nil
}

// turnAway ends the connection of an agent that may not register. It may try
// again: what runs there is not to suffer from a mistake in the ACLs.
func (m *Master) turnAway(link LinkID, address string, err error) {
	m.log(LogWarn, "agent turned away", "address", address, "reason", err)
	m.emit(SendAgent{Link: link, Message: &linkpb.ToAgent{
		Message: &linkpb.ToAgent_TurnedAway{TurnedAway: &linkpb.TurnedAway{Message: new(err.Error())}},
	}})
	m.emit(CloseLink{Link: link})
}

// mayTearDown: an operator needs the principal of the framework.
func (m *Master) mayTearDown(principal string, f *framework) error {
	allowed := m.config.ACLs.AllowsAny(principal, acl.TeardownFramework)
	if f.info.Principal != nil {
		allowed = m.config.ACLs.Allows(principal, acl.TeardownFramework, f.info.GetPrincipal())
	}
	if allowed {
		return nil
	}
	return forbidden(principal, "tear down framework %s of principal %q", f.id, f.info.GetPrincipal())
}

// may: an operator does what is allowed or not without naming objects.
func (m *Master) may(principal string, action acl.Action, what string) error {
	if m.config.ACLs.AllowsAny(principal, action) {
		return nil
	}
	return forbidden(principal, "%s", what)
}

// mayUpdate: an operator needs each of the roles whose weight or quota changes.
func (m *Master) mayUpdate(principal string, action acl.Action, what string, roles []string) error {
	for _, role := range roles {
		if !m.config.ACLs.Allows(principal, action, role) {
			return forbidden(principal, "update the %s of role %s", what, role)
		}
	}
	return nil
}
