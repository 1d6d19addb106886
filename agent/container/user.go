package container

import (
	"errors"
	"os"
	"os/user"
	"strconv"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// LookupUser finds whom to run a container as: nil if that is whom the agent
// runs as already.
func LookupUser(name string) (*supervise.User, error) {
	if name == "" {
		return nil, nil
	}
	found, err := user.Lookup(name)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return nil, mesos.Errorf(mesos.Invalid, "user: %s: there is no such user on this agent", name)
	}
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "user: %s: %w", name, err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, mesos.Errorf(mesos.Unsupported, "user: %s: id %q is not a number", name, found.Uid)
	}
	if int(uid) == os.Geteuid() {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, mesos.Errorf(mesos.Unsupported,
			"user: %s: the agent does not run as root and can't switch users; with --no-switch_user its tasks run as the agent's own", name)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return nil, mesos.Errorf(mesos.Unsupported, "user: %s: group id %q is not a number", name, found.Gid)
	}
	u := &supervise.User{UID: uint32(uid), GID: uint32(gid)}
	groups, err := found.GroupIds()
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "user: %s: groups: %w", name, err)
	}
	for _, group := range groups {
		gid, err := strconv.ParseUint(group, 10, 32)
		if err != nil {
			return nil, mesos.Errorf(mesos.Unsupported, "user: %s: group id %q is not a number", name, group)
		}
		u.Groups = append(u.Groups, uint32(gid))
	}
	return u, nil
}
