package httpapi

import (
	"context"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Who may do what with containers. An executor that has proved which container it
// is may do what executors need with all that is nested in that one, and nothing
// with any other. See https://mesos.apache.org/documentation/latest/authorization/.

// claimed is the container that the sender of a request has proved to be, and
// whether it is one at all, and not an operator.
func claimed(ctx context.Context) (container mesos.ContainerID, is bool) {
	who := identityOf(ctx)
	return mesos.ContainerID(who.Claims["cid"]), who.Principal == "" && len(who.Claims) > 0
}

// ownerOf is the executor that a container, or the outermost that it is nested
// in, is of; nil of a standalone one.
func (a *Agent) ownerOf(id mesos.ContainerID) *containerOwner {
	s := a.View.snapshot()
	for _, e := range s.running() {
		if e.Container == id.Root() {
			return &containerOwner{executor: e.Info, framework: s.frameworkOf(e.Info)}
		}
	}
	return nil
}

type containerOwner struct {
	executor  *mesospb.ExecutorInfo
	framework *mesospb.FrameworkInfo
}

func (o *containerOwner) user() string { return convert.UserOfExecutor(o.executor, o.framework) }

// mayLaunch: who launches a nested container must be allowed to do so below an
// executor of its user, and to run things as the user that the command names.
func (a *Agent) mayLaunch(ctx context.Context, launch ContainerLaunch, asUser, underParent acl.Action) error {
	const what = "launch container "
	if own, is := claimed(ctx); is {
		if own == launch.ID.Root() && launch.ID.Parent() != "" {
			return nil
		}
		return a.forbidden(ctx, what+string(launch.ID))
	}
	if launch.ID.Parent() == "" {
		if a.ACLs.AllowsAny(principalOf(ctx), acl.LaunchStandaloneContainer) {
			return nil
		}
		return a.forbidden(ctx, what+string(launch.ID))
	}
	owner := a.ownerOf(launch.ID)
	if owner == nil {
		if a.ACLs.AllowsAny(principalOf(ctx), underParent) {
			return nil
		}
		return a.forbidden(ctx, what+string(launch.ID))
	}
	if !a.ACLs.Allows(principalOf(ctx), underParent, owner.user()) {
		return a.forbidden(ctx, what+string(launch.ID)+" below an executor of user "+owner.user())
	}
	allowed := a.ACLs.AllowsAny(principalOf(ctx), asUser)
	if user := launch.Command.GetUser(); user != "" {
		allowed = a.ACLs.Allows(principalOf(ctx), asUser, user)
	}
	if !allowed {
		return a.forbidden(ctx, what+string(launch.ID)+" as user "+launch.Command.GetUser())
	}
	return nil
}

// mayTouch: what may be done with a container is a matter of whose executor it is.
func (a *Agent) mayTouch(ctx context.Context, id mesos.ContainerID, what string, nested, standalone acl.Action) error {
	what += " container " + string(id)
	action := standalone
	if id.Parent() != "" {
		action = nested
	}
	if own, is := claimed(ctx); is {
		if own == id.Root() && action == nested {
			return nil
		}
		return a.forbidden(ctx, what)
	}
	allowed := a.ACLs.AllowsAny(principalOf(ctx), action)
	if owner := a.ownerOf(id); owner != nil {
		allowed = a.ACLs.Allows(principalOf(ctx), action, owner.user())
	}
	if !allowed {
		return a.forbidden(ctx, what)
	}
	return nil
}

// mayAttach: only what an executor has can be attached to.
func (a *Agent) mayAttach(ctx context.Context, id mesos.ContainerID, action acl.Action) error {
	owner := a.ownerOf(id)
	if owner == nil {
		return mesos.Errorf(mesos.NotFound, "there is no container %s", id)
	}
	what := "attach to container " + string(id)
	if own, is := claimed(ctx); is {
		if own == id.Root() && action == acl.AttachContainerOutput {
			return nil
		}
		return a.forbidden(ctx, what)
	}
	if !a.ACLs.Allows(principalOf(ctx), action, owner.user()) {
		return a.forbidden(ctx, what)
	}
	return nil
}
