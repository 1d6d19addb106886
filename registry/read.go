package registry

import (
	"context"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

// Read reads what the registry holds at one moment, for whoever wants to see it;
// it needs no term of leadership. The error's kind is Unavailable if no majority
// answers before ctx ends; it wraps ErrUnreadable if the registry is of another
// version or damaged.
func (c *Client) Read(ctx context.Context) (master.Recovered, error) {
	keys, _, err := c.readAll(ctx)
	if err != nil {
		return master.Recovered{}, mesos.Errorf(mesos.Unavailable, "read registry: %w", err)
	}
	return decode(keys)
}

// decode turns the registry's keys into what they mean.
func decode(keys map[string][]byte) (master.Recovered, error) {
	if _, err := versionOf(keys); err != nil {
		return master.Recovered{}, err
	}
	delete(keys, versionKey)
	recovered, err := master.DecodeRecovered(keys)
	if err != nil {
		return master.Recovered{}, mesos.Errorf(mesos.Internal, "%w: it is damaged (%w); %s", ErrUnreadable, err, restoreInstead)
	}
	return recovered, nil
}
