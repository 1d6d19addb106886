package daemon

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/members"
	"github.com/mesosctl/mesosctl/registry"
)

// control answers operators about the cluster that the masters form.
type control struct{ *Master }

// member is this master's etcd member.
func (c control) member() (*registry.Embedded, error) {
	if len(c.cfg.Etcd) > 0 {
		return nil, mesos.Errorf(mesos.Unsupported, "the masters use the etcd cluster at %s; see to its members with etcdctl",
			strings.Join(c.cfg.Etcd, ","))
	}
	etcd := c.etcd.Load()
	if etcd == nil {
		return nil, mesos.Errorf(mesos.Unavailable, "this master is starting")
	}
	return etcd, nil
}

func (c control) Membership() (members.Membership, error) {
	etcd, err := c.member()
	if err != nil {
		return members.Membership{}, err
	}
	return etcd.Membership(), nil
}

func (c control) Backup(ctx context.Context) ([]byte, error) {
	t := c.term.Load()
	if t == nil {
		return nil, errDeposed
	}
	return t.store.Backup(ctx, time.Now())
}

func (c control) AddMember(ctx context.Context, address members.Address) (members.Member, error) {
	etcd, err := c.member()
	if err != nil {
		return members.Member{}, err
	}
	if len(c.cfg.Masters) == 0 {
		return members.Member{}, mesos.Errorf(mesos.Conflict, "add member: this master runs alone and can't be reached by others; "+
			"start it again with --masters=%s,%s", c.address, address)
	}
	added, err := etcd.AddMember(ctx, address.PeerURL())
	if err == nil {
		c.log.Info("member added", "master", address.String(), "member", added.ID)
	}
	return added, err
}

func (c control) RemoveMember(ctx context.Context, name string) (members.Member, error) {
	etcd, err := c.member()
	if err != nil {
		return members.Member{}, err
	}
	peer := ""
	if address, err := members.ParseAddress(name, members.DefaultPort); err == nil {
		peer = address.PeerURL()
	}
	all := etcd.Membership().Members
	at := slices.IndexFunc(all, func(m members.Member) bool { return m.ID == name || m.Name == name || m.Peer == peer })
	if at < 0 {
		return members.Member{}, mesos.Errorf(mesos.NotFound, "remove member: no member is %q", name)
	}
	if err := etcd.RemoveMember(ctx, all[at].ID); err != nil {
		return members.Member{}, err
	}
	c.log.Info("member removed", "master", all[at].Name, "member", all[at].ID)
	return all[at], nil
}
