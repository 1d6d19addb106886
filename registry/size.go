package registry

import (
	"context"

	"github.com/mesosctl/mesosctl/mesos"
)

// Size is how many bytes of its database etcd uses, for the registry and for what
// changed of it of late. The error's kind is Unavailable if no member answers
// before ctx ends.
func (s *Store) Size(ctx context.Context) (int64, error) {
	etcd := s.term.client.etcd
	endpoints := etcd.Endpoints()
	if len(endpoints) == 0 {
		endpoints = []string{""} // the embedded member, which is in this process
	}
	var cause error
	for _, endpoint := range endpoints {
		status, err := etcd.Status(ctx, endpoint)
		if err == nil {
			return status.DbSizeInUse, nil
		}
		cause = err
	}
	return 0, mesos.Errorf(mesos.Unavailable, "size of registry: %w", cause)
}

// Waiting is how many writes wait for a transaction.
func (s *Store) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}
