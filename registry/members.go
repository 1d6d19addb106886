package registry

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/types"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	etcderrors "go.etcd.io/etcd/server/v3/etcdserver/errors"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/members"
)

// Membership is the cluster as this member knows it, which may be old if it is
// cut off.
func (e *Embedded) Membership() members.Membership {
	cluster := e.etcd.Server.Cluster()
	known := members.Membership{Cluster: cluster.ID().String(), Self: e.etcd.Server.MemberID().String()}
	for _, m := range cluster.Members() {
		known.Members = append(known.Members, memberOf(m))
	}
	slices.SortFunc(known.Members, func(a, b members.Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return known
}

func memberOf(m *membership.Member) members.Member {
	member := members.Member{
		ID: m.ID.String(), Name: m.Name,
		Started: len(m.ClientURLs) > 0, Learner: m.IsLearner,
	}
	if len(m.PeerURLs) > 0 {
		member.Peer = m.PeerURLs[0]
	}
	return member
}

// AddMember adds a member, which is then to be started with Join. Until it has
// caught up it does not count for a majority, so that nothing waits for it.
func (e *Embedded) AddMember(ctx context.Context, peerURL string) (members.Member, error) {
	if err := e.roomFor(ctx, peerURL); err != nil {
		return members.Member{}, err
	}
	var added *clientv3.MemberAddResponse
	err := e.changeMembers(ctx, func() (err error) {
		added, err = e.client.etcd.MemberAddAsLearner(ctx, []string{peerURL})
		return err
	})
	if err != nil {
		return members.Member{}, membersError("add member", err)
	}
	return members.Member{ID: types.ID(added.Member.ID).String(), Peer: peerURL, Learner: true}, nil
}

// roomFor waits a moment for a member that has started to become a voter, because
// etcd takes one after the other, and refuses what can't be added.
func (e *Embedded) roomFor(ctx context.Context, peerURL string) error {
	for end := time.Now().Add(healthPatience); ; wait(ctx, retryInterval) {
		var joining *members.Member
		for _, m := range e.Membership().Members {
			if m.Peer == peerURL {
				return mesos.Errorf(mesos.Conflict, "add member: %s is a member already, %s; remove it first if it has lost its data", peerURL, m.ID)
			}
			if m.Learner {
				joining = &m
			}
		}
		switch {
		case joining == nil:
			return nil
		case !joining.Started || ctx.Err() != nil || time.Now().After(end):
			return mesos.Errorf(mesos.Conflict, "add member: the member %s (%s) was added and has not joined yet; start it, or remove it", joining.ID, joining.Peer)
		}
	}
}

// RemoveMember removes the member of that ID. The last one can't be removed, nor
// one without which the members that are up would be too few.
func (e *Embedded) RemoveMember(ctx context.Context, id string) error {
	n, err := strconv.ParseUint(id, 16, 64)
	all := e.Membership().Members
	if err != nil || !slices.ContainsFunc(all, func(m members.Member) bool { return m.ID == id }) {
		return mesos.Errorf(mesos.NotFound, "remove member: there is no member %q", id)
	}
	if len(all) == 1 {
		return mesos.Errorf(mesos.Conflict, "remove member: it is the only one; stop its master instead")
	}
	err = e.changeMembers(ctx, func() error {
		_, err := e.client.etcd.MemberRemove(ctx, n)
		return err
	})
	if err != nil {
		return membersError("remove member", err)
	}
	return nil
}

// healthPatience is a little longer than the time for which etcd wants members to
// have been connected before it changes who they are.
const healthPatience = etcdserver.HealthInterval + 2*time.Second

// changeMembers tries a change again while members may only just have come up. An
// ID is made of the address and the second, so that a member that was added and
// removed within one can be added again in the next.
func (e *Embedded) changeMembers(ctx context.Context, change func() error) error {
	for end := time.Now().Add(healthPatience); ; wait(ctx, retryInterval) {
		err := change()
		passes := errors.Is(err, etcderrors.ErrUnhealthy) || errors.Is(err, rpctypes.ErrUnhealthy) ||
			errors.Is(err, membership.ErrIDRemoved) || errors.Is(err, rpctypes.ErrMemberNotFound)
		if !passes || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
	}
}

func membersError(op string, err error) error {
	switch {
	case errors.Is(err, etcderrors.ErrNotEnoughStartedMembers), errors.Is(err, rpctypes.ErrMemberNotEnoughStarted),
		errors.Is(err, etcderrors.ErrUnhealthy), errors.Is(err, rpctypes.ErrUnhealthy):
		return mesos.Errorf(mesos.Conflict, "%s: refused, because too few members would be up for a majority; "+
			"first bring back, or remove, those that are down (%w)", op, err)
	case errors.Is(err, membership.ErrIDNotFound), errors.Is(err, rpctypes.ErrMemberNotFound):
		return mesos.Errorf(mesos.NotFound, "%s: %w", op, err)
	default:
		return mesos.Errorf(mesos.Unavailable, "%s: %w", op, err)
	}
}

// settle makes a member that has just started a full one: a voter, known by the
// address that it has now. It tries for as long as it takes.
func (e *Embedded) settle(ctx context.Context) error {
	server := e.etcd.Server
	self := server.Cluster().Member(server.MemberID())
	if self == nil {
		return nil // removed; Ended says so
	}
	if e.config.AdvertisePeer != "" && !slices.Equal(self.PeerURLs, []string{e.config.AdvertisePeer}) {
		err := e.persist(ctx, "telling the members this one's address", func() error {
			_, err := e.client.etcd.MemberUpdate(ctx, uint64(self.ID), []string{e.config.AdvertisePeer})
			return err
		})
		if err != nil {
			return err
		}
	}
	if !server.IsLearner() {
		return nil
	}
	return e.persist(ctx, "joining the other masters", func() error {
		if !server.IsLearner() {
			return nil
		}
		_, err := server.PromoteMember(ctx, uint64(self.ID))
		return err
	})
}

// persist tries something until it is done, ctx ends or the member does.
func (e *Embedded) persist(ctx context.Context, what string, try func() error) error {
	for reported := false; ; wait(ctx, retryInterval/2) {
		err := try()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case e.hasEnded():
			return e.Err()
		case !reported:
			reported = true
			e.log.Info(what, "not_yet", err)
		}
	}
}

func (e *Embedded) hasEnded() bool {
	select {
	case <-e.Ended():
		return true
	default:
		return false
	}
}

// handOverTime bounds how long members may take to elect the one they are asked to.
const handOverTime = 2 * time.Second

// StepAside sees to it that another member leads the etcd cluster, if there is
// one: then the loss of this one's host costs no election among the members, and
// the next master can lead at once.
func (e *Embedded) StepAside(ctx context.Context) error {
	server := e.etcd.Server
	if server.Leader() != server.MemberID() || !othersVote(server) {
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- server.TryTransferLeadershipOnShutdown() }()
	ctx, cancel := context.WithTimeout(ctx, handOverTime)
	defer cancel()
	select {
	case err := <-done:
		if err != nil {
			return mesos.Errorf(mesos.Unavailable, "let another member lead etcd: %w", err)
		}
		return nil
	case <-ctx.Done():
		return mesos.Errorf(mesos.Unavailable, "let another member lead etcd: %w", ctx.Err())
	}
}

func othersVote(server *etcdserver.EtcdServer) bool {
	for _, m := range server.Cluster().Members() {
		if !m.IsLearner && m.ID != server.MemberID() {
			return true
		}
	}
	return false
}
