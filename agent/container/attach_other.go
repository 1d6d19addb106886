//go:build !linux

package container

import (
	"context"

	"github.com/mesosctl/mesosctl/mesos"
)

var errNoSessions = mesos.Errorf(mesos.Unsupported, "sessions: not available on this system")

// LaunchSession implements Attacher: there are no sessions.
func (l *Local) LaunchSession(context.Context, Spec) (Output, error) { return nil, errNoSessions }

// AttachOutput implements Attacher: every container writes its files itself.
func (l *Local) AttachOutput(ctx context.Context, id mesos.ContainerID) (Output, error) {
	c, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return follow(c)
}

// AttachInput implements Attacher: no container has any.
func (l *Local) AttachInput(context.Context, mesos.ContainerID) (Input, error) {
	return nil, errNoSessions
}
